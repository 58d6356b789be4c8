//===- Driver.cpp - The driver interface of the emulator ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Contexts, modules, launches and memory; streams are in Streams.cpp.
//
//===----------------------------------------------------------------------===//

#include "State.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>

using namespace ockham::emulator;

static thread_local CUcontext currentContext = nullptr;

Driver &ockham::emulator::getDriver() {
  static Driver driver;
  return driver;
}

static void printMessage(const llvm::Twine &message) {
  llvm::errs() << "ockham-cuda-emulator: " << message << '\n';
}

/// "completion=random,seed=7" and the like; false where it is anything else.
static bool parseOptions(llvm::StringRef text, Driver &driver) {
  Options &options = driver.options;
  llvm::SmallVector<llvm::StringRef> parts;
  text.split(parts, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef part : parts) {
    auto [name, value] = part.split('=');
    unsigned flag;
    if (name == "completion" && value == "eager")
      options.completion = Completion::Eager;
    else if (name == "completion" && value == "lazy")
      options.completion = Completion::Lazy;
    else if (name == "completion" && value == "random")
      options.completion = Completion::Random;
    else if (name == "schedule" && value == "round-robin")
      options.schedule = Schedule::RoundRobin;
    else if (name == "schedule" && value == "random")
      options.schedule = Schedule::Random;
    else if (name == "races" && !value.getAsInteger(10, flag))
      options.detectRaces = flag;
    else if (name == "jobs" && !value.getAsInteger(10, flag))
      options.jobs = flag;
    else if (name == "memory" && !value.getAsInteger(10, driver.memoryBytes))
      continue;
    else if (name == "streams" && (value == "eager" || value == "late"))
      driver.runsLate = value == "late";
    else if (name != "seed" || value.getAsInteger(10, options.seed))
      return false;
  }
  return true;
}

CUresult cuInit(unsigned flags) {
  Driver &driver = getDriver();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  if (flags)
    return CUDA_ERROR_INVALID_VALUE;
  if (const char *text = std::getenv("OCKHAM_EMULATOR"))
    if (!parseOptions(text, driver)) {
      printMessage(llvm::Twine("OCKHAM_EMULATOR: cannot understand '") + text +
                   "'");
      return CUDA_ERROR_INVALID_VALUE;
    }
  driver.initialized = true;
  return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = 13000;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult error, const char **text) {
  if (!text)
    return CUDA_ERROR_INVALID_VALUE;
  switch (error) {
  case CUDA_SUCCESS:
    *text = "no error";
    return CUDA_SUCCESS;
  case CUDA_ERROR_INVALID_VALUE:
    *text = "invalid argument";
    return CUDA_SUCCESS;
  case CUDA_ERROR_OUT_OF_MEMORY:
    *text = "out of memory";
    return CUDA_SUCCESS;
  case CUDA_ERROR_NOT_INITIALIZED:
    *text = "initialization error";
    return CUDA_SUCCESS;
  case CUDA_ERROR_INVALID_DEVICE:
    *text = "invalid device ordinal";
    return CUDA_SUCCESS;
  case CUDA_ERROR_INVALID_IMAGE:
    *text = "device kernel image is invalid";
    return CUDA_SUCCESS;
  case CUDA_ERROR_INVALID_HANDLE:
    *text = "invalid resource handle";
    return CUDA_SUCCESS;
  case CUDA_ERROR_NOT_FOUND:
    *text = "named symbol not found";
    return CUDA_SUCCESS;
  case CUDA_ERROR_NOT_READY:
    *text = "device not ready";
    return CUDA_SUCCESS;
  case CUDA_ERROR_LAUNCH_FAILED:
    *text = "the emulated launch failed, see stderr";
    return CUDA_SUCCESS;
  default:
    *text = nullptr;
    return CUDA_ERROR_INVALID_VALUE;
  }
}

//===----------------------------------------------------------------------===//
// Devices and contexts: there is one of each.
//===----------------------------------------------------------------------===//

