//===- NarrowActivations.cpp - Activations of 16 bits ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each op is given casts in front and behind; those that meet cancel, and what
// is left stands at the border.
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/Support/FormatVariadic.h"

#include <cstring>

namespace ockham {
#define GEN_PASS_DEF_NARROWACTIVATIONS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

static constexpr llvm::StringLiteral kPass = "tfm-narrow-activations";

/// True for what a norm's statistics, a softmax or a loss are sensitive to, and
/// what is small beside activations: it stays as it is.
static bool staysWide(OpOperand &operand) {
  Operation *op = operand.getOwner();
  if (auto linear = dyn_cast<tfm::LinearOp>(op))
    return operand.get() == linear.getRowScale() &&
           operand.get() != linear.getInput();
  if (auto attention = dyn_cast<tfm::AttentionOp>(op))
    return operand.get() == attention.getMask();
  return false;
}

static bool staysWide(OpResult result) {
  auto attention = dyn_cast<tfm::AttentionOp>(result.getOwner());
  return attention && result != attention.getOutput();
}

namespace {
class Narrowing {
public:
  Narrowing(ModuleOp module, FloatType narrow)
      : module(module), weights(module), narrow(narrow) {}

  void run();

private:
  bool isWide(Value value) const {
    return isa<RankedTensorType>(value.getType()) &&
           getElementTypeOrSelf(value).isF32();
  }
  Type makeNarrow(Type type) const {
    return cast<RankedTensorType>(type).clone(narrow);
  }
  Value getNarrow(Value value);
  Value getNarrowWeight(LoadWeightOp load);
  WeightOp narrowWeight(WeightOp weight);
  void narrowOp(tfm::TransformerOpInterface op);
  void cancelCasts();
  void report();

  ModuleOp module;
  WeightBuilder weights;
  FloatType narrow;
  /// Casts of one value to the narrow type.
  llvm::DenseMap<Value, Value> casts;
  llvm::DenseMap<Attribute, WeightOp> made;
  unsigned ops = 0;
  uint64_t bytes = 0; ///< Of the matrices of weights, before.
};
} // namespace

Value Narrowing::getNarrow(Value value) {
  Value &cast = casts[value];
  if (cast)
    return cast;
  OpBuilder b(module.getContext());
  b.setInsertionPointAfterValue(value);
  cast = tfm::CastOp::create(b, value.getLoc(), makeNarrow(value.getType()),
                             value);
  return cast;
}

/// A weight of the same numbers, rounded. Without numbers or a recipe there is
/// nothing to round; null then.
WeightOp Narrowing::narrowWeight(WeightOp from) {
  auto [it, isNew] = made.try_emplace(from.getSymNameAttr());
  if (!isNew)
    return it->second;
  auto type = cast<RankedTensorType>(makeNarrow(from.getTensorType()));
  std::string name;
  llvm::raw_string_ostream(name) << from.getSymName() << '.' << narrow;
  std::optional<ConstantData> data = ConstantData::get(from);
  if (from.getInit()) {
    it->second =
        weights.create(from.getLoc(), name, type, from.getInitAttr(), "");
  } else if (data && from.getStoredType() == from.getTensorType()) {
    auto bytes = std::make_unique<std::string>(2 * data->size(), '\0');
    for (int64_t i = 0, e = data->size(); i < e; ++i) {
      APFloat value(data->getFloat(i));
      bool losesInfo;
      value.convert(narrow.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
      auto bits = static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
      std::memcpy(bytes->data() + 2 * i, &bits, sizeof bits);
    }
    it->second = weights.create(from.getLoc(), name, type,
                                makeStringBlob(std::move(bytes)), "");
  }
  if (!it->second)
    return it->second;
  it->second.setSourceAttr(from.getSourceAttr());
  this->bytes += getStorageBytes(from.getTensorType());
  return it->second;
}

Value Narrowing::getNarrowWeight(LoadWeightOp load) {
  Value &loaded = casts[load.getResult()];
  if (loaded)
    return loaded;
  auto from = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
      load, load.getWeightAttr());
  WeightOp weight = from ? narrowWeight(from) : WeightOp();
  if (!weight)
    return {};
  OpBuilder b(load);
  loaded = LoadWeightOp::create(b, load.getLoc(), weight.getTensorType(),
                                weight.getSymName());
  return loaded;
}

void Narrowing::narrowOp(tfm::TransformerOpInterface op) {
  // A loss stays what it is, and so does what it is computed from.
  if (isa<tfm::CrossEntropyOp, tfm::CastOp>(op))
    return;
  llvm::SmallPtrSet<OpOperand *, 8> parameters;
  for (OpOperand *operand : op.getParameterOperands())
    parameters.insert(operand);
  bool isEmbedding = isa<tfm::EmbeddingOp>(op);
  bool changed = false;
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    if (!isWide(value) || staysWide(operand))
      continue;
    if (!parameters.contains(&operand)) {
      operand.set(getNarrow(value));
      changed = true;
      continue;
    }
    // Of the parameters only matrices that products and embeddings read.
    auto load = value.getDefiningOp<LoadWeightOp>();
    bool isMatrix =
        isEmbedding || (isa<tfm::LinearOp>(op) &&
                        value == cast<tfm::LinearOp>(op).getWeight());
    if (!load || !isMatrix)
      continue;
    if (Value loaded = getNarrowWeight(load))
      operand.set(loaded);
  }
  OpBuilder b(op->getContext());
  b.setInsertionPointAfter(op);
  for (OpResult result : op->getResults()) {
    if (!isWide(result) || staysWide(result))
      continue;
    Type wide = result.getType();
    result.setType(makeNarrow(wide));
    auto cast = tfm::CastOp::create(b, op.getLoc(), wide, result);
    result.replaceAllUsesExcept(cast, cast);
    changed = true;
  }
  ops += changed;
}

