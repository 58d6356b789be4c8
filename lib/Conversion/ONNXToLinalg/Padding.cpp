//===- Padding.cpp - Pad and CumSum ---------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

Tensor ockham::onnxlinalg::padWith(Lowering &l, const Tensor &x, Value scalar,
                                   ArrayRef<ShapeExpr> low,
                                   ArrayRef<ShapeExpr> high,
                                   ArrayRef<ShapeExpr> dims) {
  if (llvm::all_of(low, [](const ShapeExpr &e) { return e.isConstant(0); }) &&
      llvm::all_of(high, [](const ShapeExpr &e) { return e.isConstant(0); }))
    return x;
  // What is left of the operand, and where it goes.
  SymbolicShape first, size, offset;
  for (auto [dim, extent] : llvm::enumerate(x.dims)) {
    if (l.shapes.isNonNegative(low[dim]) && l.shapes.isNonNegative(high[dim])) {
      first.push_back(0);
      size.push_back(extent);
      offset.push_back(low[dim]);
      continue;
    }
    ShapeExpr from = l.shapes.min(l.shapes.max(0, 0 - low[dim]), extent);
    ShapeExpr end = l.shapes.min(extent, extent + high[dim]);
    first.push_back(from);
    size.push_back(l.shapes.max(0, end - from));
    offset.push_back(l.shapes.min(l.shapes.max(0, low[dim]), dims[dim]));
  }
  Tensor part = l.slice(x, first, size);
  Tensor result = l.makeFilled(dims, scalar);
  for (auto [from, extent, whole] : llvm::zip_equal(offset, size, dims)) {
    // insert_slice refuses what is known to lie behind the end, even if it is
    // empty.
    std::optional<int64_t> begin = from.getConstant();
    std::optional<int64_t> end = whole.getConstant();
    if (extent.isConstant(0) || (begin && end && *begin >= *end))
      return result;
  }
  SmallVector<OpFoldResult> ones(dims.size(), l.b.getIndexAttr(1));
  result.value = tensor::InsertSliceOp::create(l.b, part.value, result.value,
                                               l.getMixedSizes(offset),
                                               l.getMixedSizes(size), ones);
  return result;
}

/// More than any memory holds, and so little that sums do not overflow.
static constexpr int64_t kMaxPad = int64_t(1) << 48;

/// Where position `at` (counted from the operand's first element) is read.
static Value getSource(ImplicitLocOpBuilder &b, PadMode mode, Value at,
                       Value extent) {
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value one = arith::ConstantIndexOp::create(b, 1);
  if (mode == PadMode::Edge) {
    Value last = arith::SubIOp::create(b, extent, one);
    return arith::MinSIOp::create(b, arith::MaxSIOp::create(b, at, zero), last);
  }
  // The remainder of a division that rounds down.
  auto wrap = [&](Value value, Value period) -> Value {
    Value rest = arith::RemSIOp::create(b, value, period);
    return wrapIndex(b, rest, period);
  };
  if (mode == PadMode::Wrap)
    return wrap(at, extent);
  // There and back again, without repeating the ends.
  Value steps = arith::SubIOp::create(b, extent, one);
  Value period =
      arith::MaxSIOp::create(b, one, arith::AddIOp::create(b, steps, steps));
  Value phase = wrap(at, period);
  Value back = arith::SubIOp::create(b, period, phase);
  return arith::MinSIOp::create(b, phase, back);
}

static Tensor lowerPad(Lowering &l, PadOp op) {
  Tensor x = l.get(op.getInput());
  SymbolicShape low = l.shapes.getSizes(op.getStaticLow(), op.getLow());
  SymbolicShape high = l.shapes.getSizes(op.getStaticHigh(), op.getHigh());
  SymbolicShape dims = l.getResultDims();
  // Nonsense must not wrap around into extents that look right.
  for (ArrayRef<ShapeExpr> list : {low, high})
    for (const ShapeExpr &size : list) {
      if (size.getConstant())
        continue;
      Value value = l.getSize(size);
      for (auto [predicate, bound] :
           {std::pair(arith::CmpIPredicate::sle, kMaxPad),
            std::pair(arith::CmpIPredicate::sge, -kMaxPad)}) {
        Value limit = arith::ConstantIndexOp::create(l.b, bound);
        l.check(l.compare(predicate, value, limit), "size {} is beyond {}",
                {value, limit});
      }
    }
  l.checkSizes(dims);
  Type elementType = x.getElementType();
  if (op.getMode() == PadMode::Constant) {
    Value fill = op.getValue()
                     ? tensor::ExtractOp::create(
                           l.b, l.get(op.getValue()).value, ValueRange())
                           .getResult()
                     : makeScalar(l.b, elementType, 0);
    return padWith(l, x, fill, low, high, dims);
  }
  SmallVector<Value> shift, extents;
  for (auto [dim, extent] : llvm::enumerate(x.dims)) {
    shift.push_back(l.getSize(low[dim]));
    extents.push_back(l.getSize(extent));
    std::optional<int64_t> known = extent.getConstant();
    if (extent == dims[dim] || (known && *known > 0))
      continue;
    Value zero = arith::ConstantIndexOp::create(l.b, 0);
    Value full = l.compare(arith::CmpIPredicate::sgt, extents.back(), zero);
    Value empty =
        l.compare(arith::CmpIPredicate::eq, l.getSize(dims[dim]), zero);
    l.check(arith::OrIOp::create(l.b, full, empty),
            "repeats a dimension of {} elements", extents.back());
  }
  return l.elementwise(
      {}, dims, elementType, [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
        SmallVector<Value> position;
        for (int64_t dim = 0, e = x.getRank(); dim < e; ++dim) {
          Value here = linalg::IndexOp::create(b, dim);
          if (!low[dim].isConstant(0) || x.dims[dim] != dims[dim])
            here = getSource(b, op.getMode(),
                             arith::SubIOp::create(b, here, shift[dim]),
                             extents[dim]);
          position.push_back(here);
        }
        return l.extract(b, x, position);
      });
}

