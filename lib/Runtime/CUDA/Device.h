//===- Device.h - A GPU, or its emulator ------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_DEVICE_H
#define OCKHAM_RUNTIME_CUDA_DEVICE_H

#include "../Core/Device.h"
#include "SharedMemory.h"

namespace ockham::runtime::cuda {

/// What a session's option `device` says.
struct DeviceChoice {
  bool emulated = false;
  int ordinal = 0;
};

/// Reads "cuda", "cuda:1" or "emulated"; false for anything else.
bool parseDevice(const std::string &text, DeviceChoice &choice);

/// Opens the driver and the device on first use. Devices live as long as the
/// process. `model` is for messages.
Status openDevice(const ockham_model &model, const DeviceChoice &choice,
                  std::shared_ptr<runtime::Device> &device);

class Device final : public runtime::Device,
                     public std::enable_shared_from_this<Device> {
public:
  static Status open(const Driver &driver, int ordinal,
                     std::shared_ptr<Device> &device);

  const char *name() const override { return shortName.c_str(); }
  DLDevice place() const override;
  bool isAligned(const void *data, int32_t dtype) const override;
  void *allocate(uint64_t bytes) override;
  void release(void *memory) override;
  std::string describeFree() const override;
  bool detectsRaces() const override { return driver.detectsRaces(); }
  Status loadProgram(const ockham_model &model,
                     std::shared_ptr<runtime::Program> &program) override;
  Status createStream(std::shared_ptr<runtime::Program> program,
                      std::unique_ptr<runtime::Stream> &stream) override;

  /// e.g. "cuda:0 (NVIDIA H200)".
  std::string describe() const { return shortName + " (" + fullName + ")"; }
  int major() const { return majorVersion; }
  int minor() const { return minorVersion; }
  int multiprocessors() const { return processors; }

  const Driver &driver;
  CUcontext context() const { return primary; }
  SharedMemory &shared() { return sharedMemory; }

private:
  explicit Device(const Driver &driver)
      : driver(driver), sharedMemory(driver) {}

  int number = 0;
  CUcontext primary = nullptr;
  std::string shortName, fullName;
  int majorVersion = 0, minorVersion = 0, processors = 0;
  SharedMemory sharedMemory;
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_DEVICE_H
