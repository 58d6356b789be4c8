//===- WrongRewrites.cpp - Passes that break a model ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What --verify-rewrites has to find: errors as passes make them, in the
// `nth` linear of the module.
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;
using namespace ockham;

namespace {

template <typename Derived>
struct WrongRewrite : PassWrapper<Derived, OperationPass<ModuleOp>> {
  WrongRewrite() = default;
  WrongRewrite(const WrongRewrite &other)
      : PassWrapper<Derived, OperationPass<ModuleOp>>(other) {}

  void runOnOperation() override {
    unsigned index = 0;
    this->getOperation().walk([&](tfm::LinearOp linear) {
      if (index++ == nth)
        Derived::damage(linear);
    });
  }

  Pass::Option<unsigned> nth{*this, "nth", llvm::cl::init(0)};
};

/// Loads a weight with other elements in the place of `operand`, which has bytes.
void replaceWeight(OpOperand &operand,
                   llvm::function_ref<void(MutableArrayRef<float>)> change) {
  auto module = operand.getOwner()->getParentOfType<ModuleOp>();
  auto type = cast<RankedTensorType>(operand.get().getType());
  std::optional<ConstantData> data = ConstantData::get(operand.get());
  if (!data)
    return;
  std::vector<float> elements(data->size());
  for (size_t i = 0; i < elements.size(); ++i)
    elements[i] = static_cast<float>(data->getFloat(i));
  change(elements);
  OpBuilder builder(module.getBody(), module.getBody()->begin());
  auto weight =
      WeightOp::create(builder, operand.getOwner()->getLoc(),
                       builder.getStringAttr("damaged"), TypeAttr::get(type),
                       /*source=*/nullptr, builder.getStringAttr("row-major"),
                       cast<ElementsAttr>(DenseElementsAttr::get(
                           type, ArrayRef<float>(elements))),
                       /*init=*/nullptr);
  builder.setInsertionPoint(operand.getOwner());
  operand.set(
      LoadWeightOp::create(builder, operand.getOwner()->getLoc(), type,
                           FlatSymbolRefAttr::get(weight.getSymNameAttr())));
}

struct FlipSign : WrongRewrite<FlipSign> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FlipSign)
  StringRef getArgument() const override { return "wrong-flip-sign"; }
  StringRef getDescription() const override { return "Negate a weight"; }
  static void damage(tfm::LinearOp linear) {
    replaceWeight(linear.getWeightMutable(), [](MutableArrayRef<float> w) {
      for (float &value : w)
        value = -value;
    });
  }
};

struct DropBias : WrongRewrite<DropBias> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(DropBias)
  StringRef getArgument() const override { return "wrong-drop-bias"; }
  StringRef getDescription() const override { return "Forget a bias"; }
  static void damage(tfm::LinearOp linear) { linear.getBiasMutable().clear(); }
};

struct Transpose : WrongRewrite<Transpose> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Transpose)
  StringRef getArgument() const override { return "wrong-transpose"; }
  StringRef getDescription() const override {
    return "Read a square weight the other way";
  }
  static void damage(tfm::LinearOp linear) {
    linear.setTransposed(!linear.getTransposed());
  }
};

struct ChangeElement : WrongRewrite<ChangeElement> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ChangeElement)
  StringRef getArgument() const override { return "wrong-element"; }
  StringRef getDescription() const override {
    return "Add 0.001 to one element of a weight";
  }
  static void damage(tfm::LinearOp linear) {
    replaceWeight(linear.getWeightMutable(),
                  [](MutableArrayRef<float> w) { w[w.size() / 2] += 1e-3f; });
  }
};

struct ScaleWeight : WrongRewrite<ScaleWeight> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ScaleWeight)
  StringRef getArgument() const override { return "wrong-scale"; }
  StringRef getDescription() const override {
    return "Multiply a weight by 1.0001";
  }
  static void damage(tfm::LinearOp linear) {
    replaceWeight(linear.getWeightMutable(), [](MutableArrayRef<float> w) {
      for (float &value : w)
        value *= 1.0001f;
    });
  }
};

} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "WrongRewrites", "0.1", [] {
            PassRegistration<FlipSign>();
            PassRegistration<DropBias>();
            PassRegistration<Transpose>();
            PassRegistration<ChangeElement>();
            PassRegistration<ScaleWeight>();
          }};
}
