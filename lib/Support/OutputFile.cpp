//===- OutputFile.cpp - Files that appear whole or not at all -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Support/OutputFile.h"

#include "llvm/Support/Errc.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"

#include <sys/stat.h>

using namespace llvm;

namespace ockham {

Expected<OutputFile> OutputFile::create(StringRef path) {
  OutputFile file;
  // A link stays one: what it points to is replaced.
  SmallString<128> target;
  if (!sys::fs::is_symlink_file(path) || sys::fs::real_path(path, target))
    target = path;
  file.path = target.str().str();
  (void)sys::fs::is_other(target, file.isSpecial); // no file yet: not special
  SmallString<128> model;
  if (file.isSpecial)
    sys::path::system_temp_directory(/*ErasedOnReboot=*/true, model);
  else
    model = sys::path::parent_path(target);
  sys::path::append(model, "." + sys::path::filename(target) + ".%%%%%%");
  SmallString<128> name;
  int descriptor;
  std::error_code problem =
      sys::fs::is_directory(target)
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

/// Writes the bytes of a file into a device or a pipe.
static std::error_code copyInto(StringRef from, StringRef to) {
  auto bytes = MemoryBuffer::getFile(from, /*IsText=*/false,
                                     /*RequiresNullTerminator=*/false);
  if (!bytes)
    return bytes.getError();
  int descriptor;
  if (std::error_code problem = sys::fs::openFileForWrite(
          to, descriptor, sys::fs::CD_OpenExisting, sys::fs::OF_Append))
    return problem;
  raw_fd_ostream os(descriptor, /*shouldClose=*/true);
  os << (*bytes)->getBuffer();
  os.close();
  std::error_code problem = os.error();
  os.clear_error();
  return problem;
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
  if (isSpecial) {
    // The destructor removes the temporary file.
    if (std::error_code problem = copyInto(temporary, path))
      return createStringError("cannot write '" + path +
                               "': " + problem.message());
    return Error::success();
  }
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
