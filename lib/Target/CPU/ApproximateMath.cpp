#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUAPPROXIMATEMATH
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

namespace {
struct CPUApproximateMath : ockham::impl::CPUApproximateMathBase<CPUApproximateMath> {
  void runOnOperation() override {}
};
} // namespace
