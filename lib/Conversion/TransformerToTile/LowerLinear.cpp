//===- LowerLinear.cpp - Linears as products with an epilogue -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "RowLaunch.h"
#include "Steps.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Kernels/Kernels.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

/// The activation that is the only reader of the linear.
static tfm::ActivationOp findActivation(tfm::LinearOp op) {
  Value result = op.getResult();
  if (!result.hasOneUse())
    return {};
  auto activation = dyn_cast<tfm::ActivationOp>(*result.getUsers().begin());
  if (!activation || activation.getInput() != result ||
      activation->getBlock() != op->getBlock())
    return {};
  return activation;
}

std::string tfm_to_tile::convertLinear(tfm::LinearOp op, KernelCache &kernels,
                                       const LinearLayout &layout) {
  auto type = op.getInput().getType();
  auto weightType = op.getWeight().getType();
  Type element = type.getElementType();
  std::string text;
  llvm::raw_string_ostream os(text);
  if (!element.isF32() || weightType.getElementType() != element ||
      op.getResult().getType().getElementType() != element) {
    os << "the linear is of " << element << " and " << weightType
       << ", expected f32";
    return text;
  }
  bool transposed = op.getTransposed();
  int64_t depth = weightType.getDimSize(transposed ? 1 : 0);
  int64_t columns = weightType.getDimSize(transposed ? 0 : 1);
  auto load = op.getWeight().getDefiningOp<LoadWeightOp>();
  auto weight = load ? SymbolTable::lookupNearestSymbolFrom<WeightOp>(
                           op, load.getWeightAttr())
                     : WeightOp();
  if (!weight || !(weight.getInit() || ConstantData::get(weight))) {
    os << "the bytes of the weight, " << weightType
       << ", are not known when compiling";
    return text;
  }
  if (columns < 2) {
    os << "the linear has " << columns << " columns, expected at least 2";
    return text;
  }

  Location loc = op.getLoc();
  OpBuilder before(op);
  Value input = toMatrix(before, loc, op.getInput());
  StepList epilogue(columns);
  epilogue.addGain(op.getResidGain());
  if (op.getSkipGain())
    epilogue.addScaled(op.getSkipGain(), input);
  if (op.getRowScale())
    epilogue.addRowScale(toColumn(before, loc, op.getRowScale()));
  epilogue.addBias(op.getBias());
  if (op.getInit())
    epilogue.addMatrix(toMatrix(before, loc, op.getInit()));
  tfm::ActivationOp activation = findActivation(op);
  Operation *last = op;
  if (activation) {
    epilogue.activate(activation.getKind(), activation.getSlope());
    last = activation;
  }

  int64_t panel = layout.panel;
  std::string stored;
  if (layout.element != element)
    llvm::raw_string_ostream(stored) << "_" << layout.element;
  tile::KernelOp kernel =
      kernels.get("linear_" + std::to_string(depth) + "x" +
                      std::to_string(columns) + stored + epilogue.name,
                  /*numbers=*/{}, [&](OpBuilder &b, StringRef name) {
                    GemmOptions options;
                    options.element = element;
                    options.weight = layout.element;
                    options.depth = depth;
                    options.columns = columns;
                    options.panel = panel;
                    options.blockColumns = panel;
                    options.epilogue = epilogue.steps;
                    return buildGemm(b, op.getLoc(), name, options);
                  });

  OpBuilder b(last);
  auto packedType = RankedTensorType::get(
      {(columns + panel - 1) / panel, depth, panel}, layout.element);
  SmallVector<Value> inputs{input, tile::PackOp::create(b, loc, packedType,
                                                        op.getWeight(), panel,
                                                        transposed)};
  llvm::append_range(inputs, epilogue.inputs);
  Value empty = createEmptyMatrix(b, loc, input, columns);
  Value extents[] = {b.createOrFold<tensor::DimOp>(loc, input, 0),
                     arith::ConstantIndexOp::create(b, loc, columns)};
  auto launch = tile::LaunchOp::create(b, loc, TypeRange{empty.getType()},
                                       kernel.getSymName(), extents, inputs,
                                       ValueRange{empty});
  last->getResult(0).replaceAllUsesWith(
      fromMatrix(b, loc, launch.getResult(0), op.getInput(),
                 last->getResult(0).getType()));
  last->erase();
  if (last != op)
    op.erase();
  return "";
}
