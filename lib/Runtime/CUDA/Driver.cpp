//===- Driver.cpp - The CUDA driver ---------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Driver.h"
#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <memory>
#include <mutex>
#include <unistd.h>
#include <vector>

namespace ockham::runtime::cuda {

static const char emulatorName[] = "libockham-cuda-emulator.so";

/// Where the emulator may be: beside the library or program that this code is
/// in, and in the library folder beside that.
static std::string findEmulator() {
  Dl_info info;
  if (dladdr(reinterpret_cast<void *>(&findEmulator), &info) &&
      info.dli_fname) {
    char *resolved = realpath(info.dli_fname, nullptr);
    std::string path = resolved ? resolved : info.dli_fname;
    std::free(resolved);
    // The name of a program is what it was called by.
    if (path.find('/') == std::string::npos) {
      char self[4096];
      ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
      if (length > 0)
        path.assign(self, length);
    }
    std::string folder = path.substr(0, path.rfind('/') + 1);
    for (const char *relative : {"", "../lib/"}) {
      std::string candidate = folder + relative + emulatorName;
      if (access(candidate.c_str(), R_OK) == 0)
        return candidate;
    }
  }
  return emulatorName;
}

Status Driver::load(const std::string &path, bool emulated) {
  file = path;
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    std::string problem = dlerror();
    return {OCKHAM_UNSUPPORTED,
            emulated
                ? format("the emulator of GPUs cannot be loaded: %s; set "
                         "OCKHAM_CUDA_DRIVER to the path of %s",
                         problem.c_str(), emulatorName)
                : format("the CUDA driver cannot be loaded: %s; it comes with "
                         "NVIDIA's driver for the GPU, or with the device "
                         "'emulated' the model runs without a GPU",
                         problem.c_str())};
  }
  std::string missing;
  auto find = [&](const char *name, auto &function) {
    function =
        reinterpret_cast<std::decay_t<decltype(function)>>(dlsym(handle, name));
    return function != nullptr;
  };
#define OCKHAM_CUDA_FIND(name)                                                 \
  if (!find(#name, name))                                                      \
    missing += (missing.empty() ? "" : ", ") + std::string(#name);
  OCKHAM_CUDA_CALLS(OCKHAM_CUDA_FIND)
#undef OCKHAM_CUDA_FIND
  find("cuModuleLoadDataEx", cuModuleLoadDataEx);
  find("ockhamEmulatorDetectsRaces", emulatorDetectsRaces);
  Status status = Status::ok();
  if (!missing.empty())
    status = {OCKHAM_UNSUPPORTED,
              format("the CUDA driver '%s' lacks %s; a newer one is needed",
                     path.c_str(), missing.c_str())};
  else if (emulated && !isEmulator())
    status = {OCKHAM_UNSUPPORTED,
              format("device: 'emulated' needs %s, but '%s' is no emulator",
                     emulatorName, path.c_str())};
  else if (CUresult result = cuInit(0))
    status = {OCKHAM_UNSUPPORTED,
              format("the CUDA driver '%s' cannot be used: %s", path.c_str(),
                     describe(result).c_str())};
  if (status.failed())
    dlclose(handle);
  return status;
}

Status Driver::open(bool emulated, const Driver *&driver) {
  static std::mutex mutex;
  // Never freed: devices live as long as the process.
  static auto *known = new std::map<std::string, std::unique_ptr<Driver>>;
  const char *given = std::getenv("OCKHAM_CUDA_DRIVER");
  std::string path = given && *given ? given
                     : emulated      ? findEmulator()
                                     : "libcuda.so.1";
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<Driver> &slot = (*known)[path];
  if (slot && emulated && !slot->isEmulator())
    return {OCKHAM_UNSUPPORTED,
            format("device: 'emulated' needs %s, but '%s' is no emulator",
                   emulatorName, path.c_str())};
  if (!slot) {
    auto opened = std::make_unique<Driver>();
    OCKHAM_RETURN_IF_FAILED(opened->load(path, emulated));
    slot = std::move(opened);
  }
  driver = slot.get();
  return Status::ok();
}

std::string Driver::describe(CUresult result) const {
  const char *text = nullptr;
  if (cuGetErrorString(result, &text) == CUDA_SUCCESS && text)
    return format("%s (error %d)", text, result);
  return format("error %d", result);
}

Status Driver::check(CUresult result, const std::string &what) const {
  if (result == CUDA_SUCCESS)
    return Status::ok();
  // CUDA_ERROR_ILLEGAL_ADDRESS to CUDA_ERROR_LAUNCH_FAILED.
  bool isOfKernel = result >= 700 && result <= CUDA_ERROR_LAUNCH_FAILED;
  return {result == CUDA_ERROR_OUT_OF_MEMORY ? OCKHAM_OUT_OF_MEMORY
          : isOfKernel                       ? OCKHAM_INTERNAL
                                             : OCKHAM_UNSUPPORTED,
          format("%s failed: %s", what.c_str(), describe(result).c_str())};
}

} // namespace ockham::runtime::cuda
