//===- Movement.cpp - Parts of tensors ------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "Axes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallSet.h"

#include <limits>

using namespace mlir;

namespace ockham::importer {

LogicalResult importConcat(NodeImporter &n) {
  for (unsigned i = 0; i < n.getNumOperands(); ++i)
    if (!n.hasOperand(i))
      return n.fail("operand #" + llvm::Twine(i) + " is left out");
  Value first = n.getOperand(0);
  if (!n.hasAttribute("axis"))
    return n.fail("has no axis");
  auto axis = n.normalizeAxis(n.getInt("axis", 0), n.getType(first).getRank());
  if (failed(axis))
    return failure();
  return n.setResult(n.create<onnx::ConcatOp>(
      n.getElement(first), ValueRange(n.getOperands()), *axis));
}

/// The extents of `parts` equal parts of dimension `axis`. Since opset 18 the
/// last one may be smaller.
static FailureOr<SmallVector<OpFoldResult>>
getEqualParts(NodeImporter &n, Value x, int64_t axis, int64_t parts) {
  OpBuilder &b = n.getBuilder();
  Location loc = n.getLoc();
  bool isUneven = n.getOpset() >= 18;
  OpFoldResult extent = n.getDim(x, axis);
  if (std::optional<int64_t> whole = getConstantIntValue(extent)) {
    int64_t part = *whole / parts + (*whole % parts != 0);
    if (!isUneven && *whole % parts != 0)
      return n.fail("splits extent " + llvm::Twine(*whole) + " into " +
                    count(parts, "equal part"));
    SmallVector<OpFoldResult> sizes;
    for (int64_t i = 0, rest = *whole; i < parts; ++i) {
      sizes.push_back(b.getIndexAttr(std::min(part, rest)));
      rest -= std::min(part, rest);
    }
    return sizes;
  }
  Value whole = cast<Value>(extent);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(b, loc, value);
  };
  Value padded = isUneven
                     ? arith::AddIOp::create(b, loc, whole, constant(parts - 1))
                           .getResult()
                     : whole;
  Value part = arith::DivSIOp::create(b, loc, padded, constant(parts));
  SmallVector<OpFoldResult> sizes(parts, part);
  if (!isUneven)
    return sizes;
  // All before the last are whole where the extent is long enough; a short one
  // leaves nothing for the last ones.
  for (int64_t i = 1; i < parts; ++i) {
    Value before = arith::MulIOp::create(b, loc, part, constant(i));
    Value rest = arith::SubIOp::create(b, loc, whole, before);
    rest = arith::MaxSIOp::create(b, loc, rest, constant(0));
    sizes[i] = arith::MinSIOp::create(b, loc, part, rest).getResult();
  }
  return sizes;
}

LogicalResult importSplit(NodeImporter &n) {
  Value x = n.getOperand(0);
  RankedTensorType type = n.getType(x);
  auto axis = n.normalizeAxis(n.getInt("axis", 0), type.getRank());
  if (failed(axis))
    return failure();
  int64_t results = n.getNumResults();
  FailureOr<SmallVector<OpFoldResult>> sizes;
  if (n.hasOperand(1)) {
    sizes = n.getIndexList(n.getOperand(1), "split");
  } else if (auto given = n.getInts("split")) {
    // The smallest integer marks a dynamic entry.
    for (int64_t &size : *given)
      size = std::max(size, -std::numeric_limits<int64_t>::max());
    sizes = getAsIndexOpFoldResult(n.getBuilder().getContext(), *given);
  } else {
    if (n.hasAttribute("num_outputs") &&
        n.getInt("num_outputs", results) != results)
      return n.fail("num_outputs is " +
                    llvm::Twine(n.getInt("num_outputs", results)) +
                    " but it has " + count(results, "result"));
    sizes = getEqualParts(n, x, *axis, results);
  }
  if (failed(sizes))
    return failure();
  if (static_cast<int64_t>(sizes->size()) != results)
    return n.fail("splits into " + count(sizes->size(), "part") + " but has " +
                  count(results, "result"));
  SmallVector<Value> dynamicSizes;
  SmallVector<int64_t> staticSizes;
  dispatchIndexOpFoldResults(*sizes, dynamicSizes, staticSizes);
  auto op = onnx::SplitOp::create(
      n.getBuilder(), n.getLoc(),
      SmallVector<Type>(results, UnrankedTensorType::get(n.getElement(x))), x,
      dynamicSizes, staticSizes, static_cast<uint64_t>(*axis));
  if (failed(n.finish(op, n.getElement(x))))
    return failure();
  for (int64_t i = 0; i < results; ++i)
    if (failed(n.setResult(i, op->getResult(i))))
      return failure();
  return success();
}

static LogicalResult failCounts(NodeImporter &n, size_t starts, size_t ends,
                                size_t axes, size_t steps) {
  return n.fail("has " + llvm::Twine(starts) + " starts, " + llvm::Twine(ends) +
                " ends, " + llvm::Twine(axes) + " axes and " +
                llvm::Twine(steps) + " steps, expected equal numbers");
}

