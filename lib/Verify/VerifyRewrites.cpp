//===- VerifyRewrites.cpp - Passes that must not change results -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Verify/VerifyRewrites.h"

#include "CompareResults.h"
#include "LocateDifference.h"
#include "SampleInputs.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "ockham/Interpreter/Interpreter.h"
#include "ockham/Support/RewritePass.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace ockham;
using namespace ockham::verify;
using ockham::interpreter::Tensor;

namespace {

/// Results of one function on one sample.
using Results = std::vector<Evaluation>;

/// One entry point on its samples. `problem` says why there are none.
struct EntryResults {
  std::string name;
  std::vector<Sample> samples;
  std::vector<Results> results;
  std::string problem;
  bool isReported = false;
};

/// A module as it was at one time.
struct Snapshot {
  OwningOpRef<ModuleOp> module;
  OperationFingerPrint fingerprint;
  /// Filled when they are needed.
  std::optional<std::vector<EntryResults>> entries;
};

} // namespace

//===----------------------------------------------------------------------===//
// Snapshots
//===----------------------------------------------------------------------===//

/// Gives the weights of a copy resources of their own with the same bytes. A
/// pass that folds a weight frees its blob; the bytes live as long as either.
static void keepBytes(ModuleOp original, ModuleOp copy) {
  llvm::DenseMap<AsmResourceBlob *, DenseResourceElementsHandle> shared;
  auto getBlob = [](WeightOp weight) -> AsmResourceBlob * {
    if (!weight.getValue())
      return nullptr;
    auto resource = dyn_cast<DenseResourceElementsAttr>(*weight.getValue());
    return resource ? resource.getRawHandle().getBlob() : nullptr;
  };
  auto &manager =
      DenseResourceElementsHandle::getManagerInterface(original.getContext());
  for (auto [from, to] :
       llvm::zip(original.getOps<WeightOp>(), copy.getOps<WeightOp>())) {
    AsmResourceBlob *blob = getBlob(from);
    if (!blob || blob->getData().empty())
      continue;
    auto found = shared.find(blob);
    if (found == shared.end()) {
      auto owner = std::make_shared<AsmResourceBlob>(std::move(*blob));
      auto share = [&] {
        return AsmResourceBlob(
            owner->getData(), owner->getDataAlignment(),
            [owner](void *, size_t, size_t) {}, owner->isMutable());
      };
      // Entries of the manager stay where they are when others are added.
      *blob = share();
      found =
          shared.insert({blob, manager.insert("ockham.verify", share())}).first;
    }
    auto value = cast<DenseResourceElementsAttr>(*from.getValue());
    to.setValueAttr(
        DenseResourceElementsAttr::get(value.getType(), found->second));
  }
}

/// Frees what keepBytes() made.
static void releaseBytes(ModuleOp copy) {
  for (WeightOp weight : copy.getOps<WeightOp>())
    if (weight.getValue())
      if (auto value = dyn_cast<DenseResourceElementsAttr>(*weight.getValue()))
        if (AsmResourceBlob *blob = value.getRawHandle().getBlob())
          *blob = AsmResourceBlob();
}

//===----------------------------------------------------------------------===//
// Interpretation
//===----------------------------------------------------------------------===//

/// Why a module cannot be interpreted, or "".
static std::string getObstacle(ModuleOp module) {
  if (Operation *op = interpreter::findUnsupportedOp(module))
    return ("'" + op->getName().getStringRef() +
            "' is beyond what the interpreter knows")
        .str();
  for (WeightOp weight : module.getOps<WeightOp>())
    if (!weight.getValue() && !weight.getInit())
      return "weight '" + weight.getSymName().str() + "' has no bytes here";
  return "";
}

static llvm::Expected<Results> evaluate(ModuleOp module, StringRef entry,
                                        ArrayRef<Tensor> inputs) {
  interpreter::InterpreterOptions options;
  options.precision = interpreter::Precision::F64;
  auto exact = interpreter::interpret(module, entry, inputs, options);
  if (!exact)
    return exact.takeError();
  options.precision = interpreter::Precision::F32;
  auto rounded = interpreter::interpret(module, entry, inputs, options);
  if (!rounded)
    return rounded.takeError();
  Results results;
  for (auto [first, second] : llvm::zip(*exact, *rounded))
    results.push_back({std::move(first), std::move(second)});
  return results;
}

/// A large model is verified on one sample: seconds, not minutes.
static unsigned getMaxSamples(ModuleOp module) {
  int64_t elements = 0;
  for (WeightOp weight : module.getOps<WeightOp>())
    elements += weight.getTensorType().getNumElements();
  return elements > (int64_t(1) << 24) ? 1 : 3;
}

