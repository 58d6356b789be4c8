//===- Library.cpp - A loaded model ---------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Library.h"
#include "../CPU/Features.h"
#include "ModelTable.h"
#include "SharedObject.h"
#include "Types.h"
#include <algorithm>
#include <climits>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sys/stat.h>

namespace ockham::runtime {

static const char querySymbol[] = "ockham_model_query";

/// Without a folder, dlopen would search the system's; so paths are absolute.
static std::string absolutePath(const std::string &path) {
  char *resolved = realpath(path.c_str(), nullptr);
  std::string text = resolved ? resolved : path;
  std::free(resolved);
  return text;
}

/// The path as dlopen gets it, in a spelling of the file's own, such as
/// "/models/.//./gpt2.so". dlopen compares names before it looks at files: a
/// model that is compiled again while the old one is loaded would be the old
/// one under its old name. The number of a file that is mapped belongs to no
/// other.
static std::string spellForLoader(const std::string &path) {
  struct stat status;
  size_t slash = path.rfind('/');
  if (slash == std::string::npos || stat(path.c_str(), &status) != 0)
    return path;
  std::string spelled = path.substr(0, slash + 1);
  for (uint64_t bits = status.st_ino; bits; bits >>= 1)
    spelled += bits & 1 ? "./" : "/";
  spelled += path.substr(slash + 1);
  return spelled.size() < PATH_MAX ? spelled : path;
}

Library::~Library() {
  programs.clear();
  ownWeights.clear();
  if (handle)
    dlclose(handle);
}

static std::string join(const std::vector<std::string> &words) {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : " ") + word;
  return text;
}

/// ockham_model as version 1 began; what was added since is not in older
/// models.
static constexpr size_t firstTableBytes = offsetof(ockham_model, faster);

/// The fields that the model has; others are zero.
static ockham_model copyTable(const ockham_model &from) {
  ockham_model table = {};
  std::memcpy(&table, &from,
              std::min<size_t>(from.struct_bytes, sizeof(table)));
  return table;
}

/// Takes the table of the most instruction sets that this machine has.
Status Library::chooseTable() {
  if (std::strcmp(table.target, "cpu") != 0)
    return Status::ok();
  std::string unknown = findUnknownLimits();
  if (!unknown.empty())
    return {OCKHAM_INVALID_ARGUMENT,
            format("OCKHAM_CPU: expected levels and instruction sets, such as "
                   "'x86-64-v3', got '%s'",
                   unknown.c_str())};
  const ockham_model *next = table.faster;
  for (int number = 1; next; ++number) {
    if (next->struct_bytes < firstTableBytes ||
        next->abi_version != table.abi_version)
      return {OCKHAM_BAD_MODEL,
              format("the model '%s' cannot be used: faster table %d has %u "
                     "bytes and ABI version %u, expected at least %zu and "
                     "version %u",
                     file.c_str(), number, next->struct_bytes,
                     next->abi_version, firstTableBytes, table.abi_version)};
    ockham_model candidate = copyTable(*next);
    Status checked = checkModelTable(candidate);
    if (checked.failed())
      return {checked.code(),
              format("the model '%s' cannot be used: faster table %d: %s",
                     file.c_str(), number, checked.message().c_str())};
    if (candidate.entry_count != table.entry_count ||
        candidate.weight_count != table.weight_count ||
        candidate.state_count != table.state_count)
      return {OCKHAM_BAD_MODEL,
              format("the model '%s' cannot be used: faster table %d has %d "
                     "entry points, %d weights and %d states, expected %d, %d "
                     "and %d as in the first",
                     file.c_str(), number, candidate.entry_count,
                     candidate.weight_count, candidate.state_count,
                     table.entry_count, table.weight_count, table.state_count)};
    next = candidate.faster;
    if (std::strcmp(candidate.target, table.target) == 0 &&
        !findMissingFeatures(candidate.features).any())
      table = candidate;
  }
  return Status::ok();
}

Status Library::checkTarget(bool ignoreFeatures) const {
  // A device is looked for when something is to run on it.
  if (std::strcmp(table.target, "cuda") == 0)
    return Status::ok();
  if (std::strcmp(table.target, "cpu") != 0)
    return {OCKHAM_UNSUPPORTED,
            format("the model '%s' was compiled for the target '%s', but this "
                   "runtime was built for: cpu, cuda",
                   table.name, table.target)};
  MissingFeatures missing = findMissingFeatures(table.features);
  if (!missing.any() || ignoreFeatures)
    return Status::ok();
  std::string text =
      format("the model '%s' was compiled for instructions", table.name);
  if (!missing.absent.empty())
    text += " that this CPU does not have: " + join(missing.absent);
  if (!missing.unknown.empty())
    text += (missing.absent.empty() ? "" : ", and") +
            std::string(" that this runtime does not know: ") +
            join(missing.unknown);
  if (!missing.hidden.empty())
    text +=
        format("%s that OCKHAM_CPU, '%s', does not name: %s",
               missing.absent.empty() && missing.unknown.empty() ? "" : ", and",
               std::getenv("OCKHAM_CPU"), join(missing.hidden).c_str());
  return {OCKHAM_UNSUPPORTED,
          text + format(" (of: %s); compile the model for this machine",
                        table.features)};
}

