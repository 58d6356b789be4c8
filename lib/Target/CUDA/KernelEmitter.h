//===- KernelEmitter.h - The code of one thread -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the body of a staged and synchronised kernel for one point of its
// grid, as one thread runs it: blocks are registers (scalars and 1-D vectors),
// views and buffers are pointers.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_KERNELEMITTER_H
#define OCKHAM_LIB_TARGET_CUDA_KERNELEMITTER_H

#include "Alignment.h"
#include "Bounds.h"
#include "Layout.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseSet.h"

namespace ockham::cuda {

/// A view: extents and distances are `index` values.
struct ViewValues {
  mlir::Value pointer; ///< To element (0, 0), in global memory.
  mlir::Value rows, cols;
  mlir::Value stride;      ///< Elements from row to row; of a panel, if packed.
  mlir::Value panelStride; ///< Elements from panel to panel, if packed.
};

/// A window of a buffer in shared memory.
struct WindowValues {
  mlir::Value pointer; ///< To its first byte.
  BufferType type;
};

/// A place in a block or window: a number that depends on the thread (null: 0)
/// and one that is known.
struct Place {
  mlir::Value base; ///< i32
  int64_t offset = 0;
};

/// Numbers of rows or columns of a block that exist in a view, i32; null where
/// nothing is to be compared.
struct Span {
  mlir::Value begin, end;
};

int64_t getBytes(mlir::Type element);
/// The type that an element has in memory: i1 is a byte.
mlir::Type getMemoryType(mlir::Type element);

using Registers = llvm::SmallVector<mlir::Value>;

/// Of a block's rows of registers, those from `begin` to `end`; -1: to the
/// last.
struct RowRange {
  int64_t begin = 0, end = -1;
};

class KernelEmitter {
public:
  KernelEmitter(mlir::ImplicitLocOpBuilder &b, tile::KernelOp kernel,
                StrategyAttr strategy, llvm::ArrayRef<ArgumentLayout> layouts,
                GridExtents grid)
      : b(b), kernel(kernel), strategy(strategy), alignment(kernel, layouts),
        grid(std::move(grid)) {}

  void setView(mlir::Value view, ViewValues values) { views[view] = values; }
  void setScalar(mlir::Value scalar, mlir::Value value) {
    scalars.map(scalar, value);
  }
  /// Writes what all places of threads are computed from. Once, in the entry.
  void emitThread();
  mlir::LogicalResult emit() { return emitBlock(kernel.getBlock()); }

  static constexpr const char *kSharedName = "dynamic_shared";

private:
  // Control, and ops element by element (KernelEmitter.cpp).
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitOp(mlir::Operation *op);
  mlir::LogicalResult emitElementwise(mlir::Operation *op, RowRange range = {});
  mlir::LogicalResult emitConstant(mlir::arith::ConstantOp op);
  mlir::LogicalResult emitFor(mlir::scf::ForOp op);
  mlir::LogicalResult emitIf(mlir::scf::IfOp op);
  void emitBroadcast(tile::BroadcastOp op, RowRange range = {});
  void emitIota(tile::IotaOp op);
  void emitReduce(tile::ReduceOp op);
  void emitPutPart(PutPartOp op);
  void emitPutSlices(PutPartOp op);
  void emitGetWhole(GetWholeOp op);
  void emitGetSlices(GetWholeOp op);
  Registers reduceRows(tile::ReduceKind kind, mlir::Value block);
  mlir::Value combine(tile::ReduceKind kind, mlir::Value lhs, mlir::Value rhs);
  mlir::Value shuffle(mlir::Value value, int64_t distance);
  void appendValues(mlir::Value value, llvm::SmallVectorImpl<mlir::Value> &to);
  void appendTypes(mlir::Value value, llvm::SmallVectorImpl<mlir::Type> &to);
  void takeValues(mlir::Value value, mlir::ValueRange &from);

  // Shared memory (EmitShared.cpp).
  void emitShared(SharedOp op);
  void emitAcquire(AcquireOp op);
  mlir::LogicalResult emitCopy(CopyOp op);
  void emitCopyPieces(CopyOp op);
  void emitPut(PutOp op);
  void emitGet(GetOp op);
  WindowValues getWindow(mlir::Value buffer, mlir::Value number, int64_t ahead);
  mlir::Value getSharedOffset(BufferType type, Place row, Place col);
  mlir::Value getSharedPointer(const WindowValues &window, Place row,
                               Place col);
  mlir::Value getSharedPointerApart(const WindowValues &window, Place row,
                                    Place col);
  mlir::Value loadShared(const WindowValues &window, Place row, Place col,
                         int64_t width);
  mlir::Value loadShared(const WindowValues &window, mlir::Value pointer,
                         int64_t width);

