//===- RaiseLinears.cpp - MatMul, Gemm and Conv1D become tfm.linear -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Expressions.h"
#include "Extents.h"
#include "Raising.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::raising {

namespace {

/// A factor: a parameter with one element, or a number.
struct Factorised {
  Value parameter;
  double number = 1.0;
};

/// The weight of a linear: the parameter itself, or what a Transpose of the
/// parameter reads; or skip * I + resid * W ([SAS] section 4.2).
struct LinearWeight {
  Value value;
  bool transposed = false;
  std::optional<Factorised> skip = std::nullopt, resid = std::nullopt;

  int64_t getInputWidth() const { return getDim(transposed ? 1 : 0); }
  int64_t getOutputWidth() const { return getDim(transposed ? 0 : 1); }

private:
  int64_t getDim(unsigned dim) const {
    return cast<RankedTensorType>(value.getType()).getDimSize(dim);
  }
};

} // namespace

static bool isIdentity(Value value) {
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data || data->getShape().size() != 2 ||
      data->getShape()[0] != data->getShape()[1])
    return false;
  int64_t width = data->getShape()[0];
  for (int64_t i = 0, e = data->size(); i < e; ++i)
    if (data->getFloat(i) != (i % (width + 1) == 0 ? 1.0 : 0.0))
      return false;
  return true;
}

/// A term of a matrix sum: the matrix, and what multiplies it.
static std::optional<std::pair<Value, Factorised>>
matchScaledMatrix(const Term &term) {
  Value matrix;
  Factorised factor{Value(), term.coefficient};
  for (const Factor &other : term.factors) {
    auto type = cast<RankedTensorType>(other.atom.getType());
    if (other.exponent != 1 || !type.hasStaticShape())
      return std::nullopt;
    bool isScalar = type.getNumElements() == 1;
    Value &slot = isScalar ? factor.parameter : matrix;
    if (slot || (isScalar && !isParameterOrConstant(other.atom)))
      return std::nullopt;
    slot = other.atom;
  }
  if (!matrix || (factor.parameter && factor.number != 1.0))
    return std::nullopt;
  return std::pair(matrix, factor);
}

static std::optional<LinearWeight> matchWeight(Value value);

/// skip * I + resid * W, computed by the model because W is too large to fold,
/// or is being trained.
static std::optional<LinearWeight> matchReparametrised(Value sum) {
  Expression expression = getExpression(sum);
  if (!isa_and_nonnull<onnx::AddOp>(sum.getDefiningOp()) ||
      expression.terms.size() != 2)
    return std::nullopt;
  for (unsigned first : {0, 1}) {
    auto skip = matchScaledMatrix(expression.terms[first]);
    auto resid = matchScaledMatrix(expression.terms[1 - first]);
    if (!skip || !resid || !isIdentity(skip->first) ||
        skip->first.getType() != sum.getType() ||
        resid->first.getType() != sum.getType())
      continue;
    std::optional<LinearWeight> weight = matchWeight(resid->first);
    if (!weight || weight->skip)
      continue;
    weight->skip = skip->second;
    weight->resid = resid->second;
    return weight;
  }
  return std::nullopt;
}

static std::optional<LinearWeight> matchWeight(Value value) {
  LinearWeight weight{value};
  if (auto transpose = value.getDefiningOp<onnx::TransposeOp>()) {
    if (transpose.getPerm() != ArrayRef<int64_t>{1, 0})
      return std::nullopt;
    weight = {transpose.getInput(), true};
  }
  if (auto inner = matchReparametrised(weight.value)) {
    inner->transposed ^= weight.transposed;
    return inner;
  }
  auto type = cast<RankedTensorType>(weight.value.getType());
  if (type.getRank() != 2 || !type.hasStaticShape() ||
      !isa<FloatType>(type.getElementType()) ||
      !isParameterOrConstant(weight.value))
    return std::nullopt;
  return weight;
}

