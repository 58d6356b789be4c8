//===- LocateDifference.h - Which op went wrong -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_VERIFY_LOCATEDIFFERENCE_H
#define OCKHAM_LIB_VERIFY_LOCATEDIFFERENCE_H

#include "mlir/IR/BuiltinOps.h"
#include "ockham/Interpreter/Tensor.h"

#include <string>

namespace ockham::verify {

/// Where `after` starts to compute something else than `before`.
struct Suspect {
  /// In `after`; null where every value of it is one of `before` and only the
  /// results are others.
  mlir::Operation *op = nullptr;
  /// What the op of the same location gave before, where there is one.
  std::string detail;
};

/// Interprets `entry` of both modules on `inputs` once more and looks for the
/// first op of `after` whose operands are values of `before` and whose result
/// is not, on a way to a wrong result on which no value is one of `before`
/// again (a weight that was scaled and is undone behind is no error).
Suspect locateDifference(mlir::ModuleOp before, mlir::ModuleOp after,
                         llvm::StringRef entry,
                         llvm::ArrayRef<interpreter::Tensor> inputs);

} // namespace ockham::verify

#endif // OCKHAM_LIB_VERIFY_LOCATEDIFFERENCE_H
