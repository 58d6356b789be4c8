//===- RowLaunch.cpp - Launching kernels that give rows -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowLaunch.h"

#include "Patterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace ockham;

std::string tfm_to_tile::checkElements(Operation *op) {
  SmallVector<Value> values(op->getOperands());
  llvm::append_range(values, op->getResults());
  for (Value value : values) {
    Type element = getElementTypeOrSelf(value);
    if (!isa<FloatType>(element) || isKernelFloat(element))
      continue;
    std::string text;
    llvm::raw_string_ostream(text)
        << "it is on " << value.getType() << ", expected f32, bf16 or f16";
    return text;
  }
  return "";
}

std::string tfm_to_tile::checkRows(Operation *op, Value rows) {
  std::string text = checkElements(op);
  if (!text.empty())
    return text;
  llvm::raw_string_ostream os(text);
  auto type = cast<RankedTensorType>(rows.getType());
  int64_t columns = type.getShape().back();
  if (ShapedType::isDynamic(columns) || columns < 1)
    os << "its rows are those of " << type
       << ", expected a known width of at least 1";
  return text;
}

Value tfm_to_tile::toColumn(OpBuilder &b, Location loc, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Type element = type.getElementType();
  int64_t rank = type.getRank();
  if (rank == 0)
    return tensor::ExpandShapeOp::create(
        b, loc, RankedTensorType::get({1, 1}, element), tensor,
        ArrayRef<ReassociationIndices>());
  if (rank > 1) {
    auto all = llvm::to_vector<2>(llvm::seq<int64_t>(0, rank));
    tensor = tensor::CollapseShapeOp::create(
        b, loc, tensor, SmallVector<ReassociationIndices>{all});
  }
  int64_t count = cast<RankedTensorType>(tensor.getType()).getDimSize(0);
  SmallVector<OpFoldResult> sizes{tensor::getMixedSize(b, loc, tensor, 0),
                                  b.getIndexAttr(1)};
  return tensor::ExpandShapeOp::create(
      b, loc, RankedTensorType::get({count, 1}, element), tensor,
      SmallVector<ReassociationIndices>{{0, 1}}, sizes);
}

Value tfm_to_tile::countElements(OpBuilder &b, Location loc, Value tensor,
                                 int64_t skip) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value count = arith::ConstantIndexOp::create(b, loc, 1);
  for (int64_t i = 0; i + skip < type.getRank(); ++i)
    count = b.createOrFold<arith::MulIOp>(
        loc, count, b.createOrFold<tensor::DimOp>(loc, tensor, i));
  return count;
}

Value tfm_to_tile::launchRows(OpBuilder &b, Location loc, tile::KernelOp kernel,
                              ValueRange grid, ValueRange inputs,
                              OpFoldResult rows, int64_t width, Type element) {
  SmallVector<OpFoldResult> sizes{rows, b.getIndexAttr(width)};
  Value empty = tensor::EmptyOp::create(b, loc, sizes, element);
  return tile::LaunchOp::create(b, loc, TypeRange{empty.getType()},
                                kernel.getSymName(), grid, inputs,
                                ValueRange{empty})
      .getResult(0);
}
