//===- State.h - What the emulated driver keeps -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Handles are addresses of objects below, checked against the lists of those
// that exist. One lock guards everything.
//
// Work is done where it is submitted, or as late as CUDA allows: when somebody
// waits for it. Then all that it has to come after is done first, and nothing
// else, so that an order which nobody asked for is not there by chance.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_EMULATOR_DRIVER_STATE_H
#define OCKHAM_EMULATOR_DRIVER_STATE_H

#include "ockham-c/CudaEmulator.h"
#include "ockham/Emulator/Emulator.h"

#include <chrono>
#include <functional>
#include <mutex>
#include <set>

using Clock = std::chrono::steady_clock;
using Work = std::function<CUresult()>;

struct CUctx_st {};
struct CUmod_st {
  std::unique_ptr<ockham::emulator::Module> module;
  std::map<std::string, std::unique_ptr<CUfunc_st>> functions;
};
struct CUfunc_st {
  CUmod_st *module;
  std::string name;
  std::vector<uint64_t> parameterBytes;
};
/// Work of a graph, and which of the work before it it comes after.
struct CapturedWork {
  Work work;
  std::vector<size_t> after;
};
/// What is being captured, on one stream or several.
struct Capture {
  CUstream origin;
  std::vector<CapturedWork> work;
};
struct CUstream_st {
  bool isBlocking = true; ///< Ordered with the default stream.
  std::shared_ptr<Capture> capture;
  std::vector<size_t> ends; ///< Of the capture: what comes next is after them.
  uint64_t latest = 0;      ///< The work that was submitted last.
  CUresult failed = CUDA_SUCCESS; ///< Late work, until the stream is awaited.
};
struct CUevent_st {
  Clock::time_point time;
  bool recorded = false;
  uint64_t work = 0;                ///< After which it happens.
  std::shared_ptr<Capture> capture; ///< Of which its record is a part.
  size_t node = 0;                  ///< In there.
};
struct CUgraph_st {
  std::vector<CapturedWork> work;
};
struct CUgraphExec_st {
  std::vector<CapturedWork> work;
};

namespace ockham::emulator {

/// Owns objects and knows which handles are theirs.
template <typename T>
class Handles {
public:
  T *add(std::unique_ptr<T> object) {
    T *handle = object.get();
    objects[handle] = std::move(object);
    return handle;
  }
  bool contains(T *handle) const { return objects.count(handle); }
  bool remove(T *handle) { return objects.erase(handle); }
  template <typename Function>
  void forEach(Function function) const {
    for (auto &[handle, object] : objects)
      function(*handle);
  }

private:
  std::map<T *, std::unique_ptr<T>> objects;
};

struct Driver {
  std::recursive_mutex mutex;
  bool initialized = false;
  Options options;
  DeviceMemory memory;
  uint64_t memoryBytes = 80'000'000'000, usedBytes = 0;
  std::set<void *> hostMemory;
  CUctx_st context;
  Handles<CUmod_st> modules;
  std::set<CUfunc_st *> functions;
  Handles<CUstream_st> streams;
  Handles<CUevent_st> events;
  Handles<CUgraph_st> graphs;
  Handles<CUgraphExec_st> executables;

  /// Does work now, or keeps it: if the stream is captured, or if work is done
  /// late; then behind the work `after` as well, if that is not 0. The null
  /// handle is the default stream.
  CUresult submit(CUstream stream, Work work, uint64_t after = 0);
  CUresult launch(const CUgraphExec_st &graph, CUstream stream);

  bool isPending(uint64_t work) const { return pending.count(work); }
  /// Does what is pending of that work, and what it comes after.
  CUresult complete(uint64_t work);
  CUresult completeAll();
  uint64_t latestOf(CUstream stream) const {
    return stream ? stream->latest : latestOnDefault;
  }

  void destroy(CUstream stream);

  bool runsLate = false; ///< Work is done when somebody waits for it.

private:
  struct Pending {
    Work work;
    CUstream stream;
    std::vector<uint64_t> after;
  };
  std::map<uint64_t, Pending> pending; ///< By number, in order of submission.
  uint64_t submitted = 0;
  uint64_t latestOnDefault = 0;
  std::vector<uint64_t> ofDestroyed; ///< Streams, which the default one awaits.
};

Driver &getDriver();

} // namespace ockham::emulator

/// Locks the driver for a call, which needs cuInit to have been called.
#define OCKHAM_ENTER_DRIVER()                                                  \
  ockham::emulator::Driver &driver = ockham::emulator::getDriver();            \
  std::lock_guard<std::recursive_mutex> lock(driver.mutex);                    \
  if (!driver.initialized)                                                     \
  return CUDA_ERROR_NOT_INITIALIZED

#endif // OCKHAM_EMULATOR_DRIVER_STATE_H
