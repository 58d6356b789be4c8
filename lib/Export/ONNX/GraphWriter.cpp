//===- GraphWriter.cpp - A function becomes a graph -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ockham::exporter {

static llvm::Error fail(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

pb::TensorProto::DataType getDataType(Type element) {
  using T = pb::TensorProto;
  if (element.isF32())
    return T::FLOAT;
  if (element.isF64())
    return T::DOUBLE;
  if (element.isF16())
    return T::FLOAT16;
  if (element.isBF16())
    return T::BFLOAT16;
  if (element.isInteger(1))
    return T::BOOL;
  bool isUnsigned = element.isUnsignedInteger();
  if (element.isInteger(8))
    return isUnsigned ? T::UINT8 : T::INT8;
  if (element.isInteger(16))
    return isUnsigned ? T::UINT16 : T::INT16;
  if (element.isInteger(32))
    return isUnsigned ? T::UINT32 : T::INT32;
  if (element.isInteger(64))
    return isUnsigned ? T::UINT64 : T::INT64;
  return T::UNDEFINED;
}

GraphWriter::GraphWriter(func::FuncOp function, pb::GraphProto &graph,
                         int64_t opset)
    : function(function), graph(graph), opset(opset), extents(function) {}

void GraphWriter::refuse(const llvm::Twine &text) {
  if (problem.empty())
    problem = text.str();
}

//===----------------------------------------------------------------------===//
// Names and attributes
//===----------------------------------------------------------------------===//

std::string GraphWriter::makeUnique(StringRef wanted) {
  std::string name = wanted.empty() ? "value" : wanted.str();
  if (taken.try_emplace(name, 0).second)
    return name;
  std::string numbered;
  do
    numbered = name + "_" + std::to_string(++taken[name]);
  while (!taken.try_emplace(numbered, 0).second);
  return numbered;
}

std::string GraphWriter::getName(Value value) {
  auto it = names.find(value);
  if (it != names.end())
    return it->second;
  refuse("a value without an ONNX operator is read");
  return "";
}

void GraphWriter::define(Value value, StringRef wanted) {
  auto output = outputNames.find(value);
  names[value] =
      output != outputNames.end() ? output->second : makeUnique(wanted);
}

static pb::AttributeProto &
addAttribute(pb::NodeProto &node, StringRef name,
             pb::AttributeProto::AttributeType type) {
  pb::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name(name.str());
  attribute.set_type(type);
  return attribute;
}

void GraphWriter::setInt(pb::NodeProto &node, StringRef name, int64_t value) {
  addAttribute(node, name, pb::AttributeProto::INT).set_i(value);
}

void GraphWriter::setFloat(pb::NodeProto &node, StringRef name, double value) {
  addAttribute(node, name, pb::AttributeProto::FLOAT)
      .set_f(static_cast<float>(value));
}

void GraphWriter::setString(pb::NodeProto &node, StringRef name,
                            StringRef value) {
  addAttribute(node, name, pb::AttributeProto::STRING).set_s(value.str());
}

void GraphWriter::setInts(pb::NodeProto &node, StringRef name,
                          ArrayRef<int64_t> values) {
  pb::AttributeProto &attribute =
      addAttribute(node, name, pb::AttributeProto::INTS);
  for (int64_t value : values)
    attribute.add_ints(value);
}

static void setType(pb::TensorProto &tensor, RankedTensorType type) {
  tensor.set_data_type(getDataType(type.getElementType()));
  for (int64_t extent : type.getShape())
    tensor.add_dims(extent);
}

void GraphWriter::setTensor(pb::TensorProto &tensor, const ConstantData &data) {
  setType(tensor, data.getType());
  std::string bytes(getStorageBytes(data.getType()), '\0');
  data.copyTo(bytes.data());
  tensor.set_raw_data(std::move(bytes));
}

/// The name that the file gave to what the op comes from, else nothing.
static StringRef getSourceName(Operation *op) {
  StringRef name;
  op->getLoc()->walk([&](Location loc) {
    auto named = dyn_cast<NameLoc>(loc);
    if (!named)
      return WalkResult::advance();
    name = named.getName();
    return WalkResult::interrupt();
  });
  return name;
}

/// Nodes keep their names. One that stands for a part of what was recognised
/// has a name in the same scope: /h.0/attn/Softmax gives /h.0/attn/MatMul.
std::string GraphWriter::nameNode(Operation *op, StringRef type) {
  StringRef name = getSourceName(op);
  auto [scope, last] = name.rsplit('/');
  if (last.empty())
    return makeUnique(name.empty() || name.ends_with("/") ? type : name);
  if (last.starts_with(type))
    return makeUnique(name);
  return makeUnique((scope + "/" + type).str());
}

pb::NodeProto &GraphWriter::addOutputs(Operation *op, StringRef type) {
  pb::NodeProto &node = *graph.add_node();
  node.set_op_type(type.str());
  node.set_name(nameNode(op, type));
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    define(result, node.name() + "_output_" + std::to_string(i));
    node.add_output(names[result]);
  }
  return node;
}

