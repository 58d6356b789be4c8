//===- ONNXProtobuf.h - ONNX's generated protobuf classes -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For sources of the importer and the exporter only: others neither see nor
// link protobuf.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_ONNXPROTOBUF_H
#define OCKHAM_SUPPORT_ONNXPROTOBUF_H

// The layout of libonnx_proto: with functions and all types of ONNX-ML.
#ifndef ONNX_ML
#define ONNX_ML 1
#endif
#ifndef ONNX_NAMESPACE
#define ONNX_NAMESPACE onnx
#endif
#include <onnx/onnx_pb.h>

namespace ockham {
// ockham::onnx is the dialect.
namespace pb = ::onnx;
} // namespace ockham

#endif // OCKHAM_SUPPORT_ONNXPROTOBUF_H
