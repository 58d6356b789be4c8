//===- SampleInputs.h - Random inputs that a model takes --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A function says of its inputs only their types and the names of their
// dimensions. What else it wants (token ids within the table, not more
// positions than there are, masks of zeros and ones) is guessed from what reads
// them; a guess is good when the function can be interpreted on it.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_VERIFY_SAMPLEINPUTS_H
#define OCKHAM_LIB_VERIFY_SAMPLEINPUTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ockham/Interpreter/Tensor.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <string>
#include <vector>

namespace ockham::verify {

/// Inputs of one call.
struct Sample {
  std::vector<interpreter::Tensor> inputs;
  /// The extents that were chosen, e.g. "batch 2, sequence 7".
  std::string description;
};

/// Inputs of a few different extents, 1 among them. For each, larger extents
/// and freer elements are tried first; the first sample that `accepts` takes is
/// kept. `accepts` interprets the function; its error, of the last attempt, is
/// the error when nothing was accepted at all.
llvm::Expected<std::vector<Sample>>
sampleInputs(mlir::func::FuncOp function, uint64_t seed, unsigned maxSamples,
             llvm::function_ref<llvm::Error(const Sample &)> accepts);

} // namespace ockham::verify

#endif // OCKHAM_LIB_VERIFY_SAMPLEINPUTS_H