Status Library::load(const std::string &path, bool ignoreFeatures,
                     std::shared_ptr<Library> &result) {
  OCKHAM_RETURN_IF_FAILED(checkSharedObject(path));
  std::shared_ptr<Library> library(new Library);
  library->file = absolutePath(path);
  const char *file = library->file.c_str();
  std::string spelled = spellForLoader(library->file);
  library->handle = dlopen(spelled.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library->handle) {
    std::string problem = dlerror();
    size_t position = problem.find(spelled);
    if (position != std::string::npos)
      problem.replace(position, spelled.size(), library->file);
    return {OCKHAM_BAD_MODEL,
            format("cannot load the model '%s': %s", file, problem.c_str())};
  }
  auto query = reinterpret_cast<ockham_model_query_fn>(
      dlsym(library->handle, querySymbol));
  if (!query)
    return {OCKHAM_BAD_MODEL,
            format("'%s' is a shared library, but no compiled model: it does "
                   "not export '%s'",
                   file, querySymbol)};
  const ockham_model *table = query(OCKHAM_ABI_VERSION);
  if (!table)
    return {OCKHAM_UNSUPPORTED,
            format("the model '%s' needs a newer runtime: it has no table for "
                   "ABI version %d, the newest that this runtime knows",
                   file, OCKHAM_ABI_VERSION)};
  if (table->abi_version > OCKHAM_ABI_VERSION)
    return {OCKHAM_UNSUPPORTED,
            format("the model '%s' follows ABI version %u, but this runtime "
                   "knows versions up to %d; use a newer runtime",
                   file, table->abi_version, OCKHAM_ABI_VERSION)};
  if (table->abi_version < 1)
    return {OCKHAM_BAD_MODEL, format("the model '%s' follows ABI version 0, "
                                     "but versions start at 1",
                                     file)};
  if (table->struct_bytes < firstTableBytes)
    return {OCKHAM_BAD_MODEL,
            format("the model '%s' has a table of %u bytes, but one of ABI "
                   "version %u has %zu",
                   file, table->struct_bytes, table->abi_version,
                   firstTableBytes)};
  library->table = copyTable(*table);
  Status checked = checkModelTable(library->table);
  if (checked.failed())
    return {checked.code(), format("the model '%s' cannot be used: %s", file,
                                   checked.message().c_str())};
  OCKHAM_RETURN_IF_FAILED(library->chooseTable());
  OCKHAM_RETURN_IF_FAILED(library->checkTarget(ignoreFeatures));
  result = std::move(library);
  return Status::ok();
}

Status Library::findEntry(const char *name, const ockham_entry *&entry) const {
  if (!name)
    return {OCKHAM_INVALID_ARGUMENT, "entry point: a name is expected, got a "
                                     "null pointer"};
  std::string known;
  for (int32_t i = 0; i < table.entry_count; ++i) {
    if (std::strcmp(table.entries[i].name, name) == 0) {
      entry = &table.entries[i];
      return Status::ok();
    }
    known += format("%s'%s'", i ? ", " : "", table.entries[i].name);
  }
  return {OCKHAM_NOT_FOUND,
          format("the model '%s' has no entry point '%s'; it has: %s",
                 table.name, name, known.empty() ? "none" : known.c_str())};
}

Status Library::getWeights(const char *overrideFile,
                           const std::shared_ptr<Device> &device,
                           std::shared_ptr<const WeightSet> &weights) {
  std::lock_guard<std::mutex> lock(weightMutex);
  if (!overrideFile) {
    std::shared_ptr<const WeightSet> &own = ownWeights[device.get()];
    if (!own) {
      std::string beside;
      if (!table.weight_data && table.weight_file)
        beside = file.substr(0, file.rfind('/') + 1) + table.weight_file;
      OCKHAM_RETURN_IF_FAILED(WeightSet::load(table, beside, device, own));
    }
    weights = own;
    return Status::ok();
  }
  std::string path = absolutePath(overrideFile);
  std::weak_ptr<const WeightSet> &known = overrides[{device.get(), path}];
  weights = known.lock();
  if (!weights) {
    OCKHAM_RETURN_IF_FAILED(WeightSet::load(table, path, device, weights));
    known = weights;
  }
  return Status::ok();
}

Status Library::getProgram(Device &device, std::shared_ptr<Program> &program) {
  std::lock_guard<std::mutex> lock(programMutex);
  std::shared_ptr<Program> &known = programs[&device];
  if (!known)
    OCKHAM_RETURN_IF_FAILED(device.loadProgram(table, known));
  program = known;
  return Status::ok();
}

} // namespace ockham::runtime
