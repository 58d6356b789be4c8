//===- Stream.h - The work of a session on a GPU ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_STREAM_H
#define OCKHAM_RUNTIME_CUDA_STREAM_H

#include "Branches.h"
#include "Checks.h"
#include "Graphs.h"
#include "Program.h"
#include "Staging.h"
#include <deque>

namespace ockham::runtime::cuda {

class Stream final : public runtime::Stream {
public:
  static Status create(std::shared_ptr<Device> device,
                       std::shared_ptr<Program> program,
                       std::unique_ptr<Stream> &stream);
  ~Stream() override;

  void *handle() const override { return stream; }
  Status copyIn(void *to, const TensorView &from) override;
  Status copyOut(const TensorView &to, const void *from) override;
  Status copy(void *to, const void *from, uint64_t bytes) override;
  Status fill(void *to, uint32_t pattern, int32_t width,
              uint64_t bytes) override;
  int32_t run(Call &call, const ockham_entry &entry,
              const ockham_call &arguments) override;
  Status finish(const char *what) override;
  Status takeFailure() override;
  Status use(const void *data, uint64_t bytes) override;
  void retire(std::vector<RetiredTensor> tensors) override;
  std::vector<RetiredTensor> takeRetired() override;
  std::vector<ockham_launch> launches() const override { return counts.all(); }

  Status launch(int32_t kernel, const uint32_t grid[3], const uint32_t block[3],
                uint32_t sharedBytes, void **arguments, int32_t argumentCount);
  /// Waits. `isRefused` where the call is captured, which cannot wait.
  Status read(void *to, const void *from, uint64_t bytes, bool &isRefused);
  /// What follows belongs to that branch of the call; -1: after all of them.
  Status branch(int32_t number);
  /// The record of a check. `isRefused` as above.
  Status findCheck(int32_t status, const char *message, int32_t valueCount,
                   void *&record, bool &isRefused);

  /// Takes a failure of what is captured, which is then not used: the call runs
  /// once more. False where nothing is captured.
  bool refuseCapture() {
    isUnfit |= capturing;
    return capturing;
  }

private:
  Stream(std::shared_ptr<Device> device, std::shared_ptr<Program> program)
      : device(std::move(device)), driver(this->device->driver),
        program(std::move(program)), staging(*this->device),
        graphs(*this->device), checks(*this->device), branches(*this->device) {}
  /// Where a call's work goes, but for that of branches.
  CUstream mainStream() const { return capturing ? captureStream : stream; }
  CUstream current() { return branches.current(mainStream()); }
  int32_t runEntry(Call &call, const ockham_entry &entry,
                   const ockham_call &arguments);
  int32_t runModel(Call &call, const ockham_entry &entry,
                   const ockham_call &arguments);
  void reap(bool waited);
  void collectChecks();
  std::vector<uint64_t> makeKey(const ockham_entry &entry,
                                const ockham_call &arguments) const;
  int32_t capture(Graph &graph, Call &call, const ockham_entry &entry,
                  const ockham_call &arguments, bool &captured);
  bool canReplay(const Graph &graph, Call &call) const;

  std::shared_ptr<Device> device;
  const Driver &driver;
  std::shared_ptr<Program> program;
  CUstream stream = nullptr;
  /// Ordered with nothing, so that what other threads do on the default stream
  /// does not end a capture.
  CUstream captureStream = nullptr;
  Staging staging;
  GraphCache graphs;
  Checks checks;
  Branches branches;
  bool usesGraphs = false;
  bool waits = false; ///< For each launch, to name the one that fails.
  bool capturing = false;
  bool isUnfit = false; ///< What is captured: it needs what graphs lack.
  LaunchCounts counts, captured;
  struct Latest {
    ockham_launch launch; ///< Without a kernel where there was none.
    const char *graph;    ///< The entry point of a graph that was launched.
  };
  Latest latest = {};            ///< For messages.
  Status failure = Status::ok(); ///< Of a check, which nobody was told of.
  CUevent otherDone = nullptr;   ///< For what other streams are waited for.
  struct Retired {
    CUevent done;
    std::vector<RetiredTensor> tensors;
  };
  std::deque<Retired> retired;
  std::vector<RetiredTensor> released; ///< Which the device is done with.
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_STREAM_H
