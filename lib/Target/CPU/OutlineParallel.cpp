#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUOUTLINEPARALLEL
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

namespace {
struct CPUOutlineParallel : ockham::impl::CPUOutlineParallelBase<CPUOutlineParallel> {
  void runOnOperation() override {}
};
} // namespace
