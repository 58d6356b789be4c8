//===- KernelEmitter.h - Blocks as vector registers -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Writes the body of a kernel for one point of its grid as scf and 1-D vectors.
// A body can be written several times with other sizes for some classes of
// extents (BlockSizes): that is how the last rows of a matrix get code of their
// own instead of masks.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CPU_KERNELEMITTER_H
#define OCKHAM_LIB_TARGET_CPU_KERNELEMITTER_H

#include "BodySplit.h"
#include "dialects/Tile/BlockSizes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ockham/Target/CPU/CPUDialect.h"

namespace ockham::cpu {

/// A view: a matrix in a flat buffer. Extents are `index` values.
struct ViewValues {
  mlir::Value memory; ///< memref<?xT>
  mlir::Value offset; ///< Of element (0, 0).
  mlir::Value rows, cols;
  mlir::Value stride;      ///< Elements from row to row; of a panel, if packed.
  mlir::Value panelStride; ///< Elements from panel to panel, if packed.
};

/// A window of a view.
struct SliceValues {
  mlir::Value memory;
  mlir::Value offset;
  mlir::Value stride;
  /// Rows and columns of the view from the window's first on; null where the
  /// window is known to lie inside.
  mlir::Value rowsLeft, colsLeft;
};

/// A block of M x N: the registers of its rows, one row after the other, each
/// of full vectors and a shorter one for what is left. A block of one column is
/// one vector of M elements.
using Registers = llvm::SmallVector<mlir::Value>;

/// What the loops around a point of the grid know.
struct GridPoint {
  llvm::SmallVector<mlir::Value> indices, extents;
  /// Number of this point in the loop that a thread goes through, and how many
  /// there are: who shares the work of fetching the next panel.
  mlir::Value number, count;
};

/// A part of the depth of products, for some rows of a block whose sums stay in
/// memory from part to part.
struct DepthPart {
  mlir::Value first, last; ///< Positions.
  mlir::Value isFirst;     ///< True where the sums begin.
  mlir::Value isLast;      ///< True where the next panel follows.
  mlir::Value row;         ///< Number of the first row in the block.
  int64_t rest = 0;        ///< The extent of a last step that is shorter.
};

/// True where a window's place is a grid index: it lies inside a view that is
/// as large as the grid, which a launch checks.
struct GridAccess {
  unsigned argument; ///< Of the kernel, a view.
  unsigned axis;     ///< 0: rows.
  unsigned dim;      ///< Of the grid.
};

/// True if `value` is at most `bound`, as far as that can be seen: it is a
/// minimum of it and others, and no less than 0 where that is not clear.
bool isAtMost(mlir::Value value, mlir::Value bound);

/// One vector with an element for each of the rows, vectors of one length, a
/// power of two: their lanes combined.
mlir::Value
reduceRows(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::Value> rows,
           llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);
/// Exchanges rows and columns of as many vectors as they have lanes, a power of
/// two.
void transposeSquare(mlir::ImplicitLocOpBuilder &b,
                     llvm::MutableArrayRef<mlir::Value> square);

/// All accesses of the kernel that rely on such a check.
llvm::SmallVector<GridAccess> findGridAccesses(tile::KernelOp kernel);

/// Sums of an instruction that multiplies pairs of bf16.
constexpr int64_t kPairLanes = 16;

struct MatrixProduct;
struct MatrixProducts;
class MatrixUnit;

class KernelEmitter {
public:
  KernelEmitter(mlir::ImplicitLocOpBuilder &b, tile::KernelOp kernel,
                const tile::BlockSizes &sizes, StrategyAttr strategy,
                mlir::Block *allocations)
      : b(b), kernel(kernel), sizes(sizes), strategy(strategy),
        allocations(allocations) {}

  void setView(mlir::Value view, ViewValues values) { views[view] = values; }
  void setScalar(mlir::Value scalar, mlir::Value value) {
    scalars.map(scalar, value);
  }

  /// Extents of a class that have another size.
  using Override = std::optional<std::pair<unsigned, int64_t>>;

  /// Writes the body. Extents of the class of `override` have its size.
  mlir::LogicalResult emit(const GridPoint &point, Override override);

  /// True if a point may go beyond the end of the grid, in dimension
  /// `strategy.getLoop()`, when `setRagged` was called: rows are computed each
  /// for itself. `cls` is their class.
  bool canBeRagged(unsigned cls);
  void setRagged() { isRagged = true; }

