//===- KernelBuffers.h - Buffers and arguments of kernels -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TOOLS_EMULATE_KERNELBUFFERS_H
#define OCKHAM_TOOLS_EMULATE_KERNELBUFFERS_H

#include "ockham/Emulator/Emulator.h"
#include "ockham/Support/Npy.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace ockham {

/// A named array in device memory.
struct KernelBuffer {
  std::string name;
  NpyArray initial;
  /// Whether the host writes it before the kernel runs.
  bool initialized = false;
  void *address = nullptr;

  uint64_t getBytes() const;
};

/// How TMA sees a buffer: sizes in elements, strides in bytes, fastest
/// dimension first.
struct MapShape {
  emulator::TensorMap::Type type;
  llvm::SmallVector<uint64_t> extents, strides;
  llvm::SmallVector<uint32_t> box;
  emulator::TensorMap::Swizzle swizzle;
  bool fillNaN;
};

/// One argument, for who calls the kernel elsewhere.
struct ArgumentView {
  /// Null for numbers.
  const KernelBuffer *buffer;
  /// Of 8 bytes; only of numbers.
  const char *value;
  /// For tensor maps, which are passed by value or by address.
  std::optional<MapShape> map;
  bool byValue;
};

/// What a kernel is called with.
class KernelArguments {
public:
  KernelArguments();
  ~KernelArguments();
  KernelArguments(const KernelArguments &) = delete;
  KernelArguments &operator=(const KernelArguments &) = delete;

  /// `name=type[4x8]`, and then `=zeros`, `=ones`, `=iota`, `=random:SEED` or
  /// `=FILE.npy`; without, the buffer is not initialised.
  llvm::Error addBuffer(llvm::StringRef text);
  /// A buffer's name, `type:value`, or `map:buffer:box=64x64:swizzle=128`.
  llvm::Error addArgument(llvm::StringRef text);

  /// Gives all buffers fresh memory with their first contents.
  llvm::Error reset();
  llvm::ArrayRef<void *> getPointers() const { return pointers; }
  llvm::Expected<std::vector<ArgumentView>> getViews() const;
  emulator::DeviceMemory &getMemory() { return *memory; }
  llvm::Expected<KernelBuffer *> findBuffer(llvm::StringRef name);
  /// What the buffer holds now.
  static NpyArray read(const KernelBuffer &buffer);
  const std::vector<std::unique_ptr<KernelBuffer>> &getBuffers() const {
    return buffers;
  }

private:
  struct Argument;
  static llvm::Expected<MapShape> getMapShape(const Argument &argument);

  std::unique_ptr<emulator::DeviceMemory> memory;
  std::vector<std::unique_ptr<KernelBuffer>> buffers;
  std::vector<std::unique_ptr<Argument>> arguments;
  std::vector<void *> pointers;
};

/// The elements as doubles.
std::vector<double> toDoubles(const NpyArray &array);
/// The largest difference, relative to 1 + |expected|; infinite where only one
/// is NaN or the shapes differ.
double getLargestError(const NpyArray &got, const NpyArray &expected);

} // namespace ockham

#endif // OCKHAM_TOOLS_EMULATE_KERNELBUFFERS_H
