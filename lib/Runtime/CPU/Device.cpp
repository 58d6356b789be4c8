//===- Device.cpp - The CPU as a device -----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "../Core/Device.h"
#include "../Core/Memory.h"
#include "Host.h"
#include <cstring>

namespace ockham::runtime {

namespace {
/// Everything is done where it is asked for.
class HostStream final : public Stream {
public:
  void *handle() const override { return nullptr; }
  Status copyIn(void *to, const TensorView &from) override {
    copyToDense(from, to);
    return Status::ok();
  }
  Status copyOut(const TensorView &to, const void *from) override {
    copyFromDense(from, to);
    return Status::ok();
  }
  Status copy(void *to, const void *from, uint64_t bytes) override {
    std::memcpy(to, from, bytes);
    return Status::ok();
  }
  Status fill(void *to, uint32_t pattern, int32_t width,
              uint64_t bytes) override {
    if (width == 1)
      std::memset(to, static_cast<int>(pattern & 0xff), bytes);
    else
      for (uint64_t at = 0; at < bytes; at += sizeof(pattern))
        std::memcpy(static_cast<char *>(to) + at, &pattern, sizeof(pattern));
    return Status::ok();
  }
  int32_t run(Call &, const ockham_entry &entry,
              const ockham_call &arguments) override {
    return entry.run(&getCPUHost(), &arguments);
  }
  Status finish(const char *) override { return Status::ok(); }
};

class HostDevice final : public Device {
public:
  const char *name() const override { return "cpu"; }
  DLDevice place() const override { return {kDLCPU, 0}; }
  bool isAligned(const void *data, int32_t dtype) const override {
    return reinterpret_cast<uintptr_t>(data) % dtypeBytes(dtype) == 0;
  }
  void *allocate(uint64_t bytes) override { return allocateAligned(bytes); }
  void release(void *memory) override { freeAligned(memory); }
  std::string describeFree() const override {
    return "the system has no more memory";
  }
  Status loadProgram(const ockham_model &,
                     std::shared_ptr<Program> &program) override {
    program = nullptr;
    return Status::ok();
  }
  Status createStream(std::shared_ptr<Program>,
                      std::unique_ptr<Stream> &stream) override {
    stream = std::make_unique<HostStream>();
    return Status::ok();
  }
};
} // namespace

const std::shared_ptr<Device> &getHostDevice() {
  static const std::shared_ptr<Device> device = std::make_shared<HostDevice>();
  return device;
}

} // namespace ockham::runtime
