//===- SparseTensor.h - Tensors stored by their elements --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_SPARSETENSOR_H
#define OCKHAM_LIB_IMPORT_ONNX_SPARSETENSOR_H

#include "TensorReader.h"

namespace ockham::importer {

/// The same tensor with its zeros, under the name of its values. A few bytes of
/// a file can stand for any number of zeros: the result's bytes are taken off
/// `budget`, and it fails when that is too little.
mlir::FailureOr<pb::TensorProto> densify(pb::SparseTensorProto &sparse,
                                         TensorReader &reader, uint64_t &budget,
                                         Messages &messages);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_SPARSETENSOR_H
