//===- Device.h - Where a session runs --------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What sessions and calls need of a device, so that they are written once: the
// CPU is a device whose memory is the host's and whose work is done when it is
// asked for.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_DEVICE_H
#define OCKHAM_RUNTIME_CORE_DEVICE_H

#include "Tensor.h"
#include <memory>

namespace ockham::runtime {

class Call;

/// A model's kernels on a device, shared by the sessions of a library.
class Program {
public:
  virtual ~Program() = default;
};

/// What a session has enqueued, in order.
class Stream {
public:
  virtual ~Stream() = default;

  /// The device's own handle; null on the CPU.
  virtual void *handle() const = 0;

  /// Memory of the device, dense, from and to tensors of the host. The host's
  /// memory is no longer used when these return.
  virtual Status copyIn(void *to, const TensorView &from) = 0;
  virtual Status copyOut(const TensorView &to, const void *from) = 0;

  /// Within the memory of the device.
  virtual Status copy(void *to, const void *from, uint64_t bytes) = 0;
  virtual Status fill(void *to, uint32_t pattern, int32_t width,
                      uint64_t bytes) = 0;

  /// Runs an entry point, with this device's host table.
  virtual int32_t run(Call &call, const ockham_entry &entry,
                      const ockham_call &arguments) = 0;

  /// Waits for all that was enqueued; `what` is for the message if some of it
  /// has failed. What checks have found is kept for takeFailure.
  virtual Status finish(const char *what) = 0;

  /// The first check that has failed and that nobody was told of, among those
  /// that are known by now.
  virtual Status takeFailure() { return Status::ok(); }

  /// Says that what follows uses memory of the device that other streams may
  /// use as well: it comes after what they have enqueued for that.
  virtual Status use(const void *, uint64_t) { return Status::ok(); }

  /// Keeps tensors of the caller until all that was enqueued is done.
  virtual void retire(std::vector<RetiredTensor>) {}

  /// Those that are done with; the caller gives them back, without any lock,
  /// since their deleters may call anything.
  virtual std::vector<RetiredTensor> takeRetired() { return {}; }

  /// What calls have launched so far.
  virtual std::vector<ockham_launch> launches() const { return {}; }
};

class Device {
public:
  virtual ~Device() = default;

  /// As a session's options say it, e.g. "cpu", "cuda:0".
  virtual const char *name() const = 0;

  /// Its memory, as DLPack says it.
  virtual DLDevice place() const = 0;

  /// Whether its memory is the host's.
  bool isHost() const { return place().device_type == kDLCPU; }

  /// Whether a model can use a tensor of the device where it lies, which is
  /// dense.
  virtual bool isAligned(const void *data, int32_t dtype) const = 0;

  /// At least OCKHAM_ALIGNMENT; null when there is none left. Never null for 0.
  virtual void *allocate(uint64_t bytes) = 0;
  virtual void release(void *memory) = 0;

  /// Whether races between threads of kernels are found, and fail.
  virtual bool detectsRaces() const { return false; }

  /// What there is when `allocate` gives null, e.g. "the system has no more
  /// memory".
  virtual std::string describeFree() const = 0;

  /// Brings the model's kernels to the device. Null where there are none.
  virtual Status loadProgram(const ockham_model &model,
                             std::shared_ptr<Program> &program) = 0;

  /// `program` may be null if nothing is run on it.
  virtual Status createStream(std::shared_ptr<Program> program,
                              std::unique_ptr<Stream> &stream) = 0;
};

/// The CPU.
const std::shared_ptr<Device> &getHostDevice();

/// The device that `wanted` names, or the one that the model was compiled for
/// where it is null. Opens its driver.
Status openDevice(const ockham_model &model, const char *wanted,
                  std::shared_ptr<Device> &device);

/// Memory of a device.
class DeviceMemory {
public:
  DeviceMemory() = default;
  DeviceMemory(DeviceMemory &&other) noexcept { swap(other); }
  DeviceMemory &operator=(DeviceMemory &&other) noexcept {
    swap(other);
    return *this;
  }
  ~DeviceMemory() { reset(); }

  /// Gives back what is held, then takes `bytes`. False if there are none.
  bool allocate(const std::shared_ptr<Device> &on, uint64_t bytes) {
    reset();
    memory = on->allocate(bytes);
    if (memory)
      device = on;
    return memory;
  }
  void reset() {
    if (memory)
      device->release(memory);
    memory = nullptr;
    device = nullptr;
  }
  void *get() const { return memory; }
  explicit operator bool() const { return memory; }

private:
  void swap(DeviceMemory &other) {
    std::swap(device, other.device);
    std::swap(memory, other.memory);
  }
  std::shared_ptr<Device> device;
  void *memory = nullptr;
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_DEVICE_H
