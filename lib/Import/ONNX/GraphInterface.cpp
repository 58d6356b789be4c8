//===- GraphInterface.cpp - Inputs and outputs of a model -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphImporter.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ockham::importer {

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

static StringRef describeKind(const pb::TypeProto &type) {
  switch (type.value_case()) {
  case pb::TypeProto::kSequenceType:
    return "a sequence";
  case pb::TypeProto::kMapType:
    return "a map";
  case pb::TypeProto::kOptionalType:
    return "optional";
  case pb::TypeProto::kSparseTensorType:
    return "a sparse tensor";
  default:
    return "of no known type";
  }
}

/// The name of an input or output and those of its dimensions.
static DictionaryAttr describeValue(Builder &builder,
                                    const pb::ValueInfoProto &info,
                                    ArrayRef<Attribute> dims) {
  return builder.getDictionaryAttr(
      {builder.getNamedAttr(kNameAttrName, builder.getStringAttr(info.name())),
       builder.getNamedAttr(kDimsAttrName, builder.getArrayAttr(dims))});
}

FailureOr<RankedTensorType>
GraphImporter::getInputType(const pb::ValueInfoProto &info,
                            SmallVectorImpl<Attribute> &dims) {
  std::string what = "input " + quote(info.name());
  if (!info.type().has_tensor_type())
    return messages.error(what + " is " + describeKind(info.type()) +
                          ", expected a tensor");
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
      dimNames.insert(name);
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
  std::string problem = findShapeProblem(shape);
  if (!problem.empty())
    return messages.error(what + " " + problem);
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
  SmallVector<DictionaryAttr> attributes;
  unsigned numSettable = 0;
  std::string firstSettable;
  for (const pb::ValueInfoProto &info : graph.input()) {
    // Before IR version 4 every initializer was an input too; none of them is
    // meant to be set.
    if (initializers.contains(info.name())) {
      if (numSettable++ == 0)
        firstSettable = info.name();
      continue;
    }
    SmallVector<Attribute> dims;
    auto type = getInputType(info, dims);
    if (failed(type))
      return failure();
    Location loc = NameLoc::get(builder.getStringAttr(info.name()));
    BlockArgument argument = body.addArgument(*type, loc);
    if (failed(define(info.name(), argument, "the graph's inputs")))
      return failure();
    attributes.push_back(describeValue(builder, info, dims));
  }
  // Since then that means that the file's value can be replaced.
  if (numSettable && model.ir_version() >= 4)
    messages.warning((numSettable == 1
                          ? "input " + quote(firstSettable) + " has a value"
                          : llvm::Twine(numSettable).str() +
                                " inputs have values, the first is " +
                                quote(firstSettable)) +
                     " in the file; that is used, and cannot be set");
  function.setType(builder.getFunctionType(body.getArgumentTypes(), {}));
  function.setAllArgAttrs(attributes);
  for (const auto &[name, extent] : options.dims)
    if (!dimNames.contains(name))
      return messages.error(
          "no input has a dimension named " + quote(name) +
          (dimNames.empty()
               ? "; none is named"
               : "; the names are " +
                     llvm::join(llvm::map_range(dimNames, quote), ", ")));
  return success();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

LogicalResult GraphImporter::importOutputs() {
  SmallVector<Value> results;
  SmallVector<SmallVector<Attribute>> dims;
  if (graph.output_size() == 0)
    return messages.error("the graph has no outputs");
  for (const pb::ValueInfoProto &info : graph.output()) {
    auto value = lookup(info.name(), [&] {
      return "output " + quote(info.name()) + " is not defined by any node";
    });
    if (failed(value))
      return failure();
    results.push_back(*value);
    auto type = cast<RankedTensorType>(value->getType());
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
  SmallVector<DictionaryAttr> attributes;
  for (auto [info, names] : llvm::zip(graph.output(), dims))
    attributes.push_back(describeValue(builder, info, names));
  function.setAllResultAttrs(attributes);
  return success();
}

} // namespace ockham::importer
