#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPULOWERCONTRACTIONS
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

namespace {
struct CPULowerContractions : ockham::impl::CPULowerContractionsBase<CPULowerContractions> {
  using CPULowerContractionsBase::CPULowerContractionsBase;
  void runOnOperation() override {}
};
} // namespace
