//===- Check.h - Checks for the runtime's tests -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A test is a program of functions declared with TEST. It runs all of them,
// prints what failed with both values, and ends with "N checks passed" or
// exit code 1.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TEST_RUNTIME_CHECK_H
#define OCKHAM_TEST_RUNTIME_CHECK_H

#include <atomic>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace check {

inline std::atomic<int> passed{0}, failed{0};

struct Test {
  const char *name;
  void (*body)();
};

inline std::vector<Test> &tests() {
  static std::vector<Test> all;
  return all;
}

struct Register {
  Register(const char *name, void (*body)()) {
    tests().push_back({name, body});
  }
};

inline bool report(bool holds, const char *file, int line,
                   const std::string &text) {
  (holds ? passed : failed)++;
  if (!holds)
    std::fprintf(stderr, "%s:%d: %s\n", file, line, text.c_str());
  return holds;
}

template <typename T>
std::string show(const T &value) {
  std::ostringstream stream;
  stream << value;
  return stream.str();
}

template <typename A, typename B>
bool equal(const A &a, const B &b, const char *aText, const char *bText,
           const char *file, int line) {
  if (a == b)
    return report(true, file, line, "");
  return report(false, file, line,
                std::string(aText) + " == " + bText + " does not hold:\n    " +
                    show(a) + "\n    " + show(b));
}

inline bool contains(const std::string &text, const std::string &part,
                     const char *file, int line) {
  return report(text.find(part) != std::string::npos, file, line,
                "'" + part + "' is not in:\n    " + text);
}

inline int runAll() {
  for (const Test &test : tests()) {
    int before = failed;
    test.body();
    if (failed != before)
      std::fprintf(stderr, "in the test %s\n", test.name);
  }
  if (failed)
    std::printf("%d checks passed, %d FAILED\n", passed.load(), failed.load());
  else
    std::printf("%d checks passed\n", passed.load());
  return failed != 0 || passed == 0;
}

} // namespace check

#define CHECK(condition)                                                       \
  check::report(static_cast<bool>(condition), __FILE__, __LINE__,              \
                #condition " does not hold")
#define CHECK_EQ(a, b) check::equal((a), (b), #a, #b, __FILE__, __LINE__)
#define CHECK_CONTAINS(text, part)                                             \
  check::contains((text), (part), __FILE__, __LINE__)

#define TEST(name)                                                             \
  static void name();                                                          \
  static check::Register register_##name(#name, name);                         \
  static void name()

#endif // OCKHAM_TEST_RUNTIME_CHECK_H
