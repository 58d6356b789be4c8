#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUUSEHOSTMEMORY
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

namespace {
struct CPUUseHostMemory : ockham::impl::CPUUseHostMemoryBase<CPUUseHostMemory> {
  void runOnOperation() override {}
};
} // namespace
