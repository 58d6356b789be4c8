//===- Driver.h - The CUDA driver ------------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The driver is a library of the machine that is opened when something is to
// run on a GPU, so that everything else works without it. The emulator's
// interface has the same calls.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_DRIVER_H
#define OCKHAM_RUNTIME_CUDA_DRIVER_H

#include "../Core/Status.h"
#include "ockham-c/CudaEmulator.h"

namespace ockham::runtime::cuda {

/// The calls that every driver has.
#define OCKHAM_CUDA_CALLS(X)                                                   \
  X(cuInit)                                                                    \
  X(cuDriverGetVersion)                                                        \
  X(cuGetErrorString)                                                          \
  X(cuDeviceGetCount)                                                          \
  X(cuDeviceGet)                                                               \
  X(cuDeviceGetName)                                                           \
  X(cuDeviceGetAttribute)                                                      \
  X(cuDevicePrimaryCtxRetain)                                                  \
  X(cuCtxSetCurrent)                                                           \
  X(cuCtxGetCurrent)                                                           \
  X(cuModuleLoadData)                                                          \
  X(cuModuleUnload)                                                            \
  X(cuModuleGetFunction)                                                       \
  X(cuFuncSetAttribute)                                                        \
  X(cuLaunchKernel)                                                            \
  X(cuMemGetInfo_v2)                                                           \
  X(cuMemAlloc_v2)                                                             \
  X(cuMemFree_v2)                                                              \
  X(cuMemAllocHost_v2)                                                         \
  X(cuMemFreeHost)                                                             \
  X(cuMemcpyHtoDAsync_v2)                                                      \
  X(cuMemcpyDtoHAsync_v2)                                                      \
  X(cuMemcpyDtoDAsync_v2)                                                      \
  X(cuMemsetD8Async)                                                           \
  X(cuMemsetD32Async)                                                          \
  X(cuStreamCreate)                                                            \
  X(cuStreamDestroy_v2)                                                        \
  X(cuStreamSynchronize)                                                       \
  X(cuStreamWaitEvent)                                                         \
  X(cuEventCreate)                                                             \
  X(cuEventDestroy_v2)                                                         \
  X(cuEventRecord)                                                             \
  X(cuEventSynchronize)                                                        \
  X(cuEventQuery)                                                              \
  X(cuStreamBeginCapture_v2)                                                   \
  X(cuStreamEndCapture)                                                        \
  X(cuGraphInstantiateWithFlags)                                               \
  X(cuGraphLaunch)                                                             \
  X(cuGraphExecDestroy)                                                        \
  X(cuGraphDestroy)

class Driver {
public:
  /// The machine's driver, or the emulator's. Opened once; a failure is tried
  /// again. `OCKHAM_CUDA_DRIVER` is a path to take instead of either.
  static Status open(bool emulated, const Driver *&driver);

  /// Success, or what failed and why. Out of memory is a status of its own, and
  /// so is what a kernel did that ran before.
  Status check(CUresult result, const std::string &what) const;
  std::string describe(CUresult result) const;

  /// Whether it is the emulator, which takes bitcode.
  bool isEmulator() const { return emulatorDetectsRaces; }
  bool detectsRaces() const {
    return emulatorDetectsRaces && emulatorDetectsRaces();
  }
  const std::string &path() const { return file; }

#define OCKHAM_CUDA_CALL(name) decltype(&::name) name = nullptr;
  OCKHAM_CUDA_CALLS(OCKHAM_CUDA_CALL)
#undef OCKHAM_CUDA_CALL

  /// Absent in the emulator: loads an image with options, of which the runtime
  /// wants the log of PTX's compiler.
  CUresult (*cuModuleLoadDataEx)(CUmodule *module, const void *image,
                                 unsigned count, int *options,
                                 void **values) = nullptr;

private:
  Status load(const std::string &path, bool emulated);

  std::string file;
  decltype(&::ockhamEmulatorDetectsRaces) emulatorDetectsRaces = nullptr;
};

/// Makes a context current on this thread, and the one before in the end:
/// callers may use other devices.
class ContextScope {
public:
  ContextScope(const Driver &driver, CUcontext context) : driver(driver) {
    driver.cuCtxGetCurrent(&before);
    changed = before != context;
    if (changed)
      driver.cuCtxSetCurrent(context);
  }
  ~ContextScope() {
    if (changed)
      driver.cuCtxSetCurrent(before);
  }
  ContextScope(const ContextScope &) = delete;
  ContextScope &operator=(const ContextScope &) = delete;

private:
  const Driver &driver;
  CUcontext before = nullptr;
  bool changed;
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_DRIVER_H