  /// Finds the last loop with products, if what follows it can be written apart
  /// from it, row by row. `cls` is the class of the rows.
  bool canSplit(unsigned cls);
  /// The loop that parts of a depth go along. The body can be split.
  tile::ForOp getDepthLoop() const {
    return mlir::cast<tile::ForOp>(split->products);
  }
  /// True if what follows takes about as much code as the products.
  bool hasLongRest() const;
  /// Writes the body up to the end of that loop, or to that of a part of it.
  /// What the rest needs of it goes to memory.
  mlir::LogicalResult emitProducts(const GridPoint &point, Override override,
                                   const DepthPart *part = nullptr);
  /// Writes the products of `rows` rows, as many as a block has or fewer
  /// (`whole`), by the matrix unit: all of the body up to the end of that loop.
  mlir::LogicalResult emitTiles(const GridPoint &point,
                                const MatrixProducts &found, mlir::Value rows,
                                bool whole, MatrixUnit &unit);
  /// Writes the rest for one row: that of `point`, which is number `row` of
  /// those in memory.
  mlir::LogicalResult emitRest(const GridPoint &point, unsigned cls,
                               mlir::Value row);

private:
  void enter(const GridPoint &at, Override override);
  // Sizes.
  int64_t getExtent(mlir::Value value, unsigned axis) const;
  int64_t getLanes(mlir::Type element) const {
    return strategy.getVectorBytes() * 8 / element.getIntOrFloatBitWidth();
  }
  int64_t getLanes(mlir::Value block) const;
  /// The widths of the vectors that N columns fall into.
  llvm::SmallVector<int64_t> splitColumns(int64_t cols, int64_t lanes) const;
  llvm::SmallVector<mlir::Type> getRegisterTypes(mlir::Value block) const;

  /// The dimension of the grid whose index `place` is.
  std::optional<unsigned> getGridDim(mlir::Value place);

