//===- TensorReader.h - Tensors of a model file -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_TENSORREADER_H
#define OCKHAM_LIB_IMPORT_ONNX_TENSORREADER_H

#include "Messages.h"
#include "ockham/Support/ONNXProtobuf.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "ockham/Import/ImportONNX.h"
#include "llvm/ADT/StringMap.h"

#include <memory>

namespace llvm {
class MemoryBuffer;
} // namespace llvm

namespace ockham::importer {

/// The MLIR type of an ONNX element type, null if it has none here.
mlir::Type getElementType(int32_t dataType, mlir::MLIRContext *context);
/// ONNX's name of an element type, e.g. "FLOAT16".
std::string getElementTypeName(int32_t dataType);

/// What is wrong with a shape that cannot be meant, as "has rank 99, expected
/// ..."; empty if nothing is. Dynamic extents may be anything.
std::string findShapeProblem(llvm::ArrayRef<int64_t> shape);

/// Reads the tensors of one model, with their external data.
class TensorReader {
public:
  TensorReader(mlir::MLIRContext *context, const ImportOptions &options,
               Messages &messages)
      : context(context), allowExternalPaths(options.allowExternalPaths),
        onExternalFile(options.onExternalFile), messages(messages) {}

  /// The checked type of a tensor. `what` names it in messages.
  mlir::FailureOr<mlir::RankedTensorType> getType(const pb::TensorProto &tensor,
                                                  const llvm::Twine &what);

  /// The row-major bytes of a tensor (one byte per boolean), taken out of
  /// `tensor` or mapped from its file without a copy where they are stored so.
  mlir::FailureOr<mlir::AsmResourceBlob> takeBytes(pb::TensorProto &tensor,
                                                   mlir::RankedTensorType type,
                                                   const llvm::Twine &what);

  /// The tensor as an attribute of its own.
  mlir::FailureOr<mlir::DenseElementsAttr>
  readConstant(pb::TensorProto &tensor, const llvm::Twine &what);

private:
  mlir::FailureOr<mlir::AsmResourceBlob>
  mapExternal(const pb::TensorProto &tensor, uint64_t size,
              const llvm::Twine &what);
  mlir::FailureOr<std::shared_ptr<llvm::MemoryBuffer>>
  openExternal(llvm::StringRef location, const llvm::Twine &what);

  mlir::MLIRContext *context;
  bool allowExternalPaths;
  std::function<void(llvm::StringRef)> onExternalFile;
  Messages &messages;
  /// One mapping per file.
  llvm::StringMap<std::shared_ptr<llvm::MemoryBuffer>> files;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_TENSORREADER_H
