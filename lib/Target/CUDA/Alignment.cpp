//===- Alignment.cpp - Where rows of views begin --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <numeric>

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

LaunchMap cuda::findLaunches(ModuleOp module) {
  LaunchMap launches;
  module.walk([&](tile::LaunchOp launch) {
    launches[launch.getKernelAttr().getAttr()].push_back(launch);
  });
  return launches;
}

FailureOr<SmallVector<ArgumentLayout>>
cuda::getArgumentLayouts(tile::KernelOp kernel,
                         ArrayRef<tile::LaunchOp> launches) {
  SmallVector<ArgumentLayout> layouts(kernel.getNumKernelArguments());
  for (auto [argument, layout] :
       llvm::zip(kernel.getKernelArguments(), layouts))
    if (auto view = dyn_cast<tile::ViewType>(argument.getType())) {
      if (view.isPacked())
        layout.stride = view.getPanel();
      else if (!ShapedType::isDynamic(view.getCols()))
        layout.stride = view.getCols();
    }
  for (tile::LaunchOp launch : launches) {
    SmallVector<Value> operands(launch.getInputs());
    llvm::append_range(operands, launch.getOutputs());
    for (auto [operand, argument, layout] :
         llvm::zip(operands, kernel.getKernelArguments(), layouts)) {
      auto view = dyn_cast<tile::ViewType>(argument.getType());
      auto type = dyn_cast<MemRefType>(operand.getType());
      // Tensors are dense.
      if (!view || !type || type.getLayout().isIdentity())
        continue;
      SmallVector<int64_t> strides;
      int64_t offset;
      if (type.getRank() != 2 || view.isPacked() ||
          failed(type.getStridesAndOffset(strides, offset)) ||
          strides.back() != 1) {
        launch.emitOpError()
            << "has a buffer of type " << type << " for " << view
            << "; expected a dense one, or a matrix with dense rows";
        return failure();
      }
      auto factor = [](int64_t value) {
        return ShapedType::isDynamic(value) ? 1 : value;
      };
      layout.hasStride = true;
      layout.stride = std::gcd(layout.stride, factor(strides.front()));
      layout.offset = std::gcd(layout.offset, factor(offset));
    }
  }
  return layouts;
}

int64_t cuda::getKnownFactor(Value index) {
  if (std::optional<int64_t> value = getConstantIntValue(index))
    return std::abs(*value);
  if (auto argument = dyn_cast<BlockArgument>(index)) {
    Operation *parent = argument.getOwner()->getParentOp();
    unsigned number = argument.getArgNumber();
    if (auto kernel = dyn_cast<tile::KernelOp>(parent)) {
      unsigned first = kernel.getNumKernelArguments();
      if (number >= first && number < first + kernel.getGridRank())
        return kernel.getSteps()[number - first];
    } else if (auto loop = dyn_cast<tile::ForOp>(parent)) {
      if (number == 0)
        return std::gcd(getKnownFactor(loop.getLower()),
                        static_cast<int64_t>(loop.getStep()));
    } else if (auto loop = dyn_cast<scf::ForOp>(parent)) {
      if (number == 0)
        return std::gcd(getKnownFactor(loop.getLowerBound()),
                        getKnownFactor(loop.getStep()));
    }
    return 1;
  }
  Operation *op = index.getDefiningOp();
  if (isa<arith::MulIOp>(op))
    return getKnownFactor(op->getOperand(0)) *
           getKnownFactor(op->getOperand(1));
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp>(op))
    return std::gcd(getKnownFactor(op->getOperand(0)),
                    getKnownFactor(op->getOperand(1)));
  return 1;
}

std::pair<int64_t, int64_t> Alignment::getFactors(Value view) const {
  if (auto argument = dyn_cast<BlockArgument>(view)) {
    const ArgumentLayout &layout = layouts[argument.getArgNumber()];
    return {layout.offset, layout.stride};
  }
  auto window = cast<tile::SubviewOp>(view.getDefiningOp());
  auto [offset, stride] = getFactors(window.getView());
  offset = std::gcd(offset, getKnownFactor(window.getRow()) * stride);
  auto type = window.getView().getType();
  // Columns of a packed view are those of whole panels.
  int64_t col =
      type.isPacked() ? type.getPanel() : getKnownFactor(window.getCol());
  return {std::gcd(offset, col), stride};
}

int64_t Alignment::getBytes(Value view, Value col) const {
  auto type = cast<tile::ViewType>(view.getType());
  auto [offset, stride] = getFactors(view);
  int64_t factor = std::gcd(offset, getKnownFactor(col));
  // A single row has no other to be apart from.
  if (type.getRows() != 1 || type.isPacked())
    factor = std::gcd(factor, stride);
  int64_t bytes =
      llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8);
  if (factor == 0)
    return 16;
  int64_t all = factor * bytes;
  return std::min<int64_t>(16, all & -all);
}

int64_t Alignment::getPieceBytes(Value view, Value col) const {
  auto type = cast<tile::ViewType>(view.getType());
  int64_t bytes = getBytes(view, col);
  if (!type.isPacked())
    return bytes;
  int64_t panel =
      type.getPanel() *
      llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8);
  return std::min<int64_t>(bytes, panel & -panel);
}
