//===- Emulator.h - Runs NVIDIA kernels on the host -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs kernels from the LLVM bitcode that the NVPTX backend receives, with one
// fiber per CUDA thread, and reports races among threads, asynchronous copies
// and tensor cores. docs/emulator.md explains the model.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_EMULATOR_EMULATOR_H
#define OCKHAM_EMULATOR_EMULATOR_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
} // namespace llvm

namespace ockham::emulator {

/// When asynchronous work (copies, TMA) is done.
enum class Completion {
  /// When it is issued.
  Eager,
  /// When a wait needs it, or nothing else can run.
  Lazy,
  /// At a random moment in between.
  Random
};

/// Which thread runs next.
enum class Schedule { RoundRobin, Random };

struct Options {
  Completion completion = Completion::Lazy;
  Schedule schedule = Schedule::RoundRobin;
  /// Reproduces everything that is random.
  uint64_t seed = 1;
  /// Report races, and accesses of memory that is uninitialised or not there.
  bool detectRaces = true;
  /// Count how warps use banks and sectors; only with race detection, which
  /// sees all accesses.
  bool profile = false;
  /// Further reports are only counted.
  unsigned maxReports = 8;
  /// How many thread blocks may run at once; 0 for as many as a GPU would
  /// hold. More than one per OS thread is only used where blocks wait for each
  /// other.
  unsigned maxResidentBlocks = 0;
  /// OS threads that run clusters of blocks; 0 for one per core. With more than
  /// one, nothing random can be reproduced, nor the order of reports.
  unsigned jobs = 1;
};

using Dim3 = std::array<uint32_t, 3>;

struct LaunchConfig {
  Dim3 grid = {1, 1, 1};
  Dim3 block = {1, 1, 1};
  Dim3 cluster = {1, 1, 1};
  /// In bytes, besides what the kernel declares.
  uint32_t dynamicSharedBytes = 0;
};

/// One finding of the race detector.
struct Report {
  enum class Kind {
    Race,
    Uninitialized,
    OutOfBounds,
    /// The async proxy may not see what was written.
    MissingProxyFence,
    /// An mbarrier is used by somebody who need not see its initialisation.
    BarrierInitialization,
    /// The accumulators of wgmma, or its registers, without fence or wait.
    Accumulator
  };
  Kind kind;
  std::string message;
};

/// Bytes moved, by threads and by copies.
struct Traffic {
  uint64_t read = 0, written = 0;

  void add(const Traffic &other) {
    read += other.read;
    written += other.written;
  }
};

/// How the accesses of one instruction use memory. Only those of threads count,
/// not bulk copies and wgmma.
struct AccessProfile {
  std::string instruction, location;
  bool shared = false;
  /// Accesses by warps.
  uint64_t requests = 0;
  /// Of shared memory: passes that conflicts of banks made of them, and how
  /// many there would be without.
  uint64_t wavefronts = 0, idealWavefronts = 0;
  /// Of global memory: sectors of 32 bytes that were moved, and bytes in them
  /// that were asked for.
  uint64_t sectors = 0, bytes = 0;

  void add(const AccessProfile &other) {
    shared = other.shared;
    requests += other.requests;
    wavefronts += other.wavefronts;
    idealWavefronts += other.idealWavefronts;
    sectors += other.sectors;
    bytes += other.bytes;
  }
};

/// How many blocks a multiprocessor of an H100 holds at once.
struct Occupancy {
  uint64_t byThreads = 0, byShared = 0, byBlocks = 0;
  /// In bytes per block, static and dynamic.
  uint64_t sharedBytes = 0;

  uint64_t getBlocks() const {
    return std::min({byThreads, byShared, byBlocks});
  }
};

struct Statistics {
  /// Executed instructions that have a handler, once for each thread.
  std::map<std::string, uint64_t> instructions;
  /// Only counted with race detection, which sees all accesses.
  Traffic shared, global;
  /// With Options::profile.
  std::vector<AccessProfile> accesses;
  Occupancy occupancy;
  uint64_t blocks = 0;
  uint64_t switches = 0;
  double seconds = 0;
  /// For compiling the module, where this was its first launch.
  double compileSeconds = 0;
};

struct LaunchResult {
  std::vector<Report> reports;
  /// Reports, including those that are not in `reports`.
  uint64_t reportCount = 0;
  Statistics statistics;
};

/// Device memory: what accesses to global memory are checked against. Addresses
/// are those of the host.
class DeviceMemory {
public:
  DeviceMemory();
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory &) = delete;
  DeviceMemory &operator=(const DeviceMemory &) = delete;

