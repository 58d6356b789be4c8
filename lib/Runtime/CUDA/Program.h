//===- Program.h - A model's kernels on a GPU -------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_PROGRAM_H
#define OCKHAM_RUNTIME_CUDA_PROGRAM_H

#include "Device.h"

namespace ockham::runtime::cuda {

class Program final : public runtime::Program {
public:
  /// Loads the image that suits the device best: a cubin, else PTX, which the
  /// driver compiles; for the emulator bitcode.
  static Status load(std::shared_ptr<Device> device, const ockham_model &model,
                     std::shared_ptr<Program> &program);
  ~Program() override;

  const ockham_model &model() const { return table; }
  CUfunction function(int32_t kernel) const { return functions[kernel]; }

private:
  Program(std::shared_ptr<Device> device, const ockham_model &model)
      : device(std::move(device)), table(model) {}
  Status loadModule(const ockham_device_image &image);
  Status findKernels();

  std::shared_ptr<Device> device;
  const ockham_model &table;
  CUmodule module = nullptr;
  std::vector<CUfunction> functions;
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_PROGRAM_H
