//===- DriverRun.cpp - The same kernel by a CUDA driver -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DriverRun.h"
#include "ockham-c/CudaEmulator.h"

#include <cstring>
#include <deque>
#include <dlfcn.h>

using namespace ockham;

/// CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES and
/// CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED.
static constexpr int kMaxDynamicShared = 8, kNonPortableClusters = 14;
static constexpr unsigned kPortableClusterBlocks = 8;

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

namespace {
/// A driver and what is in use of it, given back in the end.
class Driver {
public:
  ~Driver();
  llvm::Error open(const std::string &path);
  llvm::Error load(const DriverLaunch &launch);
  /// Device memory with these bytes.
  llvm::Expected<CUdeviceptr> upload(const void *data, size_t bytes);
  llvm::Error download(void *data, CUdeviceptr address, size_t bytes);
  llvm::Error encode(CUtensorMap &map, CUdeviceptr address,
                     const MapShape &shape);
  llvm::Error launch(const emulator::LaunchConfig &config, void **parameters);

private:
  /// Calls a function of the driver by its name.
  template <typename... Parameters, typename... Values>
  llvm::Error call(const char *name, CUresult (*)(Parameters...),
                   Values... values) {
    void *function = dlsym(library, name);
    if (!function)
      return makeError(path + " has no " + name);
    CUresult result =
        reinterpret_cast<CUresult (*)(Parameters...)>(function)(values...);
    if (result == CUDA_SUCCESS)
      return llvm::Error::success();
    return makeError(path + ": " + name + " returned error " +
                     llvm::Twine(result));
  }

  std::string path;
  void *library = nullptr;
  CUmodule module = nullptr;
  CUfunction function = nullptr;
  std::vector<CUdeviceptr> memory;
};
} // namespace

#define OCKHAM_CALL(name, ...)                                                 \
  call(#name, static_cast<decltype(&::name)>(nullptr), __VA_ARGS__)

Driver::~Driver() {
  for (CUdeviceptr address : memory)
    llvm::consumeError(OCKHAM_CALL(cuMemFree_v2, address));
  if (module)
    llvm::consumeError(OCKHAM_CALL(cuModuleUnload, module));
  // The library stays: drivers do not like to be unloaded.
}

llvm::Error Driver::open(const std::string &name) {
  path = name;
  library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library)
    return makeError(llvm::Twine("cannot open a driver: ") + dlerror());
  CUdevice device;
  CUcontext context;
  if (llvm::Error error = OCKHAM_CALL(cuInit, 0u))
    return error;
  if (llvm::Error error = OCKHAM_CALL(cuDeviceGet, &device, 0))
    return error;
  if (llvm::Error error =
          OCKHAM_CALL(cuDevicePrimaryCtxRetain, &context, device))
    return error;
  return OCKHAM_CALL(cuCtxSetCurrent, context);
}

llvm::Error Driver::load(const DriverLaunch &launch) {
  if (llvm::Error error =
          OCKHAM_CALL(cuModuleLoadData, &module, launch.image.c_str()))
    return error;
  if (llvm::Error error = OCKHAM_CALL(cuModuleGetFunction, &function, module,
                                      launch.kernel.c_str()))
    return error;
  if (launch.config.dynamicSharedBytes)
    if (llvm::Error error =
            OCKHAM_CALL(cuFuncSetAttribute, function, kMaxDynamicShared,
                        int(launch.config.dynamicSharedBytes)))
      return error;
  const emulator::Dim3 &cluster = launch.config.cluster;
  if (cluster[0] * cluster[1] * cluster[2] > kPortableClusterBlocks)
    return OCKHAM_CALL(cuFuncSetAttribute, function, kNonPortableClusters, 1);
  return llvm::Error::success();
}

llvm::Expected<CUdeviceptr> Driver::upload(const void *data, size_t bytes) {
  CUdeviceptr address;
  if (llvm::Error error = OCKHAM_CALL(cuMemAlloc_v2, &address, bytes))
    return std::move(error);
  memory.push_back(address);
  if (llvm::Error error = OCKHAM_CALL(cuMemcpyHtoD_v2, address, data, bytes))
    return std::move(error);
  return address;
}