CUresult cuDeviceGetCount(int *count) {
  OCKHAM_ENTER_DRIVER();
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  *count = 1;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  OCKHAM_ENTER_DRIVER();
  if (!device)
    return CUDA_ERROR_INVALID_VALUE;
  if (ordinal)
    return CUDA_ERROR_INVALID_DEVICE;
  *device = 0;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  OCKHAM_ENTER_DRIVER();
  if (!name || length < 1)
    return CUDA_ERROR_INVALID_VALUE;
  if (device)
    return CUDA_ERROR_INVALID_DEVICE;
  std::strncpy(name, "Ockham GPU emulator", length);
  name[length - 1] = 0;
  return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  OCKHAM_ENTER_DRIVER();
  if (!value)
    return CUDA_ERROR_INVALID_VALUE;
  if (device)
    return CUDA_ERROR_INVALID_DEVICE;
  // CUdevice_attribute, as far as anybody asks, with the values of an H100.
  static const std::map<int, int> values = {
      {1, 1024}, // threads per block
      {2, 1024}, // block dimensions x, y, z
      {3, 1024},       {4, 64},
      {5, 0x7fffffff}, // grid dimensions x, y, z
      {6, 65535},      {7, 65535},
      {8, 48 << 10},                    // shared memory per block
      {10, 32},                         // threads per warp
      {16, 132},                        // multiprocessors
      {39, 2048},                       // threads per multiprocessor
      {75, 9},                          // compute capability
      {76, 0},         {81, 228 << 10}, // shared memory per multiprocessor
      {97, 227 << 10},                  // shared memory per block, on request
      {120, 1}};                        // clusters
  auto found = values.find(attribute);
  if (found == values.end())
    return CUDA_ERROR_INVALID_VALUE;
  *value = found->second;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
  OCKHAM_ENTER_DRIVER();
  if (!context)
    return CUDA_ERROR_INVALID_VALUE;
  if (device)
    return CUDA_ERROR_INVALID_DEVICE;
  *context = &driver.context;
  return CUDA_SUCCESS;
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  OCKHAM_ENTER_DRIVER();
  return device ? CUDA_ERROR_INVALID_DEVICE : CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context) {
  OCKHAM_ENTER_DRIVER();
  if (context && context != &driver.context)
    return CUDA_ERROR_INVALID_HANDLE;
  currentContext = context;
  return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context) {
  OCKHAM_ENTER_DRIVER();
  if (!context)
    return CUDA_ERROR_INVALID_VALUE;
  *context = currentContext;
  return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize(void) {
  OCKHAM_ENTER_DRIVER();
  return driver.completeAll();
}

//===----------------------------------------------------------------------===//
// Modules and launches
//===----------------------------------------------------------------------===//

/// The bytes of an image, which comes without its size.
static llvm::StringRef getImage(const void *image) {
  const char *bytes = static_cast<const char *>(image);
  // LLVM's wrapper: magic, version, offset and size of the bitcode.
  constexpr uint32_t wrapperMagic = 0x0b17c0de;
  if (llvm::support::endian::read32le(bytes) == wrapperMagic)
    return llvm::StringRef(bytes,
                           llvm::support::endian::read32le(bytes + 8) +
                               llvm::support::endian::read32le(bytes + 12));
  if (*bytes == ';' || llvm::isAlpha(*bytes)) {
    llvm::StringRef text(bytes);
    // Bitcode without a wrapper begins with letters, too.
    if (!text.starts_with("BC\xc0\xde"))
      return text;
  }
  return {};
}

CUresult cuModuleLoadData(CUmodule *module, const void *image) {
  OCKHAM_ENTER_DRIVER();
  if (!module || !image)
    return CUDA_ERROR_INVALID_VALUE;
  llvm::StringRef bytes = getImage(image);
  if (bytes.empty()) {
    printMessage("expected LLVM bitcode in a wrapper, or textual LLVM IR");
    return CUDA_ERROR_INVALID_IMAGE;
  }
  auto loaded = Module::load(llvm::MemoryBufferRef(bytes, "module"));
  if (!loaded) {
    printMessage(llvm::toString(loaded.takeError()));
    return CUDA_ERROR_INVALID_IMAGE;
  }
  auto object = std::make_unique<CUmod_st>();
  object->module = std::move(*loaded);
  *module = driver.modules.add(std::move(object));
  return CUDA_SUCCESS;
}

CUresult cuModuleUnload(CUmodule module) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.modules.contains(module))
    return CUDA_ERROR_INVALID_HANDLE;
  driver.completeAll();
  for (auto &[name, function] : module->functions)
    driver.functions.erase(function.get());
  driver.modules.remove(module);
  return CUDA_SUCCESS;
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                             const char *name) {
  OCKHAM_ENTER_DRIVER();
  if (!function || !name)
    return CUDA_ERROR_INVALID_VALUE;
  if (!driver.modules.contains(module))
    return CUDA_ERROR_INVALID_HANDLE;
  auto sizes = module->module->getParameterSizes(name);
  if (!sizes) {
    printMessage(llvm::toString(sizes.takeError()));
    return CUDA_ERROR_NOT_FOUND;
  }
  std::unique_ptr<CUfunc_st> &slot = module->functions[name];
  if (!slot)
    slot = std::make_unique<CUfunc_st>(CUfunc_st{module, name, *sizes});
  driver.functions.insert(slot.get());
  *function = slot.get();
  return CUDA_SUCCESS;
}

CUresult cuFuncSetAttribute(CUfunction function, int, int) {
  OCKHAM_ENTER_DRIVER();
  return driver.functions.count(function) ? CUDA_SUCCESS
                                          : CUDA_ERROR_INVALID_HANDLE;
}

