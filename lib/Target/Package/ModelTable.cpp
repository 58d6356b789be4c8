//===- ModelTable.cpp - The tables that ockham_model_query returns --------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Builds the structs of include/ockham-c/ModelABI.h as LLVM constants. Each
// struct is written field by field in the order of the header; LLVM's layout of
// an unpacked struct of these types is the C layout.
//
//===----------------------------------------------------------------------===//

#include "ockham-c/ModelABI.h"
#include "ockham/Target/Package/Package.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/Module.h"

using namespace llvm;

namespace {

class TableBuilder {
public:
  explicit TableBuilder(Module &module)
      : module(module), context(module.getContext()),
        ptr(PointerType::getUnqual(context)), i32(Type::getInt32Ty(context)),
        i64(Type::getInt64Ty(context)) {}

  Constant *number32(int64_t value) {
    return ConstantInt::get(i32, value, /*IsSigned=*/true);
  }
  Constant *number64(int64_t value) {
    return ConstantInt::get(i64, value, /*IsSigned=*/true);
  }
  Constant *real(double value) {
    return ConstantFP::get(Type::getDoubleTy(context), value);
  }
  Constant *null() { return ConstantPointerNull::get(ptr); }

  Constant *global(Constant *value, const Twine &name) {
    return new GlobalVariable(module, value->getType(), /*isConstant=*/true,
                              GlobalValue::InternalLinkage, value, name);
  }
  Constant *string(StringRef text) {
    Constant *&entry = strings[text];
    if (!entry)
      entry = global(ConstantDataArray::getString(context, text), "text");
    return entry;
  }
  Constant *stringOrNull(StringRef text) {
    return text.empty() ? null() : string(text);
  }
  Constant *structOf(ArrayRef<Constant *> fields) {
    return ConstantStruct::getAnon(context, fields);
  }
  /// A global array of equal structs; null when there are none.
  Constant *table(ArrayRef<Constant *> rows, const Twine &name) {
    if (rows.empty())
      return null();
    auto *type = ArrayType::get(rows.front()->getType(), rows.size());
    return global(ConstantArray::get(type, rows), name);
  }

  Constant *tensorSpec(const ockham::TensorDescription &tensor) {
    SmallVector<Constant *> dims;
    for (const auto &dim : tensor.dims)
      dims.push_back(
          structOf({number64(dim.extent), stringOrNull(dim.symbol)}));
    return structOf({string(tensor.name), number32(tensor.dtype),
                     number32(tensor.dims.size()), table(dims, "dims")});
  }

  Constant *tensorSpecs(ArrayRef<ockham::TensorDescription> tensors) {
    SmallVector<Constant *> rows;
    for (const ockham::TensorDescription &tensor : tensors)
      rows.push_back(tensorSpec(tensor));
    return table(rows, "tensors");
  }

  Constant *entry(const ockham::EntryDescription &entry) {
    Function *run = module.getFunction(entry.name);
    Constant *workspace = null();
    if (!entry.workspace.empty())
      workspace = module.getFunction(entry.workspace);
    return structOf({string(entry.name), number32(entry.kind),
                     number32(entry.inputs.size()),
                     number32(entry.outputs.size()), number32(0),
                     tensorSpecs(entry.inputs), tensorSpecs(entry.outputs),
                     workspace, run});
  }

  Constant *weight(const ockham::WeightDescription &weight) {
    SmallVector<Constant *> shape;
    for (int64_t extent : weight.shape)
      shape.push_back(number64(extent));
    ockham::WeightOp op = weight.op;
    bool hasRecipe = op.getInit().has_value();
    double mean = hasRecipe ? op.getInit()->getMean().getValueAsDouble() : 0;
    double std = hasRecipe ? op.getInit()->getStd().getValueAsDouble() : 0;
    return structOf(
        {string(weight.name), number32(weight.dtype),
         number32(weight.shape.size()), table(shape, "shape"),
         string(weight.layout), number64(weight.offset), number64(weight.bytes),
         number32(hasRecipe ? OCKHAM_INIT_NORMAL : OCKHAM_INIT_STORED),
         number32(0), real(mean), real(std),
         number64(hasRecipe ? op.getInit()->getSeed() : 0)});
  }

  Constant *kernel(const ockham::KernelDescription &kernel) {
    SmallVector<uint32_t, 3> block(kernel.block, kernel.block + 3);
    return structOf({string(kernel.name),
                     ConstantDataArray::get(context, block),
                     number32(kernel.sharedBytes),
                     number32(kernel.parameterCount), number32(0)});
  }