llvm::Error Driver::download(void *data, CUdeviceptr address, size_t bytes) {
  return OCKHAM_CALL(cuMemcpyDtoH_v2, data, address, bytes);
}

llvm::Error Driver::encode(CUtensorMap &map, CUdeviceptr address,
                           const MapShape &shape) {
  llvm::SmallVector<uint32_t> steps(shape.extents.size(), 1);
  return OCKHAM_CALL(cuTensorMapEncodeTiled, &map, int(shape.type),
                     uint32_t(shape.extents.size()),
                     reinterpret_cast<void *>(address), shape.extents.data(),
                     shape.strides.data(), shape.box.data(), steps.data(),
                     /*interleave=*/0, int(shape.swizzle), /*l2Promotion=*/0,
                     int(shape.fillNaN));
}

llvm::Error Driver::launch(const emulator::LaunchConfig &config,
                           void **parameters) {
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim = {config.cluster[0], config.cluster[1],
                                config.cluster[2]};
  bool clusters = config.cluster != emulator::Dim3{1, 1, 1};
  CUlaunchConfig launch = {config.grid[0],
                           config.grid[1],
                           config.grid[2],
                           config.block[0],
                           config.block[1],
                           config.block[2],
                           config.dynamicSharedBytes,
                           nullptr,
                           clusters ? &attribute : nullptr,
                           clusters ? 1u : 0u};
  void **extra = nullptr;
  const CUlaunchConfig *pointer = &launch;
  if (llvm::Error error =
          OCKHAM_CALL(cuLaunchKernelEx, pointer, function, parameters, extra))
    return error;
  return call("cuCtxSynchronize",
              static_cast<decltype(&::cuCtxSynchronize)>(nullptr));
}

llvm::Expected<std::vector<NpyArray>>
ockham::runOnDriver(const DriverLaunch &launch,
                    const KernelArguments &arguments) {
  Driver driver;
  if (llvm::Error error = driver.open(launch.library))
    return std::move(error);
  if (llvm::Error error = driver.load(launch))
    return std::move(error);
  std::map<const KernelBuffer *, CUdeviceptr> addresses;
  for (const auto &buffer : arguments.getBuffers()) {
    std::vector<char> ones(buffer->getBytes(), char(0xff));
    auto address = driver.upload(buffer->initialized
                                     ? buffer->initial.data.data()
                                     : static_cast<const void *>(ones.data()),
                                 buffer->getBytes());
    if (!address)
      return address.takeError();
    addresses[buffer.get()] = *address;
  }
  auto views = arguments.getViews();
  if (!views)
    return views.takeError();
  // Addresses of elements are parameters, so they must stay.
  std::deque<CUtensorMap> maps;
  std::deque<uint64_t> words;
  std::vector<void *> parameters;
  for (const ArgumentView &view : *views) {
    uint64_t &word = words.emplace_back();
    parameters.push_back(&word);
    if (!view.buffer) {
      std::memcpy(&word, view.value, sizeof(word));
      continue;
    }
    word = addresses[view.buffer];
    if (!view.map)
      continue;
    CUtensorMap &map = maps.emplace_back();
    if (llvm::Error error = driver.encode(map, word, *view.map))
      return std::move(error);
    if (view.byValue) {
      parameters.back() = &map;
      continue;
    }
    auto address = driver.upload(&map, sizeof(map));
    if (!address)
      return address.takeError();
    word = *address;
  }
  if (llvm::Error error = driver.launch(launch.config, parameters.data()))
    return std::move(error);
  std::vector<NpyArray> results;
  for (const auto &buffer : arguments.getBuffers()) {
    NpyArray &result = results.emplace_back(buffer->initial);
    result.data.resize(buffer->getBytes());
    if (llvm::Error error = driver.download(
            result.data.data(), addresses[buffer.get()], buffer->getBytes()))
      return std::move(error);
  }
  return results;
}
