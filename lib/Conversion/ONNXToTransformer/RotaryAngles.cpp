//===- RotaryAngles.cpp - Where cos and sin come from ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters keep cos and sin in a buffer that is sliced or gathered, or compute
// them from positions; they write every angle twice, as halves or as
// neighbours, or once.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Positions.h"
#include "Rotary.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::raising {

/// Whether all dimensions but these two have extent 1.
static bool hasOnly(RankedTensorType type, int64_t first, int64_t second) {
  for (auto [dim, extent] : llvm::enumerate(type.getShape()))
    if (extent != 1 && static_cast<int64_t>(dim) != first &&
        static_cast<int64_t>(dim) != second)
      return false;
  return true;
}

bool AngleTable::stepThroughShape(Operation *op) {
  RankedTensorType type = getTensorType(table);
  int64_t last = type.getRank() - 1;
  if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(op)) {
    if (llvm::is_contained(unsqueeze.getAxes(), last) ||
        llvm::is_contained(unsqueeze.getAxes(), positionDim))
      return false;
    positionDim -= llvm::count_if(
        unsqueeze.getAxes(), [&](int64_t axis) { return axis < positionDim; });
    table = unsqueeze.getInput();
    return true;
  }
  if (auto squeeze = dyn_cast<onnx::SqueezeOp>(op)) {
    // Behind the channels nothing may be put away.
    if (llvm::is_contained(squeeze.getAxes(),
                           getTensorType(squeeze.getInput()).getRank() - 1))
      return false;
    for (int64_t axis : squeeze.getAxes())
      if (axis <= positionDim)
        ++positionDim;
    table = squeeze.getInput();
    return true;
  }
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
    if (transpose.getPerm()[last] != last)
      return false;
    positionDim = transpose.getPerm()[positionDim];
    table = transpose.getInput();
    return true;
  }
  if (auto expand = dyn_cast<onnx::ExpandOp>(op)) {
    RankedTensorType from = getTensorType(expand.getInput());
    int64_t added = type.getRank() - from.getRank();
    if (positionDim < added ||
        from.getDimSize(from.getRank() - 1) != type.getDimSize(last) ||
        getExtent(expand.getInput(), positionDim - added) !=
            getExtent(table, positionDim))
      return false;
    positionDim -= added;
    table = expand.getInput();
    return true;
  }
  // A Reshape that only moves dimensions of extent 1.
  auto reshape = dyn_cast<onnx::ReshapeOp>(op);
  if (!reshape)
    return false;
  RankedTensorType from = getTensorType(reshape.getInput());
  int64_t fromLast = from.getRank() - 1;
  if (fromLast < 1 || from.getDimSize(fromLast) != type.getDimSize(last))
    return false;
  for (int64_t dim = 0; dim < fromLast; ++dim)
    if (hasOnly(from, dim, fromLast) &&
        getExtent(reshape.getInput(), dim) == getExtent(table, positionDim)) {
      positionDim = dim;
      table = reshape.getInput();
      return true;
    }
  return false;
}

bool AngleTable::stepThroughGather(Operation *op) {
  auto isFromZero = [](std::optional<Positions> positions) {
    return positions && positions->first.isStatic(0);
  };
  if (auto slice = dyn_cast<onnx::SliceOp>(op)) {
    // The first positions of a longer table.
    if (!isPrefix(slice) || slice.getAxes() != ArrayRef<int64_t>{positionDim})
      return false;
    table = slice.getInput();
    return true;
  }
  if (auto gather = dyn_cast<onnx::GatherOp>(op)) {
    int64_t rank = getTensorType(gather.getIndices()).getRank();
    if (gather.getAxis() != 0 ||
        getTensorType(gather.getData()).getRank() != 2 ||
        !isFromZero(matchPositions(gather.getIndices(), positionDim)) ||
        rank != getTensorType(table).getRank() - 1)
      return false;
    table = gather.getData();
    positionDim = 0;
    return true;
  }
  auto gather = dyn_cast<onnx::GatherElementsOp>(op);
  if (!gather || static_cast<int64_t>(gather.getAxis()) != positionDim ||
      !isFromZero(matchPositions(gather.getIndices(), positionDim)))
    return false;
  // All columns, each from its own place.
  RankedTensorType data = getTensorType(gather.getData());
  int64_t last = data.getRank() - 1;
  if (!hasOnly(data, positionDim, last) ||
      data.getDimSize(last) != getTensorType(table).getDimSize(last))
    return false;
  table = gather.getData();
  return true;
}

