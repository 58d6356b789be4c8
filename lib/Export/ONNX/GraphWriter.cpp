//===- GraphWriter.cpp - A function becomes a graph -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

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

//===----------------------------------------------------------------------===//
// Names and attributes
//===----------------------------------------------------------------------===//

std::string GraphWriter::makeUnique(StringRef wanted) {
  std::string name = wanted.empty() ? "value" : wanted.str();
  unsigned &count = taken[name];
  if (count++ == 0)
    return name;
  std::string numbered;
  do
    numbered = name + "_" + std::to_string(taken[name]++);
  while (taken.contains(numbered));
  taken[numbered] = 1;
  return numbered;
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

void GraphWriter::setTensor(pb::TensorProto &tensor, const ConstantData &data) {
  tensor.set_data_type(getDataType(data.getElementType()));
  for (int64_t extent : data.getShape())
    tensor.add_dims(extent);
  std::string bytes(getStorageBytes(data.getType()), '\0');
  data.copyTo(bytes.data());
  tensor.set_raw_data(std::move(bytes));
}

/// The name that the file gave the node, else nothing.
static std::string getNodeName(Operation *op) {
  std::string name;
  op->getLoc()->walk([&](Location loc) {
    auto named = dyn_cast<NameLoc>(loc);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name;
}

pb::NodeProto &GraphWriter::addNode(Operation *op, StringRef type) {
  pb::NodeProto &node = *graph.add_node();
  node.set_op_type(type.str());
  std::string name = getNodeName(op);
  node.set_name(makeUnique((name.empty() ? type : StringRef(name)).str()));
  for (Value operand : op->getOperands())
    if (isa<TensorType>(operand.getType()))
      node.add_input(getName(operand));
  for (Value result : op->getResults()) {
    define(result, node.name() + "_output");
    node.add_output(getName(result));
  }
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
  std::string output = makeUnique(node.name() + "_output");
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
  std::string &name = initializers[key];
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
  std::string &name = initializers["int," + std::to_string(value)];
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
  auto constant = DenseElementsAttr::get(
      type, Attribute(FloatAttr::get(type.getElementType(), value)));
  std::string name = makeUnique("constant");
  pb::TensorProto &tensor = *graph.add_initializer();
  setTensor(tensor, *ConstantData::get(constant));
  tensor.set_name(name);
  return name;
}

llvm::Error GraphWriter::writeConstant(Value value, StringRef name) {
  auto type = cast<RankedTensorType>(value.getType());
  if (getDataType(type.getElementType()) == pb::TensorProto::UNDEFINED)
    return fail("the constant '" + name +
                "' has an element type that ONNX "
                "does not have");
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data)
    return fail("the bytes of '" + name + "' are not here");
  // A weight may be loaded in several places.
  if (auto load = value.getDefiningOp<LoadWeightOp>()) {
    std::string &known = initializers["weight " + load.getWeight().str()];
    if (!known.empty()) {
      names[value] = known;
      return llvm::Error::success();
    }
    known = makeUnique(name);
    names[value] = known;
  } else {
    names[value] = makeUnique(name);
  }
  pb::TensorProto &tensor = *graph.add_initializer();
  tensor.set_name(names[value]);
  tensor.set_data_type(getDataType(type.getElementType()));
  for (int64_t extent : type.getShape())
    tensor.add_dims(extent);
  weights.push_back({graph.initializer_size() - 1, std::move(*data)});
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

std::string GraphWriter::addSizes(ArrayRef<int64_t> staticSizes,
                                  ValueRange sizes) {
  if (sizes.empty())
    return addInts(staticSizes);
  SmallVector<std::string> parts;
  unsigned position = 0;
  for (int64_t size : staticSizes)
    parts.push_back(ShapedType::isDynamic(size) ? addIndex(sizes[position++])
                                                : addInts({size}));
  if (parts.size() == 1)
    return parts.front();
  return addNode("Concat", parts,
                 [](pb::NodeProto &node) { setInt(node, "axis", 0); });
}

/// The operator for arithmetic on indices, none of which is negative where it
/// matters.
static StringRef getArithmetic(Operation *op) {
  if (isa<arith::AddIOp>(op))
    return "Add";
  if (isa<arith::SubIOp>(op))
    return "Sub";
  if (isa<arith::MulIOp>(op))
    return "Mul";
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op))
    return "Div";
  if (isa<arith::MaxSIOp, arith::MaxUIOp>(op))
    return "Max";
  if (isa<arith::MinSIOp, arith::MinUIOp>(op))
    return "Min";
  return "";
}

std::string GraphWriter::addIndexOp(Operation *op) {
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    int64_t position = dim.getConstantIndex().value_or(0);
    return addNode("Shape", {getName(dim.getSource())},
                   [&](pb::NodeProto &node) {
                     setInt(node, "start", position);
                     setInt(node, "end", position + 1);
                   });
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    // The row-major position of the element.
    auto type = cast<RankedTensorType>(extract.getTensor().getType());
    int64_t position = 0;
    for (auto [dim, index] : llvm::enumerate(extract.getIndices()))
      position = position * std::max<int64_t>(1, type.getDimSize(dim)) +
                 getConstantIntValue(index).value_or(0);
    std::string flat =
        addNode("Reshape", {getName(extract.getTensor()), addInts({-1})});
    if (!type.getElementType().isInteger(64))
      flat = addNode("Cast", {flat}, [](pb::NodeProto &node) {
        setInt(node, "to", pb::TensorProto::INT64);
      });
    return addNode("Slice",
                   {flat, addInts({position}), addInts({position + 1})});
  }
  if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op))
    return addIndex(op->getOperand(0));
  if (auto ceil = dyn_cast<arith::CeilDivSIOp>(op)) {
    std::string divisor = addIndex(ceil.getRhs());
    std::string sum = addNode("Add", {addIndex(ceil.getLhs()), divisor});
    return addNode("Div", {addNode("Sub", {sum, addInts({1})}), divisor});
  }
  StringRef arithmetic = getArithmetic(op);
  if (arithmetic.empty())
    return "";
  return addNode(arithmetic,
                 {addIndex(op->getOperand(0)), addIndex(op->getOperand(1))});
}

