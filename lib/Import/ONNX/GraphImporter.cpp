//===- GraphImporter.cpp - A graph becomes a function ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "NodeImporter.h"
#include "OperatorTable.h"
#include "SparseTensor.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/Verifier.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;

namespace ockham::importer {

/// Integers up to this many elements are shapes, axes, indices; beyond, they
/// are tables.
static constexpr int64_t maxConstantIntegers = 1024;
/// Floats of Constant nodes up to this many elements are scalars and the like.
/// Those of initializers are parameters, whatever their size.
static constexpr int64_t maxConstantFloats = 16;

/// Whether an initializer without dimensions is a number of the program, as
/// torch.export writes them: a parameter has the path of its module as name.
static bool isNumber(RankedTensorType type, StringRef name) {
  return type.getRank() == 0 && (name.starts_with("/") || !name.contains('.'));
}

/// Calls and branches are followed by recursion.
static constexpr unsigned maxNesting = 100;

GraphImporter::GraphImporter(pb::ModelProto &model, ModuleOp module,
                             const ImportOptions &options, Messages &messages)
    : model(model), graph(*model.mutable_graph()), module(module),
      options(options), messages(messages),
      reader(module.getContext(), options, messages),
      builder(module.getContext()), functions(messages),
      survey(functions, messages), mainScope(opsets),
      diagnostics(module.getContext(), [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          lastDiagnostic = diagnostic.str();
        return success();
      }) {}

LogicalResult GraphImporter::run() {
  checkFeatures();
  if (failed(opsets.read(model.opset_import(), "the model", messages)))
    return failure();
  if (opsets.empty())
    return messages.error("the model states no opset");
  if (failed(functions.read(model)) || failed(functions.check(graph, opsets)) ||
      failed(survey.run(graph, mainScope)))
    return failure();
  auto order = orderNodes(graph.node(), mainScope, "the graph", messages);
  if (failed(order))
    return failure();
  for (const pb::NodeProto &node : graph.node())
    forEachRead(node, [&](StringRef name, bool directly) {
      mainScope.addUse(name, directly);
    });
  for (const pb::ValueInfoProto &output : graph.output())
    mainScope.addUse(output.name(), /*directly=*/true);

  Location loc = module.getLoc();
  // The folder does not belong into what is compiled.
  module->setAttr(
      "ockham.source",
      builder.getStringAttr(llvm::sys::path::filename(messages.getPath())));
  if (!model.producer_name().empty())
    module->setAttr(
        "ockham.producer",
        builder.getStringAttr(
            StringRef(model.producer_name() + " " + model.producer_version())
                .trim()));
  builder.setInsertionPointToEnd(module.getBody());
  function = func::FuncOp::create(builder, loc, "forward",
                                  builder.getFunctionType({}, {}));
  function->setAttr(kEntryAttrName, builder.getStringAttr("forward"));
  builder.setInsertionPointToStart(function.addEntryBlock());
  weights.emplace(module);
  if (failed(importInputs()) || failed(importInitializers(graph)) ||
      failed(importNodes(*graph.mutable_node(), *order)) ||
      failed(importOutputs()))
    return failure();
  if (failed(verify(module)))
    return messages.error("the imported model is not valid: " +
                          takeDiagnostic());
  return success();
}

void GraphImporter::checkFeatures() {
  if (model.ir_version() > newestIRVersion)
    messages.warning("the file has IR version " +
                     llvm::Twine(model.ir_version()) + ", newer than " +
                     llvm::Twine(newestIRVersion) +
                     ", the newest that is known");
  if (model.training_info_size())
    messages.warning("the model's training information is ignored");
}

std::string GraphImporter::takeDiagnostic() {
  std::string text;
  std::swap(text, lastDiagnostic);
  // Verifiers name the op; our messages name the node.
  StringRef rest = text;
  if (rest.consume_front("'")) {
    size_t end = rest.find("' op ");
    if (end != StringRef::npos)
      text = rest.drop_front(end + 5).str();
  }
  return escapeControls(text);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importInitializers(pb::GraphProto &graph) {
  for (pb::SparseTensorProto &sparse : *graph.mutable_sparse_initializer()) {
    auto dense = densify(sparse, reader, sparseBudget, messages);
    if (failed(dense))
      return failure();
    *graph.add_initializer() = std::move(*dense);
  }
  // Once is enough for a branch that several calls take.
  graph.clear_sparse_initializer();
  for (pb::TensorProto &tensor : *graph.mutable_initializer())
    if (!scope->addInitializer(tensor))
      return messages.error("value " + quote(tensor.name()) +
                            " is defined twice, the second time by the "
                            "graph's initializers");
  // What only branches read waits until one of them is taken.
  for (pb::TensorProto &tensor : *graph.mutable_initializer())
    if (scope->isUsedDirectly(tensor.name()) &&
        scope->takeInitializer(tensor.name()) && !importInitializer(tensor))
      return failure();
  return success();
}

Value GraphImporter::importInitializer(pb::TensorProto &tensor) {
  Location loc = NameLoc::get(builder.getStringAttr(tensor.name()));
  Value value =
      importTensor(tensor, tensor.name(), loc, "tensor " + quote(tensor.name()),
                   /*isInitializer=*/true);
  if (value)
    scope->define(tensor.name(), value);
  return value;
}

Value GraphImporter::importTensor(pb::TensorProto &tensor, StringRef name,
                                  Location loc, const llvm::Twine &what,
                                  bool isInitializer) {
  if (auto known = tensors.lookup(&tensor)) {
    if (auto weight = dyn_cast<FlatSymbolRefAttr>(known))
      return LoadWeightOp::create(
          builder, loc, module.lookupSymbol<WeightOp>(weight).getType(),
          weight);
    auto elements = cast<ElementsAttr>(known);
    return onnx::ConstantOp::create(builder, loc, elements.getType(), elements);
  }
  auto type = reader.getType(tensor, what);
  if (failed(type))
    return Value();
  bool isFloat = isa<FloatType>(type->getElementType());
  bool isParameter = isInitializer && !isNumber(*type, name);
  int64_t limit =
      isFloat ? (isParameter ? -1 : maxConstantFloats) : maxConstantIntegers;
  // An empty tensor has no bytes that a weight could map.
  if (type->getNumElements() <= limit || type->getNumElements() == 0) {
    auto value = readConstant(tensor, what);
    if (failed(value))
      return Value();
    return onnx::ConstantOp::create(builder, loc, *type, *value);
  }
  auto blob = reader.takeBytes(tensor, *type, what);
  if (failed(blob))
    return Value();
  WeightOp weight = weights->create(loc, name, *type, std::move(*blob), name);
  auto symbol = FlatSymbolRefAttr::get(weight.getSymNameAttr());
  tensors[&tensor] = symbol;
  return LoadWeightOp::create(builder, loc, *type, symbol);
}

FailureOr<DenseElementsAttr>
GraphImporter::readConstant(pb::TensorProto &tensor, const llvm::Twine &what) {
  auto known = tensors.lookup(&tensor);
  if (auto constant = dyn_cast_or_null<DenseElementsAttr>(known))
    return constant;
  if (known)
    // Its bytes went into a weight, and no reader of constants wants so many.
    return messages.error(what + " is used as a weight and as a constant, "
                                 "which is not supported");
  auto constant = reader.readConstant(tensor, what);
  if (succeeded(constant))
    tensors[&tensor] = *constant;
  return constant;
}

//===----------------------------------------------------------------------===//
// Names
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::define(StringRef name, Value value,
                                    const llvm::Twine &definedBy) {
  if (name.empty() || scope->define(name, value))
    return success();
  return messages.error("value " + quote(name) +
                        " is defined twice, the "
                        "second time by " +
                        definedBy);
}

FailureOr<Value>
GraphImporter::lookup(StringRef name,
                      llvm::function_ref<std::string()> problem) {
  for (Scope *level = scope; level; level = level->getOuter()) {
    if (std::optional<Value> value = level->find(name))
      return *value;
    pb::TensorProto *tensor = level->takeInitializer(name);
    if (!tensor)
      continue;
    llvm::SaveAndRestore restore(scope, level);
    if (Value value = importInitializer(*tensor))
      return value;
    return failure();
  }
  return messages.error(problem());
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importNodes(Nodes &nodes,
                                         ArrayRef<int64_t> order) {
  for (int64_t index : order)
    if (failed(importNode(nodes[index], index)))
      return failure();
  return success();
}

LogicalResult GraphImporter::importNode(pb::NodeProto &node, int64_t index) {
  SmallVector<Value> operands;
  for (const std::string &input : node.input()) {
    if (input.empty()) {
      operands.push_back(Value());
      continue;
    }
    auto value = lookup(input, [&] {
      return scope->describe(node, index) + " reads " + quote(input) +
             ", which nothing defines";
    });
    if (failed(value))
      return failure();
    operands.push_back(*value);
  }
  while (!operands.empty() && !operands.back())
    operands.pop_back();
  for (const pb::AttributeProto &attribute : node.attribute())
    if (!attribute.ref_attr_name().empty() && !scope->isInFunction())
      return messages.error(scope->describe(node, index) + ": attribute " +
                            quote(attribute.name()) + " refers to attribute " +
                            quote(attribute.ref_attr_name()) +
                            " of a function, but it is in none");
  if (Function *function = functions.find(node))
    return importCall(node, index, *function, operands);
  return importOperator(node, index, operands);
}

LogicalResult GraphImporter::importOperator(pb::NodeProto &node, int64_t index,
                                            ArrayRef<Value> operands) {
  StringRef domain = normalizeDomain(node.domain());
  int64_t opset = scope->getOpsets().get(domain);
  const OperatorEntry *entry = findOperator(domain, node.op_type(), opset);
  NodeImporter importer(*this, node, index, opset, operands);
  unsigned least = entry->minOperands, most = entry->maxOperands;
  if (operands.size() < least || operands.size() > most)
    return importer.fail(
        "has " + count(operands.size(), "operand") + ", expected " +
        (most == anyNumber ? "at least " + llvm::Twine(least)
         : least == most   ? llvm::Twine(least)
                           : llvm::Twine(least) + " to " + llvm::Twine(most)));
  for (unsigned i = 0; i < least; ++i)
    if (!operands[i])
      return importer.fail("operand #" + llvm::Twine(i) + " is left out");
  if (node.output_size() == 0)
    return importer.fail("has no result");
  for (int i = 0; i < node.output_size(); ++i)
    if (i >= static_cast<int64_t>(entry->maxResults) &&
        scope->isUsed(node.output(i)))
      return importer.fail("its result #" + llvm::Twine(i) + ", " +
                           quote(node.output(i)) +
                           ", is used, which is not supported");
  if (succeeded(entry->import(importer)) && !messages.hadError())
    return success();
  // An importer that fails without a word would be a mistake of ours; the user
  // still deserves the node's name.
  return importer.fail("could not be imported");
}

//===----------------------------------------------------------------------===//
// Branches and calls
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>>
GraphImporter::importBranch(pb::GraphProto &branch, const llvm::Twine &owner,
                            ArrayRef<StringRef> results) {
  Scope inner(*scope, owner);
  if (inner.getDepth() > maxNesting)
    return messages.error("branches and calls are nested deeper than " +
                          llvm::Twine(maxNesting) + ", at " +
                          quote(owner.str()));
  if (failed(survey.run(branch, inner)))
    return failure();
  std::string where = "branch " + quote(owner.str());
  auto order = orderNodes(branch.node(), inner, where, messages);
  if (failed(order))
    return failure();
  if (branch.input_size() != 0 ||
      branch.output_size() != static_cast<int64_t>(results.size()))
    return messages.error(where + " has " +
                          count(branch.input_size(), "input") + " and " +
                          count(branch.output_size(), "output") +
                          ", expected 0 and " + llvm::Twine(results.size()));
  for (const pb::NodeProto &node : branch.node())
    forEachRead(node, [&](StringRef name, bool directly) {
      inner.addUse(name, directly);
    });
  for (auto [output, result] : llvm::zip(branch.output(), results))
    if (scope->isUsed(result))
      inner.addUse(output.name(), /*directly=*/true);

  llvm::SaveAndRestore restore(scope, &inner);
  if (failed(importInitializers(branch)) ||
      failed(importNodes(*branch.mutable_node(), *order)))
    return failure();
  SmallVector<Value> values;
  for (const pb::ValueInfoProto &output : branch.output()) {
    auto describe = [&] {
      return "output " + quote(output.name()) + " of " + where;
    };
    auto value = lookup(output.name(), [&] {
      return describe() + " is not defined by any node";
    });
    if (failed(value))
      return failure();
    if (!*value)
      return messages.error(describe() + " is an operand that is left out");
    values.push_back(*value);
  }
  return values;
}

LogicalResult GraphImporter::importCall(pb::NodeProto &node, int64_t index,
                                        Function &function,
                                        ArrayRef<Value> operands) {
  pb::FunctionProto &proto = *function.proto;
  std::string what = scope->describe(node, index);
  auto checkCount = [&](size_t given, int most, StringRef noun) {
    if (given <= static_cast<size_t>(most))
      return success();
    return messages.error(what + ": has " + count(given, noun) + ", but " +
                          function.description + " has " +
                          count(most, noun == "operand" ? "input" : "output"));
  };
  if (failed(checkCount(operands.size(), proto.input_size(), "operand")) ||
      failed(checkCount(node.output_size(), proto.output_size(), "result")))
    return failure();

  Scope body(*scope, function.opsets, scope->getPath(node, index));
  if (body.getDepth() > maxNesting)
    return messages.error(what +
                          ": branches and calls are nested deeper than " +
                          llvm::Twine(maxNesting));
  for (auto [i, input] : llvm::enumerate(proto.input()))
    if (!body.define(input, i < operands.size() ? operands[i] : Value()))
      return messages.error(function.description + " has two inputs " +
                            quote(input));
  for (const pb::AttributeProto &attribute : node.attribute())
    if (const pb::AttributeProto *value = scope->resolve(attribute))
      body.bindAttribute(attribute.name(), *value);
  for (const pb::AttributeProto &attribute : function.defaults)
    body.bindAttribute(attribute.name(), attribute);
  if (!function.order) {
    auto order = orderNodes(proto.node(), body, function.description, messages);
    if (failed(order))
      return failure();
    function.order = std::move(*order);
  }
  for (const pb::NodeProto &inner : proto.node())
    forEachRead(inner, [&](StringRef name, bool directly) {
      body.addUse(name, directly);
    });
  for (auto [output, result] : llvm::zip(proto.output(), node.output()))
    if (scope->isUsed(result))
      body.addUse(output, /*directly=*/true);

  SmallVector<Value> results(node.output_size());
  {
    llvm::SaveAndRestore restore(scope, &body);
    if (failed(importNodes(*proto.mutable_node(), *function.order)))
      return failure();
    for (auto [result, output, name] :
         llvm::zip(results, proto.output(), node.output())) {
      if (!restore.get()->isUsed(name))
        continue;
      auto value = lookup(output, [&, &output = output] {
        return "output " + quote(output) + " of " + function.description +
               " is not defined by any node";
      });
      if (failed(value))
        return failure();
      if (!*value)
        return messages.error(what + ": result " + quote(name) +
                              " is an operand that is left out");
      result = *value;
    }
  }
  for (auto [result, name] : llvm::zip(results, node.output()))
    if (result && failed(define(name, result, what)))
      return failure();
  return success();
}

} // namespace ockham::importer
