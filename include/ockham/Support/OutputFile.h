//===- OutputFile.h - Files that appear whole or not at all -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_OUTPUTFILE_H
#define OCKHAM_SUPPORT_OUTPUTFILE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

namespace ockham {

/// A file that is written under another name in the folder of `path` and takes
/// its name with keep(); otherwise it disappears. What is no regular file, such
/// as /dev/stdout or a pipe, is not replaced: keep() writes the bytes into it.
class OutputFile {
public:
  static llvm::Expected<OutputFile> create(llvm::StringRef path);
  OutputFile(OutputFile &&) = default;
  ~OutputFile();

  llvm::raw_fd_ostream &os() { return *stream; }
  /// Where the bytes lie until keep().
  const std::string &temporaryPath() const { return temporary; }
  /// Flushes; for files that another tool then reads or writes.
  llvm::Error close();
  /// Gives the file its name, replacing what stood there.
  llvm::Error keep();

private:
  OutputFile() = default;
  std::string path, temporary;
  bool isSpecial = false; ///< A device, a pipe.
  std::unique_ptr<llvm::raw_fd_ostream> stream;
};

} // namespace ockham

#endif // OCKHAM_SUPPORT_OUTPUTFILE_H
