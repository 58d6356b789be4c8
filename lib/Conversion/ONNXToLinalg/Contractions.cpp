//===- Contractions.cpp - Conv and Einsum ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

#include <map>

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

//===----------------------------------------------------------------------===//
// Conv
//===----------------------------------------------------------------------===//

namespace {
/// A convolution as a matrix product per group: the weights [M / group,
/// C / group * K] with the windows [C / group * K, N * O], the input's element
/// under every tap of the kernel for every output. The windows are the larger
/// part of what a direct loop would read anyway, and the product is as fast as
/// any other.
class ConvLowering {
public:
  ConvLowering(Lowering &l, ConvOp op)
      : l(l), op(op), x(l.get(op.getInput())), weights(l.get(op.getWeights())),
        spatial(x.getRank() - 2), group(op.getGroup()) {}

  Tensor run();

private:
  void checkShapes(ArrayRef<ShapeExpr> dims);
  Tensor pad();
  Tensor gatherWindows(const Tensor &padded, ArrayRef<ShapeExpr> outputs);
  Tensor multiply(const Tensor &matrix, const Tensor &windows);

  Lowering &l;
  ConvOp op;
  Tensor x, weights;
  int64_t spatial, group;
};
} // namespace

void ConvLowering::checkShapes(ArrayRef<ShapeExpr> dims) {
  l.checkEqual(x.dims[1], weights.dims[1] * group,
               "has {} input channels, but the weights are for {}");
  ShapeExpr perGroup = l.shapes.floorDiv(weights.dims[0], group);
  l.checkEqual(weights.dims[0], perGroup * group,
               "has {} output channels, expected a multiple of the groups, as "
               "{}");
  for (int64_t i = 0; i < spatial; ++i) {
    if (dims[2 + i].getConstant())
      continue;
    ShapeExpr padded =
        x.dims[2 + i] + op.getPads()[i] + op.getPads()[spatial + i];
    ShapeExpr window = (weights.dims[2 + i] - 1) * op.getDilations()[i] + 1;
    Value have = l.getSize(padded), span = l.getSize(window);
    l.check(l.compare(arith::CmpIPredicate::sle, span, have),
            "has a kernel that spans {} of {} elements", {span, have});
  }
}

/// With its zeros around it.
Tensor ConvLowering::pad() {
  SymbolicShape low(2, ShapeExpr(0)), high(2, ShapeExpr(0)), dims = x.dims;
  for (int64_t i = 0; i < spatial; ++i) {
    low.push_back(op.getPads()[i]);
    high.push_back(op.getPads()[spatial + i]);
    dims[2 + i] = dims[2 + i] + low.back() + high.back();
  }
  return padWith(l, x, makeScalar(l.b, x.getElementType(), 0), low, high, dims);
}

