//===- TransformerOps.cpp - skeleton -===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/Builders.h"
using namespace mlir;
using namespace ockham::tfm;
#define GET_OP_CLASSES
#include "dialects/Transformer/TransformerOps.cpp.inc"
LogicalResult EmbeddingOp::verify() { return success(); }
LogicalResult EmbeddingOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> EmbeddingOp::getParameterOperands() { return {}; }
bool EmbeddingOp::isLinearIn(OpOperand &) { return false; }
bool EmbeddingOp::hasIndependentRows() { return true; }
LogicalResult LinearOp::verify() { return success(); }
LogicalResult LinearOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> LinearOp::getParameterOperands() { return {}; }
bool LinearOp::isLinearIn(OpOperand &) { return false; }
bool LinearOp::hasIndependentRows() { return true; }
LogicalResult SplitOp::verify() { return success(); }
LogicalResult SplitOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> SplitOp::getParameterOperands() { return {}; }
bool SplitOp::isLinearIn(OpOperand &) { return false; }
bool SplitOp::hasIndependentRows() { return true; }
LogicalResult ActivationOp::verify() { return success(); }
LogicalResult ActivationOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> ActivationOp::getParameterOperands() { return {}; }
bool ActivationOp::isLinearIn(OpOperand &) { return false; }
bool ActivationOp::hasIndependentRows() { return true; }
LogicalResult NormOp::verify() { return success(); }
LogicalResult NormOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> NormOp::getParameterOperands() { return {}; }
bool NormOp::isLinearIn(OpOperand &) { return false; }
bool NormOp::hasIndependentRows() { return true; }
LogicalResult AttentionOp::verify() { return success(); }
LogicalResult AttentionOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> AttentionOp::getParameterOperands() { return {}; }
bool AttentionOp::isLinearIn(OpOperand &) { return false; }
bool AttentionOp::hasIndependentRows() { return true; }
LogicalResult AddScaledOp::verify() { return success(); }
LogicalResult AddScaledOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> AddScaledOp::getParameterOperands() { return {}; }
bool AddScaledOp::isLinearIn(OpOperand &) { return false; }
bool AddScaledOp::hasIndependentRows() { return true; }
LogicalResult ScaleOp::verify() { return success(); }
LogicalResult ScaleOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
SmallVector<OpOperand *> ScaleOp::getParameterOperands() { return {}; }
bool ScaleOp::isLinearIn(OpOperand &) { return false; }
bool ScaleOp::hasIndependentRows() { return true; }
ParseResult AttentionOp::parse(OpAsmParser &, OperationState &) { return failure(); }
void AttentionOp::print(OpAsmPrinter &) {}
ParseResult AddScaledOp::parse(OpAsmParser &, OperationState &) { return failure(); }
void AddScaledOp::print(OpAsmPrinter &) {}
ParseResult ParallelOp::parse(OpAsmParser &, OperationState &) { return failure(); }
void ParallelOp::print(OpAsmPrinter &) {}
LogicalResult ParallelOp::verify() { return success(); }
void BlockOp::getSuccessorRegions(RegionBranchPoint, SmallVectorImpl<RegionSuccessor> &) {}
void ParallelOp::getSuccessorRegions(RegionBranchPoint, SmallVectorImpl<RegionSuccessor> &) {}
void AttentionOp::build(OpBuilder &, OperationState &, Value, Value, Value, int64_t, double, bool) {}
