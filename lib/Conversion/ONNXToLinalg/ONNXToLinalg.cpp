#include "ockham/Conversion/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CONVERTONNXTOLINALG
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

namespace {
struct ConvertONNXToLinalg : ockham::impl::ConvertONNXToLinalgBase<ConvertONNXToLinalg> {
  void runOnOperation() override {}
};
} // namespace
