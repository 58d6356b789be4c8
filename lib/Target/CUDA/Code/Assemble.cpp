//===- Assemble.cpp - Machine code of PTX ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Assemble.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace ockham {

std::vector<std::string> findComplaints(StringRef log) {
  std::vector<std::string> complaints;
  std::string kernel = "?";
  SmallVector<StringRef> lines;
  log.split(lines, '\n');
  for (StringRef line : lines) {
    line = line.trim();
    // ptxas info    : Function properties for NAME
    size_t properties = line.find("Function properties for ");
    if (properties != StringRef::npos) {
      kernel =
          line.substr(properties + strlen("Function properties for ")).str();
      continue;
    }
    // 0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
    if (line.contains("bytes spill stores")) {
      SmallVector<StringRef> parts;
      line.split(parts, ',');
      bool spills = llvm::any_of(parts, [](StringRef part) {
        return part.contains("spill") && !part.trim().starts_with("0 ");
      });
      if (spills)
        complaints.push_back("kernel '" + kernel + "': " + line.str());
      continue;
    }
    // Wherever the number stands: (C7510) Potential Performance Loss: ...
    if (line.contains("(C75"))
      complaints.push_back(line.str());
  }
  return complaints;
}

namespace {
/// A file that is gone in the end.
struct TemporaryFile {
  SmallString<128> path;
  Error create(StringRef suffix, StringRef contents) {
    int descriptor;
    if (std::error_code problem =
            sys::fs::createTemporaryFile("ockham", suffix, descriptor, path))
      return createStringError("cannot make a temporary file: " +
                               problem.message());
    raw_fd_ostream os(descriptor, /*shouldClose=*/true);
    os << contents;
    os.close();
    if (!os.has_error())
      return Error::success();
    std::string problem = os.error().message();
    os.clear_error();
    return createStringError("cannot write '" + path.str().str() +
                             "': " + problem);
  }
  ~TemporaryFile() {
    if (!path.empty())
      sys::fs::remove(path);
  }
};
} // namespace

static std::string readAll(StringRef path) {
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false,
                                      /*RequiresNullTerminator=*/false);
  return buffer ? (*buffer)->getBuffer().str() : std::string();
}

Expected<std::string> assemble(StringRef ptxas, StringRef ptx, StringRef arch,
                               bool strict,
                               function_ref<void(StringRef)> warn) {
  TemporaryFile source, cubin, log;
  if (Error error = source.create("ptx", ptx))
    return std::move(error);
  if (Error error = cubin.create("cubin", ""))
    return std::move(error);
  if (Error error = log.create("log", ""))
    return std::move(error);
  std::string archOption = "-arch=" + arch.str();
  StringRef arguments[] = {ptxas,       "-v", archOption,
                           source.path, "-o", cubin.path};
  std::optional<StringRef> redirects[] = {StringRef(""), log.path.str(),
                                          log.path.str()};
  std::string problem;
  int code =
      sys::ExecuteAndWait(ptxas, arguments, std::nullopt, redirects,
                          /*SecondsToWait=*/0, /*MemoryLimit=*/0, &problem);
  std::string text = readAll(log.path);
  if (code != 0) {
    if (StringRef(text).contains("is not defined for option 'gpu-name'")) {
      std::string line = "'" + ptxas.str() + "' does not know " + arch.str();
      if (strict)
        return createStringError(line + ", so that --strict-kernels cannot be "
                                        "checked");
      warn(line + "; for it the model has PTX alone");
      return std::string();
    }
    return createStringError(
        "'" + ptxas.str() + "' failed for " + arch.str() + ": " +
        (text.empty() ? problem : StringRef(text).trim().str()));
  }
  for (const std::string &complaint : findComplaints(text)) {
    std::string line = "ptxas for " + arch.str() + ": " + complaint;
    if (strict)
      return createStringError(line);
    warn(line);
  }
  return readAll(cubin.path);
}

} // namespace ockham
