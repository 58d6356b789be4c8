#include "ockham/Conversion/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CONVERTONNXTOTRANSFORMER
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

namespace {
struct ConvertONNXToTransformer : ockham::impl::ConvertONNXToTransformerBase<ConvertONNXToTransformer> {
  void runOnOperation() override {}
};
} // namespace
