//===- ModelStream.h - A model's bytes, without copies of weights *- C++
//-*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EXPORT_ONNX_MODELSTREAM_H
#define OCKHAM_LIB_EXPORT_ONNX_MODELSTREAM_H

#include "GraphWriter.h"

#include "llvm/Support/raw_ostream.h"

namespace ockham::exporter {

/// Writes the bytes of all weights but the smallest to `os`, and their places
/// into the headers. `location` is the file's name as the model knows it.
void writeExternalData(std::vector<GraphWriter::Weight> &weights,
                       llvm::StringRef location, llvm::raw_ostream &os);

/// Writes the model with its graph and the weights, whose bytes go from where
/// they lie into the file unless their header says that they are elsewhere.
/// `model` has no graph, `graph` none of the weights.
llvm::Error writeModel(const pb::ModelProto &model, const pb::GraphProto &graph,
                       const std::vector<GraphWriter::Weight> &weights,
                       llvm::raw_ostream &os);

} // namespace ockham::exporter

#endif // OCKHAM_LIB_EXPORT_ONNX_MODELSTREAM_H
