//===- Stream.h - The work of a session on a GPU ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_STREAM_H
#define OCKHAM_RUNTIME_CUDA_STREAM_H

#include "Graphs.h"
#include "Program.h"
#include "Staging.h"

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
  std::vector<ockham_launch> launches() const override { return counts; }

  Status launch(int32_t kernel, const uint32_t grid[3], const uint32_t block[3],
                uint32_t sharedBytes, void **arguments, int32_t argumentCount);
  /// Waits. `isRefused` where the call is captured, which cannot wait.
  Status read(void *to, const void *from, uint64_t bytes, bool &isRefused);

private:
  Stream(std::shared_ptr<Device> device, std::shared_ptr<Program> program)
      : device(std::move(device)), driver(this->device->driver),
        program(std::move(program)), staging(*this->device),
        graphs(*this->device) {}
  std::vector<uint64_t> makeKey(const ockham_entry &entry,
                                const ockham_call &arguments) const;
  int32_t capture(Graph &graph, Call &call, const ockham_entry &entry,
                  const ockham_call &arguments, bool &captured);
  bool canReplay(const Graph &graph, Call &call) const;

  std::shared_ptr<Device> device;
  const Driver &driver;
  std::shared_ptr<Program> program;
  CUstream stream = nullptr;
  Staging staging;
  GraphCache graphs;
  bool usesGraphs = false;
  bool waits = false; ///< For each launch, to name the one that fails.
  bool capturing = false;
  bool hasWaited = false; ///< While capturing.
  std::vector<ockham_launch> counts, captured;
  std::string latest; ///< The last launch, for messages.
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_STREAM_H
