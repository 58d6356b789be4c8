#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUCONVERTTOLLVM
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

namespace {
struct CPUConvertToLLVM : ockham::impl::CPUConvertToLLVMBase<CPUConvertToLLVM> {
  void runOnOperation() override {}
};
} // namespace