bool AngleTable::stepThroughColumns(Operation *op) {
  auto moveBy = [&](int64_t begin, int64_t step) {
    for (auto *list : {&columns, &partners})
      for (int64_t &column : *list)
        column = begin + column * step;
  };
  if (std::optional<ChannelSlice> slice = matchChannelSlice(table)) {
    moveBy(slice->begin, slice->step);
    table = slice->input;
    return true;
  }
  // Every element several times: [.., n, 1] to [.., n, m] to [.., n * m], or m
  // equal tensors side by side along a new dimension.
  int64_t width = getTensorType(table).getShape().back();
  if (auto reshape = dyn_cast<onnx::ReshapeOp>(op)) {
    Value merged = reshape.getInput();
    RankedTensorType type = getTensorType(merged);
    int64_t rank = type.getRank();
    if (rank != getTensorType(table).getRank() + 1 ||
        type.isDynamicDim(rank - 1) || type.isDynamicDim(rank - 2) ||
        type.getDimSize(rank - 1) * type.getDimSize(rank - 2) != width ||
        !haveEqualLeadingExtents(merged, 2, reshape.getStaticShape(),
                                 reshape.getShape(), 1))
      return false;
    int64_t times = type.getDimSize(rank - 1);
    Value single;
    if (auto expand = merged.getDefiningOp<onnx::ExpandOp>()) {
      RankedTensorType from = getTensorType(expand.getInput());
      if (from.getRank() == rank && from.getDimSize(rank - 1) == 1 &&
          from.getDimSize(rank - 2) == type.getDimSize(rank - 2) &&
          getExtent(expand.getInput(), positionDim) ==
              getExtent(table, positionDim))
        single = expand.getInput();
    } else if (auto concat = merged.getDefiningOp<onnx::ConcatOp>()) {
      if (static_cast<int64_t>(concat.getAxis()) == rank - 1 &&
          llvm::all_equal(concat.getInputs()) &&
          getTensorType(concat.getInputs().front()).getDimSize(rank - 1) == 1)
        single = concat.getInputs().front();
    }
    auto unsqueeze =
        single ? single.getDefiningOp<onnx::UnsqueezeOp>() : nullptr;
    if (!unsqueeze || !llvm::is_contained(unsqueeze.getAxes(), rank - 1))
      return false;
    // The other new dimensions stay for the next step.
    int64_t before = llvm::count_if(
        unsqueeze.getAxes(), [&](int64_t axis) { return axis < positionDim; });
    if (llvm::is_contained(unsqueeze.getAxes(), positionDim) ||
        llvm::is_contained(unsqueeze.getAxes(), rank - 2))
      return false;
    positionDim -= before;
    table = unsqueeze.getInput();
    for (auto *list : {&columns, &partners})
      for (int64_t &column : *list)
        column /= times;
    return true;
  }
  auto concat = dyn_cast<onnx::ConcatOp>(op);
  if (!concat || static_cast<int64_t>(concat.getAxis()) !=
                     getTensorType(table).getRank() - 1)
    return false;
  // Both members of every pair have to come from one tensor.
  auto locate = [&](ArrayRef<int64_t> list, SmallVectorImpl<int64_t> &inside) {
    Value found;
    int64_t begin = 0;
    for (Value input : concat.getInputs()) {
      int64_t size = getTensorType(input).getShape().back();
      if (ShapedType::isDynamic(size))
        return Value();
      if (llvm::all_of(list, [&](int64_t column) {
            return column >= begin && column < begin + size;
          })) {
        found = input;
        break;
      }
      begin += size;
    }
    for (int64_t column : list)
      inside.push_back(column - begin);
    return found;
  };
  SmallVector<int64_t> firsts, seconds;
  Value first = locate(columns, firsts), second = locate(partners, seconds);
  if (!first || first != second)
    return false;
  table = first;
  columns = std::move(firsts);
  partners = std::move(seconds);
  return true;
}

/// One op further back; false where the table is.
bool AngleTable::step(std::string &why) {
  Operation *op = table.getDefiningOp();
  if (!op || isParameterOrConstant(table))
    return false;
  if (stepThroughShape(op) || stepThroughGather(op) || stepThroughColumns(op))
    return true;
  // What works element by element on angles, or on cos and sin.
  if (isa<onnx::CosOp, onnx::SinOp>(op) ||
      (isa<onnx::CastOp>(op) &&
       isa<FloatType>(getElementTypeOrSelf(op->getOperand(0).getType())))) {
    steps.push_back(op);
    table = op->getOperand(0);
    return true;
  }
  auto mul = dyn_cast<onnx::MulOp>(op);
  if (!mul)
    return false;
  for (auto [angles, factor] : {std::pair(mul.getLhs(), mul.getRhs()),
                                std::pair(mul.getRhs(), mul.getLhs())}) {
    RankedTensorType type = getTensorType(factor);
    if (type.hasStaticShape() && type.getNumElements() == 1 &&
        type.getRank() <= 2 && isParameterOrConstant(factor) &&
        getTensorType(angles).getRank() == getTensorType(table).getRank()) {
      steps.push_back(op);
      table = angles;
      return true;
    }
  }
  return false;
}

