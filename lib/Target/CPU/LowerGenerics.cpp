//===- LowerGenerics.cpp - linalg on buffers to parallel vector loops -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One scheme serves element-wise ops, broadcasts, reductions, transpositions
// and table look-ups: the parallel dimensions become one scf.parallel, the
// reduction dimensions nested loops that carry the accumulators, and one
// dimension - the lane dimension - is worked through in vectors. A body value
// is uniform (the same for all lanes, a scalar) or a vector of lanes; it
// becomes a vector when one of its operands is.
//
//===----------------------------------------------------------------------===//

#include "VectorUtils.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Vector/Utils/VectorUtils.h"
#include "mlir/IR/IRMapping.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPULOWERGENERICS
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

namespace {

/// Lowers one linalg.generic on buffers.
class GenericLowering {
public:
  GenericLowering(OpBuilder &b, linalg::GenericOp op, int64_t lanes,
                  int64_t grain)
      : b(b), loc(op.getLoc()), op(op), lanes(lanes), grain(grain) {}

  void run();

private:
  /// The part of the iteration space that one call of emitBody covers.
  struct Point {
    SmallVector<Value> indices; ///< One per loop; of the first lane.
    Value mask;                 ///< Active lanes, or null for all.
  };

  void chooseLaneDim();
  bool isLaneDimPossible(unsigned dim);
  bool isBodyVectorisable(unsigned dim);
  /// A load of the body that reads consecutive lanes of a buffer.
  bool isLaneLoad(memref::LoadOp load, unsigned dim);

  SmallVector<Value> getOperandIndices(OpOperand &operand, ArrayRef<Value> ivs);
  bool involvesLanes(OpOperand &operand);
  Value loadOperand(OpOperand &operand, const Point &point);
  Value toVector(Value value);

  /// Evaluates the body; `accumulators` are the values of the outputs.
  SmallVector<Value> emitBody(const Point &point, ValueRange accumulators);
  /// Loops over the reduction dimensions but the lane dimension around
  /// `innermost`, which maps accumulators to accumulators.
  SmallVector<Value>
  emitReductionLoops(unsigned next, Point &point, SmallVector<Value> carried,
                     function_ref<SmallVector<Value>(Point &, ValueRange)> f);

  void emitParallelLanes(Point &point);
  void emitReducedLanes(Point &point);
  void emitScalar(Point &point);

  OpBuilder &b;
  Location loc;
  linalg::GenericOp op;
  int64_t lanes;
  int64_t grain;
  std::optional<unsigned> laneDim;
  bool laneDimIsReduction = false;
  SmallVector<vector::CombiningKind> combiners; ///< One per output.
  SmallVector<Value> extents;
  SmallVector<int64_t> staticExtents;
  SmallVector<unsigned> outerReductions;
};

} // namespace

//===----------------------------------------------------------------------===//
// Which dimension becomes lanes
//===----------------------------------------------------------------------===//

bool GenericLowering::involvesLanes(OpOperand &operand) {
  return laneDim &&
         op.getMatchingIndexingMap(&operand).isFunctionOfDim(*laneDim);
}

bool GenericLowering::isLaneLoad(memref::LoadOp load, unsigned dim) {
  if (load.getIndices().empty() || !isContiguousInLastDim(load.getMemRefType()))
    return false;
  auto last = load.getIndices().back().getDefiningOp<linalg::IndexOp>();
  return last && last.getDim() == dim;
}

bool GenericLowering::isBodyVectorisable(unsigned dim) {
  llvm::DenseSet<Value> vectors;
  for (OpOperand &operand : op->getOpOperands())
    if (op.getMatchingIndexingMap(&operand).isFunctionOfDim(dim))
      vectors.insert(op.getMatchingBlockArgument(&operand));
  if (laneDimIsReduction)
    for (BlockArgument argument : op.getRegionOutputArgs())
      vectors.insert(argument);
  auto isVector = [&](Value v) { return vectors.contains(v); };
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      if (index.getDim() == dim)
        vectors.insert(index.getResult());
      continue;
    }
    if (isa<arith::ConstantOp>(inner))
      continue;
    if (auto load = dyn_cast<memref::LoadOp>(inner)) {
      if (isLaneLoad(load, dim)) {
        if (llvm::any_of(load.getIndices().drop_back(), isVector))
          return false;
        vectors.insert(load.getResult());
      } else if (llvm::any_of(load.getIndices(), isVector)) {
        return false;
      }
      continue;
    }
    bool anyVector = llvm::any_of(inner.getOperands(), isVector);
    if (!anyVector && isMemoryEffectFree(&inner) && inner.getNumRegions() == 0)
      continue;
    if (!OpTrait::hasElementwiseMappableTraits(&inner))
      return false;
    for (Type type : inner.getResultTypes())
      if (!VectorType::isValidElementType(type))
        return false;
    for (Value result : inner.getResults())
      vectors.insert(result);
  }
  return true;
}

