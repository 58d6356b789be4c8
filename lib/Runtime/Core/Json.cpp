//===- Json.cpp - Reading JSON from front to back -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Json.h"

namespace ockham::runtime {

bool JsonReader::fail(const std::string &what) {
  if (message.empty())
    message = format("%s at byte %" PRIu64, what.c_str(), at);
  return false;
}

void JsonReader::skipSpace() {
  while (at < bytes && (text[at] == ' ' || text[at] == '\n' ||
                        text[at] == '\t' || text[at] == '\r'))
    ++at;
}

bool JsonReader::accept(char c) {
  if (failed())
    return false;
  skipSpace();
  if (at >= bytes || text[at] != c)
    return false;
  ++at;
  return true;
}

bool JsonReader::expect(char c) {
  if (accept(c))
    return true;
  if (at >= bytes)
    return fail(format("expected '%c', got the end", c));
  unsigned char got = static_cast<unsigned char>(text[at]);
  return fail(got >= 0x20 && got < 0x7f
                  ? format("expected '%c', got '%c'", c, got)
                  : format("expected '%c', got the byte 0x%02x", c, got));
}

bool JsonReader::readHex(uint32_t &value) {
  value = 0;
  for (int i = 0; i < 4; ++i, ++at) {
    char c = at < bytes ? text[at] : '\0';
    if (c >= '0' && c <= '9')
      value = value * 16 + (c - '0');
    else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
      value = value * 16 + ((c | 0x20) - 'a' + 10);
    else
      return fail("expected four hexadecimal digits");
  }
  return true;
}

static void appendUtf8(std::string &value, uint32_t code) {
  auto byte = [&](uint32_t bits) { value += static_cast<char>(bits); };
  if (code < 0x80)
    return byte(code);
  if (code < 0x800) {
    byte(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xe0 | code >> 12);
    } else {
      byte(0xf0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3f));
    }
    byte(0x80 | (code >> 6 & 0x3f));
  }
  byte(0x80 | (code & 0x3f));
}

bool JsonReader::readEscape(std::string &value) {
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = at < bytes ? text[at++] : '\0';
  for (int i = 0; from[i]; ++i)
    if (c == from[i]) {
      value += to[i];
      return true;
    }
  if (c != 'u')
    return fail("unknown escape in a string");
  uint32_t code, low;
  if (!readHex(code))
    return false;
  if (code >= 0xd800 && code < 0xdc00) {
    if (at + 2 > bytes || text[at] != '\\' || text[at + 1] != 'u')
      return fail("half a surrogate pair in a string");
    at += 2;
    if (!readHex(low))
      return false;
    if (low < 0xdc00 || low > 0xdfff)
      return fail("half a surrogate pair in a string");
    code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
  }
  appendUtf8(value, code);
  return true;
}

bool JsonReader::readString(std::string &value) {
  value.clear();
  if (!expect('"'))
    return false;
  while (at < bytes) {
    char c = text[at++];
    if (c == '"')
      return true;
    if (c != '\\')
      value += c;
    else if (!readEscape(value))
      return false;
  }
  return fail("a string without end");
}

bool JsonReader::readUnsigned(uint64_t &value) {
  value = 0;
  if (failed())
    return false;
  skipSpace();
  uint64_t start = at;
  for (; at < bytes && text[at] >= '0' && text[at] <= '9'; ++at)
    if (__builtin_mul_overflow(value, 10, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(text[at] - '0'),
                               &value) ||
        value > static_cast<uint64_t>(INT64_MAX))
      return fail("a number that is too large");
  if (at == start)
    return fail("expected a number that is not negative");
  if (at < bytes && (text[at] == '.' || (text[at] | 0x20) == 'e'))
    return fail("expected an integer");
  return true;
}

bool JsonReader::expectEnd() {
  if (failed())
    return false;
  // Files pad their header with spaces, some with zeros.
  skipSpace();
  while (at < bytes && text[at] == '\0')
    ++at;
  return at == bytes || fail("text behind the closing brace");
}

} // namespace ockham::runtime
