//===- Status.cpp - Status codes with messages ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Status.h"
#include <cstdarg>
#include <cstdio>

namespace ockham::runtime {

std::string format(const char *pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  va_list again;
  va_copy(again, arguments);
  int length = std::vsnprintf(nullptr, 0, pattern, arguments);
  va_end(arguments);
  std::string text(length > 0 ? length : 0, '\0');
  if (length > 0)
    std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

std::string plural(size_t count, const char *noun) {
  return format("%zu %s%s", count, noun, count == 1 ? "" : "s");
}

std::string formatBytes(uint64_t bytes) {
  if (bytes < 1024)
    return format("%" PRIu64 " byte%s", bytes, bytes == 1 ? "" : "s");
  static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  double value = static_cast<double>(bytes) / 1024;
  int unit = 0;
  for (; value >= 1024 && unit < 5; ++unit)
    value /= 1024;
  return format("%.1f %s (%" PRIu64 " bytes)", value, units[unit], bytes);
}

const char *statusName(int32_t status) {
  switch (status) {
  case OCKHAM_OK:
    return "ok";
  case OCKHAM_INVALID_ARGUMENT:
    return "invalid argument";
  case OCKHAM_NOT_FOUND:
    return "not found";
  case OCKHAM_OUT_OF_MEMORY:
    return "out of memory";
  case OCKHAM_UNSUPPORTED:
    return "unsupported";
  case OCKHAM_BAD_MODEL:
    return "bad model";
  case OCKHAM_INTERNAL:
    return "internal";
  }
  return "unknown status";
}

} // namespace ockham::runtime