static Value createLinear(OpBuilder &builder, Location loc, Value input,
                          const LinearWeight &weight, Value bias) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = weight.getOutputWidth();
  auto makeGain = [&](const std::optional<Factorised> &factor) -> Value {
    if (!factor || (!factor->parameter && factor->number == 1.0))
      return Value();
    return factor->parameter ? getGain(builder, factor->parameter, input)
                             : makeSplat(builder, loc, type.getElementType(), 0,
                                         factor->number);
  };
  Value resid = makeGain(weight.resid), skip = makeGain(weight.skip);
  // An absent skip gain is 0.
  if (weight.skip && !skip)
    skip = makeSplat(builder, loc, type.getElementType(), 0, 1.0);
  return tfm::LinearOp::create(
      builder, loc, type.clone(shape), input, weight.value, bias, skip, resid,
      /*row_scale=*/Value(),
      weight.transposed ? builder.getUnitAttr() : UnitAttr());
}

/// x W, an activation times a parameter.
static std::optional<LinearWeight> matchMatMul(onnx::MatMulOp matmul) {
  std::optional<LinearWeight> weight = matchWeight(matmul.getRhs());
  auto input = cast<RankedTensorType>(matmul.getLhs().getType());
  if (!weight || input.getRank() < 2 ||
      input.getShape().back() != weight->getInputWidth() ||
      isParameterOrConstant(matmul.getLhs()))
    return std::nullopt;
  return weight;
}

static void raiseMatMul(Raiser &raiser, onnx::MatMulOp matmul) {
  std::optional<LinearWeight> weight = matchMatMul(matmul);
  if (!weight)
    return;
  Value linear = createLinear(raiser.at(matmul), matmul.getLoc(),
                              matmul.getLhs(), *weight, Value());
  (void)raiser.replace(matmul, linear);
}

/// x W + b. Where something else reads x W as well, two linears would do the
/// product twice: the Add stays.
static void raiseBiasedMatMul(Raiser &raiser, onnx::AddOp add) {
  for (auto [product, bias] : {std::pair(add.getLhs(), add.getRhs()),
                               std::pair(add.getRhs(), add.getLhs())}) {
    auto matmul = product.getDefiningOp<onnx::MatMulOp>();
    if (!matmul || !matmul->hasOneUse() || !isParameterOrConstant(bias))
      continue;
    std::optional<LinearWeight> weight = matchMatMul(matmul);
    if (!weight)
      continue;
    Value vector = getVector(raiser.at(add), bias, weight->getOutputWidth());
    if (!vector)
      continue;
    Value linear = createLinear(raiser.getBuilder(), matmul.getLoc(),
                                matmul.getLhs(), *weight, vector);
    if (succeeded(raiser.replace(add, linear)))
      return;
  }
}

/// A factor of Gemm that is not 1 goes into the parameter if that is exact.
static Value foldFactor(OpBuilder &builder, Value parameter, double factor) {
  return factor == 1.0 ? parameter
                       : getScaledExactly(builder, parameter, factor);
}

