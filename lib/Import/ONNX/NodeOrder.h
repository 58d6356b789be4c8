//===- NodeOrder.h - In which order nodes can run ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_NODEORDER_H
#define OCKHAM_LIB_IMPORT_ONNX_NODEORDER_H

#include "Messages.h"
#include "ockham/Support/ONNXProtobuf.h"

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

namespace ockham::importer {

class Scope;
using Nodes = google::protobuf::RepeatedPtrField<pb::NodeProto>;

/// Calls `use` for every name that a node reads where it stands: its inputs
/// (`directly`), and what its branches read from outside of them.
void forEachRead(
    const pb::NodeProto &node,
    llvm::function_ref<void(llvm::StringRef name, bool directly)> use);

/// Positions of nodes in an order in which they can run, that of the file where
/// it is one. Fails on a cycle, warns of another order. `where` is "the graph"
/// or its like.
mlir::FailureOr<llvm::SmallVector<int64_t>> orderNodes(const Nodes &nodes,
                                                       const Scope &scope,
                                                       const llvm::Twine &where,
                                                       Messages &messages);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_NODEORDER_H
