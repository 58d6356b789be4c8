//===- LinearAlgebra.cpp - MatMul and Gemm to named products --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

/// Zeros to accumulate a product of elements of the given type in.
static Tensor makeAccumulator(Lowering &l, ArrayRef<ShapeExpr> dims,
                              Type elementType) {
  return l.makeFilled(dims, makeScalar(l.b, getComputeType(elementType), 0));
}

static void checkDepth(Lowering &l, const ShapeExpr &lhs,
                       const ShapeExpr &rhs) {
  l.checkEqual(lhs, rhs, "cannot multiply {} columns by {} rows");
}

/// [M, K] x [K, N], or [N, K] when `transposed`, whose rows are then the
/// columns of the product: nothing is transposed at run time.
static Tensor multiply2D(Lowering &l, const Tensor &lhs, const Tensor &rhs,
                         bool transposed) {
  ShapeExpr rows = rhs.dims[transposed ? 1 : 0];
  ShapeExpr columns = rhs.dims[transposed ? 0 : 1];
  checkDepth(l, lhs.dims[1], rows);
  Tensor init =
      makeAccumulator(l, {lhs.dims[0], columns}, lhs.getElementType());
  SmallVector<Value> inputs = {lhs.value, rhs.value};
  Operation *product;
  if (transposed)
    product = linalg::MatmulTransposeBOp::create(
        l.b, l.b.getLoc(), init.getType(), inputs, init.value);
  else
    product = linalg::MatmulOp::create(l.b, init.getType(), inputs, init.value);
  return {product->getResult(0), init.dims};
}

/// A weight that is used transposed, as Linear layers are exported by some:
/// gives the weight itself.
static std::optional<Tensor> getTransposedWeight(Lowering &l, Value value) {
  auto transpose = value.getDefiningOp<linalg::TransposeOp>();
  if (!transpose || transpose.getPermutation() != ArrayRef<int64_t>{1, 0} ||
      !transpose.getInput().getDefiningOp<LoadWeightOp>())
    return std::nullopt;
  return l.get(transpose.getInput());
}

/// Any leading dimensions: a generic contraction whose maps broadcast them.
static Tensor multiplyBroadcast(Lowering &l, Tensor lhs, Tensor rhs,
                                const SymbolicShape &batch) {
  // What is not known to be equal or 1 is made equal.
  for (Tensor *operand : {&lhs, &rhs}) {
    int64_t offset = batch.size() + 2 - operand->getRank();
    SymbolicShape wanted = operand->dims;
    for (int64_t i = 0, e = operand->getRank() - 2; i < e; ++i)
      if (!wanted[i].isConstant(1))
        wanted[i] = batch[offset + i];
    *operand = l.broadcastTo(*operand, wanted);
  }

  int64_t loops = batch.size() + 3;
  AffineExpr m = l.b.getAffineDimExpr(loops - 3);
  AffineExpr n = l.b.getAffineDimExpr(loops - 2);
  AffineExpr k = l.b.getAffineDimExpr(loops - 1);
  auto getMap = [&](const Tensor &operand, AffineExpr row, AffineExpr column) {
    SmallVector<AffineExpr> exprs;
    int64_t offset = batch.size() + 2 - operand.getRank();
    for (int64_t i = 0, e = operand.getRank() - 2; i < e; ++i)
      exprs.push_back(operand.dims[i] == batch[offset + i]
                          ? l.b.getAffineDimExpr(offset + i)
                          : l.b.getAffineConstantExpr(0));
    exprs.append({row, column});
    return AffineMap::get(loops, 0, exprs, l.b.getContext());
  };
  SymbolicShape dims = batch;
  dims.append({lhs.dims.end()[-2], rhs.dims.back()});
  Tensor init = makeAccumulator(l, dims, lhs.getElementType());
  SmallVector<AffineMap> maps = {getMap(lhs, m, k), getMap(rhs, k, n),
                                 getMap(init, m, n)};
  SmallVector<utils::IteratorType> iterators(loops,
                                             utils::IteratorType::parallel);
  iterators.back() = utils::IteratorType::reduction;
  Type type = init.getElementType();
  auto generic = linalg::GenericOp::create(
      l.b, init.getType(), ValueRange{lhs.value, rhs.value}, init.value, maps,
      iterators, [&](OpBuilder &builder, Location loc, ValueRange e) {
        ImplicitLocOpBuilder b(loc, builder);
        Value sum;
        if (isa<FloatType>(type))
          sum = arith::AddFOp::create(
              b, e[2],
              arith::MulFOp::create(b, convertFloat(b, e[0], type),
                                    convertFloat(b, e[1], type)));
        else
          sum = arith::AddIOp::create(b, e[2],
                                      arith::MulIOp::create(b, e[0], e[1]));
        linalg::YieldOp::create(b, sum);
      });
  return {generic.getResult(0), dims};
}

