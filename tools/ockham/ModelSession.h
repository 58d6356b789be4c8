//===- ModelSession.h - A loaded model and its session ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TOOLS_OCKHAM_MODELSESSION_H
#define OCKHAM_TOOLS_OCKHAM_MODELSESSION_H

#include "ockham-c/Runtime.h"
#include "ockham/Support/Npy.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ockham::tool {

using NamedArrays = std::vector<std::pair<std::string, NpyArray>>;

struct SessionSettings {
  std::string device;     ///< Empty for what the model was compiled for.
  std::string weightFile; ///< Empty for the library's own.
  int64_t threads = 0;    ///< 0 for the runtime's default.
  std::vector<std::pair<std::string, int64_t>> dims; ///< Of states.
};

/// A library with one session. Functions return an error message, or "".
class ModelSession {
public:
  ModelSession() = default;
  ModelSession(const ModelSession &) = delete;
  ~ModelSession();

  /// Loads the library. Its session is created with `start`, or by the first
  /// run: a model for a GPU can be looked at where there is none.
  std::string open(const std::string &path, const SessionSettings &settings);
  std::string start();

  const ockham_model &model() const { return *ockham_library_model(library); }
  ockham_session *get() { return session; }
  /// What the device has run: kernels with launches and grids, and what the
  /// emulator's race detector says. Empty on the CPU.
  std::string formatLaunches();
  /// `name`, or the model's first entry point when empty.
  std::string findEntry(const std::string &name, const ockham_entry *&entry);
  /// Runs the entry point and returns all its outputs.
  std::string run(const ockham_entry &entry, NamedArrays &inputs,
                  NamedArrays &outputs);
  std::string formatSignature() const;

private:
  SessionSettings settings;
  ockham_library *library = nullptr;
  ockham_session *session = nullptr;
};

/// e.g. "int64 [batch, sequence]".
std::string formatSpec(const ockham_tensor_spec &spec);
uint64_t countElements(const std::vector<int64_t> &shape);

} // namespace ockham::tool

#endif // OCKHAM_TOOLS_OCKHAM_MODELSESSION_H