/// Whether an index grows by 1 with a loop: the loop itself, plus what does not
/// depend on it (the place of a window).
static bool growsByOne(AffineExpr expr, unsigned dim) {
  if (auto loop = dyn_cast<AffineDimExpr>(expr))
    return loop.getPosition() == dim;
  auto sum = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!sum || sum.getKind() != AffineExprKind::Add)
    return false;
  AffineExpr lhs = sum.getLHS(), rhs = sum.getRHS();
  return (growsByOne(lhs, dim) && !rhs.isFunctionOfDim(dim)) ||
         (growsByOne(rhs, dim) && !lhs.isFunctionOfDim(dim));
}

bool GenericLowering::isLaneDimPossible(unsigned dim) {
  if (staticExtents[dim] == 1)
    return false;
  bool isReduction =
      op.getIteratorTypesArray()[dim] == utils::IteratorType::reduction;
  for (OpOperand &operand : op->getOpOperands()) {
    AffineMap map = op.getMatchingIndexingMap(&operand);
    bool isOutput = op.isDpsInit(&operand);
    if (!map.isFunctionOfDim(dim)) {
      // A parallel dimension must tell the elements of an output apart.
      if (isOutput && !isReduction)
        return false;
      continue;
    }
    if (isOutput && isReduction)
      return false;
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (!type || !isContiguousInLastDim(type))
      return false;
    for (unsigned i = 0, e = map.getNumResults(); i + 1 < e; ++i)
      if (map.getResult(i).isFunctionOfDim(dim))
        return false;
    if (!growsByOne(map.getResults().back(), dim))
      return false;
  }
  combiners.clear();
  if (isReduction) {
    for (unsigned i = 0, e = op.getNumDpsInits(); i < e; ++i) {
      SmallVector<Operation *> found;
      if (!matchReduction(op.getRegionOutputArgs(), i, found) ||
          found.size() != 1)
        return false;
      std::optional<vector::CombiningKind> kind =
          linalg::getCombinerOpKind(found.front());
      if (!kind)
        return false;
      combiners.push_back(*kind);
    }
  }
  laneDimIsReduction = isReduction;
  return isBodyVectorisable(dim);
}

void GenericLowering::chooseLaneDim() {
  for (unsigned i = op.getNumLoops(); i-- > 0;) {
    if (!isLaneDimPossible(i))
      continue;
    laneDim = i;
    return;
  }
  laneDimIsReduction = false;
}

//===----------------------------------------------------------------------===//
// The body
//===----------------------------------------------------------------------===//

SmallVector<Value> GenericLowering::getOperandIndices(OpOperand &operand,
                                                      ArrayRef<Value> ivs) {
  SmallVector<Value> indices;
  AffineMap map = op.getMatchingIndexingMap(&operand);
  for (AffineExpr expr : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
      indices.push_back(ivs[dim.getPosition()]);
      continue;
    }
    if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
      indices.push_back(constantIndex(b, loc, constant.getValue()));
      continue;
    }
    indices.push_back(affine::AffineApplyOp::create(
        b, loc, AffineMap::get(map.getNumDims(), 0, expr), ivs));
  }
  return indices;
}

Value GenericLowering::loadOperand(OpOperand &operand, const Point &point) {
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get(); // a scalar operand
  SmallVector<Value> indices = getOperandIndices(operand, point.indices);
  if (involvesLanes(operand))
    return loadLanes(b, loc, operand.get(), indices, lanes, point.mask);
  return memref::LoadOp::create(b, loc, operand.get(), indices);
}

