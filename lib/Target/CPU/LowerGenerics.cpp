#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPULOWERGENERICS
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

namespace {
struct CPULowerGenerics : ockham::impl::CPULowerGenericsBase<CPULowerGenerics> {
  using CPULowerGenericsBase::CPULowerGenericsBase;
  void runOnOperation() override {}
};
} // namespace