static Tensor lowerMatMul(Lowering &l, MatMulOp op) {
  Tensor lhs = l.get(op.getLhs()), rhs = l.get(op.getRhs());
  Type elementType = lhs.getElementType();
  SymbolicShape resultDims = l.getResultDims();
  // A vector is a row on the left, a column on the right.
  if (lhs.getRank() == 1)
    lhs = l.insertUnitDims(lhs, 0);
  if (rhs.getRank() == 1)
    rhs = l.insertUnitDims(rhs, 1);

  // Leading ones of the right-hand side say nothing; if nothing is left, all
  // rows of the left-hand side meet the same matrix.
  while (rhs.getRank() > 2 && rhs.getRank() > lhs.getRank() &&
         rhs.dims[0].isConstant(1))
    rhs = l.reshape(rhs, ArrayRef<ShapeExpr>(rhs.dims).drop_front());
  ArrayRef<ShapeExpr> lhsBatch = ArrayRef<ShapeExpr>(lhs.dims).drop_back(2);
  ArrayRef<ShapeExpr> rhsBatch = ArrayRef<ShapeExpr>(rhs.dims).drop_back(2);
  ShapeExpr m = lhs.dims.end()[-2], k = lhs.dims.back(), n = rhs.dims.back();
  Tensor product;
  if (rhsBatch.size() <= lhsBatch.size() &&
      llvm::all_of(rhsBatch,
                   [](const ShapeExpr &e) { return e.isConstant(1); })) {
    std::optional<Tensor> weight = getTransposedWeight(l, rhs.value);
    rhs = l.reshape(rhs, {rhs.dims.end()[-2], n});
    lhs = l.reshape(lhs, {ShapeScope::getProduct(lhsBatch) * m, k});
    product = multiply2D(l, lhs, weight ? *weight : rhs, weight.has_value());
  } else if (lhsBatch == rhsBatch) {
    checkDepth(l, k, rhs.dims.end()[-2]);
    ShapeExpr batch = ShapeScope::getProduct(lhsBatch);
    rhs = l.reshape(rhs, {batch, rhs.dims.end()[-2], n});
    lhs = l.reshape(lhs, {batch, m, k});
    Tensor init = makeAccumulator(l, {batch, m, n}, elementType);
    auto multiplied = linalg::BatchMatmulOp::create(
        l.b, init.getType(), ValueRange{lhs.value, rhs.value}, init.value);
    product = {multiplied.getResult(0), init.dims};
  } else {
    checkDepth(l, k, rhs.dims.end()[-2]);
    SymbolicShape batch(std::max(lhsBatch.size(), rhsBatch.size()),
                        ShapeExpr(1));
    llvm::copy(lhsBatch, batch.end() - lhsBatch.size());
    for (auto [index, extent] : llvm::enumerate(rhsBatch)) {
      ShapeExpr &dim = batch[batch.size() - rhsBatch.size() + index];
      dim = l.shapes.broadcast(dim, extent);
    }
    product = multiplyBroadcast(l, lhs, rhs, batch);
  }
  return l.reshape(l.roundTo(product, elementType), resultDims);
}

static Tensor lowerGemm(Lowering &l, GemmOp op) {
  Tensor a = l.get(op.getA()), rhs = l.get(op.getB());
  Type elementType = a.getElementType();
  if (op.getTransA())
    a = l.transpose(a, {1, 0});
  bool transposed = op.getTransB();
  if (!transposed)
    if (std::optional<Tensor> weight = getTransposedWeight(l, rhs.value)) {
      rhs = *weight;
      transposed = true;
    }
  Tensor product = multiply2D(l, a, rhs, transposed);
  double alpha = op.getAlpha().convertToDouble();
  double beta = op.getBeta().convertToDouble();
  bool hasC = op.getC() && beta != 0;
  if (alpha == 1 && !hasC)
    return l.roundTo(product, elementType);

  SmallVector<Tensor> operands = {product};
  if (hasC)
    operands.push_back(l.get(op.getC()));
  auto scale = [](ImplicitLocOpBuilder &b, Value value,
                  double factor) -> Value {
    if (factor == 1)
      return value;
    Value scalar = makeScalar(b, value.getType(), factor);
    if (isa<FloatType>(value.getType()))
      return arith::MulFOp::create(b, value, scalar);
    return arith::MulIOp::create(b, value, scalar);
  };
  return l.elementwise(operands, product.dims, elementType,
                       [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                         Value result = scale(b, e[0], alpha);
                         if (!hasC)
                           return result;
                         Value added = scale(b, e[1], beta);
                         if (isa<FloatType>(result.getType()))
                           return arith::AddFOp::create(b, result, added);
                         return arith::AddIOp::create(b, result, added);
                       });
}

FailureOr<Tensor> ockham::onnxlinalg::lowerLinearAlgebra(Lowering &l) {
  return llvm::TypeSwitch<Operation *, FailureOr<Tensor>>(l.op)
      .Case([&](MatMulOp op) { return lowerMatMul(l, op); })
      .Case([&](GemmOp op) { return lowerGemm(l, op); })
      .Default([](Operation *) { return failure(); });
}