  Constant *image(const ockham::DeviceImage &image) {
    Constant *bytes = ConstantDataArray::getString(context, image.bytes,
                                                   /*AddNull=*/false);
    auto *data = cast<GlobalVariable>(global(bytes, "image"));
    data->setAlignment(Align(OCKHAM_ALIGNMENT));
    return structOf({number32(image.kind), number32(0), string(image.arch),
                     data, number64(image.bytes.size())});
  }

  Module &module;
  LLVMContext &context;
  PointerType *ptr;
  Type *i32, *i64;
  StringMap<Constant *> strings;
};

} // namespace

/// The symbol of a model's table among several. The first of a chain is the one
/// that ockham_model_query returns.
static std::string getTableName(unsigned number) {
  return "ockham_model_" + std::to_string(number);
}

void ockham::addModelTable(Module &module, const ModelDescription &description,
                           unsigned number, unsigned count) {
  // One object per table, all with functions of the same names.
  if (count > 1)
    for (Function &function : module)
      if (!function.isDeclaration())
        function.setLinkage(GlobalValue::InternalLinkage);
  TableBuilder b(module);
  SmallVector<Constant *> entries, weights, kernels, images;
  for (const EntryDescription &entry : description.entries)
    entries.push_back(b.entry(entry));
  for (const WeightDescription &weight : description.weights)
    weights.push_back(b.weight(weight));
  for (const KernelDescription &kernel : description.kernels)
    kernels.push_back(b.kernel(kernel));
  for (const DeviceImage &image : description.images)
    images.push_back(b.image(image));

  Constant *data = b.null();
  bool embedded = description.weightFile.empty() &&
                  any_of(description.weights, [](const WeightDescription &w) {
                    return !WeightOp(w.op).getInit();
                  });
  if (embedded) {
    // Weights that are all empty have no section, but an address.
    Type *byte = Type::getInt8Ty(b.context);
    bool isEmpty = description.weightBytes == 0;
    auto *symbol = new GlobalVariable(
        module, byte, /*isConstant=*/true, GlobalValue::ExternalLinkage,
        isEmpty && number == 0 ? Constant::getNullValue(byte) : nullptr,
        "ockham_weight_data");
    symbol->setVisibility(GlobalValue::HiddenVisibility);
    symbol->setAlignment(Align(OCKHAM_ALIGNMENT));
    data = symbol;
  }
  Constant *faster = b.null();
  if (number + 1 < count) {
    auto *next = new GlobalVariable(
        module, Type::getInt8Ty(b.context), /*isConstant=*/true,
        GlobalValue::ExternalLinkage, nullptr, getTableName(number + 1));
    next->setVisibility(GlobalValue::HiddenVisibility);
    faster = next;
  }
  Constant *model = b.global(b.structOf({b.number32(sizeof(ockham_model)),
                                         b.number32(OCKHAM_ABI_VERSION),
                                         b.string(description.name),
                                         b.string(description.target),
                                         b.string(description.features),
                                         b.string(description.producer),
                                         b.string(description.options),
                                         b.number32(entries.size()),
                                         b.number32(weights.size()),
                                         b.number32(0),
                                         b.number32(0),
                                         b.table(entries, "entries"),
                                         b.table(weights, "weights"),
                                         b.null(),
                                         data,
                                         b.number64(description.weightBytes),
                                         b.stringOrNull(description.weightFile),
                                         faster,
                                         b.number32(kernels.size()),
                                         b.number32(images.size()),
                                         b.table(kernels, "kernels"),
                                         b.table(images, "images")}),
                             "model");
  if (number > 0) {
    auto *table = cast<GlobalVariable>(model);
    table->setName(getTableName(number));
    table->setLinkage(GlobalValue::ExternalLinkage);
    table->setVisibility(GlobalValue::HiddenVisibility);
    return;
  }

  // const ockham_model *ockham_model_query(uint32_t max_version)
  auto *type = FunctionType::get(b.ptr, {b.i32}, /*isVarArg=*/false);
  auto *query = Function::Create(type, GlobalValue::ExternalLinkage,
                                 "ockham_model_query", module);
  IRBuilder<> ir(BasicBlock::Create(b.context, "", query));
  Value *knows =
      ir.CreateICmpUGE(query->getArg(0), b.number32(OCKHAM_ABI_VERSION));
  ir.CreateRet(ir.CreateSelect(knows, model, b.null()));
}