/// Slice with its four lists, each entry constant or not.
static LogicalResult importSlice(NodeImporter &n,
                                 SmallVector<OpFoldResult> starts,
                                 SmallVector<OpFoldResult> ends,
                                 std::optional<SmallVector<int64_t>> axes,
                                 std::optional<SmallVector<int64_t>> steps) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  size_t size = starts.size();
  if (!axes)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, size));
  if (!steps)
    steps = SmallVector<int64_t>(size, 1);
  if (ends.size() != size || axes->size() != size || steps->size() != size)
    return failCounts(n, size, ends.size(), axes->size(), steps->size());
  // One fixed order of axes; slices of different axes commute.
  SmallVector<std::pair<int64_t, size_t>> sorted;
  for (auto [i, axis] : llvm::enumerate(*axes)) {
    auto normal = n.normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    if ((*steps)[i] == 0)
      return n.fail("has step 0 along axis " + llvm::Twine(*normal));
    sorted.push_back({*normal, i});
  }
  llvm::sort(sorted);
  SmallVector<OpFoldResult> sortedStarts, sortedEnds;
  SmallVector<int64_t> sortedAxes, sortedSteps;
  for (auto [axis, i] : sorted) {
    if (!sortedAxes.empty() && sortedAxes.back() == axis)
      return n.fail("axis " + llvm::Twine(axis) + " appears twice");
    sortedAxes.push_back(axis);
    sortedStarts.push_back(starts[i]);
    sortedEnds.push_back(ends[i]);
    sortedSteps.push_back((*steps)[i]);
  }
  if (sortedAxes.empty())
    return n.setResult(x);
  SmallVector<Value> dynamicStarts, dynamicEnds;
  SmallVector<int64_t> staticStarts, staticEnds;
  dispatchIndexOpFoldResults(sortedStarts, dynamicStarts, staticStarts);
  dispatchIndexOpFoldResults(sortedEnds, dynamicEnds, staticEnds);
  return n.setResult(n.create<onnx::SliceOp>(
      n.getElement(x), x, ValueRange(dynamicStarts), ValueRange(dynamicEnds),
      ArrayRef<int64_t>(staticStarts), ArrayRef<int64_t>(staticEnds),
      ArrayRef<int64_t>(sortedAxes), ArrayRef<int64_t>(sortedSteps)));
}

LogicalResult importSliceAttributes(NodeImporter &n) {
  auto list = [&](StringRef name) {
    SmallVector<OpFoldResult> entries;
    for (int64_t entry : n.getInts(name).value_or(SmallVector<int64_t>()))
      // The smallest integer marks a dynamic entry.
      entries.push_back(n.getBuilder().getIndexAttr(
          std::max(entry, -std::numeric_limits<int64_t>::max())));
    return entries;
  };
  if (!n.hasAttribute("starts") || !n.hasAttribute("ends"))
    return n.fail("has no starts or no ends");
  return importSlice(n, list("starts"), list("ends"), n.getInts("axes"),
                     std::nullopt);
}

/// A slice whose axes or steps are known only at run time: a gather along every
/// axis that may be meant.
static LogicalResult importStridedSlice(NodeImporter &n,
                                        SmallVector<OpFoldResult> starts,
                                        SmallVector<OpFoldResult> ends,
                                        SmallVector<OpFoldResult> axes,
                                        SmallVector<OpFoldResult> steps) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size())
    return failCounts(n, starts.size(), ends.size(), axes.size(), steps.size());
  std::optional<SmallVector<int64_t>> known = getConstantIntValues(axes);
  if (!known) {
    starts = spreadOverDims(n, axes, starts, rank, 0);
    ends = spreadOverDims(n, axes, ends, rank,
                          std::numeric_limits<int64_t>::max());
    steps = spreadOverDims(n, axes, steps, rank, 1);
    known = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  }
  llvm::SmallSet<int64_t, 4> seen;
  for (auto [i, given] : llvm::enumerate(*known)) {
    auto axis = n.normalizeAxis(given, rank);
    if (failed(axis))
      return failure();
    if (!seen.insert(*axis).second)
      return n.fail("axis " + llvm::Twine(*axis) + " appears twice");
    x = createStridedGather(n, x, *axis, starts[i], ends[i], steps[i]);
  }
  return n.setResult(x);
}

LogicalResult importSlice(NodeImporter &n) {
  auto starts = n.getIndexList(n.getOperand(1), "starts");
  auto ends = n.getIndexList(n.getOperand(2), "ends");
  if (failed(starts) || failed(ends))
    return failure();
  FailureOr<SmallVector<OpFoldResult>> axes, steps;
  OpBuilder &b = n.getBuilder();
  if (n.hasOperand(3))
    axes = n.getIndexList(n.getOperand(3), "axes");
  else
    axes = llvm::map_to_vector(
        llvm::seq<int64_t>(0, starts->size()),
        [&](int64_t axis) -> OpFoldResult { return b.getIndexAttr(axis); });
  if (n.hasOperand(4))
    steps = n.getIndexList(n.getOperand(4), "steps");
  else
    steps = SmallVector<OpFoldResult>(starts->size(), b.getIndexAttr(1));
  if (failed(axes) || failed(steps))
    return failure();
  if (!areKnown(*axes) || !areKnown(*steps))
    return importStridedSlice(n, *starts, *ends, *axes, *steps);
  return importSlice(n, *starts, *ends, getConstantIntValues(*axes),
                     getConstantIntValues(*steps));
}

// x where column >= row + k (upper) or column <= row + k, 0 elsewhere.
LogicalResult importTrilu(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (n.getType(x).getRank() < 2)
    return n.fail("operand has rank " + llvm::Twine(n.getType(x).getRank()) +
                  ", expected at least 2");
  Value diagonal = createScalarOperand(n, n.getOperand(1));
  if (n.hasOperand(1) && !diagonal)
    return failure();
  Value keep = createDiagonalOrder(n, x, diagonal, /*equal=*/false,
                                   n.getInt("upper", 1) != 0);
  Type element = n.getElement(x);
  if (element.isInteger(1))
    return n.setResult(n.create<onnx::AndOp>(element, keep, x));
  return n.setResult(
      n.create<onnx::WhereOp>(element, keep, x, n.createScalar(element, 0)));
}

} // namespace ockham::importer
