//===- Json.h - Reading JSON from front to back -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_JSON_H
#define OCKHAM_RUNTIME_CORE_JSON_H

#include "Status.h"
#include <cstdint>

namespace ockham::runtime {

/// Reads what a safetensors header consists of. Every function returns false at
/// the first error, which `error` then describes with its position; after that,
/// all functions return false.
class JsonReader {
public:
  JsonReader(const char *text, uint64_t bytes) : text(text), bytes(bytes) {}

  bool failed() const { return !message.empty(); }
  const std::string &error() const { return message; }

  /// Calls `member` with the position behind each "key": of an object.
  template <typename Member>
  bool readObject(Member member) {
    if (!expect('{'))
      return false;
    if (accept('}'))
      return true;
    do {
      std::string key;
      if (!readString(key) || !expect(':') || !member(key))
        return false;
    } while (accept(','));
    return expect('}');
  }

  /// Calls `element` at the position of each element of an array.
  template <typename Element>
  bool readArray(Element element) {
    if (!expect('['))
      return false;
    if (accept(']'))
      return true;
    do {
      if (!element())
        return false;
    } while (accept(','));
    return expect(']');
  }

  bool readString(std::string &value);

  /// An integer from 0 to 2^63 - 1.
  bool readUnsigned(uint64_t &value);

  /// Only spaces may follow.
  bool expectEnd();

  /// Records an error at the current position; false.
  bool fail(const std::string &what);

private:
  void skipSpace();
  bool accept(char c);
  bool expect(char c);
  bool readEscape(std::string &value);
  bool readHex(uint32_t &value);

  const char *text;
  uint64_t bytes;
  uint64_t at = 0;
  std::string message;
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_JSON_H