/// [group, C / group, K..., N, O...]
Tensor ConvLowering::gatherWindows(const Tensor &padded,
                                   ArrayRef<ShapeExpr> outputs) {
  SymbolicShape split = {padded.dims[0], ShapeExpr(group), weights.dims[1]};
  split.append(padded.dims.begin() + 2, padded.dims.end());
  Tensor grouped = l.reshape(padded, split);
  SymbolicShape dims = {ShapeExpr(group)};
  dims.append(weights.dims.begin() + 1, weights.dims.end());
  dims.push_back(padded.dims[0]);
  dims.append(outputs.begin(), outputs.end());
  int64_t batch = 2 + spatial;
  SmallVector<AffineExpr> exprs = {l.b.getAffineDimExpr(batch),
                                   l.b.getAffineDimExpr(0),
                                   l.b.getAffineDimExpr(1)};
  for (int64_t i = 0; i < spatial; ++i)
    exprs.push_back(l.b.getAffineDimExpr(batch + 1 + i) * op.getStrides()[i] +
                    l.b.getAffineDimExpr(2 + i) * op.getDilations()[i]);
  int64_t rank = dims.size();
  SmallVector<AffineMap> maps = {
      AffineMap::get(rank, 0, exprs, l.b.getContext()),
      l.b.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  Value init = l.makeEmpty(dims, x.getElementType());
  auto generic = linalg::GenericOp::create(
      l.b, init.getType(), grouped.value, init, maps, iterators,
      [](OpBuilder &builder, Location loc, ValueRange e) {
        linalg::YieldOp::create(builder, loc, e[0]);
      });
  return {generic.getResult(0), dims};
}

/// [group, rows, depth] times [group, depth, columns]; one group is no batch.
Tensor ConvLowering::multiply(const Tensor &matrix, const Tensor &windows) {
  SymbolicShape dims = {matrix.dims[0], matrix.dims[1], windows.dims[2]};
  Type type = getComputeType(x.getElementType());
  auto drop = [&](const Tensor &tensor) {
    return group == 1 ? l.reshape(tensor,
                                  ArrayRef<ShapeExpr>(tensor.dims).drop_front())
                      : tensor;
  };
  Tensor lhs = drop(matrix), rhs = drop(windows);
  Tensor init =
      l.makeFilled(ArrayRef<ShapeExpr>(dims).drop_front(group == 1 ? 1 : 0),
                   makeScalar(l.b, type, 0));
  SmallVector<Value, 2> inputs = {lhs.value, rhs.value};
  Value product =
      group == 1
          ? linalg::MatmulOp::create(l.b, init.getType(), inputs, init.value)
                .getResult(0)
          : linalg::BatchMatmulOp::create(l.b, init.getType(), inputs,
                                          init.value)
                .getResult(0);
  return l.reshape({product, init.dims}, dims);
}

Tensor ConvLowering::run() {
  SymbolicShape dims = l.getResultDims();
  checkShapes(dims);
  SymbolicShape outputs(dims.begin() + 2, dims.end());
  Tensor windows = gatherWindows(pad(), outputs);
  ShapeExpr channels = weights.dims[0], batch = x.dims[0];
  ShapeExpr depth =
      ShapeScope::getProduct(ArrayRef<ShapeExpr>(weights.dims).drop_front());
  ShapeExpr count = batch * ShapeScope::getProduct(outputs);
  windows = l.reshape(windows, {ShapeExpr(group), depth, count});
  Tensor matrix = l.reshape(
      weights, {ShapeExpr(group), l.shapes.floorDiv(channels, group), depth});
  // [M, N, O...], then the bias, then channels and batch change places.
  SymbolicShape planes = {channels, batch};
  planes.append(outputs);
  Tensor product = l.reshape(multiply(matrix, windows), planes);
  SmallVector<Tensor> operands = {product};
  if (op.getBias()) {
    Tensor bias = l.get(op.getBias());
    l.checkEqual(bias.dims[0], channels,
                 "has a bias of {} elements for {} output channels");
    SymbolicShape column(planes.size(), ShapeExpr(1));
    column[0] = channels;
    operands.push_back(l.reshape(bias, column));
  }
  if (operands.size() > 1 || product.getElementType() != x.getElementType())
    product = l.elementwise(
        operands, planes, x.getElementType(),
        [](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
          return e.size() > 1 ? arith::AddFOp::create(b, e[0], e[1]).getResult()
                              : e[0];
        });
  SmallVector<int64_t> perm = {1, 0};
  for (int64_t i = 0; i < spatial; ++i)
    perm.push_back(2 + i);
  return l.reshape(l.transpose(product, perm), dims);
}

//===----------------------------------------------------------------------===//
// Einsum
//===----------------------------------------------------------------------===//

/// One loop per letter: those of the result, then those that are summed over.
static Tensor lowerEinsum(Lowering &l, EinsumOp op) {
  SmallVector<StringRef> terms = op.getLetters();
  StringRef output = terms.pop_back_val();
  std::map<char, ShapeExpr> extents;
  SmallVector<Tensor> operands;
  for (auto [term, input] : llvm::zip_equal(terms, op.getInputs())) {
    operands.push_back(l.get(input));
    for (auto [letter, dim] : llvm::zip_equal(term, operands.back().dims)) {
      auto [it, isNew] = extents.try_emplace(letter, dim);
      if (!isNew)
        it->second = l.shapes.broadcast(it->second, dim);
    }
  }
  std::string loops = output.str();
  for (auto &[letter, extent] : extents)
    if (!output.contains(letter))
      loops += letter;
  Type elementType = operands.front().getElementType();
  Type type = getComputeType(elementType);
  // What is not known to be equal or 1 is made equal.
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (auto [term, operand] : llvm::zip_equal(terms, operands)) {
    SymbolicShape wanted = operand.dims;
    SmallVector<AffineExpr> exprs;
    for (auto [letter, dim] : llvm::zip_equal(term, wanted)) {
      bool isOne = dim.isConstant(1) && !extents[letter].isConstant(1);
      exprs.push_back(isOne ? l.b.getAffineConstantExpr(0)
                            : l.b.getAffineDimExpr(loops.find(letter)));
      if (!isOne)
        dim = extents[letter];
    }
    inputs.push_back(l.broadcastTo(operand, wanted).value);
    maps.push_back(AffineMap::get(loops.size(), 0, exprs, l.b.getContext()));
  }
  SymbolicShape dims;
  SmallVector<AffineExpr> kept;
  for (auto [i, letter] : llvm::enumerate(output)) {
    dims.push_back(extents[letter]);
    kept.push_back(l.b.getAffineDimExpr(i));
  }
  maps.push_back(AffineMap::get(loops.size(), 0, kept, l.b.getContext()));
  SmallVector<utils::IteratorType> iterators(loops.size(),
                                             utils::IteratorType::reduction);
  std::fill_n(iterators.begin(), output.size(), utils::IteratorType::parallel);
  Tensor init = l.makeFilled(dims, makeScalar(l.b, type, 0));
  auto generic = linalg::GenericOp::create(
      l.b, init.getType(), inputs, init.value, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange e) {
        ImplicitLocOpBuilder b(loc, builder);
        Value product;
        for (Value factor : e.drop_back()) {
          if (isa<FloatType>(type))
            factor = convertFloat(b, factor, type);
          if (!product)
            product = factor;
          else if (isa<FloatType>(type))
            product = arith::MulFOp::create(b, product, factor);
          else
            product = arith::MulIOp::create(b, product, factor);
        }
        Value sum;
        if (isa<FloatType>(type))
          sum = arith::AddFOp::create(b, e.back(), product);
        else
          sum = arith::AddIOp::create(b, e.back(), product);
        linalg::YieldOp::create(b, sum);
      });
  Tensor result{generic.getResult(0), init.dims};
  if (type == elementType)
    return result;
  return l.elementwise(
      result, result.dims, elementType,
      [](ImplicitLocOpBuilder &, ValueRange e) { return e[0]; });
}

FailureOr<Tensor> ockham::onnxlinalg::lowerContraction(Lowering &l) {
  return llvm::TypeSwitch<Operation *, FailureOr<Tensor>>(l.op)
      .Case([&](ConvOp op) { return ConvLowering(l, op).run(); })
      .Case([&](EinsumOp op) { return lowerEinsum(l, op); })
      .Default([](Operation *) { return failure(); });
}