Value GenericLowering::toVector(Value value) {
  if (isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(
      b, loc, VectorType::get(lanes, value.getType()), value);
}

SmallVector<Value> GenericLowering::emitBody(const Point &point,
                                             ValueRange accumulators) {
  IRMapping map;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(operand);
    if (!argument.use_empty())
      map.map(argument, loadOperand(*operand, point));
  }
  for (auto [argument, value] :
       llvm::zip_equal(op.getRegionOutputArgs(), accumulators))
    map.map(argument, value);

  auto isVector = [](Value v) { return isa<VectorType>(v.getType()); };
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      Value value = point.indices[index.getDim()];
      if (laneDim && index.getDim() == *laneDim) {
        auto type = VectorType::get(lanes, b.getIndexType());
        SmallVector<int64_t> numbers(lanes);
        for (int64_t i = 0; i < lanes; ++i)
          numbers[i] = i;
        Value steps = arith::ConstantOp::create(
            b, loc, DenseIntElementsAttr::get(type, numbers));
        value = arith::AddIOp::create(b, loc, toVector(value), steps);
      }
      map.map(index.getResult(), value);
      continue;
    }
    auto load = dyn_cast<memref::LoadOp>(inner);
    if (load && laneDim && isLaneLoad(load, *laneDim)) {
      SmallVector<Value> indices;
      for (Value index : load.getIndices().drop_back())
        indices.push_back(map.lookupOrDefault(index));
      indices.push_back(point.indices[*laneDim]);
      map.map(load.getResult(),
              loadLanes(b, loc, map.lookupOrDefault(load.getMemRef()), indices,
                        lanes, point.mask));
      continue;
    }
    bool anyVector = llvm::any_of(inner.getOperands(), [&](Value v) {
      return isVector(map.lookupOrDefault(v));
    });
    if (!anyVector) {
      b.clone(inner, map);
      continue;
    }
    OperationState state(inner.getLoc(), inner.getName());
    for (Value operand : inner.getOperands())
      state.addOperands(toVector(map.lookupOrDefault(operand)));
    for (Type type : inner.getResultTypes())
      state.addTypes(VectorType::get(lanes, type));
    state.addAttributes(inner.getAttrs());
    Operation *created = b.create(state);
    map.map(inner.getResults(), created->getResults());
  }
  SmallVector<Value> yields;
  for (Value value : op.getBody()->getTerminator()->getOperands())
    yields.push_back(map.lookupOrDefault(value));
  return yields;
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

SmallVector<Value> GenericLowering::emitReductionLoops(
    unsigned next, Point &point, SmallVector<Value> carried,
    function_ref<SmallVector<Value>(Point &, ValueRange)> f) {
  if (next == outerReductions.size())
    return f(point, carried);
  unsigned dim = outerReductions[next];
  auto loop = scf::ForOp::create(b, loc, constantIndex(b, loc, 0), extents[dim],
                                 constantIndex(b, loc, 1), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  point.indices[dim] = loop.getInductionVar();
  SmallVector<Value> results = emitReductionLoops(
      next + 1, point, SmallVector<Value>(loop.getRegionIterArgs()), f);
  scf::YieldOp::create(b, loc, results);
  return SmallVector<Value>(loop.getResults());
}

/// Lanes are a parallel dimension: whole vectors, then one masked tail.
void GenericLowering::emitParallelLanes(Point &point) {
  Value zero = constantIndex(b, loc, 0);
  Value step = constantIndex(b, loc, lanes);
  auto emitChunk = [&](Value start, Value mask) {
    Point chunk = point;
    chunk.indices[*laneDim] = start;
    chunk.mask = mask;
    SmallVector<Value> accumulators;
    for (OpOperand &init : op.getDpsInitsMutable()) {
      BlockArgument argument = op.getMatchingBlockArgument(&init);
      if (!argument.use_empty() || !outerReductions.empty()) {
        accumulators.push_back(loadOperand(init, chunk));
        continue;
      }
      // Not read: any value of the type does.
      auto type = VectorType::get(
          lanes, cast<MemRefType>(init.get().getType()).getElementType());
      accumulators.push_back(
          arith::ConstantOp::create(b, loc, b.getZeroAttr(type)));
    }
    SmallVector<Value> results = emitReductionLoops(
        0, chunk, accumulators, [&](Point &p, ValueRange carried) {
          SmallVector<Value> yields = emitBody(p, carried);
          for (Value &value : yields)
            value = toVector(value);
          return yields;
        });
    for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), results))
      storeLanes(b, loc, value, init.get(),
                 getOperandIndices(init, chunk.indices), mask);
  };

  Value extent = extents[*laneDim];
  int64_t known = staticExtents[*laneDim];
  Value rest = arith::RemUIOp::create(b, loc, extent, step);
  Value whole = arith::SubIOp::create(b, loc, extent, rest);
  if (ShapedType::isDynamic(known) || known >= lanes) {
    auto loop = scf::ForOp::create(b, loc, zero, whole, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitChunk(loop.getInductionVar(), Value());
  }
  if (ShapedType::isDynamic(known) || known % lanes != 0) {
    Value some =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, rest, zero);
    auto branch = scf::IfOp::create(b, loc, some, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    emitChunk(whole, createLaneMask(b, loc, rest, lanes));
  }
}