std::optional<AngleTable> AngleTable::find(Value angles, unsigned fromBack,
                                           const Rotary &rotary,
                                           const Extent &positions,
                                           std::string &why) {
  AngleTable found;
  found.table = angles;
  RankedTensorType type = getTensorType(angles);
  int64_t rank = type.getRank(), half = rotary.rotated / 2;
  found.positionDim = rank - 1 - static_cast<int64_t>(fromBack);
  if (half < 1 || found.positionDim < 0 ||
      (type.getShape().back() != half &&
       type.getShape().back() != rotary.rotated)) {
    why = "cos and sin are not [.., positions, channels]";
    return std::nullopt;
  }
  if (!hasOnly(type, found.positionDim, rank - 1)) {
    why = "the angles differ between sequences or heads";
    return std::nullopt;
  }
  if (getExtent(angles, found.positionDim) != positions) {
    why = "the angles are not one row per position";
    return std::nullopt;
  }
  bool isSingle = type.getShape().back() == half;
  for (int64_t i = 0; i < half; ++i) {
    found.columns.push_back(isSingle || !rotary.interleaved ? i : 2 * i);
    found.partners.push_back(isSingle             ? i
                             : rotary.interleaved ? 2 * i + 1
                                                  : half + i);
  }
  while (found.step(why))
    ;
  RankedTensorType table = getTensorType(found.table);
  if (!hasOnly(table, found.positionDim, table.getRank() - 1)) {
    why = "the angles differ between sequences or heads";
    return std::nullopt;
  }
  if (found.columns == found.partners)
    return found;
  std::optional<ConstantData> data = ConstantData::get(found.table);
  if (!data) {
    why = "the angles of a pair may differ";
    return std::nullopt;
  }
  int64_t width = data->getShape().back();
  for (int64_t row = 0; row < data->size() / width; ++row)
    for (auto [column, partner] : llvm::zip(found.columns, found.partners))
      if (data->getFloat(row * width + column) !=
          data->getFloat(row * width + partner)) {
        why = "the angles of a pair differ";
        return std::nullopt;
      }
  found.partners = found.columns;
  return found;
}

Value AngleTable::build(OpBuilder &builder) const {
  RankedTensorType type = getTensorType(table);
  int64_t count = type.getDimSize(positionDim), width = type.getShape().back();
  int64_t half = columns.size();
  bool isWhole = width == half && columns.front() == 0 &&
                 llvm::is_sorted(columns) && columns.back() == half - 1;
  Value matrix = table;
  if (isParameterOrConstant(table)) {
    matrix = reshapeConstant(builder, table, {count, width});
    if (matrix && !isWhole)
      matrix = gatherConstant(builder, matrix, 1, columns);
    if (!matrix)
      return Value();
  } else {
    OpBuilder::InsertionGuard guard(builder);
    auto isEarlier = [point = builder.getInsertionPoint(),
                      block = builder.getInsertionBlock()](Operation *op) {
      return point == block->end() || op->isBeforeInBlock(&*point);
    };
    builder.setInsertionPointAfterValue(table);
    SmallVector<int64_t> axes;
    for (int64_t dim = 0; dim < type.getRank() - 1; ++dim)
      if (dim != positionDim)
        axes.push_back(dim);
    if (!axes.empty()) {
      // cos and sin are of the same angles.
      for (Operation *user : table.getUsers())
        if (auto squeeze = dyn_cast<onnx::SqueezeOp>(user);
            squeeze && isEarlier(squeeze) &&
            squeeze.getAxes() == ArrayRef<int64_t>(axes))
          matrix = squeeze;
      if (matrix == table)
        matrix = onnx::SqueezeOp::create(builder, table.getLoc(),
                                         type.clone({count, width}), matrix,
                                         ArrayRef<int64_t>(axes));
      builder.setInsertionPointAfterValue(matrix);
    }
    if (!isWhole) {
      auto indexType = RankedTensorType::get({half}, builder.getI64Type());
      Value indices = onnx::ConstantOp::create(
          builder, table.getLoc(), indexType,
          DenseElementsAttr::get(indexType, ArrayRef<int64_t>(columns)));
      matrix = onnx::GatherOp::create(builder, table.getLoc(),
                                      type.clone({count, half}), matrix,
                                      indices, uint64_t(1));
    }
  }
  for (Operation *op : llvm::reverse(steps)) {
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (!isParameterOrConstant(operand))
        mapping.map(operand, matrix);
    Operation *clone = builder.clone(*op, mapping);
    auto shape = getTensorType(matrix).getShape();
    clone->getResult(0).setType(getTensorType(op->getResult(0)).clone(shape));
    matrix = clone->getResult(0);
  }
  return matrix;
}

} // namespace ockham::raising
