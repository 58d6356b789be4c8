//===- LocateDifference.cpp - Which op went wrong -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "LocateDifference.h"

#include "CompareResults.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ockham/Interpreter/Interpreter.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;
using ockham::interpreter::Tensor;

namespace ockham::verify {

namespace {

/// What every op of one run gave, in the order in which they ran.
using Trace = llvm::MapVector<Value, Evaluation>;

/// Models beyond this many elements of values keep their difference unlocated.
constexpr int64_t kMaxElements = int64_t(1) << 26;

} // namespace

/// Null when the module does not run, or holds too much.
static std::unique_ptr<Trace> trace(ModuleOp module, StringRef entry,
                                    ArrayRef<Tensor> inputs) {
  auto values = std::make_unique<Trace>();
  int64_t elements = 0;
  for (auto precision :
       {interpreter::Precision::F64, interpreter::Precision::F32}) {
    interpreter::InterpreterOptions options;
    options.precision = precision;
    options.observer = [&](Operation *op, ArrayRef<Tensor> results) {
      for (auto [value, tensor] : llvm::zip(op->getResults(), results)) {
        elements += tensor.size();
        if (elements > kMaxElements)
          return;
        Evaluation &evaluation = (*values)[value];
        (precision == interpreter::Precision::F64 ? evaluation.exact
                                                  : evaluation.rounded) =
            tensor;
      }
    };
    auto results = interpreter::interpret(module, entry, inputs, options);
    // The values up to an error tell as much.
    if (!results)
      llvm::consumeError(results.takeError());
  }
  return elements > kMaxElements ? nullptr : std::move(values);
}

/// Loads and constants are parameters: they are what a rewrite may change.
static bool isParameter(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>() ||
         op->getName().getStringRef() == "ockham.load_weight";
}

namespace {

/// Matches values of one module with those of the other.
class Matcher {
public:
  Matcher(const Trace &before, const Trace &after) : after(after) {
    for (auto &[value, evaluation] : before)
      bySize[evaluation.exact.size()].push_back(&evaluation);
  }

  /// Whether some value of `before`, in whatever shape, is this one.
  bool isKnown(Value value) {
    auto [entry, isNew] = known.try_emplace(value, false);
    if (!isNew)
      return entry->second;
    auto found = after.find(value);
    bool result = true; // Arguments and what was not run.
    if (found != after.end()) {
      const Evaluation &now = found->second;
      result = llvm::any_of(
          bySize[now.exact.size()], [&](const Evaluation *candidate) {
            if (candidate->exact.getDType() != now.exact.getDType())
              return false;
            return !compare({candidate->exact.reshaped(now.exact.getShape()),
                             candidate->rounded.reshaped(now.exact.getShape())},
                            now);
          });
    }
    known[value] = result;
    return result;
  }

private:
  const Trace &after;
  llvm::DenseMap<int64_t, std::vector<const Evaluation *>> bySize;
  llvm::DenseMap<Value, bool> known;
};

} // namespace

/// The value inside of blocks that a value of a block is.
static Value lookThrough(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (!isa<tfm::BlockOp, tfm::ParallelOp>(op))
      break;
    unsigned index = result.getResultNumber();
    Value inner;
    for (Region &region : op->getRegions()) {
      OperandRange yielded = region.front().getTerminator()->getOperands();
      if (index < yielded.size()) {
        inner = yielded[index];
        break;
      }
      index -= yielded.size();
    }
    if (!inner)
      break;
    value = inner;
  }
  return value;
}

/// What the ops at the location of `op` gave before.
static std::string compareWithNamesake(Operation *op, const Trace &before,
                                       const Trace &after) {
  if (op->getNumResults() == 0 || isa<UnknownLoc>(op->getLoc()))
    return "";
  auto now = after.find(op->getResult(0));
  if (now == after.end())
    return "";
  const Evaluation *namesake = nullptr;
  for (auto &[value, evaluation] : before)
    if (value.getDefiningOp()->getLoc() == op->getLoc() &&
        evaluation.exact.size() == now->second.exact.size() &&
        evaluation.exact.getDType() == now->second.exact.getDType())
      namesake = &evaluation;
  if (!namesake)
    return "";
  ArrayRef<int64_t> shape = now->second.exact.getShape();
  auto difference = compare(
      {namesake->exact.reshaped(shape), namesake->rounded.reshaped(shape)},
      now->second);
  return difference ? difference->text : "";
}

Suspect locateDifference(ModuleOp before, ModuleOp after, StringRef entry,
                         ArrayRef<Tensor> inputs) {
  std::unique_ptr<Trace> was = trace(before, entry, inputs);
  std::unique_ptr<Trace> is = trace(after, entry, inputs);
  auto function = after.lookupSymbol<func::FuncOp>(entry);
  if (!was || !is || !function)
    return {};
  Matcher matcher(*was, *is);

  // Backwards from the results, along values that were not there before.
  llvm::SmallPtrSet<Operation *, 32> wrong;
  SmallVector<Value> worklist(
      function.getBody().front().getTerminator()->getOperands());
  while (!worklist.empty()) {
    Value value = lookThrough(worklist.pop_back_val());
    Operation *op = value.getDefiningOp();
    if (!op || isParameter(op) || matcher.isKnown(value) ||
        !wrong.insert(op).second)
      continue;
    llvm::append_range(worklist, op->getOperands());
  }
  // The first of them to run.
  for (auto &[value, evaluation] : *is) {
    Operation *op = value.getDefiningOp();
    if (wrong.contains(op))
      return {op, compareWithNamesake(op, *was, *is)};
  }
  return {};
}

} // namespace ockham::verify
