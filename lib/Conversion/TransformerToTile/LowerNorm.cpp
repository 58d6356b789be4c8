//===- LowerNorm.cpp - Norms of rows as kernels ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

std::string tfm_to_tile::convertNorm(tfm::NormOp op, KernelCache &kernels) {
  auto type = op.getInput().getType();
  std::string text;
  llvm::raw_string_ostream os(text);
  bool isLayer = op.getKind() == tfm::NormKind::Layer;
  if (!isLayer && op.getKind() != tfm::NormKind::RMS)
    return ("the norm is " + tfm::stringifyNormKind(op.getKind()) +
            ", which needs no statistics")
        .str();
  int64_t columns = type.getShape().back();
  if (!type.getElementType().isF32() || ShapedType::isDynamic(columns) ||
      columns < 2) {
    os << "the norm is on " << type
       << ", expected f32 of a known width of at least 2";
    return text;
  }
  NormOptions options;
  options.element = type.getElementType();
  options.columns = columns;
  options.centred = isLayer;
  options.eps = op.getEps().convertToDouble();
  options.epsOutside = op.getEpsOutside();
  options.hasScale = op.getScale() != nullptr;
  options.hasShift = op.getShift() != nullptr;
  os << (isLayer ? "layer_norm_" : "rms_norm_") << columns
     << (options.hasScale ? "_scale" : "") << (options.hasShift ? "_shift" : "")
     << (options.epsOutside ? "_eps_outside" : "");

  OpBuilder b(op);
  Location loc = op.getLoc();
  tile::KernelOp kernel =
      kernels.get(text, options.eps, [&](OpBuilder &builder, StringRef name) {
        return buildNorm(builder, loc, name, options);
      });
  Value input = toMatrix(b, loc, op.getInput());
  SmallVector<Value> inputs{input};
  for (Value vector : {op.getScale(), op.getShift()})
    if (vector)
      inputs.push_back(vector);
  Value empty = createEmptyMatrix(b, loc, input, columns);
  auto launch = tile::LaunchOp::create(
      b, loc, TypeRange{empty.getType()}, kernel.getSymName(),
      ValueRange{b.createOrFold<tensor::DimOp>(loc, input, 0)}, inputs,
      ValueRange{empty});
  op.getResult().replaceAllUsesWith(fromMatrix(
      b, loc, launch.getResult(0), op.getInput(), op.getResult().getType()));
  op.erase();
  return "";
}