  // Numbers.
  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value add(mlir::Value lhs, int64_t rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value min(mlir::Value lhs, mlir::Value rhs);
  mlir::Value isLess(mlir::Value lhs, mlir::Value rhs);
  mlir::Value scalar(mlir::Value value) {
    return scalars.lookupOrDefault(value);
  }

  // Memory.
  mlir::Value allocate(mlir::Type element, int64_t count);
  /// Stack memory for a block, shared by all code that is written for it.
  mlir::Value getSpill(mlir::Value value, mlir::Type element, int64_t count);
  /// Memory for the sums of a block's rows, between products and what follows.
  mlir::Value getSums(mlir::Value value);
  /// What it has from row `row` on.
  Registers loadSums(mlir::Value value, mlir::Value row);
  mlir::Value getAddress(tile::ViewType type, const ViewValues &view,
                         mlir::Value row, mlir::Value col);
  /// True if `count` elements from `place` on lie inside along `axis`; those of
  /// a point that is cut off, as far as there are any.
  bool isInside(mlir::Value view, unsigned axis, mlir::Value place,
                int64_t count);
  /// True if a window at `place` may be longer than what is left of the grid.
  bool isCutOff(mlir::Value place) {
    return isRagged && place == kernel.getGridIndices()[strategy.getLoop()];
  }
  /// Where elements from `place` on end along `axis`; null if that is known to
  /// be behind `count` of them.
  mlir::Value getEnd(mlir::Value view, unsigned axis, mlir::Value place,
                     int64_t count);
  SliceValues makeSlice(mlir::Value view, mlir::Value rowPlace,
                        mlir::Value colPlace, mlir::Value row, mlir::Value col,
                        int64_t rows, int64_t cols,
                        std::optional<unsigned> insideAxis);
  /// Loads `width` elements, those from `left` on as zeros (null: all exist).
  mlir::Value loadVector(mlir::Value memory, mlir::Value address, int64_t width,
                         mlir::Value left, mlir::Type as);
  mlir::Value loadElement(mlir::Value memory, mlir::Value address,
                          mlir::Type as);
  /// `width` elements of rows that are `stride` apart, the first of which is
  /// the first of `together` interleaved ones.
  mlir::Value loadApart(mlir::Value memory, mlir::Value address,
                        mlir::Value stride, int64_t together, int64_t width,
                        mlir::Value left, mlir::Type as);
  /// `value` where `condition` holds (null: always), else zero, computed only
  /// if it holds.
  mlir::Value guard(mlir::Value condition, mlir::Type type,
                    llvm::function_ref<mlir::Value()> value);

  /// The registers of a block, of the extents that it has now.
  Registers getBlock(mlir::Value value);

  // Ops.
  mlir::LogicalResult emitBlock(mlir::Block &block);
  mlir::LogicalResult emitOp(mlir::Operation *op);
  mlir::LogicalResult emitElementwise(mlir::Operation *op);
  /// True if a block is rounded for nothing but products of pairs.
  bool roundsToPairs(mlir::Operation *op) const;
  mlir::LogicalResult emitConstant(mlir::Operation *op);
  mlir::LogicalResult emitScfFor(mlir::scf::ForOp op);
  mlir::LogicalResult emitScfIf(mlir::scf::IfOp op);
  mlir::LogicalResult emitFor(tile::ForOp op);
  mlir::LogicalResult emitSteps(tile::ForOp op, mlir::Value from,
                                mlir::Value to, bool inside,
                                llvm::SmallVector<Registers> &carried);
  mlir::LogicalResult emitStep(tile::ForOp op, mlir::Value position,
                               bool inside,
                               llvm::SmallVector<Registers> &carried);
  /// A step of `size` at the end of a loop.
  mlir::LogicalResult emitShortStep(tile::ForOp op, mlir::Value position,
                                    int64_t size,
                                    llvm::SmallVector<Registers> &carried);
  mlir::LogicalResult emitPart(tile::ForOp op,
                               llvm::SmallVector<Registers> &carried);
  void emitPrefetch(tile::ForOp op, mlir::Value position);
  void emitSubview(tile::SubviewOp op);
  void emitLoad(tile::LoadOp op);
  void emitGather(tile::GatherOp op);
  void emitStore(tile::StoreOp op);
  /// Into panels whose rows lie in pairs.
  void emitStoreOfPairs(tile::StoreOp op);
  mlir::LogicalResult emitDot(tile::DotOp op);
  void emitDotOfRows(tile::DotOp op, const SliceValues &lhs,
                     const SliceValues &rhs);
  /// Adds the products of rows k and k + 1 of the right-hand side, which lie
  /// interleaved, by columns k and k + 1 of the left-hand one. `widths` are the
  /// vectors of a row of `sums`, `firstCol` where they begin. Row k + 1 adds
  /// nothing where the right-hand side ends in front of it.
  void multiplyPairs(Registers &sums, const SliceValues &lhs,
                     const SliceValues &rhs, mlir::Value k, int64_t rows,
                     llvm::ArrayRef<int64_t> widths, int64_t firstCol);
  void emitProduct(const MatrixProducts &found, const MatrixProduct &product,
                   mlir::Value rows, bool whole, MatrixUnit &unit);
  void emitReduce(tile::ReduceOp op);
  void emitScan(tile::ScanOp op);
  void emitTranspose(tile::TransposeOp op);
  void emitDeinterleave(tile::DeinterleaveOp op);
  void emitBroadcast(tile::BroadcastOp op);
  void emitIota(tile::IotaOp op);

  /// The operand of a product as a window in memory, with blocks stored there.
  SliceValues getFactor(mlir::Value value);
  SliceValues storeFactor(mlir::Value value);
  /// Stores blocks that the op gives and products in loops behind it read, so
  /// that the loops do not store them in each step.
  void storeFactors(mlir::Operation *op);
  /// The transpose of a window, copied.
  SliceValues transpose(const SliceValues &slice, mlir::Value value);

  /// Values of a block or the one of a scalar, as an scf op carries them.
  void appendValues(mlir::Value value, llvm::SmallVectorImpl<mlir::Value> &to);
  void appendTypes(mlir::Value value, llvm::SmallVectorImpl<mlir::Type> &to);
  /// Takes the values of `value` from the front of `from`.
  void takeValues(mlir::Value value, mlir::ValueRange &from);

  mlir::ImplicitLocOpBuilder &b;
  tile::KernelOp kernel;
  const tile::BlockSizes &sizes;
  StrategyAttr strategy;
  mlir::Block *allocations; ///< Where stack memory is taken.
  GridPoint point;
  bool isRagged = false;
  llvm::SmallVector<std::pair<unsigned, int64_t>> overrides;
  llvm::DenseMap<mlir::Value, ViewValues> views;
  llvm::DenseMap<mlir::Value, SliceValues> slices;
  llvm::DenseMap<mlir::Value, Registers> blocks;
  mlir::IRMapping scalars;
  /// Positions of loops whose windows lie inside all views that are as large
  /// as what the loop's end is a multiple below of.
  llvm::DenseMap<mlir::Value, std::pair<mlir::Value, int64_t>> wholeLoops;
  /// Positions of loops that end within these extents.
  llvm::DenseMap<mlir::Value, int64_t> limits;
  /// Stack memory of a block that is an operand of products.
  llvm::DenseMap<mlir::Value, mlir::Value> spills;
  /// Blocks that lie there already.
  llvm::DenseMap<mlir::Value, SliceValues> stored;

  /// Of a body in two parts.
  std::optional<BodySplit> split;
  const DepthPart *part = nullptr;
};

} // namespace ockham::cpu

#endif // OCKHAM_LIB_TARGET_CPU_KERNELEMITTER_H
