//===- TransformerToTile.cpp - tfm ops as launches of kernels -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Conversion/Passes.h"
#include "llvm/Support/Format.h"

namespace ockham {
#define GEN_PASS_DEF_CONVERTTRANSFORMERTOTILE
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_tile;

tile::KernelOp KernelCache::get(
    StringRef plain, ArrayRef<double> numbers, Type rows, Type result,
    TypeRange others,
    llvm::function_ref<tile::KernelOp(OpBuilder &, StringRef)> build) {
  std::string name = plain.str();
  llvm::raw_string_ostream nameStream(name);
  if (!rows.isF32())
    nameStream << '_' << rows;
  if (result != rows)
    nameStream << "_to_" << result;
  // With all digits: kernels that differ in the last one are two.
  std::string key = name;
  llvm::raw_string_ostream os(key);
  for (Type type : others)
    os << ' ' << type;
  for (double number : numbers)
    os << ' ' << llvm::format("%a", number);
  tile::KernelOp &kernel = kernels[key];
  if (!kernel) {
    std::string symbol = name;
    for (unsigned i = 0; module.lookupSymbol(symbol); ++i)
      symbol = name + "_" + std::to_string(i);
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    kernel = build(b, symbol);
  }
  return kernel;
}

bool tfm_to_tile::isKernelFloat(Type element) {
  return isa<Float16Type, BFloat16Type, Float32Type>(element);
}

SmallVector<Type> tfm_to_tile::getElementTypes(ValueRange values) {
  return llvm::map_to_vector(
      values, [](Value value) { return getElementTypeOrSelf(value); });
}

/// All dimensions but the last one, and the last one.
static SmallVector<ReassociationIndices> getMatrixGroups(int64_t rank) {
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t i = 0; i < rank; ++i)
    groups[i + 1 == rank].push_back(i);
  return groups;
}

Value tfm_to_tile::toMatrix(OpBuilder &b, Location loc, Value activation) {
  auto type = cast<RankedTensorType>(activation.getType());
  int64_t rank = type.getRank();
  if (rank == 2)
    return activation;
  if (rank == 1)
    return tensor::ExpandShapeOp::create(
        b, loc,
        RankedTensorType::get({1, type.getDimSize(0)}, type.getElementType()),
        activation, SmallVector<ReassociationIndices>{{0, 1}});
  return tensor::CollapseShapeOp::create(b, loc, activation,
                                         getMatrixGroups(rank));
}

Value tfm_to_tile::createEmptyMatrix(OpBuilder &b, Location loc, Value rows,
                                     int64_t width, Type element) {
  SmallVector<OpFoldResult> sizes{tensor::getMixedSize(b, loc, rows, 0),
                                  b.getIndexAttr(width)};
  return tensor::EmptyOp::create(b, loc, sizes, element);
}

Value tfm_to_tile::expandRows(OpBuilder &b, Location loc, Value matrix,
                              ArrayRef<OpFoldResult> sizes, Type type) {
  auto from = cast<RankedTensorType>(matrix.getType());
  int64_t rank = sizes.size();
  Value result = matrix;
  if (rank == 1) {
    result = tensor::CollapseShapeOp::create(
        b, loc, matrix, SmallVector<ReassociationIndices>{{0, 1}});
  } else if (rank > 2) {
    SmallVector<int64_t> shape;
    for (OpFoldResult size : sizes)
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    result = tensor::ExpandShapeOp::create(
        b, loc, RankedTensorType::get(shape, from.getElementType()), matrix,
        getMatrixGroups(rank), sizes);
  }
  if (result.getType() != type)
    result = tensor::CastOp::create(b, loc, type, result);
  return result;
}

Value tfm_to_tile::fromMatrix(OpBuilder &b, Location loc, Value matrix,
                              Value like, Type type) {
  auto from = cast<RankedTensorType>(matrix.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, like);
  sizes.back() = b.getIndexAttr(from.getDimSize(1));
  return expandRows(b, loc, matrix, sizes, type);
}

/// Parts of rows are where they are: windows of the matrix.
static void convertSplit(tfm::SplitOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value matrix = toMatrix(b, loc, op.getInput());
  OpFoldResult one = b.getIndexAttr(1);
  SmallVector<OpFoldResult> strides{one, one};
  int64_t first = 0;
  for (Value part : op.getResults()) {
    auto type = cast<RankedTensorType>(part.getType());
    int64_t width = type.getShape().back();
    SmallVector<OpFoldResult> offsets{b.getIndexAttr(0), b.getIndexAttr(first)};
    SmallVector<OpFoldResult> sizes{tensor::getMixedSize(b, loc, matrix, 0),
                                    b.getIndexAttr(width)};
    Value window =
        tensor::ExtractSliceOp::create(b, loc, matrix, offsets, sizes, strides);
    part.replaceAllUsesWith(fromMatrix(b, loc, window, op.getInput(), type));
    first += width;
  }
  op.erase();
}

