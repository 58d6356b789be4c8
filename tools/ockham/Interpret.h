//===- Interpret.h - A model file on the reference interpreter --*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TOOLS_OCKHAM_INTERPRET_H
#define OCKHAM_TOOLS_OCKHAM_INTERPRET_H

#include "ModelSession.h"

#include <optional>

namespace ockham::tool {

struct InterpretSettings {
  std::string path;  ///< .onnx or .mlir
  std::string entry; ///< Empty for the first.
  bool float64 = false;
  bool allowExternalPaths = false;
  std::optional<std::string> passes; ///< Run before interpreting.
};

/// Runs the model on the interpreter. Without inputs and with an entry point
/// that needs some, sets `signature` and runs nothing. Returns an error
/// message, or "".
std::string interpretModel(const InterpretSettings &settings,
                           const NamedArrays &inputs, NamedArrays &outputs,
                           std::string &signature);

} // namespace ockham::tool

#endif // OCKHAM_TOOLS_OCKHAM_INTERPRET_H
