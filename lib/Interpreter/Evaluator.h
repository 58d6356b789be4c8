//===- Evaluator.h - How ops are evaluated ----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each family of ops has one file that adds its ops to the table. A handler
// reads operands from the frame and returns the results, unrounded; the
// interpreter rounds them, checks them against their static types and prefixes
// errors with the op and its location.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_INTERPRETER_EVALUATOR_H
#define OCKHAM_LIB_INTERPRETER_EVALUATOR_H

#include "mlir/IR/Operation.h"
#include "ockham/Interpreter/Interpreter.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

namespace ockham::interpreter {

using Results = llvm::SmallVector<Tensor, 1>;
using Extents = llvm::SmallVector<int64_t, 4>;

inline llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

/// The memory that a kernel sees as a matrix, and which point of the grid wrote
/// each element: none but that one may read or write it.
struct KernelMemory {
  static constexpr int64_t kNobody = -1;
  Tensor elements;
  std::vector<int64_t> writers;
};

/// A `!tile.view`, or a `!tile.slice` with the view that it is a window of.
struct KernelView {
  std::shared_ptr<KernelMemory> memory;
  int64_t panel = 0, interleave = 1; ///< The layout; panel 0 is row-major.
  int64_t firstRow = 0, firstCol = 0;
  int64_t rows = 0, cols = 0;
  /// Where a slice begins in the view.
  int64_t windowRow = 0, windowCol = 0;
};

/// The values of one call of a function.
class Frame {
public:
  Frame(const InterpreterOptions &options, unsigned depth)
      : options(options), depth(depth) {}

  /// A frame for a body that sees no values of this one.
  Frame makeCallee() const { return Frame(options, depth + 1); }

  /// Views of kernels. Their values are tensors that mean nothing.
  void setView(mlir::Value value, KernelView view) {
    views[value] = std::move(view);
  }
  const KernelView &getView(mlir::Value value) const;
  /// The point of the grid that a kernel's body runs for.
  int64_t point = 0;

  /// The value of an SSA value that is defined.
  const Tensor &get(mlir::Value value) const;
  /// The value of an optional operand, null where it is absent.
  const Tensor *find(mlir::Value value) const;
  /// A scalar operand.
  int64_t getInt(mlir::Value value) const { return get(value).getInt(0); }
  /// A list of integers and `index` values, as in `[%b, 4]`.
  Extents getMixed(mlir::ValueRange dynamic,
                   llvm::ArrayRef<int64_t> statics) const;

  /// Runs a region of one block; the results are its terminator's operands.
  llvm::Expected<Results> run(mlir::Region &region,
                              llvm::ArrayRef<Tensor> arguments = {});
  /// Calls another function.
  llvm::Expected<Results> call(mlir::func::FuncOp function,
                               llvm::ArrayRef<Tensor> arguments);

private:
  llvm::Error evaluate(mlir::Operation *op);

  const InterpreterOptions &options;
  unsigned depth;
  llvm::DenseMap<mlir::Value, Tensor> values;
  llvm::DenseMap<mlir::Value, KernelView> views;
};

/// What each op does, by its name.
class OpTable {
public:
  using Handler =
      std::function<llvm::Expected<Results>(mlir::Operation *, Frame &)>;

  /// Adds `handler(OpTy, Frame &)`, which returns Expected<Tensor> or
  /// Expected<Results>.
  template <typename OpTy, typename Fn>
  void add(Fn handler) {
    handlers[OpTy::getOperationName()] = [handler](mlir::Operation *op,
                                                   Frame &frame) {
      return toResults(handler(llvm::cast<OpTy>(op), frame));
    };
  }

  const Handler *find(llvm::StringRef name) const {
    auto it = handlers.find(name);
    return it == handlers.end() ? nullptr : &it->second;
  }

  static const OpTable &get();

private:
  static llvm::Expected<Results> toResults(llvm::Expected<Tensor> tensor) {
    if (!tensor)
      return tensor.takeError();
    return Results{std::move(*tensor)};
  }
  static llvm::Expected<Results> toResults(llvm::Expected<Results> results) {
    return results;
  }

  llvm::StringMap<Handler> handlers;
};

void addONNXElementwiseOps(OpTable &table);
void addONNXLinearAlgebraOps(OpTable &table);
void addONNXShapeOps(OpTable &table);
void addONNXIndexingOps(OpTable &table);
void addONNXContractionOps(OpTable &table);
void addTransformerOps(OpTable &table);
void addAttentionOps(OpTable &table);
void addStructureOps(OpTable &table);
void addArithOps(OpTable &table);
void addTensorOps(OpTable &table);
void addMathOps(OpTable &table);
void addTileOps(OpTable &table);

//===----------------------------------------------------------------------===//
// Indexing
//===----------------------------------------------------------------------===//

/// Calls `fn(index, position)` for every index of `shape`, in row-major order.
template <typename Fn>
void forEachIndex(llvm::ArrayRef<int64_t> shape, Fn fn) {
  if (llvm::is_contained(shape, 0))
    return;
  Extents index(shape.size(), 0);
  for (int64_t position = 0;; ++position) {
    fn(llvm::ArrayRef<int64_t>(index), position);
    int64_t axis = static_cast<int64_t>(shape.size()) - 1;
    while (axis >= 0 && ++index[axis] == shape[axis])
      index[axis--] = 0;
    if (axis < 0)
      return;
  }
}

/// Row-major position of `index` in `shape`.
int64_t getPosition(llvm::ArrayRef<int64_t> index,
                    llvm::ArrayRef<int64_t> shape);

/// Position of the element of an operand of `shape` that broadcasting reads at
/// `index` of the result (NumPy: aligned at the last dimension).
int64_t getBroadcastPosition(llvm::ArrayRef<int64_t> index,
                             llvm::ArrayRef<int64_t> shape);

/// The shape that two shapes broadcast to.
llvm::Expected<Extents> broadcastShapes(llvm::ArrayRef<int64_t> lhs,
                                        llvm::ArrayRef<int64_t> rhs);

/// Product of the extents.
int64_t getProduct(llvm::ArrayRef<int64_t> shape);

/// Checks the positions already seen of each sequence: `batch` numbers of at
/// least 0. Null is none at all.
llvm::Error checkPast(const Tensor *past, int64_t batch);

} // namespace ockham::interpreter

#endif // OCKHAM_LIB_INTERPRETER_EVALUATOR_H
