//===- FoldNorms.cpp - Norms go into the linears that read them -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The equations are in docs/simplification.md.
//
//===----------------------------------------------------------------------===//

#include "WeightMath.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_FOLDNORMS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

/// What a norm does to a row before the linear, apart from centring:
/// multiplication by `factor` per channel, then addition of `shift`.
struct Affine {
  std::vector<double> factor, shift;
  bool isCentred = false;
};

struct FoldNorms : ockham::impl::FoldNormsBase<FoldNorms> {
  void runOnOperation() override {
    SmallVector<tfm::NormOp> norms;
    getOperation().walk([&](tfm::NormOp norm) { norms.push_back(norm); });
    for (tfm::NormOp norm : norms)
      fold(norm);
    eraseUnusedWeights(getOperation());
  }

private:
  void fold(tfm::NormOp norm);
};

} // namespace

static int64_t getWidth(tfm::NormOp norm) {
  return norm.getInput().getType().getShape().back();
}

/// Says why a norm stays.
static void keep(tfm::NormOp norm, const Twine &why) {
  emitRemark(norm.getLoc()) << "the " << stringifyEnum(norm.getKind())
                            << " norm stays: " << why.str();
}

/// Whether everything that reads the norm is a linear that can take it; says
/// why not.
static bool hasFoldableReaders(tfm::NormOp norm) {
  bool perPosition = norm.getStdAxis() == tfm::StdAxis::Position;
  for (OpOperand &use : norm.getResult().getUses()) {
    auto linear = dyn_cast<tfm::LinearOp>(use.getOwner());
    std::string reader = use.getOwner()->getName().getStringRef().str();
    if (!linear || &use != &linear.getInputMutable())
      return keep(norm, reader + " reads it, which is no linear"), false;
    if (linear.getSkipGain() || linear.getResidGain())
      return keep(norm, "a reparametrised linear reads it"), false;
    if (!isKnownOrAbsent(linear.getWeight()) ||
        !isKnownOrAbsent(linear.getBias()))
      return keep(norm, "the bytes of " + getWeightName(linear.getWeight()) +
                            " are not here"),
             false;
    if (linear.getRowScale() && (norm.getShift() || perPosition))
      return keep(norm, "the linear that reads it has a row scale"), false;
  }
  return !norm.getResult().use_empty();
}

/// The norm as an affine map, as far as it goes into weights.
static std::optional<Affine> getAffine(tfm::NormOp norm) {
  int64_t width = getWidth(norm);
  auto factor = readGain(norm.getScale(), width, 1.0);
  auto shift = readGain(norm.getShift(), width, 0.0);
  if (!factor || !shift)
    return std::nullopt;
  Affine affine{std::move(*factor), std::move(*shift)};
  if (norm.getKind() != tfm::NormKind::Fixed)
    return affine;
  affine.isCentred = !norm.getUncentred();
  if (norm.getStdAxis() == tfm::StdAxis::Position)
    return affine;
  auto std = readGain(norm.getStd(), width, 1.0);
  if (!std)
    return std::nullopt;
  for (int64_t i = 0; i < width; ++i)
    affine.factor[i] /= (*std)[i];
  return affine;
}

/// W' = (I - 11^T/d) diag(factor) W, bias' = bias + shift W.
static void foldInto(OpBuilder &builder, tfm::LinearOp linear,
                     const Affine &affine) {
  LinearWeights weights = *LinearWeights::read(linear);
  int64_t in = weights.getInputWidth(), out = weights.getOutputWidth();
  bool isShifted =
      llvm::any_of(affine.shift, [](double b) { return b != 0.0; });
  weights.hasBias |= isShifted;
  std::vector<double> sums(out);
  for (int64_t i = 0; i < in; ++i)
    for (int64_t j = 0; j < out; ++j) {
      double &w = weights.at(i, j);
      weights.bias[j] += affine.shift[i] * w;
      w *= affine.factor[i];
      sums[j] += w;
    }
  if (affine.isCentred)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < out; ++j)
        weights.at(i, j) -= sums[j] / static_cast<double>(in);
  weights.write(builder, linear);
}