std::string GraphWriter::addIndex(Value index) {
  if (std::optional<int64_t> known = getConstantIntValue(index))
    return addInts({*known});
  std::string &name = indices[index];
  if (!name.empty())
    return name;
  std::string added =
      index.getDefiningOp() ? addIndexOp(index.getDefiningOp()) : "";
  return indices[index] = added;
}

bool GraphWriter::writeIndexOp(Operation *op) {
  if (auto elements = dyn_cast<tensor::FromElementsOp>(op)) {
    SmallVector<std::string> parts;
    for (Value element : elements.getElements())
      parts.push_back(addIndex(element));
    std::string vector =
        parts.size() == 1 ? parts.front()
                          : addNode("Concat", parts, [](pb::NodeProto &node) {
                              setInt(node, "axis", 0);
                            });
    auto type = cast<RankedTensorType>(elements.getType());
    if (!type.getElementType().isInteger(64))
      vector = addNode("Cast", {vector}, [&](pb::NodeProto &node) {
        setInt(node, "to", getDataType(type.getElementType()));
      });
    names[elements] = addNode("Reshape", {vector, addInts(type.getShape())});
    return true;
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    names[cast] = getName(cast.getSource());
    return true;
  }
  // Written where something reads them.
  return isa<tensor::DimOp, tensor::ExtractOp>(op) ||
         isa<arith::ArithDialect>(op->getDialect());
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

llvm::Error GraphWriter::writeInputs() {
  for (BlockArgument argument : function.getArguments()) {
    unsigned position = argument.getArgNumber();
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto name = function.getArgAttrOfType<StringAttr>(position, kNameAttrName);
    if (!type || !name)
      return fail("argument " + llvm::Twine(position) +
                  " of the function is no named tensor");
    taken[name.getValue()] = 1;
    names[argument] = name.str();
    if (llvm::Error error = describe(
            *graph.add_input(), name, type,
            function.getArgAttrOfType<ArrayAttr>(position, kDimsAttrName)))
      return error;
  }
  return llvm::Error::success();
}

llvm::Error GraphWriter::writeOutputs(func::ReturnOp ret) {
  for (auto [position, value] : llvm::enumerate(ret.getOperands())) {
    auto name =
        function.getResultAttrOfType<StringAttr>(position, kNameAttrName);
    if (names[value] != name.getValue()) {
      pb::NodeProto &node = *graph.add_node();
      node.set_op_type("Identity");
      node.set_name(makeUnique("Identity"));
      node.add_input(names[value]);
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
  if (auto load = dyn_cast<LoadWeightOp>(op)) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
        load, load.getWeightAttr());
    StringRef name =
        weight && weight.getSource() ? *weight.getSource() : load.getWeight();
    return writeConstant(load, name);
  }
  if (op->getNumResults() == 1 && isa<TensorType>(op->getResult(0).getType()) &&
      matchPattern(op, m_Constant()))
    return writeConstant(op->getResult(0), "constant");
  if (isa<onnx::ONNXDialect>(op->getDialect()))
    return writeOperator(*this, op);
  if (writeIndexOp(op))
    return llvm::Error::success();
  return fail("'" + op->getName().getStringRef() +
              "' has no ONNX operator; lower to onnx ops first");
}

llvm::Error GraphWriter::run() {
  graph.set_name(function.getSymName().str());
  auto ret = cast<func::ReturnOp>(function.getBody().front().getTerminator());
  for (unsigned i = 0; i < function.getNumResults(); ++i) {
    auto name = function.getResultAttrOfType<StringAttr>(i, kNameAttrName);
    if (!name)
      return fail("result " + llvm::Twine(i) + " of the function has no name");
    taken[name.getValue()] = 1;
    // What several outputs or none of the nodes give is copied by an Identity.
    Value value = ret.getOperand(i);
    if (Operation *op = value.getDefiningOp();
        op && isa<onnx::ONNXDialect>(op->getDialect()) &&
        !isa<onnx::ConstantOp>(op))
      outputNames.try_emplace(value, name.str());
  }
  if (llvm::Error error = writeInputs())
    return error;
  for (Operation &op : function.getBody().front().without_terminator())
    if (llvm::Error error = writeOp(&op))
      return error;
  return writeOutputs(ret);
}

} // namespace ockham::exporter
