//===- Library.h - A loaded model -------------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_LIBRARY_H
#define OCKHAM_RUNTIME_CORE_LIBRARY_H

#include "Status.h"
#include "Weights.h"
#include <map>
#include <memory>
#include <mutex>

namespace ockham::runtime {

class Library {
public:
  /// Maps the shared library, asks it for its table and checks that.
  static Status load(const std::string &path, bool ignoreFeatures,
                     std::shared_ptr<Library> &library);
  ~Library();
  Library(const Library &) = delete;
  Library &operator=(const Library &) = delete;

  const ockham_model &model() const { return table; }
  const std::string &path() const { return file; }

  Status findEntry(const char *name, const ockham_entry *&entry) const;

  /// The model's weights, or those of a file that replaces them, loaded on
  /// first use and shared as long as somebody holds them. Thread-safe.
  Status getWeights(const char *overrideFile,
                    const std::shared_ptr<Device> &device,
                    std::shared_ptr<const WeightSet> &weights);

  /// The model's kernels on a device, brought there on first use.
  Status getProgram(Device &device, std::shared_ptr<Program> &program);

private:
  Library() = default;
  Status chooseTable();
  Status checkTarget(bool ignoreFeatures) const;

  std::string file;
  void *handle = nullptr;
  ockham_model table = {}; ///< Fields that an older model lacks are zero.

  std::mutex weightMutex;
  std::map<std::pair<Device *, std::string>, std::weak_ptr<const WeightSet>>
      overrides;
  std::map<Device *, std::shared_ptr<const WeightSet>> ownWeights;
  std::mutex programMutex;
  std::map<Device *, std::shared_ptr<Program>> programs;
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_LIBRARY_H