/// The element that leaves `kind` unchanged, in all lanes.
static Value createNeutral(OpBuilder &b, Location loc,
                           vector::CombiningKind kind, VectorType type) {
  Type element = type.getElementType();
  TypedAttr attr;
  if (auto floatType = dyn_cast<FloatType>(element)) {
    const llvm::fltSemantics &semantics = floatType.getFloatSemantics();
    APFloat value = APFloat::getZero(semantics);
    if (kind == vector::CombiningKind::MUL)
      value = APFloat::getOne(semantics);
    else if (kind == vector::CombiningKind::MAXIMUMF ||
             kind == vector::CombiningKind::MAXNUMF)
      value = APFloat::getInf(semantics, /*Negative=*/true);
    else if (kind == vector::CombiningKind::MINIMUMF ||
             kind == vector::CombiningKind::MINNUMF)
      value = APFloat::getInf(semantics);
    attr = b.getFloatAttr(element, value);
  } else {
    unsigned width = element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
    APInt value = APInt::getZero(width);
    if (kind == vector::CombiningKind::MUL)
      value = APInt(width, 1);
    else if (kind == vector::CombiningKind::AND ||
             kind == vector::CombiningKind::MINUI)
      value = APInt::getAllOnes(width);
    else if (kind == vector::CombiningKind::MAXSI)
      value = APInt::getSignedMinValue(width);
    else if (kind == vector::CombiningKind::MINSI)
      value = APInt::getSignedMaxValue(width);
    attr = b.getIntegerAttr(element, value);
  }
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, attr));
}

/// Lanes are a reduction: partial results per lane, combined at the end.
void GenericLowering::emitReducedLanes(Point &point) {
  SmallVector<Value> neutral;
  for (auto [init, kind] :
       llvm::zip_equal(op.getDpsInitsMutable(), combiners)) {
    auto type = VectorType::get(
        lanes, cast<MemRefType>(init.get().getType()).getElementType());
    neutral.push_back(createNeutral(b, loc, kind, type));
  }
  Value zero = constantIndex(b, loc, 0);
  Value step = constantIndex(b, loc, lanes);
  Value extent = extents[*laneDim];
  int64_t known = staticExtents[*laneDim];
  Value rest = arith::RemUIOp::create(b, loc, extent, step);
  Value whole = arith::SubIOp::create(b, loc, extent, rest);

  SmallVector<Value> partial =
      emitReductionLoops(0, point, neutral, [&](Point &p, ValueRange carried) {
        auto loop = scf::ForOp::create(b, loc, zero, whole, step, carried);
        {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPointToStart(loop.getBody());
          Point chunk = p;
          chunk.indices[*laneDim] = loop.getInductionVar();
          SmallVector<Value> yields = emitBody(chunk, loop.getRegionIterArgs());
          for (Value &value : yields)
            value = toVector(value);
          scf::YieldOp::create(b, loc, yields);
        }
        SmallVector<Value> results(loop.getResults());
        if (!ShapedType::isDynamic(known) && known % lanes == 0)
          return results;
        Value some =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, rest, zero);
        auto branch = scf::IfOp::create(b, loc, ValueRange(results).getTypes(),
                                        some, /*withElseRegion=*/true);
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(branch.thenBlock());
        Point chunk = p;
        chunk.indices[*laneDim] = whole;
        chunk.mask = createLaneMask(b, loc, rest, lanes);
        SmallVector<Value> yields = emitBody(chunk, results);
        for (auto [value, before] : llvm::zip_equal(yields, results))
          value = arith::SelectOp::create(b, loc, chunk.mask, toVector(value),
                                          before);
        scf::YieldOp::create(b, loc, yields);
        b.setInsertionPointToStart(branch.elseBlock());
        scf::YieldOp::create(b, loc, results);
        return SmallVector<Value>(branch.getResults());
      });

  for (auto [init, kind, value] :
       llvm::zip_equal(op.getDpsInitsMutable(), combiners, partial)) {
    SmallVector<Value> indices = getOperandIndices(init, point.indices);
    Value before = memref::LoadOp::create(b, loc, init.get(), indices);
    Value reduced = vector::ReductionOp::create(b, loc, kind, value,
                                                arith::FastMathFlags::reassoc);
    Value after = vector::makeArithReduction(b, loc, kind, reduced, before);
    memref::StoreOp::create(b, loc, after, init.get(), indices);
  }
}

