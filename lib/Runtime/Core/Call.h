//===- Call.h - One call of an entry point ----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_CALL_H
#define OCKHAM_RUNTIME_CORE_CALL_H

#include "../CPU/ThreadTeam.h"
#include "Device.h"
#include "Memory.h"
#include "Signature.h"
#include <atomic>

namespace ockham::runtime {

/// What a call needs of its session.
struct CallEnvironment {
  std::shared_ptr<MemoryPool> memory; ///< Of the device.
  /// For results that the caller reads; the same on the CPU.
  std::shared_ptr<MemoryPool> hostMemory;
  const void *const *weights;
  const ockham_tensor *states;
  const SymbolTable *symbols; ///< Bound for all calls of the session.
  int32_t threads;
  Stream *stream;
  bool resultsOnDevice; ///< Results are left there, and not waited for.
};

/// Checks the arguments, runs the model, writes the results. The model's
/// context pointer is a Call; the host table's functions are its methods.
class Call {
public:
  Call(const CallEnvironment &environment, const ockham_entry &entry);
  ~Call();
  Call(const Call &) = delete;
  Call &operator=(const Call &) = delete;

  /// Checks the inputs; unless `shapeOnly` makes them dense.
  Status bindInputs(const ockham_argument *arguments, size_t count,
                    bool shapeOnly);
  Status bindOutputs(const ockham_argument *arguments, size_t count);

  /// After bindInputs.
  Status workspaceBytes(uint64_t &bytes) const;

  /// After bindInputs and bindOutputs. Sets results[i], owned by the caller,
  /// for outputs that were given without a buffer.
  Status run(DLManagedTensor **results);

  // For the model, on any of the call's threads:

  ThreadTeam &team() { return *threads; }
  int32_t threadCount() { return threads->size(); }
  void *allocate(uint64_t bytes);
  void release(void *memory);
  void *output(int32_t index, const int64_t *shape, int32_t rank);
  void fail(Status status);
  /// Whether a reason for the call's failure was recorded.
  bool hasFailed();

  // For streams, which may run what a model did in an earlier call:

  Stream &stream() { return *environment.stream; }
  const ockham_entry &signature() const { return entry; }
  /// Whether memory was taken that is not part of the plan.
  bool hasAllocated() const { return allocated; }
  /// What was given for an output, null before that, and its shape.
  void *outputMemory(int32_t index) const { return outputs[index].memory; }
  const Shape &outputShape(int32_t index) const { return outputs[index].shape; }
  /// The outputs in the order in which the model asked for them.
  const std::vector<int32_t> &askedOutputs() const { return asked; }

private:
  struct Output {
    int64_t argument = -1;  ///< Index among the caller's; -1: not wanted.
    TensorView buffer;      ///< Its `given` says whether there is one.
    bool inPlace = false;   ///< Whether the model may write to the buffer.
    void *memory = nullptr; ///< Set when the model asked for it.
    Shape shape;
  };

  std::string outputName(int32_t index) const;
  Status checkAliases() const;
  Status provideOutput(int32_t index, const int64_t *shape, int32_t rank);
  Status finish(int32_t code);
  Status handOver(DLManagedTensor **results);
  /// Whether the model can use a tensor of the caller where it is.
  bool isUsable(const TensorView &view) const;
  bool isOnDevice(const TensorView &view) const;
  Status checkDense(const std::string &what, const TensorView &view) const;
  Device &device() const { return environment.memory->getDevice(); }

  const CallEnvironment &environment;
  const ockham_entry &entry;
  SymbolTable symbols;
  std::vector<TensorView> inputViews;
  std::vector<ockham_tensor> inputs;
  std::vector<Output> outputs;
  std::vector<int32_t> asked;
  ThreadTeam *threads = nullptr;

  std::mutex mutex; ///< Of `outputs`, `symbols` and `failure` while running.
  Status failure = Status::ok();
  bool failureIsFinal = false;
  std::atomic<bool> allocated{false};
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_CALL_H