pb::NodeProto &GraphWriter::addNode(Operation *op, StringRef type) {
  pb::NodeProto &node = addOutputs(op, type);
  for (Value operand : op->getOperands())
    if (isa<TensorType>(operand.getType()))
      node.add_input(getName(operand));
  return node;
}

std::string
GraphWriter::addNode(StringRef type, ArrayRef<std::string> inputs,
                     llvm::function_ref<void(pb::NodeProto &)> attributes) {
  pb::NodeProto &node = *graph.add_node();
  node.set_op_type(type.str());
  node.set_name(makeUnique(type));
  for (const std::string &input : inputs)
    node.add_input(input);
  std::string output = makeUnique(node.name() + "_output_0");
  node.add_output(output);
  if (attributes)
    attributes(node);
  return output;
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

std::string GraphWriter::addInts(ArrayRef<int64_t> values) {
  std::string key = "ints";
  for (int64_t value : values)
    key += "," + std::to_string(value);
  std::string &name = shared[key];
  if (!name.empty())
    return name;
  name = makeUnique("sizes");
  pb::TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(pb::TensorProto::INT64);
  tensor.add_dims(static_cast<int64_t>(values.size()));
  for (int64_t value : values)
    tensor.add_int64_data(value);
  return name;
}

std::string GraphWriter::addScalar(int64_t value) {
  std::string &name = shared["int," + std::to_string(value)];
  if (!name.empty())
    return name;
  name = makeUnique("number");
  pb::TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(name);
  tensor.set_data_type(pb::TensorProto::INT64);
  tensor.add_int64_data(value);
  return name;
}

std::string GraphWriter::addFilled(RankedTensorType type, double value) {
  std::string key;
  llvm::raw_string_ostream(key) << "filled," << type << ',' << value;
  std::string &name = shared[key];
  if (!name.empty())
    return name;
  auto constant = DenseElementsAttr::get(
      type, Attribute(FloatAttr::get(type.getElementType(), value)));
  name = makeUnique("constant");
  pb::TensorProto &tensor = *graph.add_initializer();
  setTensor(tensor, *ConstantData::get(constant));
  tensor.set_name(name);
  return name;
}

/// More bytes than this are not copied into the graph.
static constexpr uint64_t kSmallConstant = 64;

llvm::Error GraphWriter::writeConstant(Value value, StringRef name) {
  // A weight may be loaded in several places.
  auto load = value.getDefiningOp<LoadWeightOp>();
  StringAttr symbol = load ? load.getWeightAttr().getAttr() : StringAttr();
  names[value] = load ? weightNames[symbol] : makeUnique(name);
  if (load && !writtenWeights.insert(symbol).second)
    return llvm::Error::success();
  Weight weight;
  weight.header.set_name(names[value]);
  auto type = cast<RankedTensorType>(value.getType());
  if (getDataType(type.getElementType()) == pb::TensorProto::UNDEFINED)
    return fail("'" + names[value] +
                "' has an element type that ONNX does not have");
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data)
    return fail("the bytes of '" + names[value] +
                "' are not here: the weight is only declared");
  if (!load && getStorageBytes(type) <= kSmallConstant) {
    pb::TensorProto &tensor = *graph.add_initializer();
    setTensor(tensor, *data);
    tensor.set_name(names[value]);
    return llvm::Error::success();
  }
  setType(weight.header, type);
  weight.data = std::move(*data);
  weights.push_back(std::move(weight));
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

llvm::Error GraphWriter::describe(pb::ValueInfoProto &info, StringRef name,
                                  RankedTensorType type, ArrayAttr dims) {
  info.set_name(name.str());
  pb::TypeProto::Tensor &tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(getDataType(type.getElementType()));
  if (tensor.elem_type() == pb::TensorProto::UNDEFINED)
    return fail("'" + name + "' has an element type that ONNX does not have");
  pb::TensorShapeProto &shape = *tensor.mutable_shape();
  for (auto [i, extent] : llvm::enumerate(type.getShape())) {
    pb::TensorShapeProto::Dimension &dim = *shape.add_dim();
    if (!ShapedType::isDynamic(extent)) {
      dim.set_dim_value(extent);
      continue;
    }
    auto dimName =
        dims && i < dims.size() ? dyn_cast<StringAttr>(dims[i]) : StringAttr();
    if (dimName && !dimName.getValue().empty())
      dim.set_dim_param(dimName.str());
  }
  return llvm::Error::success();
}

/// What must be called as in the file, before anything else can take the name.
llvm::Error GraphWriter::reserveNames() {
  auto ret = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  llvm::StringSet<> inputs;
  for (BlockArgument argument : function.getArguments()) {
    unsigned position = argument.getArgNumber();
    auto name = function.getArgAttrOfType<StringAttr>(position, kNameAttrName);
    if (!isa<RankedTensorType>(argument.getType()) || !name)
      return fail("argument " + llvm::Twine(position) +
                  " of the function is no tensor with a name");
    if (!inputs.insert(name.getValue()).second)
      return fail("two inputs are called '" + name.getValue() + "'");
    taken[name.getValue()] = 0;
    names[argument] = name.str();
  }
  llvm::StringSet<> outputs;
  for (auto [position, operand] : llvm::enumerate(ret.getOperands())) {
    auto name =
        function.getResultAttrOfType<StringAttr>(position, kNameAttrName);
    if (!isa<RankedTensorType>(operand.getType()) || !name)
      return fail("result " + llvm::Twine(position) +
                  " of the function is no tensor with a name");
    if (!outputs.insert(name.getValue()).second)
      return fail("two outputs are called '" + name.getValue() + "'");
    taken[name.getValue()] = 0;
    Value value = operand;
    while (auto cast = value.getDefiningOp<tensor::CastOp>())
      value = cast.getSource();
    if (inputs.contains(name.getValue()) && names.lookup(value) != name)
      return fail("an input and an output that is another value are both "
                  "called '" +
                  name.getValue() + "'");
    // What no node gives, or what several outputs are, is copied by an
    // Identity.
    if (Operation *op = value.getDefiningOp();
        op && !matchPattern(op, m_Constant()) &&
        isa<onnx::ONNXDialect, tfm::TfmDialect>(op->getDialect()))
      outputNames.try_emplace(value, name.str());
  }
  auto module = function->getParentOfType<ModuleOp>();
  function.walk([&](LoadWeightOp load) {
    StringAttr symbol = load.getWeightAttr().getAttr();
    if (weightNames.contains(symbol))
      return;
    auto weight = module.lookupSymbol<WeightOp>(symbol);
    StringRef name = symbol;
    if (weight && weight.getSource() && !weight.getSource()->empty())
      name = *weight.getSource();
    weightNames[symbol] = makeUnique(name);
  });
  return llvm::Error::success();
}

llvm::Error GraphWriter::writeInputs() {
  for (BlockArgument argument : function.getArguments())
    if (llvm::Error error =
            describe(*graph.add_input(), names[argument],
                     cast<RankedTensorType>(argument.getType()),
                     function.getArgAttrOfType<ArrayAttr>(
                         argument.getArgNumber(), kDimsAttrName)))
      return error;
  return llvm::Error::success();
}

llvm::Error GraphWriter::writeOutputs(func::ReturnOp ret) {
  for (auto [position, value] : llvm::enumerate(ret.getOperands())) {
    auto name =
        function.getResultAttrOfType<StringAttr>(position, kNameAttrName);
    std::string given = getName(value);
    if (given != name.getValue()) {
      pb::NodeProto &node = *graph.add_node();
      node.set_op_type("Identity");
      node.set_name(makeUnique("Identity"));
      node.add_input(given);
      node.add_output(name.str());
    }
    if (llvm::Error error = describe(
            *graph.add_output(), name, cast<RankedTensorType>(value.getType()),
            function.getResultAttrOfType<ArrayAttr>(position, kDimsAttrName)))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error GraphWriter::writeOp(Operation *op) {
  if (auto load = dyn_cast<LoadWeightOp>(op))
    return writeConstant(load, load.getWeight());
  if (op->getNumResults() == 1 && isa<TensorType>(op->getResult(0).getType()) &&
      matchPattern(op, m_Constant()))
    return writeConstant(op->getResult(0), "constant");
  if (isa<onnx::ONNXDialect, tfm::TfmDialect>(op->getDialect()))
    return writeOperator(*this, op);
  if (writeIndexOp(op))
    return llvm::Error::success();
  return fail("'" + op->getName().getStringRef() +
              "' has no ONNX operator; lower to onnx ops first");
}

/// The error, with the node that it is about.
static llvm::Error at(Operation *op, llvm::Error error) {
  if (!error)
    return error;
  StringRef name = getSourceName(op);
  return fail((name.empty() ? "" : name + ": ") +
              llvm::toString(std::move(error)));
}

llvm::Error GraphWriter::run() {
  graph.set_name(function.getSymName().str());
  Block &body = function.getBody().front();
  if (llvm::Error error = reserveNames())
    return error;
  if (llvm::Error error = writeInputs())
    return error;
  for (Operation &op : body.without_terminator()) {
    llvm::Error error = writeOp(&op);
    if (!error && !problem.empty())
      error = fail(problem);
    if (error)
      return at(&op, std::move(error));
    extents.visit(&op);
  }
  if (llvm::Error error =
          writeOutputs(cast<func::ReturnOp>(body.getTerminator())))
    return error;
  return problem.empty() ? llvm::Error::success() : fail(problem);
}

} // namespace ockham::exporter
