//===- TransformerOps.cpp - Blocks, parallel branches ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/TransformerDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace ockham::tfm;

/// The types of a norm's optional operands: `, scale T, shift T`. A clause
/// that starts with a comma cannot be told from the next one in ODS.
static ParseResult parseNormTypes(OpAsmParser &parser, Type &scale, Type &shift,
                                  Type &std, Type &alpha, Type &offset,
                                  Type &past) {
  while (succeeded(parser.parseOptionalComma())) {
    StringRef keyword;
    SMLoc location = parser.getCurrentLocation();
    if (parser.parseKeyword(&keyword))
      return failure();
    Type *type = llvm::StringSwitch<Type *>(keyword)
                     .Case("scale", &scale)
                     .Case("shift", &shift)
                     .Case("std", &std)
                     .Case("alpha", &alpha)
                     .Case("offset", &offset)
                     .Case("past", &past)
                     .Default(nullptr);
    if (!type)
      return parser.emitError(location, "expected the name of an operand, got ")
             << keyword;
    if (parser.parseType(*type))
      return failure();
  }
  return success();
}

static void printNormTypes(OpAsmPrinter &printer, Operation *, Type scale,
                           Type shift, Type std, Type alpha, Type offset,
                           Type past) {
  std::pair<StringRef, Type> types[] = {{"scale", scale},   {"shift", shift},
                                        {"std", std},       {"alpha", alpha},
                                        {"offset", offset}, {"past", past}};
  for (auto [keyword, type] : types)
    if (type)
      printer << ", " << keyword << ' ' << type;
}

#define GET_OP_CLASSES
#include "dialects/Transformer/TransformerOps.cpp.inc"

//===----------------------------------------------------------------------===//
// BlockOp
//===----------------------------------------------------------------------===//

void BlockOp::getSuccessorRegions(RegionBranchPoint point,
                                  SmallVectorImpl<RegionSuccessor> &regions) {
  if (point.isParent())
    regions.emplace_back(&getBody());
  else
    regions.emplace_back(getOperation(), getOperation()->getResults());
}

//===----------------------------------------------------------------------===//
// FusedOp
//===----------------------------------------------------------------------===//

void FusedOp::getSuccessorRegions(RegionBranchPoint point,
                                  SmallVectorImpl<RegionSuccessor> &regions) {
  if (point.isParent())
    regions.emplace_back(&getBody());
  else
    regions.emplace_back(getOperation(), getOperation()->getResults());
}

//===----------------------------------------------------------------------===//
// ParallelOp
//===----------------------------------------------------------------------===//

/// The results that the yield of `branch` gives: those after the yields of the
/// branches before it.
static ResultRange resultsOfBranch(ParallelOp op, Region *branch) {
  unsigned first = 0;
  for (Region &region : op.getBranches()) {
    unsigned count = region.front().getTerminator()->getNumOperands();
    if (&region == branch)
      return op->getResults().slice(first, count);
    first += count;
  }
  return op->getResults().take_front(0);
}

void ParallelOp::getSuccessorRegions(
    RegionBranchPoint point, SmallVectorImpl<RegionSuccessor> &regions) {
  if (point.isParent()) {
    for (Region &branch : getBranches())
      regions.emplace_back(&branch);
    return;
  }
  Region *branch = point.getTerminatorPredecessorOrNull()->getParentRegion();
  regions.emplace_back(getOperation(), resultsOfBranch(*this, branch));
}

LogicalResult ParallelOp::verify() {
  // Runs before the regions' own verification: a branch may still lack its
  // terminator.
  if (getBranches().size() == 0)
    return emitOpError("expected at least one branch, got 0");
  SmallVector<Type> yielded;
  for (Region &branch : getBranches()) {
    if (branch.empty() || branch.front().empty() ||
        !isa<YieldOp>(branch.front().back()))
      return emitOpError("expected every branch to end with tfm.yield");
    llvm::append_range(yielded, branch.front().back().getOperandTypes());
  }
  if (yielded.size() != getNumResults())
    return emitOpError() << "expected " << getNumResults()
                         << " values from its branches (one per result), got "
                         << yielded.size();
  for (auto [index, types] :
       llvm::enumerate(llvm::zip_equal(getResultTypes(), yielded))) {
    auto [result, value] = types;
    if (result != value)
      return emitOpError() << "result " << index << ": expected " << result
                           << ", got " << value << " from its branch";
  }
  return success();
}

ParseResult ParallelOp::parse(OpAsmParser &parser, OperationState &result) {
  auto parseBranch = [&]() -> ParseResult {
    Region *branch = result.addRegion();
    if (parser.parseRegion(*branch, /*arguments=*/{}))
      return failure();
    ParallelOp::ensureTerminator(*branch, parser.getBuilder(), result.location);
    return success();
  };
  if (parser.parseCommaSeparatedList(parseBranch) ||
      parser.parseOptionalColonTypeList(result.types) ||
      parser.parseOptionalAttrDict(result.attributes))
    return failure();
  return success();
}

void ParallelOp::print(OpAsmPrinter &printer) {
  printer << ' ';
  llvm::interleaveComma(getBranches(), printer, [&](Region &branch) {
    bool silent = branch.front().getTerminator()->getNumOperands() == 0;
    printer.printRegion(branch, /*printEntryBlockArgs=*/false,
                        /*printBlockTerminators=*/!silent);
  });
  if (getNumResults() != 0)
    printer << " : " << getResultTypes();
  printer.printOptionalAttrDict((*this)->getAttrs());
}

namespace {
/// One branch has nothing to run beside: its ops move in front of the op.
struct InlineOnlyBranch : OpRewritePattern<ParallelOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ParallelOp op,
                                PatternRewriter &rewriter) const override {
    if (op.getBranches().size() != 1)
      return rewriter.notifyMatchFailure(op, "more than one branch");
    Block &body = op.getBranches().front().front();
    Operation *yield = body.getTerminator();
    SmallVector<Value> values(yield->getOperands());
    rewriter.eraseOp(yield);
    rewriter.inlineBlockBefore(&body, op);
    rewriter.replaceOp(op, values);
    return success();
  }
};
} // namespace

void ParallelOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<InlineOnlyBranch>(context);
}

//===----------------------------------------------------------------------===//
// Both
//===----------------------------------------------------------------------===//

void ockham::tfm::dissolve(Operation *op) {
  SmallVector<Value> results;
  for (Region &region : op->getRegions()) {
    Block &body = region.front();
    Operation *yield = body.getTerminator();
    llvm::append_range(results, yield->getOperands());
    yield->erase();
    op->getBlock()->getOperations().splice(op->getIterator(),
                                           body.getOperations());
  }
  op->replaceAllUsesWith(results);
  op->erase();
}