static std::string convert(const KernelGroup &group, KernelCache &kernels,
                           const tfm_to_tile::Preferences &preferences) {
  Operation *root = group.getRoot();
  if (isa<tfm::LinearOp>(root))
    return convertLinear(group, kernels, preferences);
  if (auto attention = dyn_cast<tfm::AttentionOp>(root))
    return convertAttention(attention, kernels, preferences);
  if (auto loss = dyn_cast<tfm::CrossEntropyOp>(root))
    return convertCrossEntropy(loss, kernels, preferences);
  if (isa<tfm::EmbeddingOp>(root))
    return convertEmbedding(group, kernels, preferences);
  if (isPointwise(root))
    return convertPointwise(group, kernels, preferences);
  if (isa<tfm::NormOp>(root))
    return convertNorm(group, kernels, preferences);
  return "there is none for " + root->getName().getStringRef().str();
}

namespace {
struct ConvertTransformerToTile
    : ockham::impl::ConvertTransformerToTileBase<ConvertTransformerToTile> {
  using ConvertTransformerToTileBase::ConvertTransformerToTileBase;

  LogicalResult initialize(MLIRContext *context) override {
    for (auto [name, value] :
         {std::pair<StringRef, int64_t>("panel", panel),
          std::pair<StringRef, int64_t>("gate-panel", gatePanel),
          std::pair<StringRef, int64_t>("product-rows", productRows),
          std::pair<StringRef, int64_t>("gate-rows", gateRows),
          std::pair<StringRef, int64_t>("query-block", queryBlock),
          std::pair<StringRef, int64_t>("key-block", keyBlock),
          std::pair<StringRef, int64_t>("key-rest", keyRest),
          std::pair<StringRef, int64_t>("row-columns", rowColumns),
          std::pair<StringRef, int64_t>("row-count", rowCount)})
      if (value < 1)
        return emitError(UnknownLoc::get(context))
               << "convert-tfm-to-tile: " << name << " is " << value
               << ", expected at least 1";
    if (keyBlock % keyRest != 0)
      return emitError(UnknownLoc::get(context))
             << "convert-tfm-to-tile: key-rest is " << int64_t(keyRest)
             << ", expected a divisor of key-block, " << int64_t(keyBlock);
    if (weights != "f32" && weights != "bf16" && weights != "f16")
      return emitError(UnknownLoc::get(context))
             << "convert-tfm-to-tile: weights is '" << std::string(weights)
             << "', expected 'f32', 'bf16' or 'f16'";
    return success();
  }

  void runOnOperation() override {
    KernelCache kernels(getOperation());
    Builder b(&getContext());
    tfm_to_tile::Preferences preferences;
    preferences.panel = panel;
    preferences.pairsOfRows = pairsOfRows;
    preferences.gatePanel = gatePanel;
    preferences.productRows = productRows;
    preferences.gateRows = gateRows;
    preferences.tablesInRows = tablesInRows;
    preferences.keysInRows = keysInRows;
    preferences.narrowFactors = narrowFactors;
    preferences.queryBlock = queryBlock;
    preferences.keyBlock = keyBlock;
    preferences.keyRest = keyRest;
    preferences.rowColumns = rowColumns;
    preferences.rowCount = rowCount;
    preferences.weights = weights == "bf16"  ? Type(b.getBF16Type())
                          : weights == "f16" ? Type(b.getF16Type())
                                             : Type(b.getF32Type());
    getOperation().walk([](tfm::SplitOp split) {
      if (!isa<tfm::FusedOp>(split->getParentOp()))
        convertSplit(split);
    });
    // Products first: an embedding asks whether its table is in panels.
    llvm::DenseMap<Operation *, std::string> problems;
    for (bool products : {true, false}) {
      SmallVector<Operation *> work;
      getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
        if (!isa<tfm::FusedOp, tfm::TransformerOpInterface>(op))
          return WalkResult::advance();
        if (isa<tfm::LinearOp, tfm::AttentionOp>(KernelGroup(op).getRoot()) ==
            products)
          work.push_back(op);
        return WalkResult::skip();
      });
      if (products)
        std::reverse(work.begin(), work.end());
      while (!work.empty()) {
        Operation *op = work.pop_back_val();
        std::string problem = convert(KernelGroup(op), kernels, preferences);
        if (problem.empty())
          continue;
        auto fused = dyn_cast<tfm::FusedOp>(op);
        if (!fused) {
          problems[op] = problem;
          continue;
        }
        // What cannot be one kernel may be several.
        for (Operation &member : fused.getBody().front().without_terminator())
          if (!isa<tfm::SplitOp>(member))
            work.push_back(&member);
        SmallVector<tfm::SplitOp> splits(
            fused.getBody().front().getOps<tfm::SplitOp>());
        tfm::dissolve(fused);
        for (tfm::SplitOp split : splits)
          convertSplit(split);
      }
    }
    getOperation().walk([&](tfm::TransformerOpInterface op) {
      std::string problem = problems.lookup(op);
      if (problem.empty())
        problem = "there is none for " + op->getName().getStringRef().str();
      emitRemark(op.getLoc())
          << "no kernel: " << problem << "; it goes through linalg";
    });
  }
};
} // namespace