/// Whether any number came out that can be compared.
static bool hasFinite(const std::vector<Results> &results) {
  for (const Results &sample : results)
    for (const Evaluation &output : sample)
      for (int64_t i = 0; i < output.exact.size(); ++i)
        if (!output.exact.isFloat() || std::isfinite(output.exact.getFloat(i)))
          return true;
  return false;
}

static EntryResults run(ModuleOp module, func::FuncOp function, uint64_t seed) {
  EntryResults entry;
  entry.name = function.getName().str();
  auto samples = sampleInputs(function, seed, getMaxSamples(module),
                              [&](const Sample &sample) -> llvm::Error {
                                auto results =
                                    evaluate(module, entry.name, sample.inputs);
                                if (!results)
                                  return results.takeError();
                                entry.results.push_back(std::move(*results));
                                return llvm::Error::success();
                              });
  if (!samples) {
    entry.problem = llvm::toString(samples.takeError());
    return entry;
  }
  entry.samples = std::move(*samples);
  if (!hasFinite(entry.results))
    entry.problem = "nothing finite came out of random inputs";
  return entry;
}

//===----------------------------------------------------------------------===//
// The instrumentation
//===----------------------------------------------------------------------===//

namespace {

class RewriteVerifier : public PassInstrumentation {
public:
  RewriteVerifier(const VerifyRewritesOptions &options,
                  VerifyRewritesResult result)
      : options(options), result(std::move(result)) {}
  ~RewriteVerifier() override { forget(); }

  void runBeforePass(Pass *pass, Operation *op) override;
  void runAfterPass(Pass *pass, Operation *op) override;
  void runAfterPassFailed(Pass *, Operation *) override { forget(); }

private:
  void forget() {
    if (snapshot)
      releaseBytes(*snapshot->module);
    snapshot.reset();
  }
  void take(ModuleOp module);
  /// The results of the snapshot.
  std::vector<EntryResults> &getResults();
  /// Compares with the module after the pass and returns its results.
  std::vector<EntryResults> check(Pass *pass, ModuleOp module);
  void fail(Pass *pass, Location loc, const Twine &what);
  /// Says once that from here on nothing is verified.
  void reportObstacle(Pass *pass, ModuleOp module);
  void remark(ModuleOp module, const Twine &text) {
    if (options.remarks)
      emitRemark(module.getLoc()) << "--verify-rewrites: " << text.str();
  }

  VerifyRewritesOptions options;
  VerifyRewritesResult result;
  std::optional<Snapshot> snapshot;
  /// Why there is none, and the module as it was before the pass.
  std::string obstacle;
  std::optional<OperationFingerPrint> unreadable;
  bool isObstacleReported = false;
};

} // namespace

static ModuleOp getModule(Operation *op) {
  while (Operation *parent = op->getParentOp())
    op = parent;
  return dyn_cast<ModuleOp>(op);
}

static std::string getPassName(Pass *pass) {
  StringRef argument = pass->getArgument();
  return (argument.empty() ? pass->getName() : argument).str();
}

void RewriteVerifier::take(ModuleOp module) {
  snapshot.emplace(Snapshot{module.clone(), OperationFingerPrint(module), {}});
  keepBytes(module, *snapshot->module);
}

std::vector<EntryResults> &RewriteVerifier::getResults() {
  if (!snapshot->entries) {
    snapshot->entries.emplace();
    for (auto function : snapshot->module->getOps<func::FuncOp>())
      if (function.isPublic() && !function.isExternal() &&
          function.getNumResults() > 0)
        snapshot->entries->push_back(
            run(*snapshot->module, function, options.seed));
  }
  return *snapshot->entries;
}

void RewriteVerifier::runBeforePass(Pass *pass, Operation *op) {
  ModuleOp module = getModule(op);
  if (!module || result.hasFailed())
    return;
  if (snapshot && snapshot->fingerprint == OperationFingerPrint(module))
    return;
  forget();
  obstacle = getObstacle(module);
  if (obstacle.empty())
    take(module);
  else
    unreadable.emplace(module);
}

void RewriteVerifier::reportObstacle(Pass *pass, ModuleOp module) {
  if (!isObstacleReported)
    remark(module, "'" + getPassName(pass) +
                       "' and what follows is not verified: " + obstacle);
  isObstacleReported = true;
}

void RewriteVerifier::fail(Pass *pass, Location loc, const Twine &what) {
  result.setFailed();
  emitError(loc) << "--verify-rewrites: '" << getPassName(pass)
                 << "' changed what the model computes: " << what.str();
  signalPassFailure(pass);
}

