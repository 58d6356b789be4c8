//===- ModelFile.h - The protobuf of a model file ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_MODELFILE_H
#define OCKHAM_LIB_IMPORT_ONNX_MODELFILE_H

#include "Messages.h"
#include "ockham/Support/ONNXProtobuf.h"

#include <memory>

namespace ockham::importer {

/// Reads the model at the path of `messages`; null after an error. A file that
/// is no model is told apart as well as its bytes allow: empty, a Git LFS
/// pointer, text, an archive, another format, cut off, damaged.
std::unique_ptr<pb::ModelProto> readModelFile(Messages &messages);
/// The same for the bytes of a file.
std::unique_ptr<pb::ModelProto> parseModel(llvm::StringRef bytes,
                                           Messages &messages);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_MODELFILE_H