  // Views (EmitViews.cpp).
  void emitSubview(tile::SubviewOp op);
  void emitLoad(tile::LoadOp op, RowRange range = {});
  void emitGather(tile::GatherOp op);
  void emitGatherColumns(tile::GatherOp op);
  void emitStore(tile::StoreOp op, RowRange range = {});
  mlir::Value getElementOffset(const ViewValues &view, tile::ViewType type,
                               mlir::Value row, mlir::Value col);
  mlir::Value getPointer(const ViewValues &view, tile::ViewType type,
                         mlir::Value row, mlir::Value col);
  /// `width` elements from a pointer on, in pieces of at most `bytes` bytes.
  mlir::Value loadGlobal(mlir::Value pointer, mlir::Type element, int64_t width,
                         int64_t bytes);
  void storeGlobal(mlir::Value value, mlir::Value pointer, mlir::Type element,
                   int64_t width, int64_t bytes);
  mlir::Value guard(mlir::Value condition, mlir::Type type,
                    llvm::function_ref<mlir::Value()> value);
  /// Of `count` rows or columns from `place` on, which `padded` stand for.
  Span getSpan(mlir::Value view, unsigned axis, mlir::Value place,
               int64_t count, int64_t padded,
               const Assumption &assumption = Assumption());
  /// Null if that need not be asked.
  mlir::Value isIn(const Span &span, mlir::Value number);
  struct Columns;
  Columns getColumns(mlir::Value view, mlir::Value block, mlir::Value col);
  mlir::Value getAddress(const Columns &columns, mlir::Value row,
                         int64_t offset);
  mlir::Value hasColumn(const Columns &columns, int64_t offset);
  Span getRowSpan(mlir::Value view, mlir::Value block, mlir::Value row);
  Registers loadRow(const Columns &columns, mlir::Value row);
  Registers loadRowIf(mlir::Value condition, const Columns &columns,
                      mlir::Value row);
  void storeRow(const Columns &columns, mlir::Value row,
                llvm::ArrayRef<mlir::Value> registers);

  // Products (EmitProducts.cpp).
  mlir::LogicalResult emitDot(tile::DotOp op);
  Registers emitMMA(tile::DotOp op);
  Registers emitFMA(tile::DotOp op);
  Registers loadMatrices(const WindowValues &window, Place row, Place col,
                         bool transposed);
  void roundToTF32(Registers &values);
  Place inSlice(mlir::Value number, int64_t offset);
  llvm::SmallVector<Registers> getLeftFragments(tile::DotOp op, int64_t k);
  Registers getRightFragments(tile::DotOp op, int64_t k, int64_t j);

  // Numbers.
  mlir::Value index(int64_t value);
  mlir::Value i32(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, int64_t rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, int64_t rhs);
  mlir::Value div(mlir::Value lhs, int64_t rhs);
  mlir::Value rem(mlir::Value lhs, int64_t rhs);
  mlir::Value both(mlir::Value lhs, mlir::Value rhs);
  mlir::Value isLess(mlir::Value lhs, mlir::Value rhs);
  mlir::Value toIndex(mlir::Value value);
  mlir::Value toI32(mlir::Value value);
  mlir::Value makeNumber(Place place);
  mlir::Value zeroOf(mlir::Type type);
  mlir::Value scalar(mlir::Value value) {
    return scalars.lookupOrDefault(value);
  }

  // Threads.
  /// The part of an axis that depends on the thread, i32; null if there is
  /// none.
  mlir::Value getBase(const AxisLayout &axis);
  /// True for the one thread that stands for all that have the same of an axis.
  mlir::Value isOwner(bool rows);
  /// The same of an element: null where no other thread has it.
  mlir::Value isOwner(const AxisLayout &rows, const AxisLayout &cols);
  /// True if the thread's is the first of all slices, which have the same.
  mlir::Value isFirstSlice();
  /// Of the thread, i32; null if there is one.
  mlir::Value getSlice();
  AxisLayout rowsOf(mlir::Value block);
  AxisLayout colsOf(mlir::Value block);
  mlir::Type getRegisterType(mlir::Value block);
  Registers getRegisters(mlir::Value block);
  /// The registers of some rows become those of a block.
  void setRegisters(mlir::Value block, RowRange range, const Registers &rows);

  // Stores row by row (EmitRows.cpp).
  void findRowwise(mlir::Block &block);
  mlir::LogicalResult emitRowwise(tile::StoreOp op);

  mlir::ImplicitLocOpBuilder &b;
  tile::KernelOp kernel;
  StrategyAttr strategy;
  Alignment alignment;
  GridExtents grid;
  llvm::DenseMap<mlir::Value, ViewValues> views;
  llvm::DenseMap<mlir::Value, Registers> blocks;
  llvm::DenseMap<mlir::Value, WindowValues> windows;
  /// What is computed row by row where it is stored, in order, and all of it.
  llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Operation *>>
      rowwise;
  llvm::DenseSet<mlir::Operation *> delayed;
  mlir::IRMapping scalars;
  mlir::Value thread, lane, shared;
  /// In front of it thread numbers are computed.
  mlir::Operation *threadEnd = nullptr;
  llvm::DenseMap<std::tuple<int64_t, int64_t, int64_t>, mlir::Value> terms;
};

} // namespace ockham::cuda

#endif // OCKHAM_LIB_TARGET_CUDA_KERNELEMITTER_H
