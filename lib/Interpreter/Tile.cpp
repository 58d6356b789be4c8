//===- Tile.cpp - Kernels, one point of the grid after the other ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Points of a grid run one after the other here but side by side on a target,
// so a kernel in which one point reads or writes what another one has written
// is refused.
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/Tile/TileDialect.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ockham::tile;

namespace ockham::interpreter {

//===----------------------------------------------------------------------===//
// Views
//===----------------------------------------------------------------------===//

static bool isInside(const KernelView &view, int64_t row, int64_t col) {
  return row >= 0 && row < view.rows && col >= 0 && col < view.cols;
}

/// Where element (row, col) of a view lies in its memory.
static int64_t getPosition(const KernelView &view, int64_t row, int64_t col) {
  row += view.firstRow;
  col += view.firstCol;
  ArrayRef<int64_t> shape = view.memory->elements.getShape();
  if (view.panel == 0)
    return row * shape.back() + col;
  int64_t groups = shape[1], width = view.panel, by = view.interleave;
  return ((col / width * groups + row / by) * width + col % width) * by +
         row % by;
}

/// The element of a view, zero outside, or an error if another point of the
/// grid wrote it.
static llvm::Error readElement(const KernelView &view, int64_t row, int64_t col,
                               int64_t point, Tensor &to, int64_t index) {
  if (!isInside(view, row, col)) {
    if (to.isFloat())
      to.setFloat(index, 0);
    else
      to.setInt(index, 0);
    return llvm::Error::success();
  }
  int64_t position = getPosition(view, row, col);
  int64_t writer = view.memory->writers[position];
  if (writer != KernelMemory::kNobody && writer != point)
    return makeError("point " + llvm::Twine(point) + " of the grid reads [" +
                     llvm::Twine(row) + ", " + llvm::Twine(col) +
                     "], which point " + llvm::Twine(writer) + " wrote");
  to.copyElement(index, view.memory->elements, position);
  return llvm::Error::success();
}

/// A view of a whole argument.
static KernelView makeView(std::shared_ptr<KernelMemory> memory,
                           ViewType type) {
  ArrayRef<int64_t> shape = memory->elements.getShape();
  KernelView view;
  view.panel = type.getPanel();
  view.interleave = type.getInterleave();
  if (type.isPacked()) {
    view.rows = shape[1] * type.getInterleave();
    view.cols = shape[0] * type.getPanel();
    // A known extent ends before the zeros that fill the last panel.
    if (!ShapedType::isDynamic(type.getRows()))
      view.rows = type.getRows();
    if (!ShapedType::isDynamic(type.getCols()))
      view.cols = type.getCols();
  } else {
    view.cols = shape.empty() ? 1 : shape.back();
    view.rows = shape.empty() ? 1 : getProduct(shape.drop_back());
  }
  view.memory = std::move(memory);
  return view;
}

/// Fails if the operand does not hold the matrix that the view describes; only
/// an extent that is open can hide that from the verifier.
static llvm::Error checkView(const KernelView &view, ViewType type,
                             unsigned index) {
  for (auto [have, want, what] :
       {std::tuple(view.rows, type.getRows(), "rows"),
        std::tuple(view.cols, type.getCols(), "columns")})
    if (!ShapedType::isDynamic(want) && have != want)
      return makeError("operand #" + llvm::Twine(index) + " has " +
                       llvm::Twine(have) + " " + what + ", expected " +
                       llvm::Twine(want));
  return llvm::Error::success();
}

static llvm::Expected<Results> evaluateSubview(SubviewOp op, Frame &frame) {
  KernelView view = frame.getView(op.getView());
  int64_t row = frame.getInt(op.getRow()), col = frame.getInt(op.getCol());
  int64_t rows = frame.getInt(op.getRows()), cols = frame.getInt(op.getCols());
  if (row < 0 || col < 0 || rows < 0 || cols < 0 || row + rows > view.rows ||
      col + cols > view.cols)
    return makeError("the window of " + llvm::Twine(rows) + " x " +
                     llvm::Twine(cols) + " at [" + llvm::Twine(row) + ", " +
                     llvm::Twine(col) + "] leaves the view of " +
                     llvm::Twine(view.rows) + " x " + llvm::Twine(view.cols));
  ViewType type = op.getResult().getType();
  for (auto [have, want, what] : {std::tuple(rows, type.getRows(), "rows"),
                                  std::tuple(cols, type.getCols(), "columns")})
    if (!ShapedType::isDynamic(want) && have != want)
      return makeError("the view has " + llvm::Twine(have) + " " + what +
                       ", expected " + llvm::Twine(want));
  if (view.panel != 0 && col % view.panel != 0)
    return makeError("the view starts at column " + llvm::Twine(col) +
                     ", expected a multiple of the panel, " +
                     llvm::Twine(view.panel));
  view.firstRow += row;
  view.firstCol += col;
  view.rows = rows;
  view.cols = cols;
  frame.setView(op.getResult(), view);
  return Results{Tensor()};
}

static llvm::Expected<Results> evaluateSlice(SliceOp op, Frame &frame) {
  KernelView view = frame.getView(op.getView());
  view.windowRow = frame.getInt(op.getRow());
  view.windowCol = frame.getInt(op.getCol());
  frame.setView(op.getResult(), view);
  return Results{Tensor()};
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> createBlock(RankedTensorType type) {
  return Tensor::create(*getDType(type.getElementType()), type.getShape());
}

static llvm::Expected<Tensor> evaluateLoad(LoadOp op, Frame &frame) {
  llvm::Expected<Tensor> block = createBlock(op.getResult().getType());
  if (!block)
    return block;
  int64_t row = frame.getInt(op.getRow()), col = frame.getInt(op.getCol());
  int64_t cols = block->getDim(1);
  for (int64_t i = 0, e = block->size(); i < e; ++i)
    if (llvm::Error error =
            readElement(frame.getView(op.getView()), row + i / cols,
                        col + i % cols, frame.point, *block, i))
      return error;
  return block;
}

static llvm::Expected<Tensor> evaluateGather(GatherOp op, Frame &frame) {
  llvm::Expected<Tensor> block = createBlock(op.getResult().getType());
  if (!block)
    return block;
  const Tensor &rows = frame.get(op.getRows());
  int64_t col = frame.getInt(op.getCol()), cols = block->getDim(1);
  for (int64_t i = 0, e = block->size(); i < e; ++i) {
    int64_t row = rows.getInt(i / cols), place = col + i % cols;
    if (op.getTransposed())
      std::swap(row, place);
    if (llvm::Error error = readElement(frame.getView(op.getView()), row, place,
                                        frame.point, *block, i))
      return error;
  }
  return block;
}

static llvm::Expected<Results> evaluateStore(StoreOp op, Frame &frame) {
  const KernelView &view = frame.getView(op.getView());
  const Tensor &block = frame.get(op.getValue());
  int64_t row = frame.getInt(op.getRow()), col = frame.getInt(op.getCol());
  int64_t cols = block.getDim(1);
  for (int64_t i = 0, e = block.size(); i < e; ++i) {
    int64_t r = row + i / cols, c = col + i % cols;
    if (!isInside(view, r, c))
      continue;
    int64_t position = getPosition(view, r, c);
    int64_t &writer = view.memory->writers[position];
    if (writer != KernelMemory::kNobody && writer != frame.point)
      return makeError("points " + llvm::Twine(writer) + " and " +
                       llvm::Twine(frame.point) + " of the grid both write [" +
                       llvm::Twine(r) + ", " + llvm::Twine(c) + "]");
    writer = frame.point;
    view.memory->elements.copyElement(position, block, i);
  }
  return Results();
}

namespace {
/// An operand of a product, a block or a window of a view.
struct Factor {
  Factor(Value value, Frame &frame) : point(frame.point) {
    if (isa<SliceType>(value.getType()))
      view = &frame.getView(value);
    else
      block = &frame.get(value);
  }

  /// True if the element exists: outside of a view there is none.
  bool exists(int64_t row, int64_t col) const {
    return !view ||
           isInside(*view, view->windowRow + row, view->windowCol + col);
  }
  llvm::Expected<double> get(int64_t row, int64_t col) const {
    if (block)
      return block->getFloat(row * block->getDim(1) + col);
    Tensor element = Tensor::makeFloat(view->memory->elements.getDType(), 0);
    if (llvm::Error error =
            readElement(*view, view->windowRow + row, view->windowCol + col,
                        point, element, 0))
      return error;
    return element.getFloat(0);
  }

  int64_t point;
  const KernelView *view = nullptr;
  const Tensor *block = nullptr;
};
} // namespace

static llvm::Expected<Tensor> evaluateDot(DotOp op, Frame &frame) {
  Tensor result = frame.get(op.getAcc());
  Factor lhs(op.getLhs(), frame), rhs(op.getRhs(), frame);
  auto slice = dyn_cast<SliceType>(op.getLhs().getType());
  int64_t depth =
      slice ? slice.getCols()
            : cast<RankedTensorType>(op.getLhs().getType()).getDimSize(1);
  bool transposed = op.getTransposed();
  for (int64_t i = 0; i < result.getDim(0); ++i)
    for (int64_t j = 0; j < result.getDim(1); ++j) {
      int64_t index = i * result.getDim(1) + j;
      double sum = result.getFloat(index);
      for (int64_t k = 0; k < depth; ++k) {
        int64_t row = transposed ? j : k, col = transposed ? k : j;
        if (!lhs.exists(i, k) || !rhs.exists(row, col))
          continue;
        llvm::Expected<double> a = lhs.get(i, k);
        if (!a)
          return a.takeError();
        llvm::Expected<double> b = rhs.get(row, col);
        if (!b)
          return b.takeError();
        sum += *a * *b;
      }
      result.setFloat(index, sum);
    }
  return result;
}

static llvm::Expected<Tensor> evaluateReduce(ReduceOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Tensor> result = createBlock(op.getResult().getType());
  if (!result)
    return result;
  bool isSum = op.getKind() == ReduceKind::Sum;
  bool keepsNaN = op.getKind() == ReduceKind::Max;
  int64_t cols = input.getDim(1);
  for (int64_t i = 0; i < input.getDim(0); ++i) {
    double value = isSum ? 0 : -std::numeric_limits<double>::infinity();
    for (int64_t j = 0; j < cols; ++j) {
      double x = input.getFloat(i * cols + j);
      if (isSum)
        value += x;
      else if (x > value || (keepsNaN && std::isnan(x)))
        value = x;
    }
    result->setFloat(i, value);
  }
  return result;
}

static llvm::Expected<Tensor> evaluateScan(ScanOp op, Frame &frame) {
  Tensor result = frame.get(op.getInput());
  int64_t cols = result.getDim(1);
  for (int64_t i = cols, e = result.size(); i < e; ++i)
    result.setFloat(i, result.getFloat(i - cols) + result.getFloat(i));
  return result;
}

static llvm::Expected<Tensor> evaluateTranspose(TransposeOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Tensor> result = createBlock(op.getResult().getType());
  if (!result)
    return result;
  int64_t rows = input.getDim(0), cols = input.getDim(1);
  for (int64_t i = 0, e = result->size(); i < e; ++i)
    result->copyElement(i, input, i % rows * cols + i / rows);
  return result;
}

static llvm::Expected<Results> evaluateDeinterleave(DeinterleaveOp op,
                                                    Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Tensor> even = createBlock(op.getEven().getType());
  llvm::Expected<Tensor> odd = createBlock(op.getOdd().getType());
  if (!even || !odd)
    return llvm::joinErrors(even.takeError(), odd.takeError());
  for (int64_t i = 0, e = even->size(); i < e; ++i) {
    even->copyElement(i, input, 2 * i);
    odd->copyElement(i, input, 2 * i + 1);
  }
  return Results{std::move(*even), std::move(*odd)};
}

static llvm::Expected<Tensor> evaluateScalar(ScalarOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Tensor> result = Tensor::create(input.getDType(), {});
  if (result)
    result->copyElement(0, input, 0);
  return result;
}

static llvm::Expected<Tensor> evaluateBroadcast(BroadcastOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Tensor> result = createBlock(op.getResult().getType());
  if (!result)
    return result;
  bool manyRows = input.getRank() == 2 && input.getDim(0) != 1;
  bool manyCols = input.getRank() == 2 && input.getDim(1) != 1;
  int64_t cols = result->getDim(1);
  for (int64_t i = 0, e = result->size(); i < e; ++i) {
    int64_t row = manyRows ? i / cols : 0, col = manyCols ? i % cols : 0;
    result->copyElement(i, input, row * (manyCols ? cols : 1) + col);
  }
  return result;
}

static llvm::Expected<Tensor> evaluateIota(IotaOp op, Frame &) {
  llvm::Expected<Tensor> result = createBlock(op.getResult().getType());
  if (result)
    for (int64_t i = 0, e = result->size(); i < e; ++i)
      result->setInt(i, i);
  return result;
}

//===----------------------------------------------------------------------===//
// Loops and launches
//===----------------------------------------------------------------------===//

static llvm::Expected<Results> evaluateTileFor(ForOp op, Frame &frame) {
  Results carried;
  for (Value init : op.getInits())
    carried.push_back(frame.get(init));
  int64_t upper = frame.getInt(op.getUpper());
  for (int64_t k = frame.getInt(op.getLower()); k < upper;
       k += static_cast<int64_t>(op.getStep())) {
    SmallVector<Tensor> arguments{Tensor::makeInt(OCKHAM_I64, k)};
    for (auto [i, window] : llvm::enumerate(op.getWindows())) {
      KernelView view = frame.getView(op.getViews()[i]);
      view.windowRow = k;
      view.windowCol = frame.getInt(op.getPlaces()[i]);
      if (!op.goesAlongRows(i))
        std::swap(view.windowRow, view.windowCol);
      frame.setView(window, view);
      arguments.push_back(Tensor());
    }
    llvm::append_range(arguments, carried);
    llvm::Expected<Results> next = frame.run(op.getBody(), arguments);
    if (!next)
      return next;
    carried = std::move(*next);
  }
  return carried;
}

static llvm::Expected<Results> evaluateLaunch(LaunchOp op, Frame &frame) {
  auto kernel =
      SymbolTable::lookupNearestSymbolFrom<KernelOp>(op, op.getKernelAttr());
  if (!kernel)
    return makeError("'@" + op.getKernel() + "' is not a kernel");
  SmallVector<Value> operands(op.getInputs());
  llvm::append_range(operands, op.getOutputs());

  Frame body = frame.makeCallee();
  SmallVector<Tensor> arguments;
  SmallVector<std::shared_ptr<KernelMemory>> memories;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    const Tensor &tensor = frame.get(operand);
    BlockArgument argument = kernel.getKernelArguments()[i];
    auto view = dyn_cast<ViewType>(argument.getType());
    arguments.push_back(view ? Tensor() : tensor);
    memories.push_back(nullptr);
    if (!view)
      continue;
    memories.back() = std::make_shared<KernelMemory>();
    memories.back()->elements = tensor;
    memories.back()->writers.assign(tensor.size(), KernelMemory::kNobody);
    KernelView made = makeView(memories.back(), view);
    if (llvm::Error error = checkView(made, view, i))
      return error;
    body.setView(argument, std::move(made));
  }

  Extents extents, points;
  for (auto [extent, step] : llvm::zip(op.getGrid(), kernel.getSteps())) {
    extents.push_back(frame.getInt(extent));
    points.push_back(std::max<int64_t>(0, (extents.back() + step - 1) / step));
  }
  llvm::Error problem = llvm::Error::success();
  forEachIndex(points, [&](ArrayRef<int64_t> index, int64_t point) {
    if (problem)
      return;
    SmallVector<Tensor> all = arguments;
    for (auto [i, step] : llvm::zip(index, kernel.getSteps()))
      all.push_back(Tensor::makeInt(OCKHAM_I64, i * step));
    for (int64_t extent : extents)
      all.push_back(Tensor::makeInt(OCKHAM_I64, extent));
    body.point = point;
    if (llvm::Expected<Results> none = body.run(kernel.getBody(), all); !none)
      problem = none.takeError();
  });
  if (problem)
    return problem;
  Results results;
  for (const auto &memory : llvm::drop_begin(memories, op.getInputs().size()))
    results.push_back(memory->elements);
  return results;
}

static llvm::Expected<Tensor> evaluatePack(PackOp op, Frame &frame) {
  const Tensor &matrix = frame.get(op.getMatrix());
  auto type = cast<RankedTensorType>(op.getResult().getType());
  llvm::Expected<Tensor> result = createBlock(type);
  if (!result)
    return result;
  int64_t panel = op.getPanel(), by = op.getInterleave();
  int64_t rows = matrix.getDim(op.getTransposed() ? 1 : 0);
  int64_t cols = matrix.getDim(op.getTransposed() ? 0 : 1);
  bool narrows = result->getDType() != matrix.getDType();
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < cols; ++j) {
      int64_t group = j / panel * type.getDimSize(1) + i / by;
      int64_t to = (group * panel + j % panel) * by + i % by;
      int64_t from = op.getTransposed() ? j * rows + i : i * cols + j;
      // What is stored is rounded, also where sums are not.
      if (narrows)
        result->setFloat(
            to, roundToType(result->getDType(), matrix.getFloat(from)));
      else
        result->copyElement(to, matrix, from);
    }
  return result;
}

void addTileOps(OpTable &table) {
  table.add<PackOp>(evaluatePack);
  table.add<SubviewOp>(evaluateSubview);
  table.add<SliceOp>(evaluateSlice);
  table.add<LoadOp>(evaluateLoad);
  table.add<GatherOp>(evaluateGather);
  table.add<StoreOp>(evaluateStore);
  table.add<DotOp>(evaluateDot);
  table.add<ReduceOp>(evaluateReduce);
  table.add<ScanOp>(evaluateScan);
  table.add<TransposeOp>(evaluateTranspose);
  table.add<DeinterleaveOp>(evaluateDeinterleave);
  table.add<ScalarOp>(evaluateScalar);
  table.add<BroadcastOp>(evaluateBroadcast);
  table.add<IotaOp>(evaluateIota);
  table.add<ForOp>(evaluateTileFor);
  table.add<LaunchOp>(evaluateLaunch);
}

} // namespace ockham::interpreter