void Narrowing::cancelCasts() {
  SmallVector<tfm::CastOp> all;
  module.walk([&](tfm::CastOp cast) { all.push_back(cast); });
  for (tfm::CastOp cast : all) {
    auto before = cast.getInput().getDefiningOp<tfm::CastOp>();
    // What was narrow is so again.
    if (before && before.getInput().getType() == cast.getResult().getType() &&
        getElementTypeOrSelf(cast.getResult()) == narrow)
      cast.getResult().replaceAllUsesWith(before.getInput());
  }
  for (tfm::CastOp cast : llvm::reverse(all))
    if (cast->use_empty())
      cast.erase();
}

void Narrowing::report() {
  if (ops == 0)
    return;
  unsigned in = 0, out = 0;
  module.walk([&](tfm::CastOp cast) {
    (getElementTypeOrSelf(cast.getResult()) == narrow ? in : out) += 1;
  });
  emitRewriteRemark(module.getLoc(), kPass, RewriteOutcome::Done)
      << "activations of " << ops << " ops become " << narrow << ", with " << in
      << " casts to it and " << out << " from it"
      << (bytes ? "; " + llvm::formatv("{0:f1}", bytes / 1e6).str() +
                      " MB of weights became half of that"
                : std::string());
}

void Narrowing::run() {
  module.walk([](tfm::ParallelOp op) { tfm::dissolve(op); });
  module.walk([](tfm::BlockOp op) { tfm::dissolve(op); });
  SmallVector<tfm::TransformerOpInterface> work;
  module.walk([&](tfm::TransformerOpInterface op) { work.push_back(op); });
  for (tfm::TransformerOpInterface op : work)
    narrowOp(op);
  cancelCasts();
  report();
  eraseUnusedWeights(module);
}

namespace {
struct NarrowActivations
    : ockham::impl::NarrowActivationsBase<NarrowActivations> {
  using NarrowActivationsBase::NarrowActivationsBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (to != "bf16" && to != "f16")
      return emitError(UnknownLoc::get(context))
             << kPass << ": to is '" << std::string(to)
             << "', expected 'bf16' or 'f16'";
    return success();
  }

  void runOnOperation() override {
    Builder b(&getContext());
    FloatType narrow = b.getBF16Type();
    if (to == "f16")
      narrow = b.getF16Type();
    Narrowing(getOperation(), narrow).run();
  }
};
} // namespace
