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

#include "RemarkNames.h"
#include "WeightMath.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"

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
    inverses.clear();
    for (tfm::NormOp norm : norms)
      fold(norm);
    eraseUnusedWeights(getOperation());
  }

private:
  void fold(tfm::NormOp norm);
  Value makeRowScale(OpBuilder &builder, tfm::NormOp norm);

  /// What was made of the std of a name.
  llvm::DenseMap<Operation *, WeightOp> inverses;
};

} // namespace

static int64_t getWidth(tfm::NormOp norm) {
  return norm.getInput().getType().getShape().back();
}

static bool isPointwise(tfm::NormOp norm) {
  return norm.getKind() == tfm::NormKind::Tanh ||
         norm.getKind() == tfm::NormKind::Erf;
}

/// Says why a norm, or the scale and shift of a point-wise one, stays.
static void keep(tfm::NormOp norm, const Twine &why) {
  emitRewriteRemark(norm.getLoc(), "tfm-fold-norms", RewriteOutcome::Kept)
      << getNameForRemark(norm)
      << (isPointwise(norm) ? " keeps its scale and shift: " : " stays: ")
      << why.str();
}

/// Whether everything that reads the norm is a linear that can take it; says
/// why not.
static bool hasFoldableReaders(tfm::NormOp norm) {
  bool perPosition = norm.getStdAxis() == tfm::StdAxis::Position;
  for (OpOperand &use : norm.getResult().getUses()) {
    auto linear = dyn_cast<tfm::LinearOp>(use.getOwner());
    std::string reader = getNameForRemark(use.getOwner());
    if (!linear || &use != &linear.getInputMutable())
      return keep(norm, use.getOwner()->getName().getStringRef() +
                            " reads it, which is no linear of it"),
             false;
    if (linear.getSkipGain() || linear.getResidGain())
      return keep(norm, reader + " is reparametrised"), false;
    if (!isKnownOrAbsent(linear.getWeight()) ||
        !isKnownOrAbsent(linear.getBias()))
      return keep(norm, "the elements of " + reader + " are not here"), false;
    if (linear.getRowScale() && (norm.getShift() || perPosition))
      return keep(norm, reader + " has a row scale already"), false;
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
static LinearWeights fold(tfm::LinearOp linear, const Affine &affine) {
  LinearWeights weights = *LinearWeights::read(linear);
  int64_t in = weights.getInputWidth(), out = weights.getOutputWidth();
  weights.hasBias |=
      llvm::any_of(affine.shift, [](double b) { return b != 0; });
  std::vector<double> sums(out);
  weights.forEach([&](int64_t i, int64_t j, double &w) {
    weights.bias[j] += affine.shift[i] * w;
    w *= affine.factor[i];
    sums[j] += w;
  });
  if (affine.isCentred)
    weights.forEach([&](int64_t i, int64_t j, double &w) {
      w -= sums[j] / static_cast<double>(in);
    });
  return weights;
}

/// 1 / std of a norm whose std differs per position.
static std::vector<double> getInverse(tfm::NormOp norm) {
  std::vector<double> inverse = *readFloats(norm.getStd());
  for (double &value : inverse)
    value = 1.0 / value;
  return inverse;
}

/// It multiplies rows: nothing of their precision is to be lost.
static Type getInverseType(tfm::NormOp norm) {
  return getWiderType(getElementTypeOrSelf(norm.getStd().getType()),
                      norm.getInput().getType().getElementType());
}

/// 1 / std at every position, as [batch, sequence]. The last entry serves all
/// positions beyond.
Value FoldNorms::makeRowScale(OpBuilder &builder, tfm::NormOp norm) {
  Location loc = norm.getLoc();
  std::vector<double> inverse = getInverse(norm);
  auto stdType = cast<RankedTensorType>(norm.getStd().getType());
  stdType = stdType.clone(getInverseType(norm));
  // Many norms may share one std.
  Operation *shared = nullptr;
  if (auto load = norm.getStd().getDefiningOp<LoadWeightOp>())
    shared = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
        load, load.getWeightAttr());
  WeightOp known = shared ? inverses.lookup(shared) : WeightOp();
  Value table;
  if (known && known.getType() == stdType) {
    table = LoadWeightOp::create(builder, loc, stdType,
                                 FlatSymbolRefAttr::get(known));
  } else {
    table = writeFloats(builder, loc,
                        getOriginalWeightName(norm.getStd()) + ".inverse",
                        stdType, inverse);
    if (shared)
      inverses[shared] = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
          norm, table.getDefiningOp<LoadWeightOp>().getWeightAttr());
  }

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

/// Says what went where, before it does.
static void report(tfm::NormOp norm, tfm::LinearOp linear,
                   const LinearWeights &weights) {
  std::string name = getNameForRemark(norm), into = getNameForRemark(linear);
  InFlightDiagnostic remark =
      emitRewriteRemark(norm.getLoc(), "tfm-fold-norms", RewriteOutcome::Done);
  remark << (isPointwise(norm) ? "scale and shift of " : "") << name
         << " folded into " << into;
  SmallVector<StringRef, 3> news;
  if (norm.getStdAxis() == tfm::StdAxis::Position)
    news.push_back("keeps a scale per position");
  if (linear.getTransposed() && countLoads(linear.getWeight()) > 1)
    news.push_back("is no longer tied");
  if (weights.hasBias && !linear.getBias())
    news.push_back("has a bias now");
  if (!news.empty())
    remark << ", which " << llvm::join(news, " and ");
}

void FoldNorms::fold(tfm::NormOp norm) {
  bool isAffine = norm.getKind() == tfm::NormKind::Fixed;
  if (!isAffine && !(isPointwise(norm) && (norm.getScale() || norm.getShift())))
    return;
  if (!isKnownOrAbsent(norm.getStd()) || !isKnownOrAbsent(norm.getScale()) ||
      !isKnownOrAbsent(norm.getShift()))
    return keep(norm, "its std, scale or shift is not known");
  if (ShapedType::isDynamic(getWidth(norm)))
    return keep(norm, "its width is not known");
  bool perPosition = norm.getStdAxis() == tfm::StdAxis::Position;
  if (perPosition && norm.getPast())
    return keep(norm, "its std follows positions that are given at run time");
  if (perPosition && norm.getInput().getType().getRank() != 3)
    return keep(norm, "its std follows positions, but its input has " +
                          Twine(norm.getInput().getType().getRank()) +
                          " dimensions, expected 3");
  if (!hasFoldableReaders(norm))
    return;
  std::optional<Affine> affine = getAffine(norm);
  if (!affine)
    return keep(norm, "its parameters are no floats");
  if (perPosition && llvm::is_contained(*readFloats(norm.getStd()), 0.0))
    return keep(norm, "a std is zero");
  if (perPosition && !areStorable(getInverse(norm), getInverseType(norm)))
    return keep(norm, "1 / std would not be finite");

  // All of it or nothing; what overflows would not be found again.
  SmallVector<std::pair<tfm::LinearOp, LinearWeights>, 4> folded;
  for (Operation *user : norm.getResult().getUsers()) {
    auto linear = cast<tfm::LinearOp>(user);
    folded.push_back({linear, ::fold(linear, *affine)});
    if (!folded.back().second.isFinite())
      return keep(norm, getNameForRemark(linear) +
                            " would not be finite (is a std zero?)");
  }
  OpBuilder builder(norm);
  Value rowScale = perPosition ? makeRowScale(builder, norm) : Value();
  for (auto &[linear, weights] : folded) {
    report(norm, linear, weights);
    weights.write(builder, linear);
    if (rowScale)
      linear.getRowScaleMutable().assign(rowScale);
  }
  if (isPointwise(norm)) {
    norm.getScaleMutable().clear();
    norm.getShiftMutable().clear();
    return;
  }
  norm.getResult().replaceAllUsesWith(norm.getInput());
  norm.erase();
}