void RewriteVerifier::runAfterPass(Pass *pass, Operation *op) {
  ModuleOp module = getModule(op);
  if (!module || result.hasFailed())
    return;
  if (!snapshot) {
    // A pass that changed nothing needs no proof.
    if (unreadable && *unreadable != OperationFingerPrint(module))
      reportObstacle(pass, module);
    unreadable.reset();
    return;
  }
  if (snapshot->fingerprint == OperationFingerPrint(module))
    return;
  obstacle = getObstacle(module);
  if (!obstacle.empty()) {
    reportObstacle(pass, module);
    forget();
    return;
  }
  std::vector<EntryResults> results = check(pass, module);
  forget();
  if (result.hasFailed())
    return;
  take(module);
  // Functions that are new have results of their own when the next pass ends.
  bool isComplete = true;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic() && !function.isExternal() &&
        function.getNumResults() > 0)
      isComplete &= llvm::any_of(results, [&](const EntryResults &entry) {
        return entry.name == function.getName();
      });
  if (isComplete)
    snapshot->entries = std::move(results);
}

std::vector<EntryResults> RewriteVerifier::check(Pass *pass, ModuleOp module) {
  const RewritePass *rewrite = RewritePass::get(*pass);
  bool isExempt = rewrite && rewrite->getAccuracy() == Accuracy::ChangesResults;
  bool hasCompared = false;
  std::vector<EntryResults> after;
  for (EntryResults &before : getResults()) {
    auto function = module.lookupSymbol<func::FuncOp>(before.name);
    if (!function || function.isExternal() || !function.isPublic())
      continue;
    if (!before.problem.empty()) {
      // Once: no pass will make it better.
      if (!before.isReported)
        remark(module,
               "'" + before.name + "' is not verified: " + before.problem);
      before.isReported = true;
      after.push_back(std::move(before));
      continue;
    }
    if (function.getArgumentTypes() !=
        snapshot->module->lookupSymbol<func::FuncOp>(before.name)
            .getArgumentTypes()) {
      remark(module, "'" + getPassName(pass) + "' is not verified on '" +
                         before.name + "': it has other arguments now");
      continue;
    }
    hasCompared = true;
    EntryResults now;
    now.name = before.name;
    double distance = 0.0;
    for (auto [sample, expected] : llvm::zip(before.samples, before.results)) {
      std::string where =
          "'" + before.name + "' (" +
          (sample.description.empty() ? "" : sample.description + ", ") +
          "seed " + std::to_string(options.seed) + ")";
      auto results = evaluate(module, before.name, sample.inputs);
      if (!results) {
        fail(pass, function.getLoc(),
             where + " fails: " + llvm::toString(results.takeError()));
        return after;
      }
      if (results->size() != expected.size()) {
        fail(pass, function.getLoc(),
             where + " had " + Twine(expected.size()) + " results, has " +
                 Twine(results->size()));
        return after;
      }
      for (auto [index, pair] :
           llvm::enumerate(llvm::zip(expected, *results))) {
        auto &[was, is] = pair;
        if (isExempt) {
          distance = std::max(distance, getDistance(was.exact, is.exact));
          continue;
        }
        std::optional<Difference> difference = compare(was, is);
        if (!difference)
          continue;
        Suspect suspect = locateDifference(*snapshot->module, module,
                                           before.name, sample.inputs);
        std::string text = "output '" +
                           interpreter::getOutputName(function, index) +
                           "' of " + where + " differs " + difference->text;
        if (suspect.op)
          text += "; the first op that differs is '" +
                  suspect.op->getName().getStringRef().str() + "'" +
                  (suspect.detail.empty() ? "" : ": " + suspect.detail);
        fail(pass, suspect.op ? suspect.op->getLoc() : function.getLoc(), text);
        return after;
      }
      now.results.push_back(std::move(*results));
    }
    if (isExempt) {
      std::string text;
      llvm::raw_string_ostream(text) << llvm::format("%.2g", distance);
      remark(module, "'" + getPassName(pass) + "' may change results, and " +
                         "moved those of '" + before.name + "' by " + text +
                         " of their root mean square");
    }
    now.samples = std::move(before.samples);
    after.push_back(std::move(now));
  }
  if (!isExempt && hasCompared)
    result.addVerified();
  return after;
}

void ockham::verifyRewrites(PassManager &pm,
                            const VerifyRewritesOptions &options,
                            VerifyRewritesResult result) {
  pm.getContext()->disableMultithreading();
  pm.addInstrumentation(
      std::make_unique<RewriteVerifier>(options, std::move(result)));
}