/// 1 / std at every position, as [batch, sequence]. The last entry serves all
/// positions beyond.
static Value makeRowScale(OpBuilder &builder, tfm::NormOp norm) {
  Location loc = norm.getLoc();
  auto stdType = cast<RankedTensorType>(norm.getStd().getType());
  std::vector<double> inverse = *readFloats(norm.getStd());
  for (double &value : inverse)
    value = 1.0 / value;
  Value table =
      writeFloats(builder, loc, getWeightName(norm.getStd()) + ".inverse",
                  stdType, inverse);

  auto input = cast<RankedTensorType>(norm.getInput().getType());
  Type index = builder.getI64Type();
  auto scalar = RankedTensorType::get({}, index);
  auto makeScalar = [&](int64_t number) -> Value {
    return onnx::ConstantOp::create(
        builder, loc, scalar,
        DenseElementsAttr::get(scalar, builder.getI64IntegerAttr(number)));
  };
  SmallVector<Value> extents;
  for (int64_t dim : {0, 1})
    extents.push_back(
        tensor::DimOp::create(builder, loc, norm.getInput(), dim));
  Value length = tensor::FromElementsOp::create(
      builder, loc, scalar,
      ValueRange{arith::IndexCastOp::create(builder, loc, index, extents[1])});
  auto positionsType = RankedTensorType::get({input.getDimSize(1)}, index);
  Value positions = onnx::RangeOp::create(builder, loc, positionsType,
                                          makeScalar(0), length, makeScalar(1));
  positions =
      onnx::MinOp::create(builder, loc, positionsType, positions,
                          makeScalar(static_cast<int64_t>(inverse.size()) - 1));
  Value scale = onnx::GatherOp::create(
      builder, loc, positionsType.clone(stdType.getElementType()), table,
      positions, builder.getI64IntegerAttr(0));
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  for (int64_t dim : {0, 1}) {
    shape.push_back(input.getDimSize(dim));
    if (input.isDynamicDim(dim))
      dynamic.push_back(extents[dim]);
  }
  return onnx::ExpandOp::create(
      builder, loc, RankedTensorType::get(shape, stdType.getElementType()),
      scale, ValueRange(dynamic), ArrayRef<int64_t>(shape));
}

void FoldNorms::fold(tfm::NormOp norm) {
  bool isFixed = norm.getKind() == tfm::NormKind::Fixed;
  bool isPointwise = norm.getKind() == tfm::NormKind::Tanh ||
                     norm.getKind() == tfm::NormKind::Erf;
  if (!isFixed && !(isPointwise && (norm.getScale() || norm.getShift())))
    return;
  if (!isKnownOrAbsent(norm.getStd()) || !isKnownOrAbsent(norm.getScale()) ||
      !isKnownOrAbsent(norm.getShift()))
    return keep(norm, "its std, scale or shift is computed by the model");
  bool perPosition = norm.getStdAxis() == tfm::StdAxis::Position;
  if (perPosition &&
      (norm.getPast() || norm.getInput().getType().getRank() != 3))
    return keep(norm, "its std follows positions that are given at run time");
  if (!hasFoldableReaders(norm))
    return;
  std::optional<Affine> affine = getAffine(norm);
  if (!affine)
    return keep(norm, "its parameters are no floats");

  OpBuilder builder(norm);
  Value rowScale = perPosition ? makeRowScale(builder, norm) : Value();
  for (Operation *user : llvm::to_vector(norm.getResult().getUsers())) {
    auto linear = cast<tfm::LinearOp>(user);
    foldInto(builder, linear, *affine);
    if (rowScale)
      linear.getRowScaleMutable().assign(rowScale);
  }
  if (isPointwise) {
    norm.getScaleMutable().clear();
    norm.getShiftMutable().clear();
    return;
  }
  norm.getResult().replaceAllUsesWith(norm.getInput());
  norm.erase();
}
