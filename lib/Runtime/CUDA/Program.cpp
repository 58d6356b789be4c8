//===- Program.cpp - A model's kernels on a GPU ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Program.h"
#include "../Core/DeviceImages.h"
#include <algorithm>

namespace ockham::runtime::cuda {

/// What is loaded, for messages.
static std::string describe(const ockham_device_image &image) {
  std::string text;
  for (const DeviceCode &code : listCode(image))
    text += (text.empty() ? "" : ", ") + code.describe();
  return image.kind == OCKHAM_IMAGE_FATBIN ? "fatbin (" + text + ")" : text;
}

/// How well code suits the device; 0 where it does not run there.
static int rank(const DeviceCode &code, const Device &device) {
  if (device.driver.isEmulator())
    return code.kind == OCKHAM_IMAGE_BITCODE;
  bool same = code.major == device.major() && code.minor == device.minor();
  int version = 10 * code.major + code.minor;
  bool isPortable =
      !code.suffix && version <= 10 * device.major() + device.minor();
  // Code for the very device first, then what is newest among what runs.
  int preference = code.suffix ? 2 * version + 1 : 2 * version;
  switch (code.kind) {
  case OCKHAM_IMAGE_CUBIN:
    return same || (isPortable && code.major == device.major())
               ? 10000 + preference
               : 0;
  case OCKHAM_IMAGE_PTX:
    return same || isPortable ? preference : 0;
  default:
    return 0;
  }
}

/// Of a fatbin, in which the driver chooses, that of the best member.
static int rank(const ockham_device_image &image, const Device &device) {
  int best = 0;
  for (const DeviceCode &code : listCode(image))
    best = std::max(best, rank(code, device));
  return best;
}

Status Program::load(std::shared_ptr<Device> device, const ockham_model &model,
                     std::shared_ptr<Program> &result) {
  std::shared_ptr<Program> program(new Program(std::move(device), model));
  Device &on = *program->device;
  if (model.kernel_count == 0) {
    result = std::move(program);
    return Status::ok();
  }
  const ockham_device_image *best = nullptr;
  std::string known;
  for (int32_t i = 0; i < model.image_count; ++i) {
    const ockham_device_image &image = model.images[i];
    int mine = rank(image, on);
    if (mine && (!best || mine > rank(*best, on)))
      best = &image;
    known += (i ? ", " : "") + describe(image);
  }
  if (!best) {
    if (on.driver.isEmulator())
      return {OCKHAM_UNSUPPORTED,
              format("the model '%s' has no bitcode, which the emulator runs; "
                     "it has: %s",
                     model.name, known.c_str())};
    return {OCKHAM_UNSUPPORTED,
            format("the model '%s' has no code for %s, which is sm_%d%d; it "
                   "has: %s; compile it with --arch sm_%d%d",
                   model.name, on.describe().c_str(), on.major(), on.minor(),
                   known.c_str(), on.major(), on.minor())};
  }
  OCKHAM_RETURN_IF_FAILED(program->loadModule(*best));
  OCKHAM_RETURN_IF_FAILED(program->findKernels());
  result = std::move(program);
  return Status::ok();
}

Program::~Program() {
  if (!module)
    return;
  ContextScope scope(device->driver, device->context());
  device->driver.cuModuleUnload(module);
}

Status Program::loadModule(const ockham_device_image &image) {
  const Driver &driver = device->driver;
  ContextScope scope(driver, device->context());
  CUresult result;
  std::string log;
  // The driver compiles PTX, which a fatbin may have as well.
  if (image.kind != OCKHAM_IMAGE_BITCODE && driver.cuModuleLoadDataEx) {
    char text[4096] = "";
    // CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES
    int options[] = {5, 6};
    void *values[] = {text, reinterpret_cast<void *>(sizeof(text) - 1)};
    result = driver.cuModuleLoadDataEx(&module, image.data, 2, options, values);
    log = text;
    while (!log.empty() && log.back() == '\n')
      log.pop_back();
  } else {
    result = driver.cuModuleLoadData(&module, image.data);
  }
  if (result == CUDA_SUCCESS)
    return Status::ok();
  module = nullptr;
  return {result == CUDA_ERROR_OUT_OF_MEMORY ? OCKHAM_OUT_OF_MEMORY
                                             : OCKHAM_BAD_MODEL,
          format("the model '%s': its %s cannot be loaded on %s: %s%s%s",
                 table.name, describe(image).c_str(),
                 device->describe().c_str(), driver.describe(result).c_str(),
                 log.empty() ? "" : "; ", log.c_str())};
}

Status Program::findKernels() {
  const Driver &driver = device->driver;
  ContextScope scope(driver, device->context());
  // What a block may have without asking.
  constexpr uint32_t plainSharedBytes = 48 << 10;
  for (int32_t i = 0; i < table.kernel_count; ++i) {
    const ockham_kernel &kernel = table.kernels[i];
    CUfunction function;
    CUresult result =
        driver.cuModuleGetFunction(&function, module, kernel.name);
    if (result)
      return {OCKHAM_BAD_MODEL,
              format("the model '%s': its device image has no kernel '%s': %s",
                     table.name, kernel.name, driver.describe(result).c_str())};
    if (kernel.shared_bytes > plainSharedBytes) {
      // CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
      result = driver.cuFuncSetAttribute(function, 8,
                                         static_cast<int>(kernel.shared_bytes));
      if (result)
        return {OCKHAM_UNSUPPORTED,
                format("kernel '%s' needs %u bytes of shared memory, which %s "
                       "does not give to a block: %s",
                       kernel.name, kernel.shared_bytes,
                       device->describe().c_str(),
                       driver.describe(result).c_str())};
    }
    functions.push_back(function);
  }
  return Status::ok();
}

} // namespace ockham::runtime::cuda
