#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_TRANSFORMERINLINEBLOCKS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

namespace {
struct TransformerInlineBlocks : ockham::impl::TransformerInlineBlocksBase<TransformerInlineBlocks> {
  void runOnOperation() override {}
};
} // namespace
