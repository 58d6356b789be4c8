//===- Safetensors.h - Reading safetensors files ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The format: 8 bytes of header length (little-endian), that many bytes of
// JSON, then the tensors' bytes, to which data_offsets in the header count:
//   {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
//    "__metadata__": {"key": "text"}}
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_SAFETENSORS_H
#define OCKHAM_RUNTIME_CORE_SAFETENSORS_H

#include "Status.h"
#include "Types.h"
#include <map>

namespace ockham::runtime {

struct SafetensorsEntry {
  int32_t dtype = 0;    ///< 0 for types that Ockham does not have.
  std::string typeName; ///< As in the file, e.g. "F8_E4M3".
  Shape shape;
  uint64_t begin = 0, end = 0; ///< From the start of the data, in bytes.
};

/// A mapped file. The mapping is read-only and lives as long as the object. A
/// file that is cut off while it is mapped ends the process; replace weight
/// files by renaming.
class SafetensorsFile {
public:
  SafetensorsFile() = default;
  ~SafetensorsFile();
  SafetensorsFile(const SafetensorsFile &) = delete;
  SafetensorsFile &operator=(const SafetensorsFile &) = delete;

  /// Maps the file and checks its header: syntax, types, sizes, overlaps.
  Status open(const std::string &path);

  const std::string &path() const { return file; }

  /// Null when there is no such tensor.
  const SafetensorsEntry *find(const std::string &name) const;

  /// The first few names for messages, e.g. "'a', 'b' and 12 more".
  std::string listNames() const;

  /// The tensor in the mapping; at any alignment.
  const void *data(const SafetensorsEntry &entry) const;

  /// Reads the tensor into memory of its size.
  Status read(const SafetensorsEntry &entry, void *memory) const;

private:
  Status parseHeader(const char *text, uint64_t bytes);
  Status parseEntry(class JsonReader &json, const std::string &name,
                    SafetensorsEntry &entry);
  Status checkEntry(const std::string &name, const SafetensorsEntry &entry);
  Status checkOverlaps() const;
  Status bad(const std::string &text) const;

  std::string file;
  int descriptor = -1;
  char *mapping = nullptr;
  uint64_t fileBytes = 0;
  uint64_t dataStart = 0;
  std::map<std::string, SafetensorsEntry> entries;
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_SAFETENSORS_H
