#include "ockham/Conversion/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CONVERTTRANSFORMERTOLINALG
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

namespace {
struct ConvertTransformerToLinalg : ockham::impl::ConvertTransformerToLinalgBase<ConvertTransformerToLinalg> {
  void runOnOperation() override {}
};
} // namespace
