//===- BlockSizes.cpp - Which extents of a kernel go together -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/BlockSizes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace ockham::tile;

/// Rows or columns of a block or slice; 0 for other types.
static int64_t getExtent(Type type, unsigned axis) {
  if (auto slice = dyn_cast<SliceType>(type))
    return axis == 0 ? slice.getRows() : slice.getCols();
  if (auto block = dyn_cast<RankedTensorType>(type))
    return block.getDimSize(axis);
  return 0;
}

BlockSizes::BlockSizes(KernelOp kernel) : kernel(kernel) {
  for (auto [index, step] :
       llvm::zip(kernel.getGridIndices(), kernel.getSteps()))
    steps[index] = makeNode(step);
  kernel.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) { visit(op); });
}

unsigned BlockSizes::find(unsigned node) const {
  while (parents[node] != node)
    node = parents[node];
  return node;
}

unsigned BlockSizes::makeNode(int64_t size) {
  parents.push_back(parents.size());
  sizes.push_back(size);
  pinned.push_back(false);
  return parents.size() - 1;
}

unsigned BlockSizes::getNode(Value value, unsigned axis) {
  auto [it, isNew] = nodes.try_emplace({value, axis}, 0);
  if (isNew) {
    unsigned node = makeNode(getExtent(value.getType(), axis));
    // makeNode does not touch the map.
    it->second = node;
  }
  return it->second;
}

unsigned BlockSizes::getClass(Value value, unsigned axis) const {
  auto it = nodes.find({value, axis});
  assert(it != nodes.end() && "a block or slice of the kernel");
  return it->second;
}

unsigned BlockSizes::getGridClass(unsigned dim) const {
  return steps.lookup(KernelOp(kernel).getGridIndices()[dim]);
}

unsigned BlockSizes::getLoopClass(ForOp loop) const {
  return steps.lookup(loop.getPosition());
}

void BlockSizes::unite(unsigned a, unsigned b) {
  a = find(a);
  b = find(b);
  if (a == b)
    return;
  parents[b] = a;
  pinned[a] = pinned[a] || pinned[b] || sizes[a] != sizes[b];
}

void BlockSizes::uniteValues(Value a, Value b) {
  if (!getExtent(a.getType(), 0) || !getExtent(b.getType(), 0))
    return;
  for (unsigned axis : {0u, 1u})
    unite(getNode(a, axis), getNode(b, axis));
}

void BlockSizes::visitPlace(Value window, unsigned axis, Value place) {
  auto it = steps.find(place);
  if (it == steps.end())
    return;
  unsigned step = it->second, node = getNode(window, axis);
  // A row of statistics, say, is one element long whatever the step is.
  if (sizes[find(step)] == sizes[find(node)])
    unite(step, node);
}

void BlockSizes::visitWindow(Value window, Value row, Value col) {
  visitPlace(window, 0, row);
  visitPlace(window, 1, col);
}