//===----------------------------------------------------------------------===//
// CumSum
//===----------------------------------------------------------------------===//

/// A loop over the axis that carries the running sums beside the rows: reading
/// back the row before would cost a copy of all rows when tensors become
/// buffers.
static Tensor lowerCumSum(Lowering &l, CumSumOp op) {
  Tensor x = l.get(op.getInput());
  int64_t axis = op.getAxis();
  Type elementType = x.getElementType(), type = getComputeType(elementType);
  SymbolicShape rowDims = x.dims;
  rowDims.erase(rowDims.begin() + axis);
  Tensor running = l.makeFilled(rowDims, makeScalar(l.b, type, 0));
  Value rows = l.makeEmpty(x.dims, type);
  Value zero = arith::ConstantIndexOp::create(l.b, 0);
  Value one = arith::ConstantIndexOp::create(l.b, 1);
  Value extent = l.getSize(x.dims[axis]);
  SmallVector<OpFoldResult> sizes = l.getMixedSizes(x.dims);
  sizes[axis] = l.b.getIndexAttr(1);
  SmallVector<OpFoldResult> ones(x.getRank(), l.b.getIndexAttr(1));
  AffineMap identity = l.b.getMultiDimIdentityMap(rowDims.size());
  SmallVector<utils::IteratorType> iterators(rowDims.size(),
                                             utils::IteratorType::parallel);
  auto loop = scf::ForOp::create(
      l.b, zero, extent, one, ValueRange{running.value, rows},
      [&](OpBuilder &builder, Location loc, Value step, ValueRange carried) {
        ImplicitLocOpBuilder b(loc, builder);
        Value at = step;
        if (op.getReverse())
          at = arith::SubIOp::create(b, arith::SubIOp::create(b, extent, one),
                                     step);
        SmallVector<OpFoldResult> offsets(x.getRank(), b.getIndexAttr(0));
        offsets[axis] = at;
        Value row = tensor::ExtractSliceOp::create(
            b, l.getType(rowDims, elementType), x.value, offsets, sizes, ones);
        Value all = carried[1];
        if (op.getExclusive())
          all = tensor::InsertSliceOp::create(b, carried[0], all, offsets,
                                              sizes, ones);
        auto sum = linalg::GenericOp::create(
            b, carried[0].getType(), row, carried[0],
            ArrayRef<AffineMap>{identity, identity}, iterators,
            [&](OpBuilder &nested, Location loc, ValueRange e) {
              ImplicitLocOpBuilder inner(loc, nested);
              Value next;
              if (isa<FloatType>(type))
                next = arith::AddFOp::create(inner, e[1],
                                             convertFloat(inner, e[0], type));
              else
                next = arith::AddIOp::create(inner, e[1], e[0]);
              linalg::YieldOp::create(inner, next);
            });
        if (!op.getExclusive())
          all = tensor::InsertSliceOp::create(b, sum.getResult(0), all, offsets,
                                              sizes, ones);
        scf::YieldOp::create(b, ValueRange{sum.getResult(0), all});
      });
  Tensor result{loop.getResult(1), x.dims};
  if (type == elementType)
    return result;
  return l.elementwise(
      result, x.dims, elementType,
      [](ImplicitLocOpBuilder &, ValueRange e) { return e[0]; });
}

FailureOr<Tensor> ockham::onnxlinalg::lowerPadding(Lowering &l) {
  return llvm::TypeSwitch<Operation *, FailureOr<Tensor>>(l.op)
      .Case([&](PadOp op) { return lowerPad(l, op); })
      .Case([&](CumSumOp op) { return lowerCumSum(l, op); })
      .Default([](Operation *) { return failure(); });
}
