//===- ModelDescription.cpp - What a module exports -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/Package/ModelDescription.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ockham-c/ModelABI.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ockham {

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

static std::string toString(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

llvm::Expected<int32_t> getDType(Type type) {
  if (type.isInteger(1))
    return OCKHAM_BOOL;
  if (type.isUnsignedInteger(8))
    return OCKHAM_U8;
  if (type.isUnsignedInteger(16))
    return OCKHAM_U16;
  if (type.isUnsignedInteger(32))
    return OCKHAM_U32;
  if (type.isUnsignedInteger(64))
    return OCKHAM_U64;
  if (type.isSignlessInteger(8))
    return OCKHAM_I8;
  if (type.isSignlessInteger(16))
    return OCKHAM_I16;
  if (type.isSignlessInteger(32))
    return OCKHAM_I32;
  if (type.isSignlessInteger(64))
    return OCKHAM_I64;
  if (type.isF16())
    return OCKHAM_F16;
  if (type.isBF16())
    return OCKHAM_BF16;
  if (type.isF32())
    return OCKHAM_F32;
  if (type.isF64())
    return OCKHAM_F64;
  return makeError(
      "element type " + toString(type) +
      " has no code in the model ABI; expected bool, int8 to "
      "int64, uint8 to uint64, float16, bfloat16, float32 or float64");
}

/// Describes one argument or result from its type and attributes.
static llvm::Expected<TensorDescription>
describeTensor(Type type, DictionaryAttr attributes, const llvm::Twine &name) {
  TensorDescription description;
  description.name = name.str();
  if (attributes)
    if (auto attr = attributes.getAs<StringAttr>(kNameAttrName))
      description.name = attr.str();
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return makeError("'" + description.name + "' has type " + toString(type) +
                     ", expected a ranked tensor");
  llvm::Expected<int32_t> dtype = getDType(tensor.getElementType());
  if (!dtype)
    return dtype.takeError();
  description.dtype = *dtype;
  auto names =
      attributes ? attributes.getAs<ArrayAttr>(kDimsAttrName) : ArrayAttr();
  for (int64_t i = 0, e = tensor.getRank(); i < e; ++i) {
    TensorDescription::Dim dim;
    dim.extent = tensor.isDynamicDim(i) ? -1 : tensor.getDimSize(i);
    if (names && tensor.isDynamicDim(i))
      dim.symbol = cast<StringAttr>(names[i]).str();
    description.dims.push_back(dim);
  }
  return description;
}

llvm::Expected<std::vector<EntryDescription>> describeEntries(ModuleOp module) {
  std::vector<EntryDescription> entries;
  for (auto function : module.getOps<func::FuncOp>()) {
    auto kind = function->getAttrOfType<StringAttr>(kEntryAttrName);
    if (!kind)
      continue;
    EntryDescription entry;
    entry.name = function.getSymName().str();
    entry.kind = llvm::StringSwitch<int32_t>(kind.getValue())
                     .Case("forward", OCKHAM_ENTRY_FORWARD)
                     .Case("prefill", OCKHAM_ENTRY_PREFILL)
                     .Case("decode", OCKHAM_ENTRY_DECODE)
                     .Case("loss", OCKHAM_ENTRY_LOSS)
                     .Case("train_step", OCKHAM_ENTRY_TRAIN_STEP)
                     .Default(OCKHAM_ENTRY_OTHER);
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto tensor =
          describeTensor(function.getArgumentTypes()[i],
                         function.getArgAttrDict(i), "input" + llvm::Twine(i));
      if (!tensor)
        return tensor.takeError();
      entry.inputs.push_back(std::move(*tensor));
    }
    for (unsigned i = 0; i < function.getNumResults(); ++i) {
      auto tensor = describeTensor(function.getResultTypes()[i],
                                   function.getResultAttrDict(i),
                                   "output" + llvm::Twine(i));
      if (!tensor)
        return tensor.takeError();
      entry.outputs.push_back(std::move(*tensor));
    }
    entries.push_back(std::move(entry));
  }
  if (entries.empty())
    return makeError("the module has no entry point: no function carries '" +
                     kEntryAttrName + "'");
  return entries;
}

void describeWorkspaces(ModuleOp module, ModelDescription &description) {
  for (EntryDescription &entry : description.entries)
    if (Operation *function = module.lookupSymbol(entry.name))
      if (auto name =
              function->getAttrOfType<FlatSymbolRefAttr>(kWorkspaceAttrName))
        entry.workspace = name.getValue().str();
}

llvm::Error describeWeights(ModuleOp module, ModelDescription &description) {
  llvm::StringSet<> names;
  for (auto op : module.getOps<WeightOp>()) {
    WeightDescription weight;
    weight.op = op;
    // The exporter's name where it is unique, else the symbol.
    weight.name = op.getSource() ? op.getSource()->str() : std::string();
    if (weight.name.empty() || !names.insert(weight.name).second) {
      weight.name = op.getSymName().str();
      for (unsigned i = 0; !names.insert(weight.name).second; ++i)
        weight.name = (op.getSymName() + "." + llvm::Twine(i)).str();
    }
    RankedTensorType type = op.getTensorType();
    llvm::Expected<int32_t> dtype = getDType(type.getElementType());
    if (!dtype)
      return dtype.takeError();
    weight.dtype = *dtype;
    weight.shape.assign(type.getShape().begin(), type.getShape().end());
    weight.layout = op.getLayout().str();
    if (!op.isLayoutKnown())
      return makeError("weight '" + weight.name + "' of type " +
                       toString(type) + " has layout '" + weight.layout +
                       "', expected row-major or, for a matrix, panels<W[, "
                       "interleave = I][, transposed]>");
    weight.bytes = getStorageBytes(op.getStoredType());
    if (!op.getInit()) {
      if (!ConstantData::get(op))
        return makeError("weight '" + weight.name +
                         "' has neither bytes nor an initialisation recipe "
                         "(text has them when written with --print-weights)");
      weight.offset = llvm::alignTo(description.weightBytes, OCKHAM_ALIGNMENT);
      description.weightBytes = weight.offset + weight.bytes;
    }
    description.weights.push_back(std::move(weight));
  }
  return llvm::Error::success();
}

} // namespace ockham