void GenericLowering::emitScalar(Point &point) {
  SmallVector<Value> accumulators;
  for (OpOperand &init : op.getDpsInitsMutable())
    accumulators.push_back(loadOperand(init, point));
  SmallVector<Value> results = emitReductionLoops(
      0, point, accumulators,
      [&](Point &p, ValueRange carried) { return emitBody(p, carried); });
  for (auto [init, value] : llvm::zip_equal(op.getDpsInitsMutable(), results))
    memref::StoreOp::create(b, loc, value, init.get(),
                            getOperandIndices(init, point.indices));
}

void GenericLowering::run() {
  b.setInsertionPoint(op);
  staticExtents = op.getStaticLoopRanges();
  for (Range range :
       cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(b, loc))
    extents.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
  chooseLaneDim();

  Point point;
  point.indices.resize(extents.size());
  SmallVector<unsigned> parallelDims;
  int64_t workPerIteration = 1;
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray())) {
    bool isLane = laneDim && *laneDim == dim;
    if (kind == utils::IteratorType::parallel && !isLane) {
      // A loop over one iteration would be folded, and the grain with it.
      if (staticExtents[dim] == 1)
        point.indices[dim] = constantIndex(b, loc, 0);
      else
        parallelDims.push_back(dim);
      continue;
    }
    // An unknown extent counts as a typical sequence.
    workPerIteration *= ShapedType::isDynamic(staticExtents[dim])
                            ? 128
                            : std::max<int64_t>(1, staticExtents[dim]);
    if (!isLane)
      outerReductions.push_back(dim);
  }

  auto emitInner = [&] {
    if (!laneDim)
      emitScalar(point);
    else if (laneDimIsReduction)
      emitReducedLanes(point);
    else
      emitParallelLanes(point);
  };
  if (parallelDims.empty()) {
    emitInner();
  } else {
    SmallVector<Value> lower, upper, steps;
    for (unsigned dim : parallelDims) {
      lower.push_back(constantIndex(b, loc, 0));
      upper.push_back(extents[dim]);
      steps.push_back(constantIndex(b, loc, 1));
    }
    auto loop = scf::ParallelOp::create(b, loc, lower, upper, steps);
    loop->setAttr(kGrainAttrName, b.getI64IntegerAttr(std::max<int64_t>(
                                      1, grain / workPerIteration)));
    b.setInsertionPointToStart(loop.getBody());
    for (auto [dim, iv] :
         llvm::zip_equal(parallelDims, loop.getInductionVars()))
      point.indices[dim] = iv;
    emitInner();
  }
  op.erase();
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

namespace {
struct CPULowerGenerics : ockham::impl::CPULowerGenericsBase<CPULowerGenerics> {
  using CPULowerGenericsBase::CPULowerGenericsBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    IRRewriter rewriter(&getContext());

    // One form for everything: copies and named ops become generics.
    SmallVector<Operation *> work;
    function.walk([&](Operation *op) {
      if (isa<memref::CopyOp>(op) || isa<linalg::LinalgOp>(op))
        work.push_back(op);
    });
    for (Operation *op : work) {
      rewriter.setInsertionPoint(op);
      if (auto copy = dyn_cast<memref::CopyOp>(op)) {
        linalg::makeMemRefCopyOp(rewriter, copy.getLoc(), copy.getSource(),
                                 copy.getTarget());
        rewriter.eraseOp(copy);
      } else if (!isa<linalg::GenericOp>(op)) {
        if (failed(linalg::generalizeNamedOp(rewriter,
                                             cast<linalg::LinalgOp>(op)))) {
          op->emitOpError("has no generic form to lower to loops");
          return signalPassFailure();
        }
      }
    }

    SmallVector<linalg::GenericOp> generics;
    WalkResult result = function.walk([&](linalg::GenericOp op) {
      if (!op.hasPureBufferSemantics()) {
        op.emitOpError("is on tensors; bufferize before lowering to loops");
        return WalkResult::interrupt();
      }
      SmallVector<unsigned> reductions;
      op.getReductionDims(reductions);
      for (OpOperand &init : op.getDpsInitsMutable())
        for (unsigned dim : reductions)
          if (op.getMatchingIndexingMap(&init).isFunctionOfDim(dim)) {
            op.emitOpError() << "has an output that depends on dimension "
                             << dim << ", which is a reduction";
            return WalkResult::interrupt();
          }
      generics.push_back(op);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    OpBuilder builder(&getContext());
    for (linalg::GenericOp op : generics)
      GenericLowering(builder, op, vectorBytes / 4, grain).run();
  }
};
} // namespace
