//===- OutputFile.cpp - Files that appear whole or not at all -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Support/OutputFile.h"

#include "llvm/Support/Errc.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <sys/stat.h>

using namespace llvm;

namespace ockham {

Expected<OutputFile> OutputFile::create(StringRef path) {
  OutputFile file;
  file.path = path.str();
  SmallString<128> model(sys::path::parent_path(path));
  sys::path::append(model, "." + sys::path::filename(path) + ".%%%%%%");
  SmallString<128> name;
  int descriptor;
  std::error_code problem =
      sys::fs::is_directory(path)
          ? make_error_code(errc::is_a_directory)
          : sys::fs::createUniqueFile(model, descriptor, name);
  if (problem)
    return createStringError("cannot write '" + path +
                             "': " + problem.message());
  file.temporary = name.str().str();
  sys::RemoveFileOnSignal(file.temporary);
  file.stream = std::make_unique<raw_fd_ostream>(descriptor, true);
  return file;
}

OutputFile::~OutputFile() {
  if (temporary.empty())
    return;
  if (stream) {
    stream->close();
    stream->clear_error();
  }
  sys::fs::remove(temporary);
  sys::DontRemoveFileOnSignal(temporary);
}

Error OutputFile::close() {
  if (!stream)
    return Error::success();
  stream->close();
  std::error_code problem = stream->error();
  stream->clear_error();
  stream.reset();
  if (problem)
    return createStringError("cannot write '" + path +
                             "': " + problem.message());
  return Error::success();
}

Error OutputFile::keep() {
  if (Error error = close())
    return error;
  // As any new file would have it.
  mode_t mask = umask(0);
  umask(mask);
  chmod(temporary.c_str(), 0666 & ~mask);
  if (std::error_code problem = sys::fs::rename(temporary, path))
    return createStringError("cannot write '" + path +
                             "': " + problem.message());
  sys::DontRemoveFileOnSignal(temporary);
  temporary.clear();
  return Error::success();
}

} // namespace ockham
