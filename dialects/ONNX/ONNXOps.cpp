//===- ONNXOps.cpp - skeleton -===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/IR/Builders.h"
using namespace mlir;
using namespace ockham::onnx;
#define GET_OP_CLASSES
#include "dialects/ONNX/ONNXOps.cpp.inc"
LogicalResult AddOp::verify() { return success(); }
LogicalResult AddOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult AddOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult AddOp::fold(FoldAdaptor) { return {}; }
LogicalResult SubOp::verify() { return success(); }
LogicalResult SubOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult SubOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult SubOp::fold(FoldAdaptor) { return {}; }
LogicalResult MulOp::verify() { return success(); }
LogicalResult MulOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult MulOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult MulOp::fold(FoldAdaptor) { return {}; }
LogicalResult DivOp::verify() { return success(); }
LogicalResult DivOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult DivOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult DivOp::fold(FoldAdaptor) { return {}; }
LogicalResult PowOp::verify() { return success(); }
LogicalResult PowOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult PowOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult PowOp::fold(FoldAdaptor) { return {}; }
LogicalResult EqualOp::verify() { return success(); }
LogicalResult EqualOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult EqualOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult EqualOp::fold(FoldAdaptor) { return {}; }
LogicalResult LessOp::verify() { return success(); }
LogicalResult LessOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult LessOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult LessOp::fold(FoldAdaptor) { return {}; }
LogicalResult LessOrEqualOp::verify() { return success(); }
LogicalResult LessOrEqualOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult LessOrEqualOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult LessOrEqualOp::fold(FoldAdaptor) { return {}; }
LogicalResult GreaterOp::verify() { return success(); }
LogicalResult GreaterOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult GreaterOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult GreaterOp::fold(FoldAdaptor) { return {}; }
LogicalResult GreaterOrEqualOp::verify() { return success(); }
LogicalResult GreaterOrEqualOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult GreaterOrEqualOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult GreaterOrEqualOp::fold(FoldAdaptor) { return {}; }
LogicalResult AndOp::verify() { return success(); }
LogicalResult AndOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult AndOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult AndOp::fold(FoldAdaptor) { return {}; }
LogicalResult OrOp::verify() { return success(); }
LogicalResult OrOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult OrOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult OrOp::fold(FoldAdaptor) { return {}; }
LogicalResult WhereOp::verify() { return success(); }
LogicalResult WhereOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult WhereOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult WhereOp::fold(FoldAdaptor) { return {}; }
LogicalResult NegOp::verify() { return success(); }
LogicalResult NegOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult NegOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult NegOp::fold(FoldAdaptor) { return {}; }
LogicalResult AbsOp::verify() { return success(); }
LogicalResult AbsOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult AbsOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult AbsOp::fold(FoldAdaptor) { return {}; }
LogicalResult ReluOp::verify() { return success(); }
LogicalResult ReluOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ReluOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ReluOp::fold(FoldAdaptor) { return {}; }
LogicalResult ExpOp::verify() { return success(); }
LogicalResult ExpOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ExpOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ExpOp::fold(FoldAdaptor) { return {}; }
LogicalResult LogOp::verify() { return success(); }
LogicalResult LogOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult LogOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult LogOp::fold(FoldAdaptor) { return {}; }
LogicalResult SqrtOp::verify() { return success(); }
LogicalResult SqrtOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult SqrtOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult SqrtOp::fold(FoldAdaptor) { return {}; }
LogicalResult ReciprocalOp::verify() { return success(); }
LogicalResult ReciprocalOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ReciprocalOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ReciprocalOp::fold(FoldAdaptor) { return {}; }
LogicalResult ErfOp::verify() { return success(); }
LogicalResult ErfOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ErfOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ErfOp::fold(FoldAdaptor) { return {}; }
LogicalResult TanhOp::verify() { return success(); }
LogicalResult TanhOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult TanhOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult TanhOp::fold(FoldAdaptor) { return {}; }
LogicalResult SigmoidOp::verify() { return success(); }
LogicalResult SigmoidOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult SigmoidOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult SigmoidOp::fold(FoldAdaptor) { return {}; }
LogicalResult NotOp::verify() { return success(); }
LogicalResult NotOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult NotOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult NotOp::fold(FoldAdaptor) { return {}; }
LogicalResult IdentityOp::verify() { return success(); }
LogicalResult IdentityOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult IdentityOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult IdentityOp::fold(FoldAdaptor) { return {}; }
LogicalResult CastOp::verify() { return success(); }
LogicalResult CastOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult CastOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult CastOp::fold(FoldAdaptor) { return {}; }
LogicalResult MatMulOp::verify() { return success(); }
LogicalResult MatMulOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult MatMulOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult GemmOp::verify() { return success(); }
LogicalResult GemmOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult GemmOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult ReduceMeanOp::verify() { return success(); }
LogicalResult ReduceMeanOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ReduceMeanOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult ReduceSumOp::verify() { return success(); }
LogicalResult ReduceSumOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ReduceSumOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult ReduceMaxOp::verify() { return success(); }
LogicalResult ReduceMaxOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ReduceMaxOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult ReduceL2Op::verify() { return success(); }
LogicalResult ReduceL2Op::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ReduceL2Op::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult SoftmaxOp::verify() { return success(); }
LogicalResult SoftmaxOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult SoftmaxOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult LayerNormalizationOp::verify() { return success(); }
LogicalResult LayerNormalizationOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult LayerNormalizationOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }
LogicalResult ShapeOp::verify() { return success(); }
LogicalResult ShapeOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ShapeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ShapeOp::fold(FoldAdaptor) { return {}; }
LogicalResult ReshapeOp::verify() { return success(); }
LogicalResult ReshapeOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ReshapeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ReshapeOp::fold(FoldAdaptor) { return {}; }
LogicalResult ExpandOp::verify() { return success(); }
LogicalResult ExpandOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ExpandOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult ConstantOfShapeOp::verify() { return success(); }
LogicalResult ConstantOfShapeOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ConstantOfShapeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ConstantOfShapeOp::fold(FoldAdaptor) { return {}; }
LogicalResult SliceOp::verify() { return success(); }
LogicalResult SliceOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult SliceOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult SliceOp::fold(FoldAdaptor) { return {}; }
LogicalResult GatherOp::verify() { return success(); }
LogicalResult GatherOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult GatherOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult GatherOp::fold(FoldAdaptor) { return {}; }
LogicalResult ConcatOp::verify() { return success(); }
LogicalResult ConcatOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult ConcatOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult ConcatOp::fold(FoldAdaptor) { return {}; }
LogicalResult SplitOp::verify() { return success(); }
LogicalResult SplitOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult SplitOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
LogicalResult TransposeOp::verify() { return success(); }
LogicalResult TransposeOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult TransposeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult TransposeOp::fold(FoldAdaptor) { return {}; }
LogicalResult SqueezeOp::verify() { return success(); }
LogicalResult SqueezeOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult SqueezeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult SqueezeOp::fold(FoldAdaptor) { return {}; }
LogicalResult UnsqueezeOp::verify() { return success(); }
LogicalResult UnsqueezeOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult UnsqueezeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult UnsqueezeOp::fold(FoldAdaptor) { return {}; }
LogicalResult RangeOp::verify() { return success(); }
LogicalResult RangeOp::inferReturnTypeComponents(MLIRContext *, std::optional<Location>, ValueShapeRange, DictionaryAttr, OpaqueProperties, RegionRange, SmallVectorImpl<ShapedTypeComponents> &) { return failure(); }
LogicalResult RangeOp::reifyResultShapes(OpBuilder &, ReifiedRankedShapedTypeDims &) { return failure(); }
OpFoldResult RangeOp::fold(FoldAdaptor) { return {}; }
