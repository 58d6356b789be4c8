//===- SharedObject.cpp - Looking at a file before it is loaded -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedObject.h"
#include "../CPU/Features.h"
#include <cerrno>
#include <cstring>
#include <elf.h>
#include <fstream>
#include <sys/stat.h>

namespace ockham::runtime {

static const char *machineName(uint16_t machine) {
  switch (machine) {
  case EM_X86_64:
    return "x86-64";
  case EM_AARCH64:
    return "aarch64";
  case EM_386:
    return "32-bit x86";
  case EM_ARM:
    return "32-bit ARM";
  case EM_RISCV:
    return "RISC-V";
  }
  return "another architecture";
}

static Status notALibrary(const std::string &path, const std::string &why) {
  return {OCKHAM_BAD_MODEL,
          format("'%s' is no compiled model: %s", path.c_str(), why.c_str())};
}

/// Where the loader would read: the segments and the section headers' end.
static Status checkSize(const std::string &path, std::ifstream &stream,
                        const Elf64_Ehdr &header, uint64_t fileBytes) {
  uint64_t needed = header.e_shoff +
                    static_cast<uint64_t>(header.e_shnum) * header.e_shentsize;
  if (header.e_phentsize == sizeof(Elf64_Phdr)) {
    stream.seekg(static_cast<std::streamoff>(header.e_phoff));
    for (int i = 0; i < header.e_phnum; ++i) {
      Elf64_Phdr segment;
      if (!stream.read(reinterpret_cast<char *>(&segment), sizeof(segment)))
        return notALibrary(path, format("it is cut off after %" PRIu64
                                        " bytes, within its segment table",
                                        fileBytes));
      uint64_t end;
      if (__builtin_add_overflow(segment.p_offset, segment.p_filesz, &end))
        end = UINT64_MAX;
      if (segment.p_type == PT_LOAD)
        needed = std::max(needed, end);
    }
  }
  if (needed > fileBytes)
    return notALibrary(path, format("it is cut off: %" PRIu64
                                    " bytes of at least %" PRIu64
                                    " are there; compile or copy it again",
                                    fileBytes, needed));
  return Status::ok();
}

Status checkSharedObject(const std::string &path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0)
    return {errno == ENOENT || errno == ENOTDIR ? OCKHAM_NOT_FOUND
                                                : OCKHAM_INVALID_ARGUMENT,
            format("cannot open the model '%s': %s", path.c_str(),
                   std::strerror(errno))};
  if (!S_ISREG(info.st_mode))
    return notALibrary(path, S_ISDIR(info.st_mode) ? "it is a folder"
                                                   : "it is not a file");
  if (info.st_size == 0)
    return notALibrary(path, "the file is empty");
  std::ifstream stream(path, std::ios::binary);
  if (!stream)
    return {OCKHAM_INVALID_ARGUMENT,
            format("cannot read the model '%s': %s", path.c_str(),
                   std::strerror(errno))};
  Elf64_Ehdr header = {};
  stream.read(reinterpret_cast<char *>(&header), sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return notALibrary(path, "a shared library (ELF) is expected, but the file "
                             "does not start like one");
  uint64_t fileBytes = static_cast<uint64_t>(info.st_size);
  if (!stream)
    return notALibrary(
        path, format("it is cut off after %" PRIu64 " bytes", fileBytes));
#if defined(__x86_64__)
  constexpr uint16_t ours = EM_X86_64;
#elif defined(__aarch64__)
  constexpr uint16_t ours = EM_AARCH64;
#else
  const uint16_t ours = header.e_machine;
#endif
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != ours)
    return {OCKHAM_UNSUPPORTED,
            format("'%s' was compiled for %s, but this is %s", path.c_str(),
                   machineName(header.e_machine), architectureName())};
  if (header.e_type != ET_DYN)
    return notALibrary(path, header.e_type == ET_REL
                                 ? "it is an object file that was not linked"
                                 : "it is an ELF file, but no shared library");
  return checkSize(path, stream, header, fileBytes);
}

} // namespace ockham::runtime
