//===- Origins.h - What is known only at run time, and why ------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_ORIGINS_H
#define OCKHAM_LIB_IMPORT_ONNX_ORIGINS_H

#include "mlir/IR/Value.h"

#include <string>

namespace ockham::importer {

/// What a value is computed from, and what can be done about it: "the shape of
/// input 'x' [n, 4]; --dim binds names of dimensions".
std::string explainOrigins(mlir::Value value);

/// To go behind a message about extents of a value that are not known:
/// "; --dim can bind 'n'" with the open dimensions of the inputs that they come
/// from, nothing if there are none with a name.
std::string suggestDims(mlir::Value value);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_ORIGINS_H
