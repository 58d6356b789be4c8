//===- OutlineParallel.cpp - Parallel loops for the host's threads --------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"
#include "ockham/Target/CPU/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ockham {
#define GEN_PASS_DEF_CPUOUTLINEPARALLEL
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

/// Replaces a parallel loop without results by nested sequential ones.
static void makeSequential(scf::ParallelOp loop) {
  OpBuilder b(loop);
  Location loc = loop.getLoc();
  SmallVector<Value> ivs;
  for (auto [lower, upper, step] : llvm::zip_equal(
           loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
    auto sequential = scf::ForOp::create(b, loc, lower, upper, step);
    ivs.push_back(sequential.getInductionVar());
    b.setInsertionPointToStart(sequential.getBody());
  }
  IRMapping map;
  map.map(loop.getInductionVars(), ivs);
  for (Operation &op : loop.getBody()->without_terminator())
    b.clone(op, map);
  loop.erase();
}

namespace {

struct CPUOutlineParallel
    : ockham::impl::CPUOutlineParallelBase<CPUOutlineParallel> {

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);

    // Nested loops first: only the outermost go to the threads.
    SmallVector<scf::ParallelOp> nested, outermost;
    WalkResult result = module.walk([&](scf::ParallelOp loop) {
      if (!loop.getInitVals().empty()) {
        loop.emitOpError("has reductions, which the host's parallel loop does "
                         "not have");
        return WalkResult::interrupt();
      }
      if (loop->getParentOfType<scf::ParallelOp>())
        nested.push_back(loop);
      else
        outermost.push_back(loop);
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (scf::ParallelOp loop : nested) // innermost first: walk is post-order
      makeSequential(loop);
    for (scf::ParallelOp loop : outermost)
      outline(loop, symbols);
  }

private:
  /// An existing function with the same body, so that the layers of a model
  /// share their code.
  func::FuncOp findEqual(func::FuncOp function) {
    for (func::FuncOp other : bodies)
      if (other.getFunctionType() == function.getFunctionType() &&
          OperationEquivalence::isRegionEquivalentTo(
              &other.getBody(), &function.getBody(),
              OperationEquivalence::IgnoreLocations))
        return other;
    return nullptr;
  }

  void outline(scf::ParallelOp loop, SymbolTable &symbols) {
    OpBuilder b(loop);
    Location loc = loop.getLoc();
    Value one = constantIndex(b, loc, 1);

    // Iterations per dimension, and in all.
    SmallVector<Value> counts;
    Value total = one;
    for (auto [lower, upper, step] : llvm::zip_equal(
             loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
      Value span = arith::SubIOp::create(b, loc, upper, lower);
      Value zero = constantIndex(b, loc, 0);
      span = arith::MaxSIOp::create(b, loc, span, zero);
      Value count = b.createOrFold<arith::CeilDivUIOp>(loc, span, step);
      counts.push_back(count);
      total = b.createOrFold<arith::MulIOp>(loc, total, count);
    }

    // What the body sees from outside: constants are cloned into it, the rest
    // is passed.
    llvm::SetVector<Value> above;
    getUsedValuesDefinedAbove(loop.getRegion(), above);
    for (ValueRange range : {ValueRange(loop.getLowerBound()),
                             ValueRange(loop.getStep()), ValueRange(counts)})
      for (Value value : range)
        above.insert(value);
    SmallVector<Value> captures;
    SmallVector<Operation *> constants;
    for (Value value : above) {
      Operation *def = value.getDefiningOp();
      if (def && def->hasTrait<OpTrait::ConstantLike>())
        constants.push_back(def);
      else
        captures.push_back(value);
    }

    SmallVector<Type> types{b.getIndexType(), b.getIndexType()};
    for (Value capture : captures)
      types.push_back(capture.getType());
    auto function = func::FuncOp::create(loc, "parallel_body",
                                         b.getFunctionType(types, {}));
    function.setPrivate();
    Block *entry = function.addEntryBlock();
    OpBuilder body = OpBuilder::atBlockBegin(entry);
    IRMapping map;
    for (Operation *constant : constants)
      body.clone(*constant, map);
    map.map(captures, entry->getArguments().drop_front(2));
    Value bodyOne = constantIndex(body, loc, 1);
    auto range = scf::ForOp::create(body, loc, entry->getArgument(0),
                                    entry->getArgument(1), bodyOne);
    func::ReturnOp::create(body, loc);

    // The iteration number, taken apart into the loop's indices.
    body.setInsertionPointToStart(range.getBody());
    Value rest = range.getInductionVar();
    SmallVector<Value> ivs(counts.size());
    for (unsigned i = counts.size(); i-- > 0;) {
      Value count = map.lookup(counts[i]);
      Value number = rest;
      if (i > 0) {
        number = arith::RemUIOp::create(body, loc, rest, count);
        rest = arith::DivUIOp::create(body, loc, rest, count);
      }
      Value scaled = arith::MulIOp::create(
          body, loc, number, map.lookup(Value(loop.getStep()[i])));
      ivs[i] = arith::AddIOp::create(
          body, loc, scaled, map.lookup(Value(loop.getLowerBound()[i])));
    }
    map.map(loop.getInductionVars(), ivs);
    for (Operation &op : loop.getBody()->without_terminator())
      body.clone(op, map);
    // A buffer of fixed size on the stack is one per thread, not one per
    // iteration.
    function.walk([&](memref::AllocaOp alloca) {
      if (alloca.getType().hasStaticShape())
        alloca->moveBefore(entry, entry->begin());
    });

    if (func::FuncOp equal = findEqual(function)) {
      function.erase();
      function = equal;
    } else {
      symbols.insert(function);
      bodies.push_back(function);
    }

    int64_t grain = 1;
    if (auto attr = loop->getAttrOfType<IntegerAttr>(kGrainAttrName))
      grain = attr.getInt();
    ParallelForOp::create(b, loc, function.getSymName(), total,
                          constantIndex(b, loc, grain), captures);
    loop.erase();
  }

  SmallVector<func::FuncOp> bodies;
};

} // namespace
