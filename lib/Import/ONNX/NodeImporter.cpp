//===- NodeImporter.cpp - One node on its way into a module ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NodeImporter.h"

#include "GraphImporter.h"
#include "IndexValues.h"
#include "Origins.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::importer {

NodeImporter::NodeImporter(GraphImporter &graph, pb::NodeProto &node,
                           int64_t index, int64_t opset,
                           ArrayRef<Value> operands)
    : graph(graph), node(node), index(index), opset(opset),
      loc(NameLoc::get(graph.getBuilder().getStringAttr(
          graph.getScope().getPath(node, index)))),
      operands(operands) {}

OpBuilder &NodeImporter::getBuilder() { return graph.getBuilder(); }

bool NodeImporter::isResultUsed(unsigned i) const {
  return i < getNumResults() && graph.getScope().isUsed(node.output(i));
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

const pb::AttributeProto *NodeImporter::findAttribute(StringRef name) const {
  for (const pb::AttributeProto &attribute : node.attribute())
    if (attribute.name() == name)
      return graph.getScope().resolve(attribute);
  return nullptr;
}

bool NodeImporter::hasAttribute(StringRef name) const {
  return findAttribute(name) != nullptr;
}

const pb::AttributeProto *
NodeImporter::findAttribute(StringRef name,
                            pb::AttributeProto::AttributeType type) {
  const pb::AttributeProto *attribute = findAttribute(name);
  // Writers before IR version 2 left the type out.
  if (!attribute || attribute->type() == type || !attribute->has_type())
    return attribute;
  (void)fail("attribute " + quote(name) + " has type " +
             pb::AttributeProto::AttributeType_Name(attribute->type()) +
             ", expected " + pb::AttributeProto::AttributeType_Name(type));
  return nullptr;
}

int64_t NodeImporter::getInt(StringRef name, int64_t defaultValue) {
  auto *attribute = findAttribute(name, pb::AttributeProto::INT);
  return attribute ? attribute->i() : defaultValue;
}

double NodeImporter::getFloat(StringRef name, double defaultValue) {
  auto *attribute = findAttribute(name, pb::AttributeProto::FLOAT);
  return attribute ? attribute->f() : defaultValue;
}

StringRef NodeImporter::getString(StringRef name, StringRef defaultValue) {
  auto *attribute = findAttribute(name, pb::AttributeProto::STRING);
  return attribute ? StringRef(attribute->s()) : defaultValue;
}

std::optional<SmallVector<int64_t>> NodeImporter::getInts(StringRef name) {
  auto *attribute = findAttribute(name, pb::AttributeProto::INTS);
  if (!attribute)
    return std::nullopt;
  return SmallVector<int64_t>(attribute->ints().begin(),
                              attribute->ints().end());
}

std::optional<SmallVector<float>> NodeImporter::getFloats(StringRef name) {
  auto *attribute = findAttribute(name, pb::AttributeProto::FLOATS);
  if (!attribute)
    return std::nullopt;
  return SmallVector<float>(attribute->floats().begin(),
                            attribute->floats().end());
}

pb::TensorProto *NodeImporter::getTensor(StringRef name) {
  auto *attribute = findAttribute(name, pb::AttributeProto::TENSOR);
  // The node is ours: constants move their bytes out of it.
  return attribute && attribute->has_t()
             ? const_cast<pb::AttributeProto *>(attribute)->mutable_t()
             : nullptr;
}

LogicalResult NodeImporter::importBranch(StringRef name) {
  auto *attribute = findAttribute(name, pb::AttributeProto::GRAPH);
  if (!attribute || !attribute->has_g())
    return fail("has no " + name);
  SmallVector<StringRef> names(node.output().begin(), node.output().end());
  auto values = graph.importBranch(
      *const_cast<pb::AttributeProto *>(attribute)->mutable_g(),
      graph.getScope().getPath(node, index) + "/" + name, names);
  if (failed(values))
    return failure();
  for (auto [i, value] : llvm::enumerate(*values))
    if (failed(setResult(i, value)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Operands that are constants or lists of extents
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> NodeImporter::getConstantInts(Value value,
                                                              StringRef what) {
  auto entries = getIndexList(value, what);
  if (failed(entries))
    return failure();
  std::optional<SmallVector<int64_t>> ints = getConstantIntValues(*entries);
  if (!ints)
    return failComputed(value, what);
  return *ints;
}

LogicalResult NodeImporter::failComputed(Value value, StringRef what) {
  std::string text = "needs a constant for " + quote(what) + ", but it is ";
  if (isa<BlockArgument>(value))
    return fail(text + "an input of the graph: store it as an initializer");
  return fail(text + "computed");
}

FailureOr<std::optional<SmallVector<int64_t>>>
NodeImporter::getIntsOrOperand(StringRef name, unsigned i) {
  using Result = std::optional<SmallVector<int64_t>>;
  if (hasOperand(i)) {
    auto ints = getConstantInts(getOperand(i), name);
    if (failed(ints))
      return failure();
    return Result(*ints);
  }
  return Result(getInts(name));
}

LogicalResult NodeImporter::requireFloat(Value value) {
  if (isa<FloatType>(getElement(value)))
    return success();
  return fail("operand has element type " + print(getElement(value)) +
              ", expected a float");
}

FailureOr<int64_t> NodeImporter::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    return fail("axis " + llvm::Twine(axis) + " is outside [" +
                llvm::Twine(-rank) + ", " + llvm::Twine(rank - 1) + "]");
  return axis < 0 ? axis + rank : axis;
}

FailureOr<SmallVector<int64_t>>
NodeImporter::normalizeAxes(ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> normal;
  for (int64_t axis : axes) {
    auto one = normalizeAxis(axis, rank);
    if (failed(one))
      return failure();
    normal.push_back(*one);
  }
  llvm::sort(normal);
  auto twice = std::adjacent_find(normal.begin(), normal.end());
  if (twice != normal.end())
    return fail("axis " + llvm::Twine(*twice) + " appears twice");
  return normal;
}

FailureOr<SmallVector<OpFoldResult>>
NodeImporter::getIndexList(Value value, StringRef what) {
  RankedTensorType type = getType(value);
  if (!isa<IntegerType>(type.getElementType()))
    return fail(what + " has element type " + print(type.getElementType()) +
                ", expected integers");
  if (type.getRank() > 1)
    return fail(what + " has rank " + llvm::Twine(type.getRank()) +
                ", expected 1");
  if (!type.hasStaticShape())
    return fail("the length of " + what +
                " is known only at run time, expected a fixed number of "
                "elements" +
                suggestDims(value));
  constexpr int64_t longest = 64;
  if (type.getNumElements() > longest)
    return fail(what + " has " + count(type.getNumElements(), "element") +
                ", expected at most " + llvm::Twine(longest));
  SmallVector<OpFoldResult> entries;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    entries.push_back(getIndexElement(getBuilder(), loc, value, i));
  return entries;
}

OpFoldResult NodeImporter::getDim(Value value, int64_t dim) {
  return tensor::getMixedSize(getBuilder(), loc, value, dim);
}

OpFoldResult NodeImporter::getDimProduct(Value value, int64_t begin,
                                         int64_t end) {
  SmallVector<OpFoldResult> extents;
  for (int64_t dim = begin; dim < end; ++dim)
    extents.push_back(getDim(value, dim));
  return multiplyIndices(getBuilder(), loc, extents);
}

//===----------------------------------------------------------------------===//
// New ops
//===----------------------------------------------------------------------===//

LogicalResult NodeImporter::finish(Operation *op, Type element) {
  (void)graph.takeDiagnostic();
  auto refuse = [&] {
    std::string reason = graph.takeDiagnostic();
    if (reason.empty())
      reason = "the types of its operands do not fit";
    return fail(reason);
  };
  if (auto infer = dyn_cast<InferShapedTypeOpInterface>(op)) {
    SmallVector<ShapedTypeComponents> components;
    if (failed(infer.inferReturnTypeComponents(
            op->getContext(), op->getLoc(), op->getOperands(),
            op->getAttrDictionary(), op->getPropertiesStorage(), {},
            components)))
      return refuse();
    for (auto [result, shape] : llvm::zip(op->getResults(), components)) {
      if (!shape.hasRank())
        continue;
      std::string problem = findShapeProblem(shape.getDims());
      if (!problem.empty())
        return fail("its result " + problem);
      result.setType(RankedTensorType::get(shape.getDims(), element));
    }
  }
  for (Value result : op->getResults())
    if (!isa<RankedTensorType>(result.getType()))
      return fail("the rank of its result is not known");
  if (failed(op->getName().verifyInvariants(op)))
    return refuse();
  return success();
}

static TypedAttr getNumberAttr(Type element, double value) {
  if (auto floatType = dyn_cast<FloatType>(element))
    return FloatAttr::get(floatType, value);
  return IntegerAttr::get(element, static_cast<int64_t>(value));
}

Value NodeImporter::createScalar(Type element, double value) {
  auto type = RankedTensorType::get({}, element);
  auto attribute =
      DenseElementsAttr::get(type, Attribute(getNumberAttr(element, value)));
  return onnx::ConstantOp::create(getBuilder(), loc, type, attribute);
}

Value NodeImporter::createFilled(Type element, Value like, double value) {
  SmallVector<OpFoldResult> shape;
  for (int64_t dim = 0, e = getType(like).getRank(); dim < e; ++dim)
    shape.push_back(getDim(like, dim));
  SmallVector<Value> dynamicShape;
  SmallVector<int64_t> staticShape;
  dispatchIndexOpFoldResults(shape, dynamicShape, staticShape);
  return create<onnx::ConstantOfShapeOp>(element, ValueRange(dynamicShape),
                                         ArrayRef<int64_t>(staticShape),
                                         getNumberAttr(element, value));
}

Value NodeImporter::createReshape(Value value, ArrayRef<OpFoldResult> shape) {
  if (!value)
    return Value();
  SmallVector<Value> dynamicShape;
  SmallVector<int64_t> staticShape;
  dispatchIndexOpFoldResults(shape, dynamicShape, staticShape);
  return create<onnx::ReshapeOp>(getElement(value), value,
                                 ValueRange(dynamicShape), staticShape);
}

Value NodeImporter::createConstant(pb::TensorProto &tensor, StringRef name) {
  return graph.importTensor(tensor, graph.getScope().qualify(name), loc,
                            describe() + " value",
                            /*isInitializer=*/false);
}

FailureOr<DenseElementsAttr>
NodeImporter::readConstant(pb::TensorProto &tensor) {
  return graph.readConstant(tensor, describe() + " value");
}

LogicalResult NodeImporter::setResult(unsigned i, Value value) {
  if (!value)
    return failure();
  if (i >= getNumResults())
    return fail("has " + count(getNumResults(), "result") + ", expected " +
                llvm::Twine(i + 1));
  return graph.define(node.output(i), value, describe());
}

void NodeImporter::unifyScalars(Value &lhs, Value &rhs) {
  Type left = getElement(lhs), right = getElement(rhs);
  if (left == right || !isa<FloatType>(left) || !isa<FloatType>(right))
    return;
  auto isScalarConstant = [](Value value) {
    return getType(value).getRank() == 0 &&
           value.getDefiningOp<onnx::ConstantOp>();
  };
  bool castLeft = isScalarConstant(lhs);
  if (castLeft == isScalarConstant(rhs))
    return;
  Value &scalar = castLeft ? lhs : rhs;
  Type element = castLeft ? right : left;
  graph.getMessages().warning(
      describe() + ": operands have element types " + print(left) + " and " +
      print(right) + "; the scalar constant is cast to " + print(element));
  scalar = create<onnx::CastOp>(element, scalar);
}

//===----------------------------------------------------------------------===//
// Messages
//===----------------------------------------------------------------------===//

std::string NodeImporter::describe() const {
  return graph.getScope().describe(node, index);
}

void NodeImporter::createCheck(Value condition, StringRef message,
                               ValueRange values) {
  // Braces of the name are no places for values.
  std::string name = describe();
  std::replace(name.begin(), name.end(), '{', '(');
  std::replace(name.begin(), name.end(), '}', ')');
  CheckOp::create(getBuilder(), loc, condition, name + ": " + message.str(),
                  values);
}

LogicalResult NodeImporter::fail(const llvm::Twine &text) {
  return graph.getMessages().error(describe() + ": " + text);
}

} // namespace ockham::importer
