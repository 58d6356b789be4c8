//===- Status.h - Status codes with messages --------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_STATUS_H
#define OCKHAM_RUNTIME_CORE_STATUS_H

#include "ockham-c/ModelABI.h"
#include <cinttypes>
#include <string>
#include <utility>

namespace ockham::runtime {

/// Success, or a code and a message for the user.
class [[nodiscard]] Status {
public:
  static Status ok() { return Status(OCKHAM_OK, {}); }
  Status(ockham_status code, std::string message)
      : codeValue(code), text(std::move(message)) {}

  bool failed() const { return codeValue != OCKHAM_OK; }
  ockham_status code() const { return codeValue; }
  const std::string &message() const { return text; }

private:
  ockham_status codeValue;
  std::string text;
};

/// printf into a string.
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
std::string format(const char *pattern, ...);

/// e.g. "1 weight", "2 weights".
std::string plural(size_t count, const char *noun);

/// e.g. "3 bytes", "5.0 GiB (5368709120 bytes)".
std::string formatBytes(uint64_t bytes);

const char *statusName(int32_t status);

#define OCKHAM_RETURN_IF_FAILED(expression)                                    \
  do {                                                                         \
    ::ockham::runtime::Status statusOfExpression = (expression);               \
    if (statusOfExpression.failed())                                           \
      return statusOfExpression;                                               \
  } while (false)

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_STATUS_H
