//===- ModelDescription.h - What a module exports ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_PACKAGE_MODELDESCRIPTION_H
#define OCKHAM_TARGET_PACKAGE_MODELDESCRIPTION_H

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace ockham {

/// Name and type of an input or output, as in ockham_tensor_spec.
struct TensorDescription {
  struct Dim {
    int64_t extent;     ///< -1 when chosen at run time.
    std::string symbol; ///< Empty without a name.
  };
  std::string name;
  int32_t dtype; ///< ockham_dtype
  std::vector<Dim> dims;
};

struct EntryDescription {
  std::string name;
  int32_t kind; ///< ockham_entry_kind
  std::vector<TensorDescription> inputs, outputs;
  std::string workspace; ///< Function that counts its arena; empty for none.
};

/// A weight and where its bytes go: `offset` from the start of the weights.
struct WeightDescription {
  std::string name;
  int32_t dtype;
  std::vector<int64_t> shape;
  std::string layout;
  uint64_t offset = 0, bytes = 0;
  WeightOp op; ///< Has the bytes; valid while the module lives.
};

/// A kernel of a model for a device, as in ockham_kernel.
struct KernelDescription {
  std::string name;
  uint32_t block[3] = {1, 1, 1};
  uint32_t sharedBytes = 0;
  int32_t parameterCount = 0;
};

/// The code of all kernels in one form, as in ockham_device_image.
struct DeviceImage {
  int32_t kind; ///< ockham_image_kind
  std::string arch;
  std::string bytes;
};

/// What the tables of a compiled model say (include/ockham-c/ModelABI.h).
struct ModelDescription {
  std::string name, target, features, producer, options;
  std::vector<EntryDescription> entries;
  std::vector<WeightDescription> weights;
  uint64_t weightBytes = 0;
  std::string weightFile; ///< Empty when embedded.
  std::vector<KernelDescription> kernels;
  std::vector<DeviceImage> images;
};

/// Code of an element type in the model ABI, or an error that names the type.
llvm::Expected<int32_t> getDType(mlir::Type elementType);

/// Reads the entry points and their signatures. Call it while they are still
/// functions on tensors.
llvm::Expected<std::vector<EntryDescription>>
describeEntries(mlir::ModuleOp module);

/// Reads which functions count arenas. Call it after lowering.
void describeWorkspaces(mlir::ModuleOp module, ModelDescription &description);

/// Reads the weights in the order of the module and assigns their offsets.
/// Call it when no pass changes them any more.
llvm::Error describeWeights(mlir::ModuleOp module,
                            ModelDescription &description);

} // namespace ockham

#endif // OCKHAM_TARGET_PACKAGE_MODELDESCRIPTION_H
