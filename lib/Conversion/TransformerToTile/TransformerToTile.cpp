//===- TransformerToTile.cpp - tfm ops as launches of kernels -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/SymbolTable.h"
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
    StringRef name, ArrayRef<double> numbers,
    llvm::function_ref<tile::KernelOp(OpBuilder &, StringRef)> build) {
  // With all digits: kernels that differ in the last one are two.
  std::string key = name.str();
  llvm::raw_string_ostream os(key);
  for (double number : numbers)
    os << ' ' << llvm::format("%a", number);
  tile::KernelOp &kernel = kernels[key];
  if (!kernel) {
    std::string symbol = name.str();
    for (unsigned i = 0; module.lookupSymbol(symbol); ++i)
      symbol = name.str() + "_" + std::to_string(i);
    OpBuilder b = OpBuilder::atBlockBegin(module.getBody());
    kernel = build(b, symbol);
  }
  return kernel;
}

Value tfm_to_tile::countRows(OpBuilder &b, Location loc, Value activation) {
  auto type = cast<RankedTensorType>(activation.getType());
  Value rows = arith::ConstantIndexOp::create(b, loc, 1);
  for (int64_t i = 0; i + 1 < type.getRank(); ++i)
    rows = b.createOrFold<arith::MulIOp>(
        loc, rows, b.createOrFold<tensor::DimOp>(loc, activation, i));
  return rows;
}

Value tfm_to_tile::createEmpty(OpBuilder &b, Location loc, Value like,
                               int64_t width) {
  auto type = cast<RankedTensorType>(like.getType());
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, like);
  sizes.back() = b.getIndexAttr(width);
  return tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
}

namespace {
struct ConvertTransformerToTile
    : ockham::impl::ConvertTransformerToTileBase<ConvertTransformerToTile> {
  using ConvertTransformerToTileBase::ConvertTransformerToTileBase;

  LogicalResult initialize(MLIRContext *context) override {
    if (panel >= 1)
      return success();
    return emitError(UnknownLoc::get(context))
           << "convert-tfm-to-tile: panel is " << int64_t(panel)
           << ", expected at least 1";
  }

  void runOnOperation() override {
    KernelCache kernels(getOperation());
    SmallVector<Operation *> work;
    getOperation().walk([&](Operation *op) {
      if (isa<tfm::LinearOp, tfm::AttentionOp, tfm::NormOp>(op))
        work.push_back(op);
    });
    for (Operation *op : work) {
      Location loc = op->getLoc();
      std::string problem;
      if (auto linear = dyn_cast<tfm::LinearOp>(op))
        problem = convertLinear(linear, kernels, panel);
      else if (auto attention = dyn_cast<tfm::AttentionOp>(op))
        problem = convertAttention(attention, kernels);
      else
        problem = convertNorm(cast<tfm::NormOp>(op), kernels);
      if (!problem.empty())
        emitRemark(loc) << "no kernel: " << problem;
    }
  }
};
} // namespace
