//===- Weights.h - The weights of a model in memory -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_WEIGHTS_H
#define OCKHAM_RUNTIME_CORE_WEIGHTS_H

#include "Memory.h"
#include "Safetensors.h"
#include "Status.h"

namespace ockham::runtime {

/// Read-only memory for all weights of a model. On a device one block. On the
/// host one block of its own, in huge pages where the system has them, for
/// weights that come from the library, are packed, made from a recipe, or lie
/// misaligned in their file; and pointers into a mapped safetensors file, or
/// into the library where that is wanted.
class WeightSet {
public:
  /// `file` is a safetensors file with the stored weights, or "" when they are
  /// embedded.
  static Status load(const ockham_model &model, const std::string &file,
                     const std::shared_ptr<Device> &device,
                     std::shared_ptr<const WeightSet> &weights);

  const std::vector<const void *> &pointers() const { return data; }

  /// Bytes of all weights, mapped or allocated.
  uint64_t bytes() const { return total; }

private:
  Status loadStored(const ockham_weight_spec &weight, const void *&pointer);
  Status initialize(const ockham_weight_spec &weight, const void *&pointer);
  Status allocate(const ockham_weight_spec &weight, void *&memory);
  Status copyEmbedded(const ockham_model &model);
  /// Finds or makes a weight on the host; `pointer` is null unless it is
  /// there.
  Status loadOne(const ockham_model &model, int32_t index,
                 const void *&pointer);
  Status loadHost(const ockham_model &model, bool mapped);
  Status loadDevice(const ockham_model &model, const std::string &file,
                    const std::shared_ptr<Device> &device);

  SafetensorsFile safetensors;
  DeviceMemory deviceBlock;
  AlignedMemory block;
  uint64_t blockBytes = 0; ///< Of the block; what is not used is not touched.
  uint64_t blockUsed = 0;
  std::vector<const void *> data;
  uint64_t total = 0;
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_WEIGHTS_H