  /// Memory of `bytes`, aligned to 256. Returns null when there is none.
  void *allocate(uint64_t bytes);
  llvm::Error release(void *address);
  /// Declares memory that somebody else owns as readable and writable.
  void add(const void *address, uint64_t bytes, bool initialized = true);
  void remove(const void *address);
  /// Declares bytes as written (by a copy from the host).
  void markInitialized(const void *address, uint64_t bytes);

  struct Allocation {
    uint64_t begin, bytes;
    bool owned;
    /// One bit per byte; empty when everything is initialised.
    std::vector<uint64_t> initialized;

    bool isInitialized(uint64_t first, uint64_t count) const;
    /// Several threads may do this at once.
    void markInitialized(uint64_t first, uint64_t count);
  };
  /// The allocation that holds the address, or null.
  Allocation *find(uint64_t address);

private:
  std::map<uint64_t, Allocation> allocations;
  std::atomic<Allocation *> last = nullptr;
};

/// What CUtensorMap is here: encoded by encodeTensorMap, read by TMA.
struct TensorMap {
  static constexpr uint32_t kMagic = 0x4f544d31;
  enum class Swizzle : uint8_t { None, Bytes32, Bytes64, Bytes128 };
  /// In the order of CUtensorMapDataType.
  enum class Type : uint8_t {
    U8,
    U16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
    BF16,
    F32Flushed,
    TF32,
    TF32Flushed
  };

  uint64_t base;
  /// Elements, fastest dimension first.
  std::array<uint64_t, 5> extents;
  /// Bytes between elements of dimensions 1 to 4.
  std::array<uint64_t, 4> strides;
  std::array<uint16_t, 5> box;
  uint8_t rank;
  Type type;
  Swizzle swizzle;
  /// Elements outside of the tensor are NaN instead of zero.
  uint8_t fillNaN;
  uint32_t magic;

  unsigned getElementBytes() const;
};
static_assert(sizeof(TensorMap) <= 128, "CUtensorMap has 128 bytes");

/// Fills `map` or says which rule of cuTensorMapEncodeTiled is broken. Sizes
/// are in elements and strides in bytes, fastest dimension first; `strides` has
/// one entry less than `extents`.
llvm::Error encodeTensorMap(TensorMap &map, void *base, TensorMap::Type type,
                            llvm::ArrayRef<uint64_t> extents,
                            llvm::ArrayRef<uint64_t> strides,
                            llvm::ArrayRef<uint32_t> box,
                            TensorMap::Swizzle swizzle, bool fillNaN = false);

/// A loaded module.
class Module {
public:
  /// Reads LLVM bitcode or textual IR for NVPTX.
  static llvm::Expected<std::unique_ptr<Module>>
  load(llvm::MemoryBufferRef buffer);
  ~Module();

  std::vector<std::string> getKernelNames() const;
  /// The bytes of the kernel's parameters, in order.
  llvm::Expected<std::vector<uint64_t>>
  getParameterSizes(llvm::StringRef kernel) const;

  /// Runs a grid to its end. `arguments` points to one value per parameter, as
  /// cuLaunchKernel's kernelParams do. Reports are results; an error is a grid
  /// that did not run to its end: a deadlock, a broken rule of an instruction.
  llvm::Error launch(llvm::StringRef kernel, const LaunchConfig &config,
                     llvm::ArrayRef<void *> arguments, DeviceMemory &memory,
                     const Options &options, LaunchResult &result);

private:
  struct Implementation;
  explicit Module(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

} // namespace ockham::emulator

#endif // OCKHAM_EMULATOR_EMULATOR_H