static CUresult launch(CUfunction function, const LaunchConfig &config,
                       CUstream stream, void **parameters, void **extra) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.functions.count(function))
    return CUDA_ERROR_INVALID_HANDLE;
  if (extra || (!parameters && !function->parameterBytes.empty()))
    return CUDA_ERROR_INVALID_VALUE;
  // The caller's values may change before a captured launch runs. They keep
  // the alignment that tensor maps need.
  struct alignas(64) Chunk {
    char bytes[64];
  };
  auto values = std::make_shared<std::vector<std::vector<Chunk>>>();
  for (auto [i, bytes] : llvm::enumerate(function->parameterBytes)) {
    if (!parameters[i])
      return CUDA_ERROR_INVALID_VALUE;
    values->emplace_back((bytes + sizeof(Chunk) - 1) / sizeof(Chunk));
    std::memcpy(values->back().data(), parameters[i], bytes);
  }
  return driver.submit(stream, [=, &driver] {
    std::vector<void *> pointers;
    for (std::vector<Chunk> &value : *values)
      pointers.push_back(value.data());
    LaunchResult result;
    llvm::Error error =
        function->module->module->launch(function->name, config, pointers,
                                         driver.memory, driver.options, result);
    for (const Report &report : result.reports)
      printMessage(report.message);
    if (error) {
      printMessage(llvm::toString(std::move(error)));
      return CUDA_ERROR_LAUNCH_FAILED;
    }
    return result.reportCount ? CUDA_ERROR_LAUNCH_FAILED : CUDA_SUCCESS;
  });
}

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY,
                        unsigned gridZ, unsigned blockX, unsigned blockY,
                        unsigned blockZ, unsigned sharedBytes, CUstream stream,
                        void **parameters, void **extra) {
  LaunchConfig config;
  config.grid = {gridX, gridY, gridZ};
  config.block = {blockX, blockY, blockZ};
  config.dynamicSharedBytes = sharedBytes;
  return launch(function, config, stream, parameters, extra);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
                          void **parameters, void **extra) {
  if (!config || (config->numAttrs && !config->attrs))
    return CUDA_ERROR_INVALID_VALUE;
  LaunchConfig launched;
  launched.grid = {config->gridDimX, config->gridDimY, config->gridDimZ};
  launched.block = {config->blockDimX, config->blockDimY, config->blockDimZ};
  launched.dynamicSharedBytes = config->sharedMemBytes;
  for (unsigned i = 0; i < config->numAttrs; ++i) {
    const CUlaunchAttribute &attribute = config->attrs[i];
    if (attribute.id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
      launched.cluster = {attribute.value.clusterDim.x,
                          attribute.value.clusterDim.y,
                          attribute.value.clusterDim.z};
  }
  return launch(function, launched, config->hStream, parameters, extra);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  OCKHAM_ENTER_DRIVER();
  if (!free || !total)
    return CUDA_ERROR_INVALID_VALUE;
  *free = driver.memoryBytes - driver.usedBytes;
  *total = driver.memoryBytes;
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  OCKHAM_ENTER_DRIVER();
  if (!address || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  if (bytes > driver.memoryBytes - driver.usedBytes)
    return CUDA_ERROR_OUT_OF_MEMORY;
  void *memory = driver.memory.allocate(bytes);
  if (!memory)
    return CUDA_ERROR_OUT_OF_MEMORY;
  driver.usedBytes += bytes;
  *address = reinterpret_cast<CUdeviceptr>(memory);
  return CUDA_SUCCESS;
}

CUresult cuMemFree_v2(CUdeviceptr address) {
  OCKHAM_ENTER_DRIVER();
  if (!address)
    return CUDA_SUCCESS;
  driver.completeAll();
  DeviceMemory::Allocation *known = driver.memory.find(address);
  uint64_t bytes = known && known->begin == address ? known->bytes : 0;
  if (llvm::Error error =
          driver.memory.release(reinterpret_cast<void *>(address))) {
    llvm::consumeError(std::move(error));
    return CUDA_ERROR_INVALID_VALUE;
  }
  driver.usedBytes -= bytes;
  return CUDA_SUCCESS;
}

CUresult cuMemAllocHost_v2(void **address, size_t bytes) {
  OCKHAM_ENTER_DRIVER();
  if (!address || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  *address = std::calloc(1, bytes);
  if (!*address)
    return CUDA_ERROR_OUT_OF_MEMORY;
  // Kernels may use it, too.
  driver.memory.add(*address, bytes);
  driver.hostMemory.insert(*address);
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void *address) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.hostMemory.erase(address))
    return CUDA_ERROR_INVALID_VALUE;
  driver.completeAll();
  driver.memory.remove(address);
  std::free(address);
  return CUDA_SUCCESS;
}

/// Whether all of the bytes lie in one allocation.
static bool isAllocated(Driver &driver, CUdeviceptr address, size_t bytes) {
  DeviceMemory::Allocation *found = driver.memory.find(address);
  return found && bytes <= found->bytes - (address - found->begin);
}

static CUresult copyMemory(Driver &driver, void *to, const void *from,
                           size_t bytes, bool toDevice, bool fromDevice,
                           CUstream stream) {
  auto target = reinterpret_cast<CUdeviceptr>(to);
  if (!to || !from || (toDevice && !isAllocated(driver, target, bytes)) ||
      (fromDevice &&
       !isAllocated(driver, reinterpret_cast<CUdeviceptr>(from), bytes)))
    return CUDA_ERROR_INVALID_VALUE;
  bool isCaptured =
      stream && driver.streams.contains(stream) && stream->capture;
  // Memory of the host that is not pinned is done with when the call returns.
  std::shared_ptr<std::vector<char>> staged;
  if (driver.runsLate && !isCaptured && !fromDevice &&
      !isAllocated(driver, reinterpret_cast<CUdeviceptr>(from), bytes)) {
    auto begin = static_cast<const char *>(from);
    staged = std::make_shared<std::vector<char>>(begin, begin + bytes);
  }
  CUresult result = driver.submit(stream, [=, &driver] {
    std::memmove(to, staged ? staged->data() : from, bytes);
    if (toDevice)
      driver.memory.markInitialized(to, bytes);
    return CUDA_SUCCESS;
  });
  bool waits = !toDevice && !isCaptured && !isAllocated(driver, target, bytes);
  return result || !waits ? result : driver.complete(driver.latestOf(stream));
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  return copyMemory(driver, reinterpret_cast<void *>(to), from, bytes, true,
                    false, stream);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  return copyMemory(driver, to, reinterpret_cast<void *>(from), bytes, false,
                    true, stream);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  return copyMemory(driver, reinterpret_cast<void *>(to),
                    reinterpret_cast<void *>(from), bytes, true, true, stream);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  CUresult result = cuMemcpyHtoDAsync_v2(to, from, bytes, nullptr);
  return result ? result : cuStreamSynchronize(nullptr);
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  CUresult result = cuMemcpyDtoHAsync_v2(to, from, bytes, nullptr);
  return result ? result : cuStreamSynchronize(nullptr);
}

template <typename T>
static CUresult fillMemory(CUdeviceptr to, T value, size_t count,
                           CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  if (to % sizeof(T) || count > SIZE_MAX / sizeof(T) ||
      !isAllocated(driver, to, count * sizeof(T)))
    return CUDA_ERROR_INVALID_VALUE;
  return driver.submit(stream, [=, &driver] {
    T *target = reinterpret_cast<T *>(to);
    std::fill(target, target + count, value);
    driver.memory.markInitialized(target, count * sizeof(T));
    return CUDA_SUCCESS;
  });
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count,
                         CUstream stream) {
  return fillMemory(to, value, count, stream);
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count,
                          CUstream stream) {
  return fillMemory(to, value, count, stream);
}

int ockhamEmulatorDetectsRaces(void) {
  Driver &driver = getDriver();
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);
  return driver.options.detectRaces;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *map, int dataType, uint32_t rank,
                                void *address, const uint64_t *extents,
                                const uint64_t *strides, const uint32_t *box,
                                const uint32_t *elementStrides, int interleave,
                                int swizzle, int, int fill) {
  if (!map || !extents || !box || !elementStrides || rank < 1 || rank > 5 ||
      (rank > 1 && !strides) || dataType < 0 || swizzle < 0 || fill < 0 ||
      fill > 1)
    return CUDA_ERROR_INVALID_VALUE;
  if (interleave) {
    printMessage("tensor maps with interleaving are not modelled");
    return CUDA_ERROR_INVALID_VALUE;
  }
  for (uint32_t i = 0; i < rank; ++i)
    if (elementStrides[i] != 1) {
      printMessage("tensor maps with element strides are not modelled");
      return CUDA_ERROR_INVALID_VALUE;
    }
  TensorMap encoded;
  if (llvm::Error error = encodeTensorMap(
          encoded, address, TensorMap::Type(std::min(dataType, 255)),
          llvm::ArrayRef(extents, rank), llvm::ArrayRef(strides, rank - 1),
          llvm::ArrayRef(box, rank), TensorMap::Swizzle(std::min(swizzle, 255)),
          fill)) {
    printMessage(llvm::toString(std::move(error)));
    return CUDA_ERROR_INVALID_VALUE;
  }
  std::memcpy(map, &encoded, sizeof(encoded));
  return CUDA_SUCCESS;
}
