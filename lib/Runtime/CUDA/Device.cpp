//===- Device.cpp - A GPU, or its emulator --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "Program.h"
#include "Stream.h"
#include <cstdlib>
#include <map>
#include <mutex>

namespace ockham::runtime::cuda {

bool parseDevice(const std::string &text, DeviceChoice &choice) {
  choice = {};
  choice.emulated = text == "emulated";
  if (choice.emulated || text == "cuda")
    return true;
  if (text.rfind("cuda:", 0) != 0 || text.size() == 5 || text.size() > 8)
    return false;
  for (size_t i = 5; i < text.size(); ++i) {
    if (text[i] < '0' || text[i] > '9')
      return false;
    choice.ordinal = 10 * choice.ordinal + (text[i] - '0');
  }
  return true;
}

Status openDevice(const ockham_model &model, const DeviceChoice &choice,
                  std::shared_ptr<runtime::Device> &device) {
  const Driver *driver;
  Status opened = Driver::open(choice.emulated, driver);
  if (opened.failed())
    return {opened.code(),
            format("the model '%s' was compiled for '%s': %s", model.name,
                   model.target, opened.message().c_str())};
  static std::mutex mutex;
  // Never freed, so that streams and memory can be given back at any time.
  static auto *known =
      new std::map<std::pair<const Driver *, int>, std::shared_ptr<Device>>;
  std::lock_guard<std::mutex> lock(mutex);
  std::shared_ptr<Device> &slot = (*known)[{driver, choice.ordinal}];
  if (!slot)
    OCKHAM_RETURN_IF_FAILED(Device::open(*driver, choice.ordinal, slot));
  device = slot;
  return Status::ok();
}

Status Device::open(const Driver &driver, int ordinal,
                    std::shared_ptr<Device> &result) {
  int count = 0;
  OCKHAM_RETURN_IF_FAILED(
      driver.check(driver.cuDeviceGetCount(&count), "counting GPUs"));
  if (ordinal >= count)
    return {OCKHAM_UNSUPPORTED,
            format("device: 'cuda:%d' does not exist; the driver '%s' has %s",
                   ordinal, driver.path().c_str(),
                   count == 1 ? "one GPU, 'cuda:0'"
                              : plural(count, "GPU").c_str())};
  std::shared_ptr<Device> device(new Device(driver));
  device->number = ordinal;
  device->shortName =
      driver.isEmulator() ? "emulated" : format("cuda:%d", ordinal);
  CUdevice handle;
  char name[256] = "";
  OCKHAM_RETURN_IF_FAILED(driver.check(driver.cuDeviceGet(&handle, ordinal),
                                       "opening " + device->shortName));
  OCKHAM_RETURN_IF_FAILED(
      driver.check(driver.cuDeviceGetName(name, sizeof(name) - 1, handle),
                   "asking for the name of " + device->shortName));
  device->fullName = name;
  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR, and
  // CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT.
  for (auto [attribute, value] : {std::pair(75, &device->majorVersion),
                                  std::pair(76, &device->minorVersion),
                                  std::pair(16, &device->processors)})
    OCKHAM_RETURN_IF_FAILED(
        driver.check(driver.cuDeviceGetAttribute(value, attribute, handle),
                     "asking for the architecture of " + device->describe()));
  OCKHAM_RETURN_IF_FAILED(
      driver.check(driver.cuDevicePrimaryCtxRetain(&device->primary, handle),
                   "making a context on " + device->describe()));
  result = std::move(device);
  return Status::ok();
}

DLDevice Device::place() const {
  return {driver.isEmulator() ? kDLExtDev : kDLCUDA, number};
}

/// Kernels load 16 bytes at once.
bool Device::isAligned(const void *data, int32_t) const {
  return reinterpret_cast<uintptr_t>(data) % 16 == 0;
}

void *Device::allocate(uint64_t bytes) {
  ContextScope scope(driver, primary);
  CUdeviceptr address = 0;
  if (driver.cuMemAlloc_v2(&address, bytes ? bytes : OCKHAM_ALIGNMENT))
    return nullptr;
  return reinterpret_cast<void *>(address);
}

void Device::release(void *memory) {
  ContextScope scope(driver, primary);
  driver.cuMemFree_v2(reinterpret_cast<CUdeviceptr>(memory));
}

std::string Device::describeFree() const {
  ContextScope scope(driver, primary);
  size_t free = 0, total = 0;
  if (driver.cuMemGetInfo_v2(&free, &total))
    return describe() + " has not that much left";
  return format("%s has %s free of %s", describe().c_str(),
                formatBytes(free).c_str(), formatBytes(total).c_str());
}

Status Device::loadProgram(const ockham_model &model,
                           std::shared_ptr<runtime::Program> &program) {
  std::shared_ptr<Program> loaded;
  OCKHAM_RETURN_IF_FAILED(Program::load(shared_from_this(), model, loaded));
  program = std::move(loaded);
  return Status::ok();
}

Status Device::createStream(std::shared_ptr<runtime::Program> program,
                            std::unique_ptr<runtime::Stream> &stream) {
  std::unique_ptr<Stream> created;
  OCKHAM_RETURN_IF_FAILED(Stream::create(
      shared_from_this(), std::static_pointer_cast<Program>(std::move(program)),
      created));
  stream = std::move(created);
  return Status::ok();
}

} // namespace ockham::runtime::cuda
