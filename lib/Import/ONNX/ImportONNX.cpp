//===- ImportONNX.cpp - ONNX files into the onnx dialect ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Import/ImportONNX.h"

#include "GraphImporter.h"
#include "ModelFile.h"
#include "OperatorTable.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace ockham;

static OwningOpRef<ModuleOp> import(pb::ModelProto &model, MLIRContext &context,
                                    const ImportOptions &options,
                                    importer::Messages &messages) {
  context
      .loadDialect<OckhamDialect, ockham::onnx::ONNXDialect, func::FuncDialect,
                   arith::ArithDialect, tensor::TensorDialect>();
  OwningOpRef<ModuleOp> module(ModuleOp::create(NameLoc::get(StringAttr::get(
      &context, llvm::sys::path::filename(messages.getPath())))));
  importer::GraphImporter graph(model, *module, options, messages);
  if (failed(graph.run()))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp>
ockham::importONNX(StringRef path, MLIRContext &context,
                   const ImportOptions &options,
                   llvm::function_ref<void(const llvm::Twine &)> onError,
                   llvm::function_ref<void(const llvm::Twine &)> onWarning) {
  importer::Messages messages(path, onError, onWarning);
  auto model = importer::readModelFile(messages);
  return model ? import(*model, context, options, messages) : nullptr;
}

OwningOpRef<ModuleOp>
ockham::importONNX(StringRef bytes, StringRef path, MLIRContext &context,
                   const ImportOptions &options,
                   llvm::function_ref<void(const llvm::Twine &)> onError,
                   llvm::function_ref<void(const llvm::Twine &)> onWarning) {
  importer::Messages messages(path, onError, onWarning);
  auto model = importer::parseModel(bytes, messages);
  return model ? import(*model, context, options, messages) : nullptr;
}

std::vector<ONNXOperator> ockham::listONNXOperators() {
  std::vector<ONNXOperator> operators;
  for (const importer::OperatorEntry &entry : importer::getOperators())
    operators.push_back({entry.domain, entry.name, entry.sinceVersion});
  llvm::sort(operators, [](const ONNXOperator &a, const ONNXOperator &b) {
    return std::tie(a.domain, a.name, a.sinceVersion) <
           std::tie(b.domain, b.name, b.sinceVersion);
  });
  return operators;
}
