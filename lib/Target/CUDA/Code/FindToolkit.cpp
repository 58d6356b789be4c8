//===- FindToolkit.cpp - Where CUDA's files are ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/CUDA/DeviceCode.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

#include <algorithm>

using namespace llvm;

/// `folder/path` if there is such a file.
static bool isThere(StringRef folder, StringRef path, std::string &found) {
  SmallString<256> candidate(folder);
  sys::path::append(candidate, path);
  if (!sys::fs::exists(candidate))
    return false;
  found = candidate.str().str();
  return true;
}

/// Sub-folders in the order of their names.
static std::vector<std::string> listFolders(StringRef folder) {
  std::vector<std::string> folders;
  std::error_code problem;
  for (sys::fs::directory_iterator it(folder, problem), end;
       it != end && !problem; it.increment(problem))
    if (sys::fs::is_directory(it->path()))
      folders.push_back(it->path());
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// nvidia/cuda_nvcc, nvidia/cu13 and the like of a Python with this prefix.
static bool findInPython(StringRef prefix, StringRef path, std::string &found) {
  SmallString<256> libraries(prefix);
  sys::path::append(libraries, "lib");
  for (const std::string &python : listFolders(libraries)) {
    if (!sys::path::filename(python).starts_with("python3"))
      continue;
    for (const char *packages : {"site-packages", "dist-packages"}) {
      SmallString<256> folder(python);
      sys::path::append(folder, packages, "nvidia");
      for (const std::string &package : listFolders(folder))
        if (isThere(package, path, found))
          return true;
    }
  }
  return false;
}

static int anchor;

std::string ockham::findCUDAFile(StringRef path) {
  std::string found;
  for (const char *name : {"CUDA_HOME", "CUDA_PATH"})
    if (auto home = sys::Process::GetEnv(name))
      if (isThere(*home, path, found))
        return found;
  if (path.starts_with("bin/"))
    if (auto program = sys::findProgramByName(sys::path::filename(path)))
      return *program;
  if (isThere("/usr/local/cuda", path, found))
    return found;
  if (auto environment = sys::Process::GetEnv("VIRTUAL_ENV"))
    if (findInPython(*environment, path, found))
      return found;
  if (auto python = sys::findProgramByName("python3"))
    if (findInPython(sys::path::parent_path(sys::path::parent_path(*python)),
                     path, found))
      return found;
  SmallString<128> home;
  if (sys::path::home_directory(home)) {
    sys::path::append(home, ".local");
    if (findInPython(home, path, found))
      return found;
  }
  // The program is in the build folder, that one in the source folder.
  SmallString<256> folder(sys::path::parent_path(
      sys::fs::getMainExecutable(nullptr, static_cast<void *>(&anchor))));
  for (int level = 0; level < 3 && !folder.empty(); ++level) {
    SmallString<256> cache(folder);
    sys::path::append(cache, ".cache", "cuda-13.0");
    if (isThere(cache, path, found))
      return found;
    sys::path::remove_filename(folder);
  }
  return "";
}