static LogicalResult raiseGemm(Raiser &raiser, onnx::GemmOp gemm,
                               Attempt &attempt) {
  attempt.found(gemm);
  attempt.addAnchor(gemm);
  if (gemm.getTransA())
    return attempt.fail("the activation is transposed");
  std::optional<LinearWeight> weight = matchWeight(gemm.getB());
  if (!weight)
    return attempt.fail("the second operand is not a parameter");
  if (gemm.getTransB())
    weight->transposed = !weight->transposed;
  attempt.found(gemm);
  OpBuilder &builder = raiser.at(gemm);
  double alpha = gemm.getAlpha().convertToDouble();
  double beta = gemm.getBeta().convertToDouble();
  Value bias;
  if (gemm.getC() && beta != 0.0) {
    if (isParameterOrConstant(gemm.getC()))
      bias = getVector(builder, gemm.getC(), weight->getOutputWidth());
    if (!bias)
      return attempt.fail("the bias is not a vector of " +
                          Twine(weight->getOutputWidth()) + " parameters");
    bias = foldFactor(builder, bias, beta);
  }
  if (alpha != 1.0 && weight->skip)
    return attempt.fail("alpha is " + std::to_string(alpha) +
                        ", expected 1 in front of a sum of matrices");
  weight->value = foldFactor(builder, weight->value, alpha);
  if (!weight->value || (gemm.getC() && beta != 0.0 && !bias))
    return attempt.fail("alpha and beta are " + std::to_string(alpha) +
                        " and " + std::to_string(beta) +
                        ", expected powers of two, which fold exactly");
  attempt.found(gemm);

  // Conv1D flattens the rows around the Gemm; the linear does not need that.
  Value input = gemm.getA();
  if (auto reshape = input.getDefiningOp<onnx::ReshapeOp>()) {
    auto type = cast<RankedTensorType>(reshape.getInput().getType());
    if (type.getRank() > 2 && type.getShape().back() == weight->getInputWidth())
      input = reshape.getInput();
  }
  Value linear = createLinear(builder, gemm.getLoc(), input, *weight, bias);
  if (input == gemm.getA())
    return raiser.replace(gemm, linear);

  auto type = cast<RankedTensorType>(linear.getType());
  for (OpOperand &use : llvm::make_early_inc_range(gemm->getUses())) {
    auto reshape = dyn_cast<onnx::ReshapeOp>(use.getOwner());
    if (!reshape)
      continue;
    // The same elements in the same order.
    use.set(linear);
    auto target = cast<RankedTensorType>(reshape.getType());
    if (target.getRank() == type.getRank() &&
        target.getShape().back() == type.getShape().back() &&
        haveEqualLeadingExtents(linear, 1, reshape.getStaticShape(),
                                reshape.getShape(), 1))
      (void)raiser.replace(reshape, linear);
  }
  if (!gemm->use_empty()) {
    Value rows = onnx::ReshapeOp::create(
        builder, gemm.getLoc(), gemm.getType(), linear, ValueRange(),
        ArrayRef<int64_t>{-1, weight->getOutputWidth()});
    gemm.getResult().replaceAllUsesWith(rows);
  }
  return success();
}

/// (x W + y) + b: fused operators add the bias of a projection behind the
/// residual connection. It goes back in front of it.
static void moveBias(Raiser &raiser, onnx::AddOp add) {
  for (auto [inner, bias] : {std::pair(add.getLhs(), add.getRhs()),
                             std::pair(add.getRhs(), add.getLhs())}) {
    auto sum = inner.getDefiningOp<onnx::AddOp>();
    if (!sum || !sum->hasOneUse() || !isParameterOrConstant(bias) ||
        sum.getType() != add.getType())
      continue;
    for (auto [product, other] : {std::pair(sum.getLhs(), sum.getRhs()),
                                  std::pair(sum.getRhs(), sum.getLhs())}) {
      auto matmul = product.getDefiningOp<onnx::MatMulOp>();
      if (!matmul || !matmul->hasOneUse() || isParameterOrConstant(other) ||
          other.getType() != add.getType() || matmul.getType() != add.getType())
        continue;
      std::optional<LinearWeight> weight = matchMatMul(matmul);
      if (!weight)
        continue;
      Value vector = getVector(raiser.at(add), bias, weight->getOutputWidth());
      if (!vector)
        continue;
      OpBuilder &builder = raiser.getBuilder();
      Value linear = createLinear(builder, matmul.getLoc(), matmul.getLhs(),
                                  *weight, vector);
      Value total = onnx::AddOp::create(builder, sum.getLoc(), add.getType(),
                                        linear, other);
      if (succeeded(raiser.replace(add, total)))
        return;
    }
  }
}

void raiseLinears(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (auto add = dyn_cast<onnx::AddOp>(op)) {
      raiseBiasedMatMul(raiser, add);
      if (!add->use_empty())
        moveBias(raiser, add);
    } else if (auto matmul = dyn_cast<onnx::MatMulOp>(op)) {
      raiseMatMul(raiser, matmul);
    } else if (auto gemm = dyn_cast<onnx::GemmOp>(op)) {
      Attempt attempt("a linear", 3);
      if (failed(raiseGemm(raiser, gemm, attempt)))
        raiser.record(std::move(attempt));
    }
  });
}

} // namespace ockham::raising