void BlockSizes::visit(Operation *op) {
  // Every block has its nodes, whether it is related to another or not.
  for (Value result : op->getResults())
    if (getExtent(result.getType(), 0))
      for (unsigned axis : {0u, 1u})
        getNode(result, axis);

  for (Region &region : op->getRegions())
    for (Value argument : region.getArguments())
      if (getExtent(argument.getType(), 0))
        for (unsigned axis : {0u, 1u})
          getNode(argument, axis);

  if (auto load = dyn_cast<LoadOp>(op))
    return visitWindow(load.getResult(), load.getRow(), load.getCol());
  if (auto slice = dyn_cast<SliceOp>(op))
    return visitWindow(slice.getResult(), slice.getRow(), slice.getCol());
  if (auto store = dyn_cast<StoreOp>(op))
    return visitWindow(store.getValue(), store.getRow(), store.getCol());
  if (auto gather = dyn_cast<GatherOp>(op)) {
    unite(getNode(gather.getResult(), 0), getNode(gather.getRows(), 0));
    return visitPlace(gather.getResult(), 1, gather.getCol());
  }
  if (auto dot = dyn_cast<DotOp>(op)) {
    unsigned inner = dot.getTransposed() ? 1 : 0;
    uniteValues(dot.getAcc(), dot.getResult());
    unite(getNode(dot.getAcc(), 0), getNode(dot.getLhs(), 0));
    unite(getNode(dot.getAcc(), 1), getNode(dot.getRhs(), 1 - inner));
    return unite(getNode(dot.getLhs(), 1), getNode(dot.getRhs(), inner));
  }
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return unite(getNode(reduce.getInput(), 0), getNode(reduce.getResult(), 0));
  if (auto split = dyn_cast<DeinterleaveOp>(op)) {
    unite(getNode(split.getInput(), 0), getNode(split.getEven(), 0));
    unite(getNode(split.getInput(), 0), getNode(split.getOdd(), 0));
    // Twice as many columns are not of one class, nor of another size.
    for (Value value : {split.getInput(), split.getEven(), split.getOdd()})
      pinned[find(getNode(value, 1))] = true;
    return;
  }
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    for (unsigned axis : {0u, 1u})
      unite(getNode(transpose.getInput(), axis),
            getNode(transpose.getResult(), 1 - axis));
    return;
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op)) {
    Value from = broadcast.getInput(), to = broadcast.getResult();
    for (unsigned axis : {0u, 1u})
      if (getExtent(from.getType(), axis) == getExtent(to.getType(), axis))
        unite(getNode(from, axis), getNode(to, axis));
    return;
  }
  if (auto loop = dyn_cast<ForOp>(op)) {
    steps[loop.getPosition()] = makeNode(loop.getStep());
    for (auto [i, window] : llvm::enumerate(loop.getWindows())) {
      unsigned axis = loop.goesAlongRows(i) ? 0 : 1;
      visitPlace(window, axis, loop.getPosition());
      visitPlace(window, 1 - axis, loop.getPlaces()[i]);
    }
    auto yield = cast<YieldOp>(loop.getBlock().getTerminator());
    for (auto [init, carried, next, result] :
         llvm::zip(loop.getInits(), loop.getCarried(), yield.getValues(),
                   loop.getResults())) {
      uniteValues(init, carried);
      uniteValues(init, next);
      uniteValues(init, result);
    }
    return;
  }
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    for (auto [init, carried, next, result] :
         llvm::zip(loop.getInitArgs(), loop.getRegionIterArgs(),
                   loop.getYieldedValues(), loop.getResults())) {
      uniteValues(init, carried);
      uniteValues(init, next);
      uniteValues(init, result);
    }
    return;
  }
  if (auto branch = dyn_cast<scf::IfOp>(op)) {
    if (branch.getNumResults() == 0)
      return;
    for (auto [then, otherwise, result] :
         llvm::zip(branch.thenYield().getResults(),
                   branch.elseYield().getResults(), branch.getResults())) {
      uniteValues(then, result);
      uniteValues(otherwise, result);
    }
    return;
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
    if (elements && !elements.isSplat())
      for (unsigned axis : {0u, 1u})
        pinned[find(getNode(constant, axis))] = true;
    return;
  }
  // Element by element, or a scan: all blocks of one shape.
  if (op->getNumResults() == 1 && getExtent(op->getResult(0).getType(), 0) &&
      !isa<IotaOp>(op))
    for (Value operand : op->getOperands())
      uniteValues(operand, op->getResult(0));
}

void ockham::tile::resizeBlocks(KernelOp kernel, const BlockSizes &sizes,
                                unsigned cls, int64_t size) {
  auto resize = [&](Value value) {
    int64_t extents[2];
    for (unsigned axis : {0u, 1u}) {
      extents[axis] = getExtent(value.getType(), axis);
      if (extents[axis] == 0)
        return;
      if (sizes.isSame(sizes.getClass(value, axis), cls))
        extents[axis] = size;
    }
    Type type = value.getType();
    if (auto slice = dyn_cast<SliceType>(type))
      type = SliceType::get(slice.getContext(), extents[0], extents[1],
                            slice.getElementType(), slice.getPanel(),
                            slice.getInterleave());
    else
      type = cast<RankedTensorType>(type).clone(extents);
    value.setType(type);
  };
  kernel.getBody().walk([&](Operation *op) {
    for (Value result : op->getResults())
      resize(result);
    for (Region &region : op->getRegions())
      for (Value argument : region.getArguments())
        resize(argument);
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      auto elements = dyn_cast<DenseElementsAttr>(constant.getValue());
      auto type = dyn_cast<RankedTensorType>(constant.getType());
      if (elements && type && elements.isSplat())
        constant.setValueAttr(elements.resizeSplat(type));
    }
    if (auto loop = dyn_cast<ForOp>(op))
      if (sizes.isSame(sizes.getLoopClass(loop), cls))
        loop.setStep(size);
  });
  SmallVector<int64_t> steps(kernel.getSteps());
  for (auto [d, step] : llvm::enumerate(steps))
    if (sizes.isSame(sizes.getGridClass(d), cls))
      step = size;
  kernel.setSteps(steps);
}
