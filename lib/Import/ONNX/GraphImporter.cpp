//===- GraphImporter.cpp - A graph becomes a function ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "NodeImporter.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/Verifier.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <queue>

using namespace mlir;

namespace ockham::importer {

/// Integers up to this many elements are shapes, axes, indices; beyond, they
/// are tables.
static constexpr int64_t maxConstantIntegers = 1024;
/// Floats of Constant nodes up to this many elements are scalars and the like.
/// Those of initializers are parameters, whatever their size.
static constexpr int64_t maxConstantFloats = 16;

/// "Conv (ai.onnx opset 17)".
static std::string nameOperator(StringRef domain, StringRef op, int64_t opset) {
  std::string domainName = domain.empty() ? "ai.onnx" : quote(domain).substr(1);
  if (!domain.empty())
    domainName.pop_back();
  std::string name = quote(op).substr(1);
  name.pop_back();
  return name + " (" + domainName +
         (opset ? " opset " + std::to_string(opset) : ", no opset stated") +
         ")";
}

GraphImporter::GraphImporter(pb::ModelProto &model, ModuleOp module,
                             const ImportOptions &options, Messages &messages)
    : model(model), graph(*model.mutable_graph()), module(module),
      options(options), messages(messages),
      reader(module.getContext(), options.allowExternalPaths, messages),
      builder(module.getContext()),
      diagnostics(module.getContext(), [this](Diagnostic &diagnostic) {
        if (diagnostic.getSeverity() == DiagnosticSeverity::Error)
          lastDiagnostic = diagnostic.str();
        return success();
      }) {}

LogicalResult GraphImporter::run() {
  if (failed(readOpsets()) || failed(checkFeatures()))
    return failure();
  collectUses();
  if (failed(checkOperators()) || failed(sortNodes()))
    return failure();

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
  if (failed(importInputs()) || failed(importInitializers()))
    return failure();
  for (int64_t index : order)
    if (failed(importNode(*graph.mutable_node(index), index)))
      return failure();
  if (failed(importOutputs()))
    return failure();
  if (failed(verify(module)))
    return messages.error("the imported model is not valid: " +
                          takeDiagnostic());
  return success();
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
  for (char &c : text)
    if (c == '\n')
      c = ' ';
  return text;
}

Location GraphImporter::getLocation(const pb::NodeProto &node, int64_t index) {
  std::string name = node.name();
  if (name.empty() && node.output_size() > 0)
    name = node.output(0);
  if (name.empty())
    name = node.op_type() + "#" + std::to_string(index);
  return NameLoc::get(builder.getStringAttr(name));
}

std::string GraphImporter::describe(const pb::NodeProto &node, int64_t index) {
  std::string op = quote(node.op_type());
  return "node " +
         (node.name().empty() ? "#" + std::to_string(index)
                              : quote(node.name())) +
         " (" + op.substr(1, op.size() - 2) + ")";
}

//===----------------------------------------------------------------------===//
// Before any IR
//===----------------------------------------------------------------------===//

int64_t GraphImporter::getOpset(StringRef domain) const {
  return opsets.lookup(normalizeDomain(domain));
}

LogicalResult GraphImporter::readOpsets() {
  for (const pb::OperatorSetIdProto &opset : model.opset_import())
    opsets[normalizeDomain(opset.domain())] = opset.version();
  if (opsets.empty())
    return messages.error("the model states no opset");
  auto own = opsets.find("");
  // Without it the model can still consist of other operators.
  int64_t version = own == opsets.end() ? oldestOpset : own->second;
  if (version < oldestOpset)
    return messages.error("the model uses opset " + llvm::Twine(version) +
                          ", expected " + llvm::Twine(oldestOpset) +
                          " or newer");
  if (version > newestOpset)
    messages.warning("the model uses opset " + llvm::Twine(version) +
                     ", newer than " + llvm::Twine(newestOpset) +
                     ", the newest that is known; operators are taken to mean "
                     "what they meant then");
  if (model.ir_version() > newestIRVersion)
    messages.warning("the file has IR version " +
                     llvm::Twine(model.ir_version()) + ", newer than " +
                     llvm::Twine(newestIRVersion) +
                     ", the newest that is known");
  return success();
}

LogicalResult GraphImporter::checkFeatures() {
  if (graph.sparse_initializer_size())
    return messages.error("initializer " +
                          quote(graph.sparse_initializer(0).values().name()) +
                          " is sparse, which is not supported");
  return success();
}

void GraphImporter::collectUses() {
  for (const pb::NodeProto &node : graph.node())
    for (const std::string &input : node.input())
      if (!input.empty())
        used.insert(input);
  for (const pb::ValueInfoProto &output : graph.output())
    used.insert(output.name());
}

LogicalResult GraphImporter::checkOperators() {
  struct Unsupported {
    uint64_t nodes = 0;
    std::string first;
  };
  llvm::MapVector<StringRef, Unsupported, llvm::StringMap<unsigned>> missing;
  llvm::StringSet<> functions;
  for (const pb::FunctionProto &f : model.functions())
    functions.insert((f.domain() + "\n" + f.name()));
  std::vector<std::string> names;
  names.reserve(graph.node_size());
  for (auto [index, node] : llvm::enumerate(graph.node())) {
    StringRef domain = normalizeDomain(node.domain());
    bool isFunction = functions.contains(node.domain() + "\n" + node.op_type());
    if (!isFunction && findOperator(domain, node.op_type(), getOpset(domain)))
      continue;
    names.push_back(nameOperator(domain, node.op_type(), getOpset(domain)) +
                    (isFunction ? ", a function of the model" : ""));
    Unsupported &entry = missing[names.back()];
    if (entry.nodes++ == 0)
      entry.first = node.name().empty() ? "#" + std::to_string(index)
                                        : quote(node.name());
  }
  if (missing.empty())
    return success();
  std::string text = count(missing.size(), "operator") +
                     (missing.size() == 1 ? " is" : " are") +
                     " not supported: ";
  text +=
      llvm::join(llvm::map_range(missing,
                                 [](const auto &entry) {
                                   return entry.first.str() + ": " +
                                          count(entry.second.nodes, "node") +
                                          ", first " + entry.second.first;
                                 }),
                 "; ");
  return messages.error(text);
}

LogicalResult GraphImporter::sortNodes() {
  int64_t size = graph.node_size();
  llvm::StringMap<int64_t> producers;
  for (int64_t i = 0; i < size; ++i)
    for (const std::string &output : graph.node(i).output())
      if (!output.empty())
        producers.try_emplace(output, i);
  // The first node in the file that can run comes next, so that a sorted file
  // keeps its order.
  SmallVector<int64_t> waitsFor(size, 0);
  SmallVector<SmallVector<int64_t, 2>> readers(size);
  for (int64_t i = 0; i < size; ++i)
    for (const std::string &input : graph.node(i).input())
      if (auto it = producers.find(input); it != producers.end()) {
        ++waitsFor[i];
        readers[it->second].push_back(i);
      }
  std::priority_queue<int64_t, std::vector<int64_t>, std::greater<>> ready;
  for (int64_t i = 0; i < size; ++i)
    if (waitsFor[i] == 0)
      ready.push(i);
  while (!ready.empty()) {
    int64_t next = ready.top();
    ready.pop();
    order.push_back(next);
    for (int64_t reader : readers[next])
      if (--waitsFor[reader] == 0)
        ready.push(reader);
  }
  if (static_cast<int64_t>(order.size()) != size) {
    int64_t stuck = llvm::find_if(waitsFor, [](int64_t n) { return n > 0; }) -
                    waitsFor.begin();
    return messages.error("the graph has a cycle through or before " +
                          describe(graph.node(stuck), stuck));
  }
  if (!llvm::is_sorted(order))
    messages.warning("the nodes are not in an order in which they can run; "
                     "they were sorted");
  return success();
}

//===----------------------------------------------------------------------===//
// Inputs, initializers
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType>
GraphImporter::getInputType(const pb::ValueInfoProto &info,
                            SmallVectorImpl<Attribute> &dims) {
  std::string what = "input " + quote(info.name());
  if (!info.type().has_tensor_type())
    return messages.error(what + " is not a tensor, which is not supported");
  const pb::TypeProto::Tensor &tensor = info.type().tensor_type();
  Type element = getElementType(tensor.elem_type(), module.getContext());
  if (!element)
    return messages.error(what + " has element type " +
                          getElementTypeName(tensor.elem_type()) +
                          ", which is not supported");
  if (!tensor.has_shape())
    return messages.error(what + " has no shape: its rank must be known");
  SmallVector<int64_t> shape;
  for (const pb::TensorShapeProto::Dimension &dim : tensor.shape().dim()) {
    StringRef name = dim.dim_param();
    dims.push_back(builder.getStringAttr(name));
    int64_t extent = ShapedType::kDynamic;
    if (!name.empty()) {
      if (!llvm::is_contained(dimNames, name))
        dimNames.push_back(name.str());
      if (auto bound = boundDims.find(name); bound != boundDims.end())
        extent = bound->second;
    } else if (dim.has_dim_value() && dim.dim_value() != -1) {
      // Some writers say -1 for a dimension without a name.
      extent = dim.dim_value();
      if (extent < 0)
        return messages.error(what + " has extent " + llvm::Twine(extent) +
                              " in dimension " + llvm::Twine(shape.size()) +
                              ", expected at least 0");
    }
    shape.push_back(extent);
  }
  return RankedTensorType::get(shape, element);
}

LogicalResult GraphImporter::importInputs() {
  for (const auto &[name, extent] : options.dims) {
    if (extent < 1)
      return messages.error("dimension " + quote(name) + " is bound to " +
                            llvm::Twine(extent) + ", expected at least 1");
    boundDims[name] = extent;
  }
  llvm::StringSet<> initializers;
  for (const pb::TensorProto &tensor : graph.initializer())
    initializers.insert(tensor.name());
  Block &body = function.getBody().front();
  for (const pb::ValueInfoProto &info : graph.input()) {
    // Before IR version 4 every initializer was an input too; none of them is
    // meant to be set.
    if (initializers.contains(info.name()))
      continue;
    SmallVector<Attribute> dims;
    auto type = getInputType(info, dims);
    if (failed(type))
      return failure();
    Location loc = NameLoc::get(builder.getStringAttr(info.name()));
    BlockArgument argument = body.addArgument(*type, loc);
    if (failed(define(info.name(), argument, "the graph's inputs")))
      return failure();
  }
  function.setType(builder.getFunctionType(body.getArgumentTypes(), {}));
  unsigned position = 0;
  for (const pb::ValueInfoProto &info : graph.input()) {
    if (initializers.contains(info.name()))
      continue;
    SmallVector<Attribute> dims;
    (void)getInputType(info, dims);
    function.setArgAttr(position, kNameAttrName,
                        builder.getStringAttr(info.name()));
    function.setArgAttr(position++, kDimsAttrName, builder.getArrayAttr(dims));
  }
  for (const auto &[name, extent] : options.dims)
    if (!llvm::is_contained(dimNames, name))
      return messages.error(
          "no input has a dimension named " + quote(name) +
          (dimNames.empty()
               ? "; none is named"
               : "; the names are " +
                     llvm::join(llvm::map_range(dimNames, quote), ", ")));
  return success();
}

LogicalResult GraphImporter::importInitializers() {
  for (pb::TensorProto &tensor : *graph.mutable_initializer()) {
    if (!isUsed(tensor.name()))
      continue;
    Location loc = NameLoc::get(builder.getStringAttr(tensor.name()));
    Value value = importTensor(tensor, tensor.name(), loc,
                               "tensor " + quote(tensor.name()),
                               /*isInitializer=*/true);
    if (!value ||
        failed(define(tensor.name(), value, "the graph's initializers")))
      return failure();
  }
  return success();
}

Value GraphImporter::importTensor(pb::TensorProto &tensor, StringRef name,
                                  Location loc, const llvm::Twine &what,
                                  bool isInitializer) {
  auto type = reader.getType(tensor, what);
  if (failed(type))
    return Value();
  bool isFloat = isa<FloatType>(type->getElementType());
  int64_t limit =
      isFloat ? (isInitializer ? -1 : maxConstantFloats) : maxConstantIntegers;
  // An empty tensor has no bytes that a weight could map.
  if (type->getNumElements() <= limit || type->getNumElements() == 0) {
    auto value = reader.readConstant(tensor, what);
    if (failed(value))
      return Value();
    return onnx::ConstantOp::create(builder, loc, *type, *value);
  }
  auto blob = reader.takeBytes(tensor, *type, what);
  if (failed(blob))
    return Value();
  WeightOp weight =
      createWeight(module, loc, name, *type, std::move(*blob), name);
  return LoadWeightOp::create(builder, loc, *type,
                              FlatSymbolRefAttr::get(weight.getSymNameAttr()));
}

//===----------------------------------------------------------------------===//
// Nodes, outputs
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::define(StringRef name, Value value,
                                    const llvm::Twine &definedBy) {
  if (name.empty())
    return success();
  if (!values.try_emplace(name, value).second)
    return messages.error("value " + quote(name) +
                          " is defined twice, the "
                          "second time by " +
                          definedBy);
  return success();
}

LogicalResult GraphImporter::importNode(pb::NodeProto &node, int64_t index) {
  StringRef domain = normalizeDomain(node.domain());
  int64_t opset = getOpset(domain);
  const OperatorEntry *entry = findOperator(domain, node.op_type(), opset);
  SmallVector<Value> operands;
  for (const std::string &input : node.input()) {
    if (input.empty()) {
      operands.push_back(Value());
      continue;
    }
    auto it = values.find(input);
    if (it == values.end())
      return messages.error(describe(node, index) + " reads " + quote(input) +
                            ", which nothing defines");
    operands.push_back(it->second);
  }
  while (!operands.empty() && !operands.back())
    operands.pop_back();

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
    if (i >= static_cast<int64_t>(entry->maxResults) && isUsed(node.output(i)))
      return importer.fail("its result #" + llvm::Twine(i) + ", " +
                           quote(node.output(i)) +
                           ", is used, which is not supported");
  if (succeeded(entry->import(importer)) && !messages.hadError())
    return success();
  // An importer that fails without a word would be a mistake of ours; the user
  // still deserves the node's name.
  return importer.fail("could not be imported");
}

LogicalResult GraphImporter::importOutputs() {
  SmallVector<Value> results;
  SmallVector<SmallVector<Attribute>> dims;
  if (graph.output_size() == 0)
    return messages.error("the graph has no outputs");
  for (const pb::ValueInfoProto &info : graph.output()) {
    auto it = values.find(info.name());
    if (it == values.end())
      return messages.error("output " + quote(info.name()) +
                            " is not defined by any node");
    results.push_back(it->second);
    auto type = cast<RankedTensorType>(it->second.getType());
    SmallVector<Attribute> &names =
        dims.emplace_back(type.getRank(), builder.getStringAttr(""));
    const pb::TypeProto::Tensor &tensor = info.type().tensor_type();
    if (!tensor.has_shape())
      continue;
    // What the file says about shapes of results is often stale (people make
    // the inputs of a finished file dynamic): only names are taken from it.
    if (tensor.shape().dim_size() != type.getRank()) {
      messages.warning("output " + quote(info.name()) + " is declared with " +
                       "rank " + llvm::Twine(tensor.shape().dim_size()) +
                       " but has rank " + llvm::Twine(type.getRank()));
      continue;
    }
    for (auto [i, dim] : llvm::enumerate(tensor.shape().dim())) {
      names[i] = builder.getStringAttr(dim.dim_param());
      if (dim.has_dim_value() && dim.dim_value() >= 0 &&
          !type.isDynamicDim(i) && type.getDimSize(i) != dim.dim_value())
        messages.warning(
            "output " + quote(info.name()) + " is declared with extent " +
            llvm::Twine(dim.dim_value()) + " in dimension " + llvm::Twine(i) +
            " but has " + llvm::Twine(type.getDimSize(i)));
    }
  }
  func::ReturnOp::create(builder, module.getLoc(), results);
  function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                           ValueRange(results).getTypes()));
  for (auto [i, info] : llvm::enumerate(graph.output())) {
    function.setResultAttr(i, kNameAttrName,
                           builder.getStringAttr(info.name()));
    function.setResultAttr(i, kDimsAttrName, builder.getArrayAttr(dims[i]));
  }
  return success();
}

} // namespace ockham::importer
