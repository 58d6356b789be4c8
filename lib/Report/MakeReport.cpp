//===- MakeReport.cpp - Raise, look, simplify, look again -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RewriteLog.h"
#include "Snapshot.h"
#include "mlir/IR/MLIRContext.h"
#include "ockham/Driver/Compile.h"
#include "ockham/Support/Registration.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace ockham::report {

static Expected<std::string> findEntry(ModuleOp module,
                                       const std::string &wanted) {
  std::string first, names;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal())
      continue;
    // An entry point's name is its own; functions of a .mlir file that are none
    // go by their symbol.
    std::string symbol = function.getSymName().str();
    std::string name = symbol;
    if (auto entry = function->getAttrOfType<StringAttr>("ockham.entry"))
      name = entry.str();
    if (wanted.empty() ? first.empty() : wanted == name)
      first = symbol;
    names += (names.empty() ? "'" : ", '") + name + "'";
  }
  if (!first.empty())
    return first;
  if (names.empty())
    return createStringError("the model has no function with a body");
  return createStringError("no entry point '" + wanted + "'; there is " +
                           names);
}

/// A number for every extent of the formulas: what was given, else a batch of
/// one and the longest sequence that the table of positions allows.
static Error chooseDims(const ReportOptions &options, Report &report) {
  std::set<std::string> names;
  for (const Snapshot *snapshot : {&report.before, &report.after}) {
    Cost all = snapshot->cost;
    all += snapshot->operatorCost;
    all.flops().collectExtents(names);
    all.activationBytes.collectExtents(names);
  }
  std::string known;
  for (const std::string &name : names)
    known += (known.empty() ? "'" : ", '") + name + "'";
  for (const auto &[name, value] : options.dims) {
    if (!names.count(name))
      return createStringError(
          "--dim: the formulas have no extent '" + name + "'; " +
          (known.empty() ? "they have none" : "they have " + known));
    report.dims[name] = value;
  }
  int64_t positions = 128;
  for (const Node &node : report.before.model.nodes)
    if (std::optional<int64_t> rows = node.attributes.getInteger("positions"))
      positions = *rows;
  for (const std::string &name : names) {
    bool isSequence = llvm::StringRef(name).contains_insensitive("seq") &&
                      !llvm::StringRef(name).contains_insensitive("past");
    report.dims.try_emplace(name, isSequence ? positions : 1);
  }
  return Error::success();
}

Expected<Report> makeReport(const ReportOptions &options,
                            const CompileLog &log) {
  DialectRegistry registry;
  registerDialects(registry);
  registerPasses();
  MLIRContext context(registry);
  auto stage = [&](llvm::StringRef name) {
    if (log.stage)
      log.stage(name);
  };
  CompileOptions reading;
  reading.allowExternalPaths = options.allowExternalPaths;
  stage("importing");
  Expected<OwningOpRef<ModuleOp>> read =
      readModel(options.input, context, reading, log);
  if (!read)
    return read.takeError();
  ModuleOp module = read->get();

  Report report;
  report.file = llvm::sys::path::filename(options.input).str();
  Expected<std::string> function = findEntry(module, options.entry);
  if (!function)
    return function.takeError();
  report.entry = *function;

  RewriteLog rewrites;
  std::string phase;
  auto onRemark = [&](Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == DiagnosticSeverity::Remark)
      rewrites.add(diagnostic, phase);
  };
  CompileLog passLog = log;
  passLog.remark = onRemark;
  auto runPhase = [&](llvm::StringRef pipeline) {
    rewrites.learnNames(module);
    return runPasses(module, pipeline, passLog);
  };
  stage("recognising");
  phase = "raise";
  if (Error error = runPhase("ockham-raise"))
    return error;
  report.before = takeSnapshot(module, report.entry);
  stage("simplifying");
  phase = "simplify";
  if (Error error = runPhase(options.passes.value_or("ockham-simplify")))
    return error;
  report.after = takeSnapshot(module, report.entry);
  report.rewrites = rewrites.take();
  if (Error error = chooseDims(options, report))
    return error;
  return report;
}

} // namespace ockham::report
