//===- DriverRun.h - The same kernel by a CUDA driver -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TOOLS_EMULATE_DRIVERRUN_H
#define OCKHAM_TOOLS_EMULATE_DRIVERRUN_H

#include "KernelBuffers.h"

namespace ockham {

struct DriverLaunch {
  /// libcuda.so.1, or another library with its calls.
  std::string library;
  /// What cuModuleLoadData takes: PTX or a cubin for a GPU.
  std::string image;
  std::string kernel;
  emulator::LaunchConfig config;
};

/// Runs the kernel on the first device of a driver and returns what the buffers
/// hold then. Memory that nobody initialised is all ones, as in the emulator.
llvm::Expected<std::vector<NpyArray>>
runOnDriver(const DriverLaunch &launch, const KernelArguments &arguments);

} // namespace ockham

#endif // OCKHAM_TOOLS_EMULATE_DRIVERRUN_H
