//===- AttentionHeads.cpp - Heads, prepared and packed --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionHeads.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

Value kernels::getHead(KernelBuilder &b, Value view, Value firstRow, Value rows,
                       Value head, int64_t width) {
  auto from = cast<tile::ViewType>(view.getType());
  auto type = tile::ViewType::get(b.getContext(), ShapedType::kDynamic, width,
                                  from.getElementType());
  return tile::SubviewOp::create(b, type, view, firstRow,
                                 b.mulIndex(head, b.index(width)), rows,
                                 b.index(width));
}

Value kernels::getPackedHead(KernelBuilder &b, Value view, Value number,
                             Value keys, int64_t panel, Value cols) {
  auto type = cast<tile::ViewType>(view.getType());
  Value width = b.index(panel);
  Value padded = b.mulIndex(
      b.divIndex(b.addIndex(keys, b.index(panel - 1)), width), width);
  return tile::SubviewOp::create(b, type, view, b.index(0),
                                 b.mulIndex(number, padded),
                                 b.index(type.getRows()), cols);
}

Value kernels::getPackedValues(KernelBuilder &b, Value view, Value number,
                               Value rows) {
  auto from = cast<tile::ViewType>(view.getType());
  int64_t width = from.getPanel();
  auto type =
      tile::ViewType::get(b.getContext(), ShapedType::kDynamic, width,
                          from.getElementType(), width, from.getInterleave());
  return tile::SubviewOp::create(b, type, view, b.index(0),
                                 b.mulIndex(number, b.index(width)), rows,
                                 b.index(width));
}

//===----------------------------------------------------------------------===//
// Norm and rotary
//===----------------------------------------------------------------------===//

/// The types of the views that a preparation takes.
static void appendPreparationTypes(SmallVectorImpl<Type> &types,
                                   const HeadPreparation &prepare,
                                   int64_t width) {
  if (prepare.scale)
    types.push_back(tile::ViewType::get(prepare.scale.getContext(), 1, width,
                                        prepare.scale));
  if (prepare.rotaryColumns)
    for (Type table : {prepare.cos, prepare.sin})
      types.push_back(tile::ViewType::get(table.getContext(),
                                          ShapedType::kDynamic,
                                          prepare.rotaryColumns, table));
}

/// Takes these views from the front of the arguments.
static PreparationArguments
takePreparationArguments(ArrayRef<BlockArgument> &arguments,
                         const HeadPreparation &prepare) {
  auto take = [&]() -> Value {
    Value argument = arguments.front();
    arguments = arguments.drop_front();
    return argument;
  };
  PreparationArguments result;
  if (prepare.scale)
    result.scale = take();
  if (prepare.rotaryColumns) {
    result.cos = take();
    result.sin = take();
  }
  return result;
}

SmallVector<std::pair<int64_t, int64_t>>
kernels::getHeadParts(const HeadPreparation &prepare, int64_t width) {
  int64_t half = prepare.rotaryColumns;
  SmallVector<std::pair<int64_t, int64_t>> parts;
  if (half > 0)
    parts = {{0, half}, {half, half}};
  if (2 * half < width)
    parts.push_back({2 * half, width - 2 * half});
  return parts;
}

bool kernels::canPairComponents(const HeadPreparation &prepare,
                                int64_t headDim) {
  return llvm::all_of(getHeadParts(prepare, headDim), [](auto part) {
    return part.first % 2 == 0 && part.second % 2 == 0;
  });
}

/// Divides the parts by their common root of the mean square, the mean taken
/// off before if the norm is centred.
static void applyNorm(KernelBuilder &b, MutableArrayRef<HeadPart> parts,
                      int64_t width, const HeadPreparation &prepare,
                      Value scale) {
  auto average = [&](llvm::function_ref<Value(Value)> term) {
    Value sum;
    for (const HeadPart &part : parts) {
      Value mine = b.reduce(tile::ReduceKind::Sum, term(part.block));
      sum = sum ? b.add(sum, mine) : mine;
    }
    return b.mul(sum, b.splatLike(sum, 1.0 / static_cast<double>(width)));
  };
  if (*prepare.norm == tfm::NormKind::Layer) {
    Value mean = average([](Value x) { return x; });
    for (HeadPart &part : parts)
      part.block = b.sub(part.block, mean);
  }
  Value square = average([&](Value x) { return b.mul(x, x); });
  Value eps = b.splatLike(square, prepare.eps);
  Value divisor = prepare.epsOutside
                      ? b.add(math::SqrtOp::create(b, square), eps)
                      : Value(math::SqrtOp::create(b, b.add(square, eps)));
  for (HeadPart &part : parts) {
    part.block = b.div(part.block, divisor);
    int64_t cols = cast<RankedTensorType>(part.block.getType()).getDimSize(1);
    if (scale)
      part.block = b.mul(part.block,
                         b.load(scale, b.index(0), b.index(part.col), 1, cols));
  }
}

