//===- Device.cpp - Where a session runs ----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Device.h"
#include "../CUDA/Device.h"
#include <cstring>

namespace ockham::runtime {

Status openDevice(const ockham_model &model, const char *wanted,
                  std::shared_ptr<Device> &device) {
  bool isCPU = std::strcmp(model.target, "cpu") == 0;
  if (isCPU && (!wanted || std::strcmp(wanted, "cpu") == 0)) {
    device = getHostDevice();
    return Status::ok();
  }
  std::string name = wanted ? wanted : "cuda";
  cuda::DeviceChoice choice;
  if (!isCPU && cuda::parseDevice(name, choice))
    return cuda::openDevice(model, choice, device);
  return {OCKHAM_UNSUPPORTED,
          format("device: the model '%s' was compiled for '%s', got '%s'%s",
                 model.name, model.target, name.c_str(),
                 isCPU ? ""
                       : "; expected 'cuda', 'cuda:' and the device's number, "
                         "or 'emulated'")};
}

} // namespace ockham::runtime
