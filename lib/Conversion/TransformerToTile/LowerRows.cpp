//===- LowerRows.cpp - Losses, and all ops without products ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "RowLaunch.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Conversion/IndexChecks.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

/// A column as a tensor of the extents of `like`.
static Value fromColumn(OpBuilder &b, Location loc, Value column, Value like,
                        RankedTensorType type) {
  int64_t rank = type.getRank();
  SmallVector<ReassociationIndices> both;
  if (rank > 0)
    both.push_back({0, 1});
  Value result = tensor::CollapseShapeOp::create(b, loc, column, both);
  if (rank < 2) {
    if (result.getType() != type)
      result = tensor::CastOp::create(b, loc, type, result);
    return result;
  }
  auto all = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank));
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, like);
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  result = tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get(shape, type.getElementType()), result,
      SmallVector<ReassociationIndices>{all}, sizes);
  if (result.getType() != type)
    result = tensor::CastOp::create(b, loc, type, result);
  return result;
}

std::string
tfm_to_tile::convertCrossEntropy(tfm::CrossEntropyOp op, KernelCache &kernels,
                                 const tfm_to_tile::Preferences &preferences) {
  std::string problem = checkRows(op, op.getLogits());
  if (!problem.empty())
    return problem;
  OpBuilder b(op);
  Location loc = op.getLoc();
  CrossEntropyOptions options;
  options.element = op.getLogits().getType().getElementType();
  options.columns = op.getLogits().getType().getShape().back();
  options.blockRows = preferences.getRowBlock(options.columns);
  options.blockColumns = preferences.rowColumns;
  options.labels =
      cast<RankedTensorType>(op.getLabels().getType()).getElementType();
  emitIndexCheck(b, op, op.getLabels(), b.getIndexAttr(options.columns),
                 "label {} is not one of the {} classes");
  std::string name = "cross_entropy_" + std::to_string(options.columns);
  llvm::raw_string_ostream(name) << "_" << options.labels;
  options.result =
      cast<RankedTensorType>(op.getResult().getType()).getElementType();

  Value logits = toMatrix(b, loc, op.getLogits());
  tile::KernelOp kernel =
      kernels.get(name, /*numbers=*/{}, options.element, options.result,
                  /*others=*/{}, [&](OpBuilder &builder, StringRef name) {
                    return buildCrossEntropy(builder, loc, name, options);
                  });
  Value inputs[] = {logits, toColumn(b, loc, logits),
                    toColumn(b, loc, op.getLabels())};
  Value result = launchRows(
      b, loc, kernel, b.createOrFold<tensor::DimOp>(loc, logits, 0), inputs,
      tensor::getMixedSize(b, loc, logits, 0), /*width=*/1, options.result);
  op.getResult().replaceAllUsesWith(
      fromColumn(b, loc, result, op.getLabels(),
                 cast<RankedTensorType>(op.getResult().getType())));
  op.erase();
  return "";
}
