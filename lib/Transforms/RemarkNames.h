//===- RemarkNames.h - What remarks call an op ------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A user knows a norm or a linear by the name of its module in the model that
// was exported: "transformer.h.0.ln_1". That name stands in the names of its
// parameters, and, where an exporter renamed those, in the names of the nodes.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_REMARKNAMES_H
#define OCKHAM_LIB_TRANSFORMS_REMARKNAMES_H

#include "mlir/IR/Operation.h"

#include <string>

namespace ockham {

/// "transformer.h.0.ln_1", or what comes nearest to it.
std::string getNameForRemark(mlir::Operation *op);

/// A gain's name, or its number if the graph holds it as a constant.
std::string getGainForRemark(mlir::Value gain);

/// The name of a weight without what folds appended to it.
std::string getOriginalWeightName(mlir::Value value);

} // namespace ockham

#endif // OCKHAM_LIB_TRANSFORMS_REMARKNAMES_H
