//===- ImportONNX.cpp - ONNX files into the onnx dialect ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Import/ImportONNX.h"

#include "GraphImporter.h"
#include "ModelFile.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace ockham;

OwningOpRef<ModuleOp>
ockham::importONNX(StringRef path, MLIRContext &context,
                   const ImportOptions &options,
                   llvm::function_ref<void(const llvm::Twine &)> onError,
                   llvm::function_ref<void(const llvm::Twine &)> onWarning) {
  context.loadDialect<OckhamDialect, onnx::ONNXDialect, func::FuncDialect,
                      arith::ArithDialect, tensor::TensorDialect>();
  importer::Messages messages(path, onError, onWarning);
  std::unique_ptr<importer::pb::ModelProto> model =
      importer::readModelFile(messages);
  if (!model)
    return nullptr;
  OwningOpRef<ModuleOp> module(ModuleOp::create(NameLoc::get(
      StringAttr::get(&context, llvm::sys::path::filename(path)))));
  importer::GraphImporter graph(*model, *module, options, messages);
  if (failed(graph.run()))
    return nullptr;
  return module;
}
