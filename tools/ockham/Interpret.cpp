//===- Interpret.cpp - A model file on the reference interpreter ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Interpret.h"

#include "mlir/IR/MLIRContext.h"
#include "ockham/Driver/Compile.h"
#include "ockham/Interpreter/Interpreter.h"
#include "ockham/Support/Registration.h"
#include "ockham/Target/Package/ModelDescription.h"

using namespace mlir;

namespace ockham::tool {

static std::string format(const TensorDescription &tensor) {
  std::string text = std::string(ockham_dtype_name(tensor.dtype)) + " [";
  for (size_t i = 0; i < tensor.dims.size(); ++i) {
    const TensorDescription::Dim &dim = tensor.dims[i];
    text += i ? ", " : "";
    text += !dim.symbol.empty() ? dim.symbol
            : dim.extent < 0    ? "?"
                                : std::to_string(dim.extent);
  }
  return text + "]";
}

static std::string formatSignature(const EntryDescription &entry) {
  std::string text = entry.name + "\n";
  for (const TensorDescription &tensor : entry.inputs)
    text += "  input  " + tensor.name + ": " + format(tensor) + "\n";
  for (const TensorDescription &tensor : entry.outputs)
    text += "  output " + tensor.name + ": " + format(tensor) + "\n";
  return text;
}

/// Puts the inputs into the order of the signature.
static std::string orderInputs(const EntryDescription &entry,
                               const NamedArrays &given,
                               std::vector<interpreter::Tensor> &ordered) {
  for (const auto &[name, array] : given) {
    bool known = false;
    std::string names;
    for (const TensorDescription &input : entry.inputs) {
      known |= input.name == name;
      names += (names.empty() ? "'" : ", '") + input.name + "'";
    }
    if (!known)
      return "unknown input '" + name + "'; '" + entry.name + "' has " + names;
  }
  for (const TensorDescription &input : entry.inputs) {
    const NpyArray *found = nullptr;
    for (const auto &[name, array] : given) {
      if (name != input.name)
        continue;
      if (found)
        return "input '" + name + "' is given twice";
      found = &array;
    }
    if (!found)
      return "input '" + input.name + "' is missing: expected " +
             format(input) + "; give --input " + input.name + "=FILE.npy";
    llvm::Expected<interpreter::Tensor> tensor =
        interpreter::Tensor::fromBytes(found->dtype, found->shape, found->data);
    if (!tensor)
      return llvm::toString(tensor.takeError());
    ordered.push_back(std::move(*tensor));
  }
  return "";
}

std::string interpretModel(const InterpretSettings &settings,
                           const NamedArrays &inputs, NamedArrays &outputs,
                           std::string &signature) {
  DialectRegistry registry;
  registerDialects(registry);
  registerPasses();
  MLIRContext context(registry);
  CompileOptions options;
  options.allowExternalPaths = settings.allowExternalPaths;
  auto onWarning = [](llvm::StringRef text) {
    llvm::errs() << "ockham: warning: " << text << "\n";
  };
  CompileLog log;
  log.warning = onWarning;
  auto module = readModel(settings.path, context, options, log);
  if (!module)
    return llvm::toString(module.takeError());
  auto entries = describeEntries(**module);
  if (!entries)
    return llvm::toString(entries.takeError());
  if (settings.passes)
    if (llvm::Error error = runPasses(**module, *settings.passes, log))
      return llvm::toString(std::move(error));

  const EntryDescription *entry = nullptr;
  std::string names;
  for (const EntryDescription &candidate : *entries) {
    if (settings.entry.empty() ? !entry : candidate.name == settings.entry)
      entry = &candidate;
    names += (names.empty() ? "'" : ", '") + candidate.name + "'";
  }
  if (!entry)
    return "no entry point '" + settings.entry + "'; there is " + names;
  if (inputs.empty() && !entry->inputs.empty()) {
    signature = formatSignature(*entry);
    return "";
  }
  std::vector<interpreter::Tensor> ordered;
  std::string problem = orderInputs(*entry, inputs, ordered);
  if (!problem.empty())
    return problem;
  interpreter::InterpreterOptions interpret;
  interpret.precision = settings.float64 ? interpreter::Precision::F64
                                         : interpreter::Precision::F32;
  auto results =
      interpreter::interpret(**module, entry->name, ordered, interpret);
  if (!results)
    return llvm::toString(results.takeError());
  for (size_t i = 0; i < results->size(); ++i) {
    const interpreter::Tensor &tensor = (*results)[i];
    NpyArray array;
    array.dtype =
        settings.float64 && tensor.isFloat() ? OCKHAM_F64 : tensor.getDType();
    array.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
    array.data = tensor.toBytes(settings.float64);
    outputs.push_back({entry->outputs[i].name, std::move(array)});
  }
  return "";
}

} // namespace ockham::tool
