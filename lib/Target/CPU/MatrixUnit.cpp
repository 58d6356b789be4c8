//===- MatrixUnit.cpp - Products in tiles ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixUnit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ockham/Target/CPU/CPUDialect.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

//===----------------------------------------------------------------------===//
// What it can multiply
//===----------------------------------------------------------------------===//

static Type getFactorElement(Value value) {
  if (auto slice = dyn_cast<tile::SliceType>(value.getType()))
    return slice.getElementType();
  return cast<RankedTensorType>(value.getType()).getElementType();
}

bool cpu::multipliesBf16Pairs(tile::KernelOp kernel) {
  WalkResult result = kernel.getBody().walk([&](tile::DotOp dot) {
    auto rhs = dyn_cast<tile::SliceType>(dot.getRhs().getType());
    bool pairs = rhs && rhs.getInterleave() == 2 &&
                 getFactorElement(dot.getLhs()).isBF16();
    return pairs ? WalkResult::interrupt() : WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// The window that `value` is, by its number.
static std::optional<unsigned> findWindow(tile::ForOp loop, Value value) {
  for (auto [i, window] : llvm::enumerate(loop.getWindows()))
    if (window == value)
      return i;
  return std::nullopt;
}

std::optional<MatrixProducts> cpu::findMatrixProducts(tile::KernelOp kernel,
                                                      unsigned rowDim,
                                                      std::string &problem) {
  llvm::raw_string_ostream os(problem);
  tile::BlockSizes sizes(kernel);
  std::optional<BodySplit> split =
      splitBody(kernel, sizes, sizes.getGridClass(rowDim));
  MatrixProducts found;
  found.loop = split ? findDepthLoop(*split) : tile::ForOp();
  if (!found.loop) {
    os << "expected a loop from 0 to a constant that does nothing but add up "
          "products of the rows of grid dimension #"
       << rowDim << ", and behind it what is done row by row";
    return std::nullopt;
  }
  tile::ForOp loop = found.loop;
  found.depth = getDepth(loop);
  // Neither runs where the unit multiplies: the loop for no step of it, what is
  // in front of it for rows that there may be fewer of.
  for (Operation &op : kernel.getBlock()) {
    if (&op == loop)
      break;
    if (hasEffect<MemoryEffects::Write>(&op)) {
      os << "'" << op.getName() << "' writes in front of its loop";
      return std::nullopt;
    }
  }
  for (Operation &op : loop.getBlock().without_terminator())
    if (hasEffect<MemoryEffects::Write>(&op)) {
      os << "its loop does more than add up products: '" << op.getName() << "'";
      return std::nullopt;
    }
  auto yield = cast<tile::YieldOp>(loop.getBlock().getTerminator());
  for (auto [i, next] : llvm::enumerate(yield.getValues())) {
    auto dot = next.getDefiningOp<tile::DotOp>();
    if (!dot || dot.getAcc() != loop.getCarried()[i]) {
      os << "result #" << i << " of its loop is no sum of products";
      return std::nullopt;
    }
    std::optional<unsigned> left = findWindow(loop, dot.getLhs()),
                            right = findWindow(loop, dot.getRhs());
    if (!left || !right || dot.getTransposed()) {
      os << "it multiplies '" << dot.getLhs().getType() << "' by "
         << (dot.getTransposed() ? "the transpose of '" : "'")
         << dot.getRhs().getType()
         << "'; expected windows that its loop streams";
      return std::nullopt;
    }
    auto lhs = cast<tile::SliceType>(dot.getLhs().getType());
    auto rhs = cast<tile::SliceType>(dot.getRhs().getType());
    if (!lhs.getElementType().isBF16() || !rhs.getElementType().isBF16() ||
        lhs.getPanel() != 0 || rhs.getInterleave() != 2) {
      os << "it multiplies '" << lhs << "' by '" << rhs
         << "'; expected bf16 by panels of bf16 whose rows lie in pairs "
            "(interleave = 2)";
      return std::nullopt;
    }
    // Rows of a view that the launch has checked, from where a thread is.
    if (loop.goesAlongRows(*left) || !loop.goesAlongRows(*right) ||
        loop.getPlaces()[*left] != kernel.getGridIndices()[rowDim] ||
        !isa<BlockArgument>(loop.getViews()[*left]) ||
        !isa<BlockArgument>(loop.getViews()[*right])) {
      os << "its windows do not go along the columns of an argument, at grid "
            "index #"
         << rowDim << ", and down the rows of another";
      return std::nullopt;
    }
    auto acc = dot.getAcc().getType();
    if (!acc.getElementType().isF32() || acc.getDimSize(1) % kTileRows != 0) {
      os << "it accumulates '" << acc << "'; expected f32 in a multiple of "
         << kTileRows << " columns";
      return std::nullopt;
    }
    if (!matchPattern(loop.getInits()[i], m_PosZeroFloat())) {
      os << "result #" << i << " of its loop does not start from 0";
      return std::nullopt;
    }
    int64_t colTiles = acc.getDimSize(1) / kTileRows;
    int64_t tiles = llvm::divideCeil(acc.getDimSize(0), kTileRows) * colTiles;
    if (tiles > kMostSumTiles) {
      os << "it accumulates '" << acc << "' in " << tiles << " tiles of "
         << kTileRows << " x " << kTileRows << ", expected at most "
         << kMostSumTiles;
      return std::nullopt;
    }
    found.colTiles = std::max(found.colTiles, colTiles);
    found.products.push_back({loop.getResult(i), *left, *right});
  }
  if (found.depth % 2 != 0) {
    os << "its depth is " << found.depth << ", expected pairs";
    return std::nullopt;
  }
  return found;
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

namespace {
/// Writes the body of a function.
class MatrixWriter {
public:
  MatrixWriter(ImplicitLocOpBuilder &b, const MatrixShape &shape)
      : b(b), shape(shape) {}

  void write(Block &entry);

private:
  Value constant(int64_t value, Type type) {
    return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
  }
  Value number(int64_t value) { return constant(value, b.getI64Type()); }
  Value mul(Value lhs, Value rhs) {
    return b.createOrFold<arith::MulIOp>(lhs, rhs);
  }
  Value offset(Value address, Value bytes) {
    return LLVM::GEPOp::create(b, address.getType(), b.getI8Type(), address,
                               ArrayRef<LLVM::GEPArg>{bytes});
  }
  Value call(StringRef name, ValueRange operands) {
    return LLVM::CallIntrinsicOp::create(
               b, LLVM::LLVMX86AMXType::get(b.getContext()),
               b.getStringAttr(name), operands)
        .getResult(0);
  }
  /// Where the sums of a tile lie.
  Value getSums(int64_t row, int64_t col) {
    Value bytes = mul(operands.sumsStride, number(row * kTileRows));
    return offset(offset(operands.sums, bytes), number(col * 4 * kTileRows));
  }
  void multiply(Value step, SmallVector<Value> &sums);
  void prefetch(Value step);

  ImplicitLocOpBuilder &b;
  MatrixShape shape;
  MatrixOperands operands;
  Value pairs, lhsBytes, rhsBytes; ///< i16; bytes of a row of a tile.
};
} // namespace

/// One step of the depth. The order keeps two tiles alive beside the sums: a
/// row of tiles ends where the next one begins.
void MatrixWriter::multiply(Value step, SmallVector<Value> &sums) {
  Value lhs = offset(operands.lhs, mul(step, number(2 * kTileDepth)));
  Value rhs = offset(
      operands.rhs, mul(step, mul(operands.rhsStride, number(kTileDepth / 2))));
  Value right;
  int64_t loaded = -1;
  for (int64_t r = 0; r < shape.rowTiles; ++r) {
    Value rows = mul(operands.lhsStride, number(r * kTileRows));
    Value left =
        call("llvm.x86.tileloadd64.internal",
             {operands.rows, lhsBytes, offset(lhs, rows), operands.lhsStride});
    for (int64_t i = 0; i < shape.colTiles; ++i) {
      int64_t c = r % 2 == 0 ? i : shape.colTiles - 1 - i;
      if (c != loaded)
        right = call("llvm.x86.tileloadd64.internal",
                     {pairs, rhsBytes, offset(rhs, number(c * 4 * kTileRows)),
                      operands.rhsStride});
      loaded = c;
      Value &sum = sums[r * shape.colTiles + c];
      sum = call("llvm.x86.tdpbf16ps.internal",
                 {operands.rows, rhsBytes, lhsBytes, sum, left, right});
    }
  }
}

void MatrixWriter::prefetch(Value step) {
  Value first = mul(step, operands.lines);
  auto loop = scf::ForOp::create(b, number(0), operands.lines, number(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value line = arith::AddIOp::create(b, first, loop.getInductionVar());
  LLVM::Prefetch::create(b,
                         offset(operands.next, mul(line, number(kLineBytes))),
                         /*rw=*/0, /*hint=*/2, /*cache=*/1);
}

void MatrixWriter::write(Block &entry) {
  b.setInsertionPointToStart(&entry);
  ValueRange arguments = entry.getArguments();
  auto take = [&](Value &value) {
    value = arguments.front();
    arguments = arguments.drop_front();
  };
  for (Value *value :
       {&operands.lhs, &operands.lhsStride, &operands.rhs, &operands.rhsStride,
        &operands.sums, &operands.sumsStride})
    take(*value);
  Type i16 = b.getI16Type();
  // Tiles of different shapes do not take turns in a register, so several rows
  // of tiles are whole. What else shapes depend on is constant: the code
  // generator wants to know it where the function begins.
  operands.rows = constant(kTileRows, i16);
  if (shape.rowTiles == 1)
    take(operands.rows);
  for (Value *value : {&operands.steps, &operands.next, &operands.lines})
    take(*value);
  pairs = constant(shape.pairs, i16);
  lhsBytes = constant(4 * shape.pairs, i16);
  rhsBytes = constant(4 * kTileRows, i16);

  SmallVector<Value> sums;
  for (int64_t r = 0; r < shape.rowTiles; ++r)
    for (int64_t c = 0; c < shape.colTiles; ++c)
      sums.push_back(shape.adds ? call("llvm.x86.tileloadd64.internal",
                                       {operands.rows, rhsBytes, getSums(r, c),
                                        operands.sumsStride})
                                : call("llvm.x86.tilezero.internal",
                                       {operands.rows, rhsBytes}));
  auto loop = scf::ForOp::create(b, number(0), operands.steps, number(1), sums);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    prefetch(loop.getInductionVar());
    SmallVector<Value> carried(loop.getRegionIterArgs());
    multiply(loop.getInductionVar(), carried);
    scf::YieldOp::create(b, carried);
  }
  for (int64_t r = 0; r < shape.rowTiles; ++r)
    for (int64_t c = 0; c < shape.colTiles; ++c)
      LLVM::CallIntrinsicOp::create(
          b, b.getStringAttr("llvm.x86.tilestored64.internal"),
          ValueRange{operands.rows, rhsBytes, getSums(r, c),
                     operands.sumsStride,
                     loop.getResult(r * shape.colTiles + c)});
  LLVM::ReturnOp::create(b, ValueRange());
}

LLVM::LLVMFuncOp MatrixUnit::getFunction(const MatrixShape &shape) {
  LLVM::LLVMFuncOp &function = functions[shape];
  if (function)
    return function;
  MLIRContext *context = module.getContext();
  ImplicitLocOpBuilder b(module.getLoc(), context);
  Type pointer = LLVM::LLVMPointerType::get(context), i64 = b.getI64Type();
  SmallVector<Type> types{pointer, i64, pointer, i64, pointer, i64};
  if (shape.rowTiles == 1)
    types.push_back(b.getI16Type());
  types.append({i64, pointer, i64});
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "matrix_" << shape.rowTiles << "x" << shape.colTiles;
  if (shape.pairs != kTileDepth / 2)
    os << "_pairs" << shape.pairs;
  if (shape.adds)
    os << "_add";
  // Kernels and their functions have the same name for a while, so that the
  // module has no table of symbols.
  while (SymbolTable::lookupSymbolIn(module, name))
    os << "_tiles";
  function = LLVM::LLVMFuncOp::create(
      b, name,
      LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(context), types),
      LLVM::Linkage::Internal);
  // Tiles are configured where a function begins and released where it ends.
  function.setNoInline(true);
  module.push_back(function);
  b.setInsertionPointToStart(function.addEntryBlock(b));
  MatrixWriter(b, shape).write(function.getBody().front());
  return function;
}

void MatrixUnit::multiply(ImplicitLocOpBuilder &b, const MatrixShape &shape,
                          const MatrixOperands &operands) {
  SmallVector<Value> arguments{operands.lhs,  operands.lhsStride,
                               operands.rhs,  operands.rhsStride,
                               operands.sums, operands.sumsStride};
  if (shape.rowTiles == 1)
    arguments.push_back(operands.rows);
  arguments.append({operands.steps, operands.next, operands.lines});
  LLVM::CallOp::create(b, getFunction(shape), arguments);
}
