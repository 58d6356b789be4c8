#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_ONNXNORMALIZE
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

namespace {
struct ONNXNormalize : ockham::impl::ONNXNormalizeBase<ONNXNormalize> {
  using ONNXNormalizeBase::ONNXNormalizeBase;
  void runOnOperation() override {}
};
} // namespace
