//===- Movement.cpp - Parts of tensors ------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

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

LogicalResult importSplit(NodeImporter &n) {
  Value x = n.getOperand(0);
  RankedTensorType type = n.getType(x);
  auto axis = n.normalizeAxis(n.getInt("axis", 0), type.getRank());
  auto given = n.getIntsOrOperand("split", 1);
  if (failed(axis) || failed(given))
    return failure();
  int64_t results = n.getNumResults();
  int64_t extent = type.getDimSize(*axis);
  SmallVector<int64_t> sizes;
  if (*given) {
    sizes = **given;
    if (static_cast<int64_t>(sizes.size()) != results)
      return n.fail("splits into " + count(sizes.size(), "part") + " but has " +
                    count(results, "result"));
  } else {
    if (n.hasAttribute("num_outputs") &&
        n.getInt("num_outputs", results) != results)
      return n.fail("num_outputs is " +
                    llvm::Twine(n.getInt("num_outputs", results)) +
                    " but it has " + count(results, "result"));
    if (ShapedType::isDynamic(extent))
      return n.fail("splits dimension " + llvm::Twine(*axis) +
                    ", whose extent is known only at run time, into equal "
                    "parts");
    // Since opset 18 the last part may be smaller.
    int64_t part = (extent + results - 1) / results;
    for (int64_t i = 0; i < results; ++i)
      sizes.push_back(std::max<int64_t>(0, std::min(part, extent - i * part)));
    if (n.getOpset() < 18 && part * results != extent)
      return n.fail("splits extent " + llvm::Twine(extent) + " into " +
                    count(results, "equal part"));
  }
  auto op = onnx::SplitOp::create(
      n.getBuilder(), n.getLoc(),
      SmallVector<Type>(results, UnrankedTensorType::get(n.getElement(x))), x,
      static_cast<uint64_t>(*axis), sizes);
  if (failed(n.finish(op, n.getElement(x))))
    return failure();
  for (int64_t i = 0; i < results; ++i)
    if (failed(n.setResult(i, op->getResult(i))))
      return failure();
  return success();
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
    return n.fail(
        "has " + llvm::Twine(size) + " starts, " + llvm::Twine(ends.size()) +
        " ends, " + llvm::Twine(axes->size()) + " axes and " +
        llvm::Twine(steps->size()) + " steps, expected equal numbers");
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

LogicalResult importSlice(NodeImporter &n) {
  auto starts = n.getIndexList(n.getOperand(1), "starts");
  auto ends = n.getIndexList(n.getOperand(2), "ends");
  auto axes = n.getIntsOrOperand("axes", 3);
  auto steps = n.getIntsOrOperand("steps", 4);
  if (failed(starts) || failed(ends) || failed(axes) || failed(steps))
    return failure();
  return importSlice(n, *starts, *ends, *axes, *steps);
}

LogicalResult importGather(NodeImporter &n) {
  Value data = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", 0), n.getType(data).getRank());
  if (failed(axis))
    return failure();
  return n.setResult(n.create<onnx::GatherOp>(n.getElement(data), data,
                                              n.getOperand(1), *axis));
}

// x where column >= row + k (upper) or column <= row + k, 0 elsewhere.
LogicalResult importTrilu(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (n.getType(x).getRank() < 2)
    return n.fail("operand has rank " + llvm::Twine(n.getType(x).getRank()) +
                  ", expected at least 2");
  Value diagonal = n.getOperand(1);
  // A tensor of one element for a scalar.
  if (diagonal && n.getType(diagonal).getRank() == 1 &&
      n.getType(diagonal).getDimSize(0) == 1)
    diagonal = n.create<onnx::SqueezeOp>(n.getElement(diagonal), diagonal,
                                         ArrayRef<int64_t>{0});
  Value keep = createDiagonalOrder(n, x, diagonal, /*equal=*/false,
                                   n.getInt("upper", 1) != 0);
  Type element = n.getElement(x);
  if (element.isInteger(1))
    return n.setResult(n.create<onnx::AndOp>(element, keep, x));
  return n.setResult(
      n.create<onnx::WhereOp>(element, keep, x, n.createScalar(element, 0)));
}

} // namespace ockham::importer
