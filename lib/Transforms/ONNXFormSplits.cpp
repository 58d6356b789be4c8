//===- ONNXFormSplits.cpp - Slices that are all of a row ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `x[..., :32], x[..., 32:64], x[..., 64:]` is Split: what queries, keys and
// values are called before the heads are taken apart.
//
//===----------------------------------------------------------------------===//

#include "ONNXNormalize.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

namespace {
/// One slice of rows along their last dimension.
struct Part {
  SliceOp slice;
  int64_t begin, end;
};
} // namespace

/// The part that a slice takes of a tensor [batch, sequence, width], along the
/// width; nothing for other slices.
static std::optional<Part> getPart(SliceOp slice) {
  auto type = cast<RankedTensorType>(slice.getInput().getType());
  if (type.getRank() != 3 || type.isDynamicDim(2) ||
      !isa<FloatType>(type.getElementType()) || slice.getAxes().size() != 1 ||
      slice.getAxes()[0] != 2 || slice.getSteps()[0] != 1 ||
      !slice.getStarts().empty() || !slice.getEnds().empty())
    return std::nullopt;
  int64_t width = type.getDimSize(2);
  Part part{slice, slice.getStaticStarts()[0],
            std::min(slice.getStaticEnds()[0], width)};
  // Known extents make the normal form count from the front.
  if (part.begin < 0 || part.end <= part.begin)
    return std::nullopt;
  return part;
}

static void formSplit(Value input, SmallVectorImpl<Part> &parts) {
  llvm::stable_sort(
      parts, [](const Part &a, const Part &b) { return a.begin < b.begin; });
  // Of a linear some columns may be for nobody (a merged projection of which
  // one path reads the queries and another the values); anything else is cut
  // whole.
  bool mayHaveGaps =
      isa_and_nonnull<MatMulOp, AddOp, GemmOp>(input.getDefiningOp());
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> sizes;
  SmallVector<Type> types;
  int64_t position = 0;
  auto addSize = [&](int64_t size) {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = size;
    sizes.push_back(size);
    types.push_back(type.clone(shape));
    position += size;
  };
  SmallVector<unsigned> results;
  for (Part &part : parts) {
    if (part.begin < position || (part.begin > position && !mayHaveGaps))
      return;
    if (part.begin > position)
      addSize(part.begin - position);
    results.push_back(sizes.size());
    addSize(part.end - part.begin);
  }
  if (position < type.getDimSize(2)) {
    if (!mayHaveGaps)
      return;
    addSize(type.getDimSize(2) - position);
  }
  if (sizes.size() < 2)
    return;
  OpBuilder builder(input.getContext());
  builder.setInsertionPointAfterValue(input);
  auto split = SplitOp::create(
      builder, parts.front().slice.getLoc(), types, input, ValueRange(),
      builder.getDenseI64ArrayAttr(sizes), builder.getI64IntegerAttr(2));
  for (auto [part, index] : llvm::zip_equal(parts, results)) {
    part.slice.getResult().replaceAllUsesWith(split.getResult(index));
    part.slice.erase();
  }
}

/// Neighbouring parts that nobody reads are one part.
static void joinUnreadParts(SplitOp split) {
  auto type = cast<RankedTensorType>(split.getInput().getType());
  if (!split.getSizes().empty() || split.getNumResults() < 2)
    return;
  int64_t axis = split.getAxis();
  SmallVector<int64_t> sizes;
  SmallVector<Type> types;
  SmallVector<std::pair<Value, unsigned>> read;
  bool isUnread = false;
  for (auto [result, size] :
       llvm::zip_equal(split.getResults(), split.getStaticSizes())) {
    if (isUnread && result.use_empty()) {
      sizes.back() += size;
    } else {
      sizes.push_back(size);
      if (!result.use_empty())
        read.push_back({result, sizes.size() - 1});
    }
    isUnread = result.use_empty();
  }
  if (sizes.size() == split.getNumResults() || read.empty())
    return;
  for (int64_t size : sizes) {
    SmallVector<int64_t> shape(type.getShape());
    shape[axis] = size;
    types.push_back(type.clone(shape));
  }
  OpBuilder builder(split);
  auto joined = SplitOp::create(
      builder, split.getLoc(), types, split.getInput(), ValueRange(),
      builder.getDenseI64ArrayAttr(sizes), split.getAxisAttr());
  for (auto [result, index] : read) {
    joined.getResult(index).setType(cast<RankedTensorType>(result.getType()));
    result.replaceAllUsesWith(joined.getResult(index));
  }
  split.erase();
}

void ockham::onnx::formSplits(FunctionOpInterface function) {
  // In the order of the program, by what is sliced.
  llvm::MapVector<Value, SmallVector<Part, 3>> slices;
  function.getFunctionBody().walk([&](SliceOp slice) {
    if (std::optional<Part> part = getPart(slice))
      slices[slice.getInput()].push_back(*part);
  });
  for (auto &[input, parts] : slices)
    formSplit(input, parts);
  SmallVector<SplitOp> splits;
  function.getFunctionBody().walk(
      [&](SplitOp split) { splits.push_back(split); });
  for (SplitOp split : splits)
    joinUnreadParts(split);
}
