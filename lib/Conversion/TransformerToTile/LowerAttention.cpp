//===- LowerAttention.cpp - Attention as one kernel -----------------------===//
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

/// What the op has that the kernel cannot say yet; empty if nothing.
static std::string findUnsupported(tfm::AttentionOp op) {
  if (op.getPast())
    return "the attention has a past";
  if (op.getKeyLengths())
    return "the attention has key lengths";
  if (op.getMask())
    return "the attention has a mask";
  if (op.getQkNorm() || op.getQueryScale() || op.getKeyScale())
    return "the attention has norms of queries and keys";
  if (op.getCos() || op.getSin())
    return "the attention has a rotary embedding";
  if (op.getLogsumexp() || op.getEntropy())
    return "the attention gives statistics of its softmax";
  if (op.getGamma() && !op.getCausal())
    return "the attention has a centre but is not causal";
  return "";
}

/// The size of dimension `axis` of a tensor.
static Value getDim(OpBuilder &b, Location loc, Value tensor, int64_t axis) {
  return b.createOrFold<tensor::DimOp>(loc, tensor, axis);
}

/// The means of the values up to each position.
static Value createPrefixMean(OpBuilder &b, Location loc, Value value,
                              KernelCache &kernels) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t columns = type.getDimSize(2);
  tile::KernelOp kernel =
      kernels.get("prefix_mean_" + std::to_string(columns), /*numbers=*/{},
                  [&](OpBuilder &builder, StringRef name) {
                    PrefixMeanOptions options;
                    options.element = type.getElementType();
                    options.columns = columns;
                    return buildPrefixMean(builder, loc, name, options);
                  });
  Value empty = createEmpty(b, loc, value, columns);
  Value extents[] = {getDim(b, loc, value, 0),
                     arith::ConstantIndexOp::create(b, loc, columns)};
  Value inputs[] = {value, getDim(b, loc, value, 1)};
  return tile::LaunchOp::create(b, loc, TypeRange{empty.getType()},
                                kernel.getSymName(), extents, inputs,
                                ValueRange{empty})
      .getResult(0);
}

/// The keys as columns, in panels of their own for each head of each sequence.
static Value createPackedKeys(OpBuilder &b, tfm::AttentionOp op,
                              const AttentionOptions &options,
                              KernelCache &kernels) {
  Location loc = op.getLoc();
  tile::KernelOp kernel =
      kernels.get("pack_keys_" + std::to_string(options.kvHeads) + "x" +
                      std::to_string(options.headDim),
                  /*numbers=*/{}, [&](OpBuilder &builder, StringRef name) {
                    PackKeysOptions pack;
                    pack.element = options.element;
                    pack.kvHeads = options.kvHeads;
                    pack.headDim = options.headDim;
                    pack.panel = options.panel;
                    return buildPackKeys(builder, loc, name, pack);
                  });
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value number = b.createOrFold<arith::MulIOp>(
      loc, getDim(b, loc, op.getKey(), 0), constant(options.kvHeads));
  Value keys = getDim(b, loc, op.getKey(), 1);
  Value panels = b.createOrFold<arith::DivUIOp>(
      loc,
      b.createOrFold<arith::AddIOp>(loc, keys, constant(options.panel - 1)),
      constant(options.panel));
  Value all = b.createOrFold<arith::MulIOp>(loc, number, panels);
  Value padded =
      b.createOrFold<arith::MulIOp>(loc, panels, constant(options.panel));
  OpFoldResult sizes[] = {getAsOpFoldResult(all),
                          b.getIndexAttr(options.headDim),
                          b.getIndexAttr(options.panel)};
  Value empty = tensor::EmptyOp::create(b, loc, sizes, options.element);
  Value extents[] = {number, padded}, inputs[] = {op.getKey(), keys};
  return tile::LaunchOp::create(b, loc, TypeRange{empty.getType()},
                                kernel.getSymName(), extents, inputs,
                                ValueRange{empty})
      .getResult(0);
}

std::string tfm_to_tile::convertAttention(tfm::AttentionOp op,
                                          KernelCache &kernels) {
  std::string problem = findUnsupported(op);
  if (!problem.empty())
    return problem;
  std::string text;
  llvm::raw_string_ostream os(text);
  auto resultType = op.getOutput().getType();
  for (Type type : {op.getQuery().getType(), op.getKey().getType(),
                    op.getValue().getType(), resultType}) {
    auto tensor = cast<RankedTensorType>(type);
    if (!tensor.getElementType().isF32() || tensor.isDynamicDim(2)) {
      os << "the attention is on " << tensor
         << ", expected f32 of a known width";
      return text;
    }
  }

  AttentionOptions options;
  options.element = resultType.getElementType();
  options.heads = op.getNumHeads();
  options.kvHeads = op.getNumKvHeads();
  options.headDim = op.getQueryHeadDim();
  options.valueDim = op.getValueHeadDim();
  options.scale = op.getScale().convertToDouble();
  options.causal = op.getCausal();
  if (op.getSoftCap())
    options.softCap = op.getSoftCap()->convertToDouble();
  options.hasAlpha = op.getAlpha() != nullptr;
  options.hasBeta = op.getBeta() != nullptr;
  options.hasGamma = op.getGamma() != nullptr;
  if (options.valueDim < 2) {
    os << "a head's values have " << options.valueDim
       << " columns, expected at least 2";
    return text;
  }

  std::string name = "attention_" + std::to_string(options.heads) + "x" +
                     std::to_string(options.headDim);
  if (options.kvHeads != options.heads)
    name += "_kv" + std::to_string(options.kvHeads);
  if (options.valueDim != options.headDim)
    name += "_v" + std::to_string(options.valueDim);
  if (options.causal)
    name += "_causal";
  if (op.isShaped())
    name += std::string("_shaped") + (options.hasAlpha ? "a" : "") +
            (options.hasBeta ? "b" : "") + (options.hasGamma ? "c" : "");
  if (options.softCap)
    name += "_soft_cap";
  double numbers[] = {options.scale, options.softCap.value_or(0)};

  OpBuilder b(op);
  Location loc = op.getLoc();
  tile::KernelOp kernel =
      kernels.get(name, numbers, [&](OpBuilder &builder, StringRef symbol) {
        return buildAttention(builder, loc, symbol, options);
      });
  SmallVector<Value> inputs{
      op.getQuery(), createPackedKeys(b, op, options, kernels), op.getValue()};
  if (options.hasGamma)
    inputs.push_back(createPrefixMean(b, loc, op.getValue(), kernels));
  for (Value gain : {op.getAlpha(), op.getBeta(), op.getGamma()})
    if (gain)
      inputs.push_back(gain);
  inputs.push_back(getDim(b, loc, op.getKey(), 1));
  Value empty =
      createEmpty(b, loc, op.getQuery(), options.heads * options.valueDim);
  Value number = b.createOrFold<arith::MulIOp>(
      loc, getDim(b, loc, op.getQuery(), 0),
      arith::ConstantIndexOp::create(b, loc, options.heads).getResult());
  Value extents[] = {number, getDim(b, loc, op.getQuery(), 1)};
  auto launch = tile::LaunchOp::create(b, loc, TypeRange{empty.getType()},
                                       kernel.getSymName(), extents, inputs,
                                       ValueRange{empty});
  Value result = launch.getResult(0);
  if (result.getType() != resultType)
    result = tensor::CastOp::create(b, loc, resultType, result);
  op.getOutput().replaceAllUsesWith(result);
  op.erase();
  return "";
}
