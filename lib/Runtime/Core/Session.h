//===- Session.h - A running model ------------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_SESSION_H
#define OCKHAM_RUNTIME_CORE_SESSION_H

#include "Call.h"
#include "Library.h"

namespace ockham::runtime {

class Session {
public:
  static Status create(std::shared_ptr<Library> library,
                       const ockham_session_options &options,
                       std::unique_ptr<Session> &session);

  /// Results may live on; what was held for calls does not.
  ~Session();

  const char *device() const { return place->name(); }
  void *stream() const { return queue->handle(); }
  bool detectsRaces() const { return place->detectsRaces(); }
  int32_t threads() const { return environment.threads; }

  // Each of these waits for the call that is running, if any.

  Status wait();
  void getMemory(ockham_memory &memory);
  void trim();
  Status workspaceBytes(const char *entry, const ockham_argument *inputs,
                        size_t inputCount, uint64_t &bytes);

  /// Sets results[i] for outputs without a buffer. What arguments own, and the
  /// device may still use, is taken out of them.
  Status run(const char *entry, ockham_argument *inputs, size_t inputCount,
             ockham_argument *outputs, size_t outputCount,
             DLManagedTensor **results);

  Status readState(const ockham_argument &output, DLManagedTensor *&result);
  Status writeState(const ockham_argument &input);
  Status resetState(const char *name);
  Status readWeight(const ockham_argument &output, DLManagedTensor *&result);
  Status writeWeight(const ockham_argument &input);
  std::vector<ockham_launch> launches();

private:
  class Lock;
  struct State {
    DeviceMemory memory;
    uint64_t bytes = 0;
    Shape shape;
  };

  /// A named tensor of the session, as a signature that has only this one.
  struct NamedTensor {
    std::string what; ///< e.g. "state 'cache'"
    int32_t index = -1;
    std::vector<ockham_dim> dims;
    ockham_tensor_spec spec = {};
  };

  explicit Session(std::shared_ptr<Library> library)
      : library(std::move(library)) {}
  Status bindSymbols(const ockham_session_options &options);
  Status createStates();
  Status resetOne(int32_t index);
  Status finish() { return queue->finish("a copy"); }
  Status finishReading();
  Status findState(const char *name, NamedTensor &found) const;
  Status findWeight(const char *name, NamedTensor &found) const;
  /// A dense tensor of the host, or of the session's device.
  TensorView viewHost(const NamedTensor &tensor, const void *data) const;
  TensorView viewDevice(const NamedTensor &tensor, const void *data) const;
  /// Strides are possible on the host.
  Status copy(const TensorView &from, const TensorView &to);
  Status copyOut(const NamedTensor &from, const TensorView &data,
                 const ockham_argument &output, DLManagedTensor *&result);
  Status checkInput(const NamedTensor &to, const ockham_argument &input,
                    TensorView &view) const;
  Status checkPlace(const NamedTensor &tensor, const TensorView &view) const;

  std::shared_ptr<Library> library;
  std::mutex mutex;
  std::shared_ptr<Device> place;
  CallEnvironment environment = {};
  SymbolTable symbols;
  std::shared_ptr<const WeightSet> sharedWeights;
  std::vector<const void *> weights;
  std::map<int32_t, DeviceMemory> ownWeights;
  uint64_t ownWeightBytes = 0;
  std::vector<State> states;
  std::vector<ockham_tensor> stateTensors;
  uint64_t stateBytes = 0;
  std::unique_ptr<Stream> queue; ///< Last: what it does uses all the others.
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_SESSION_H