SmallVector<HeadPart> kernels::loadHead(KernelBuilder &b, Value head, Value row,
                                        int64_t rows, int64_t width,
                                        const HeadPreparation &prepare,
                                        const PreparationArguments &arguments,
                                        Value position) {
  int64_t half = prepare.rotaryColumns;
  SmallVector<HeadPart> parts;
  auto load = [&](int64_t col, int64_t cols) {
    if (cols > 0)
      parts.push_back({col, b.load(head, row, b.index(col), rows, cols)});
  };
  // Neighbours come together and are parted after the norm.
  if (prepare.interleaved) {
    load(0, 2 * half);
  } else {
    load(0, half);
    load(half, half);
  }
  load(2 * half, width - 2 * half);
  if (prepare.norm)
    applyNorm(b, parts, width, prepare, arguments.scale);
  if (half == 0)
    return parts;

  if (prepare.interleaved) {
    Type type = b.type(
        rows, half,
        cast<RankedTensorType>(parts[0].block.getType()).getElementType());
    auto split =
        tile::DeinterleaveOp::create(b, TypeRange{type, type}, parts[0].block);
    parts[0].block = split.getEven();
    parts.insert(parts.begin() + 1, {half, split.getOdd()});
  }
  Value cos = b.load(arguments.cos, position, b.index(0), rows, half);
  Value sin = b.load(arguments.sin, position, b.index(0), rows, half);
  Value first = parts[0].block, second = parts[1].block;
  parts[0].block = b.sub(b.mul(first, cos), b.mul(second, sin));
  parts[1].block = b.add(b.mul(second, cos), b.mul(first, sin));
  return parts;
}

//===----------------------------------------------------------------------===//
// Packed keys and values
//===----------------------------------------------------------------------===//

tile::KernelOp kernels::buildPackKeys(OpBuilder &builder, Location loc,
                                      StringRef name,
                                      const PackKeysOptions &options) {
  MLIRContext *context = builder.getContext();
  int64_t d = options.headDim, n = options.blockKeys;
  constexpr int64_t any = ShapedType::kDynamic;
  SmallVector<Type> types{
      tile::ViewType::get(context, any, options.kvHeads * d, options.element)};
  appendPreparationTypes(types, options.prepare, d);
  types.push_back(builder.getIndexType());
  types.push_back(tile::ViewType::get(context, d, any, options.element,
                                      options.panel, options.pairs ? 2 : 1));
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{1, n});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> next = kernel.getKernelArguments();
  Value view = next.front();
  next = next.drop_front();
  PreparationArguments arguments =
      takePreparationArguments(next, options.prepare);
  Value keys = next[0], panels = next[1];
  // There is a position for each key, not for what fills up a panel.
  for (Value *table : {&arguments.cos, &arguments.sin})
    if (*table)
      *table = tile::SubviewOp::create(b, table->getType(), *table, b.index(0),
                                       b.index(0), keys,
                                       b.index(options.prepare.rotaryColumns));
  Value number = kernel.getGridIndices()[0], first = kernel.getGridIndices()[1];
  Value heads = b.index(options.kvHeads);
  Value batch = b.divIndex(number, heads);
  Value head = arith::RemUIOp::create(b, number, heads);
  Value from = getHead(b, view, b.mulIndex(batch, keys), keys, head, d);
  Value to = getPackedHead(b, panels, number, keys, options.panel,
                           kernel.getGridExtents()[1]);
  for (const HeadPart &part : loadHead(b, from, first, n, d, options.prepare,
                                       arguments, /*position=*/first))
    b.store(b.transpose(part.block), to, b.index(part.col), first);
  return kernel;
}

tile::KernelOp kernels::buildPackValues(OpBuilder &builder, Location loc,
                                        StringRef name,
                                        const PackValuesOptions &options) {
  MLIRContext *context = builder.getContext();
  int64_t width = options.valueDim, n = options.blockKeys;
  constexpr int64_t any = ShapedType::kDynamic;
  SmallVector<Type> types{
      tile::ViewType::get(context, any, options.kvHeads * width,
                          options.element),
      builder.getIndexType(),
      tile::ViewType::get(context, any, any, options.element, width,
                          /*interleave=*/2)};
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{1, n});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value view = arguments[0], keys = arguments[1], panels = arguments[2];
  Value number = kernel.getGridIndices()[0], first = kernel.getGridIndices()[1];
  Value heads = b.index(options.kvHeads);
  Value batch = b.divIndex(number, heads);
  Value head = arith::RemUIOp::create(b, number, heads);
  Value from = getHead(b, view, b.mulIndex(batch, keys), keys, head, width);
  Value to = getPackedValues(b, panels, number, kernel.getGridExtents()[1]);
  Value zero = b.index(0);
  b.store(b.loadStored(from, first, zero, n, width), to, first, zero);
  return kernel;
}

//===----------------------------------------------------------------------===//
// Heads in rows
//===----------------------------------------------------------------------===//

tile::KernelOp kernels::buildPrepareHeads(OpBuilder &builder, Location loc,
                                          StringRef name,
                                          const PrepareHeadsOptions &options) {
  MLIRContext *context = builder.getContext();
  int64_t d = options.headDim, m = options.blockRows;
  constexpr int64_t any = ShapedType::kDynamic;
  Type rowsView =
      tile::ViewType::get(context, any, options.heads * d, options.element);
  SmallVector<Type> types{rowsView};
  appendPreparationTypes(types, options.prepare, d);
  if (options.past)
    types.push_back(tile::ViewType::get(context, 1, any, options.past));
  types.append({builder.getIndexType(), rowsView});
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{1, m});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> next = kernel.getKernelArguments();
  Value from = next.front(), to = next.back();
  next = next.drop_front().drop_back();
  PreparationArguments arguments =
      takePreparationArguments(next, options.prepare);
  Value number = kernel.getGridIndices()[0], row = kernel.getGridIndices()[1];
  Value heads = b.index(options.heads), rows = next.back();
  Value batch = b.divIndex(number, heads);
  Value head = arith::RemUIOp::create(b, number, heads);
  Value first = b.mulIndex(batch, rows), position = row;
  if (options.past)
    position = b.addIndex(b.loadIndex(next.front(), batch), row);
  from = getHead(b, from, first, rows, head, d);
  to = getHead(b, to, first, rows, head, d);
  for (const HeadPart &part :
       loadHead(b, from, row, m, d, options.prepare, arguments, position))
    b.store(part.block, to, row, b.index(part.col));
  return kernel;
}
