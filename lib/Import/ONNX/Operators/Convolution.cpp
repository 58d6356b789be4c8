//===- Convolution.cpp - Convolutions -------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "../IndexValues.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ockham::importer {

namespace {
/// How the window moves over the spatial dimensions.
struct Window {
  SmallVector<int64_t> strides, dilations;
  /// Before all dimensions, then behind all.
  SmallVector<OpFoldResult> pads;
};
} // namespace

/// An attribute with one entry per spatial dimension, or `size` times 1.
static FailureOr<SmallVector<int64_t>>
getWindowList(NodeImporter &n, StringRef name, size_t size) {
  auto given = n.getInts(name);
  if (!given)
    return SmallVector<int64_t>(size, 1);
  if (given->size() != size)
    return n.fail("has " + llvm::Twine(given->size()) + " " + name +
                  ", expected " + llvm::Twine(size));
  for (int64_t entry : *given)
    if (entry < 1)
      return n.fail("has " + llvm::Twine(entry) + " among its " + name +
                    ", expected at least 1");
  return *given;
}

/// Zeros such that every stride has a window: ceil(extent / stride) of them.
static void padToSame(NodeImporter &n, Value x, Value weights, bool isUpper,
                      Window &window) {
  auto combine = [&](IndexOp op, OpFoldResult lhs, OpFoldResult rhs) {
    return combineIndices(n.getBuilder(), n.getLoc(), op, lhs, rhs);
  };
  auto integer = [&](int64_t value) -> OpFoldResult {
    return n.getBuilder().getIndexAttr(value);
  };
  int64_t spatial = window.strides.size();
  window.pads.assign(2 * spatial, integer(0));
  for (int64_t i = 0; i < spatial; ++i) {
    OpFoldResult extent = n.getDim(x, 2 + i);
    OpFoldResult stride = integer(window.strides[i]);
    OpFoldResult count = combine(
        IndexOp::Div,
        combine(IndexOp::Add, extent, integer(window.strides[i] - 1)), stride);
    // From the first element of the first window to the last of the last one.
    OpFoldResult steps =
        combine(IndexOp::Mul, combine(IndexOp::Sub, count, integer(1)), stride);
    OpFoldResult span =
        combine(IndexOp::Mul,
                combine(IndexOp::Sub, n.getDim(weights, 2 + i), integer(1)),
                integer(window.dilations[i]));
    OpFoldResult covered =
        combine(IndexOp::Add, combine(IndexOp::Add, steps, span), integer(1));
    OpFoldResult missing = combine(
        IndexOp::Max, combine(IndexOp::Sub, covered, extent), integer(0));
    OpFoldResult less = combine(IndexOp::Div, missing, integer(2));
    OpFoldResult more = combine(IndexOp::Sub, missing, less);
    window.pads[i] = isUpper ? less : more;
    window.pads[spatial + i] = isUpper ? more : less;
  }
}

static LogicalResult readPads(NodeImporter &n, Value x, Value weights,
                              Window &window) {
  size_t spatial = window.strides.size();
  StringRef rule = n.getString("auto_pad", "NOTSET");
  if (rule == "SAME_UPPER" || rule == "SAME_LOWER") {
    padToSame(n, x, weights, rule == "SAME_UPPER", window);
    return success();
  }
  if (rule != "NOTSET" && rule != "VALID")
    return n.fail("auto_pad is " + quote(rule) +
                  ", expected 'NOTSET', 'VALID', 'SAME_UPPER' or "
                  "'SAME_LOWER'");
  SmallVector<int64_t> pads(2 * spatial, 0);
  if (rule == "NOTSET")
    pads = n.getInts("pads").value_or(pads);
  if (pads.size() != 2 * spatial)
    return n.fail("has " + llvm::Twine(pads.size()) + " pads, expected " +
                  llvm::Twine(2 * spatial));
  window.pads = getAsIndexOpFoldResult(n.getBuilder().getContext(), pads);
  return success();
}

LogicalResult importConv(NodeImporter &n) {
  Value x = n.getOperand(0), weights = n.getOperand(1);
  int64_t rank = n.getType(x).getRank();
  if (failed(n.requireFloat(x)))
    return failure();
  if (rank < 3 || rank > 5)
    return n.fail("input has rank " + llvm::Twine(rank) + ", expected 3 to 5");
  if (n.getType(weights).getRank() != rank)
    return n.fail("weights have rank " +
                  llvm::Twine(n.getType(weights).getRank()) + ", expected " +
                  llvm::Twine(rank));
  size_t spatial = rank - 2;
  if (auto kernel = n.getInts("kernel_shape")) {
    ArrayRef<int64_t> given = n.getType(weights).getShape().drop_front(2);
    bool same = kernel->size() == spatial;
    for (size_t i = 0; same && i < spatial; ++i)
      same = ShapedType::isDynamic(given[i]) || given[i] == (*kernel)[i];
    if (!same)
      return n.fail("kernel_shape is " + formatShape(*kernel) +
                    " but the weights have " + formatShape(given));
  }
  auto strides = getWindowList(n, "strides", spatial);
  auto dilations = getWindowList(n, "dilations", spatial);
  if (failed(strides) || failed(dilations))
    return failure();
  Window window{*strides, *dilations, {}};
  if (failed(readPads(n, x, weights, window)))
    return failure();

  std::optional<SmallVector<int64_t>> pads = getConstantIntValues(window.pads);
  if (!pads) {
    // Pads that depend on extents are added first.
    OpFoldResult none = n.getBuilder().getIndexAttr(0);
    SmallVector<OpFoldResult> low(2, none), high(2, none);
    ArrayRef<OpFoldResult> all = window.pads;
    llvm::append_range(low, all.take_front(spatial));
    llvm::append_range(high, all.drop_front(spatial));
    x = createPad(n, onnx::PadMode::Constant, x, Value(), low, high);
    pads = SmallVector<int64_t>(2 * spatial, 0);
  }
  if (!x)
    return failure();
  return n.setResult(n.createWithOptional<onnx::ConvOp>(
      n.getElement(x), x, weights, n.getOperand(2),
      ArrayRef<int64_t>(window.strides), ArrayRef<int64_t>(window.dilations),
      ArrayRef<int64_t>(*pads), n.getInt("group", 1)));
}

} // namespace ockham::importer
