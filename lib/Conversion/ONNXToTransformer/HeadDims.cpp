//===- HeadDims.cpp - Where batch, heads, positions, channels are ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "HeadDims.h"

using namespace mlir;

namespace ockham::raising {

HeadDims::HeadDims(Value value, ArrayRef<AxisKind> kinds) {
  for (auto [dim, kind] : llvm::enumerate(kinds)) {
    Extent extent = getExtent(value, dim);
    Dim list;
    // An extent of 1 has no place of its own: a Reshape may put it anywhere.
    if (!extent.isStatic(1))
      list.push_back(addAxis({kind, extent}));
    dims.push_back(list);
  }
}

unsigned HeadDims::addAxis(Axis axis) {
  order.push_back(axes.size());
  axes.push_back(axis);
  return axes.size() - 1;
}

std::optional<int64_t> HeadDims::getDim(AxisKind kind) const {
  std::optional<int64_t> found;
  for (auto [dim, list] : llvm::enumerate(dims))
    for (unsigned axis : list) {
      if (axes[axis].kind != kind)
        continue;
      if (list.size() != 1 || found || !axes[axis].isWhole())
        return std::nullopt;
      found = dim;
    }
  return found;
}

SmallVector<Axis, 2> HeadDims::getAxes(AxisKind kind) const {
  SmallVector<Axis, 2> list;
  for (unsigned axis : order)
    if (axes[axis].kind == kind && !axes[axis].extent.isStatic(1))
      list.push_back(axes[axis]);
  return list;
}

std::optional<int64_t> HeadDims::getCount(AxisKind kind) const {
  int64_t count = 1;
  for (const Axis &axis : getAxes(kind)) {
    if (axis.size < 0 && !axis.extent.isStatic())
      return std::nullopt;
    count *= axis.size < 0 ? axis.extent.getNumber() : axis.size;
  }
  return count;
}

bool HeadDims::areInOrder(ArrayRef<AxisKind> kinds) const {
  if (dims.size() != kinds.size())
    return false;
  for (auto [list, kind] : llvm::zip(dims, kinds)) {
    SmallVector<unsigned> wanted;
    for (unsigned axis : order)
      if (axes[axis].kind == kind && !axes[axis].extent.isStatic(1))
        wanted.push_back(axis);
    if (list != ArrayRef<unsigned>(wanted) ||
        llvm::any_of(list,
                     [&](unsigned axis) { return !axes[axis].isWhole(); }))
      return false;
  }
  return true;
}

void HeadDims::transposeBack(ArrayRef<int64_t> perm) {
  SmallVector<Dim, 5> before(dims.size());
  for (auto [to, from] : llvm::enumerate(perm))
    before[from] = dims[to];
  dims = std::move(before);
}

void HeadDims::transposeForward(ArrayRef<int64_t> perm) {
  SmallVector<Dim, 5> after;
  for (int64_t from : perm)
    after.push_back(dims[from]);
  dims = std::move(after);
}

std::optional<unsigned> HeadDims::split(unsigned axis, int64_t inner) {
  Axis outer = axes[axis];
  if (!outer.isWhole() || inner < 2)
    return std::nullopt;
  Axis innerAxis{outer.kind, Extent::getStatic(inner)};
  if (outer.kind == AxisKind::BatchAndHead) {
    innerAxis.kind = AxisKind::Head;
    outer.kind = AxisKind::Batch;
  }
  if (outer.extent.isStatic()) {
    if (outer.extent.getNumber() % inner != 0)
      return std::nullopt;
    outer.extent = Extent::getStatic(outer.extent.getNumber() / inner);
  } else if (outer.kind == AxisKind::Batch &&
             axes[axis].kind == AxisKind::BatchAndHead) {
    outer.extent = Extent();
  } else {
    return std::nullopt;
  }
  axes[axis] = outer;
  unsigned added = addAxis(innerAxis);
  order.pop_back();
  order.insert(llvm::find(order, axis) + 1, added);
  return added;
}

bool HeadDims::take(SmallVectorImpl<unsigned> &flat, Extent extent,
                    bool fromBack, Dim &dim) {
  while (!extent.isStatic(1)) {
    if (flat.empty())
      return false;
    unsigned axis = fromBack ? flat.back() : flat.front();
    auto pop = [&] {
      dim.insert(fromBack ? dim.begin() : dim.end(), axis);
      flat.erase(fromBack ? flat.end() - 1 : flat.begin());
    };
    if (axes[axis].extent == extent) {
      pop();
      return true;
    }
    if (!extent.isStatic() || extent.getNumber() == 0)
      return false;
    int64_t wanted = extent.getNumber();
    if (axes[axis].extent.isStatic()) {
      int64_t number = axes[axis].extent.getNumber();
      if (number > 0 && wanted % number == 0) {
        pop();
        extent = Extent::getStatic(wanted / number);
        continue;
      }
      if (number == 0 || number % wanted != 0)
        return false;
      // A part of the axis: its inner one from the back.
      std::optional<unsigned> inner =
          split(axis, fromBack ? wanted : number / wanted);
      if (!inner)
        return false;
      flat.insert(llvm::find(flat, axis) + 1, *inner);
      continue;
    }
    // How many heads there are shows where they part from the batch.
    if (!fromBack || axes[axis].kind != AxisKind::BatchAndHead)
      return false;
    std::optional<unsigned> inner = split(axis, wanted);
    if (!inner)
      return false;
    flat.push_back(*inner);
  }
  return true;
}

bool HeadDims::regroup(Value value) {
  SmallVector<unsigned> flat;
  for (const Dim &dim : dims)
    llvm::append_range(flat, dim);
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  SmallVector<Extent> wanted;
  for (int64_t dim = 0; dim < rank; ++dim)
    wanted.push_back(getExtent(value, dim));

  // From both ends. One dimension of unknown extent holds what is left.
  HeadDims copy = *this;
  SmallVector<Dim, 5> after(rank);
  auto takeDim = [&](int64_t dim, bool fromBack) {
    HeadDims saved = copy;
    SmallVector<unsigned> flatBefore = flat;
    if (copy.take(flat, wanted[dim], fromBack, after[dim]))
      return true;
    copy = saved;
    flat = flatBefore;
    after[dim].clear();
    return false;
  };
  int64_t back = rank;
  while (back > 0 && takeDim(back - 1, /*fromBack=*/true))
    --back;
  int64_t front = 0;
  while (front < back && takeDim(front, /*fromBack=*/false))
    ++front;
  if (back - front > 1 || (back == front && !flat.empty()))
    return false;
  if (back - front == 1) {
    // What is left in an extent of 1, or nothing in another one.
    if (wanted[front].isStatic())
      return false;
    after[front] = Dim(flat.begin(), flat.end());
  }
  axes = std::move(copy.axes);
  order = std::move(copy.order);
  dims = std::move(after);
  return true;
}

void HeadDims::insertUnits(ArrayRef<int64_t> places) {
  for (int64_t place : places)
    dims.insert(dims.begin() + place, Dim());
}

bool HeadDims::removeUnits(ArrayRef<int64_t> places) {
  SmallVector<Dim, 5> after;
  for (auto [dim, list] : llvm::enumerate(dims)) {
    if (!llvm::is_contained(places, static_cast<int64_t>(dim))) {
      after.push_back(list);
      continue;
    }
    if (!list.empty())
      return false;
  }
  dims = std::move(after);
  return true;
}

void HeadDims::insertChoice(int64_t place, int64_t index, int64_t count) {
  Dim dim;
  if (count != 1)
    dim.push_back(
        addAxis({AxisKind::Choice, Extent::getStatic(count), index, 1}));
  dims.insert(dims.begin() + place, dim);
}

bool HeadDims::widenLast(int64_t begin, int64_t size, int64_t full) {
  Dim &last = dims.back();
  if (last.size() == 1 && axes[last[0]].isWhole()) {
    Axis &axis = axes[last[0]];
    axis.begin = begin;
    axis.size = size;
    axis.extent = Extent::getStatic(full);
    return true;
  }
  if (size <= 0 || full % size != 0 || begin % size != 0)
    return false;
  last.insert(last.begin(),
              addAxis({AxisKind::Choice, Extent::getStatic(full / size),
                       begin / size, 1}));
  return true;
}

std::optional<int64_t> HeadDims::dropRepeated(int64_t dim) {
  if (dims[dim].size() != 1)
    return std::nullopt;
  unsigned axis = dims[dim][0];
  if (axes[axis].kind != AxisKind::Head || !axes[axis].isWhole() ||
      !axes[axis].extent.isStatic())
    return std::nullopt;
  for (unsigned other :
       llvm::make_range(llvm::find(order, axis) + 1, order.end()))
    if (axes[other].kind == AxisKind::Head && !axes[other].extent.isStatic(1))
      return std::nullopt;
  int64_t repeats = axes[axis].extent.getNumber();
  axes[axis].extent = Extent::getStatic(1);
  dims[dim].clear();
  return repeats;
}

std::optional<SmallVector<int64_t>> HeadDims::getColumns() const {
  // Where every axis of the last dimension begins to count, innermost first.
  SmallVector<int64_t> strides(axes.size(), 0);
  int64_t stride = 1, begin = 0;
  for (unsigned axis : llvm::reverse(dims.back())) {
    const Axis &at = axes[axis];
    if (!at.extent.isStatic() ||
        (at.kind != AxisKind::Head && at.kind != AxisKind::Channel &&
         at.kind != AxisKind::Choice))
      return std::nullopt;
    strides[axis] = stride;
    begin += at.begin * stride;
    stride *= at.extent.getNumber();
  }
  SmallVector<int64_t> columns = {begin};
  for (AxisKind kind : {AxisKind::Head, AxisKind::Channel})
    for (unsigned axis : order) {
      const Axis &at = axes[axis];
      if (at.kind != kind || at.extent.isStatic(1))
        continue;
      if (strides[axis] == 0)
        return std::nullopt;
      int64_t size = at.size < 0 ? at.extent.getNumber() : at.size;
      SmallVector<int64_t> next;
      for (int64_t column : columns)
        for (int64_t i = 0; i < size; ++i)
          next.push_back(column + i * strides[axis]);
      columns = std::move(next);
    }
  return columns;
}

} // namespace ockham::raising
