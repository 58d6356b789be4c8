//===- Helpers.h - Short words for the runtime's tests ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TEST_RUNTIME_HELPERS_H
#define OCKHAM_TEST_RUNTIME_HELPERS_H

#include "Check.h"
#include "ockham-c/Runtime.h"
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <vector>

/// Checks that an API call fails with this status and exactly this message.
#define CHECK_FAILS(call, code, message)                                       \
  do {                                                                         \
    CHECK_EQ(static_cast<int>(call), static_cast<int>(code));                  \
    CHECK_EQ(std::string(ockham_last_error()), std::string(message));          \
  } while (false)

/// The same, where the message has parts that depend on the machine.
#define CHECK_FAILS_WITH(call, code, part)                                     \
  do {                                                                         \
    CHECK_EQ(static_cast<int>(call), static_cast<int>(code));                  \
    CHECK_CONTAINS(std::string(ockham_last_error()), part);                    \
  } while (false)

#define CHECK_OK(call)                                                         \
  do {                                                                         \
    if (!CHECK_EQ(static_cast<int>(call), 0))                                  \
      std::fprintf(stderr, "    %s\n", ockham_last_error());                   \
  } while (false)

/// Path of a library that the build made for the tests.
inline std::string testModel(const char *name) {
  return std::string(OCKHAM_TEST_MODELS) + "/" + name + ".so";
}

/// Path for a file that the test writes.
inline std::string testFile(const std::string &name) {
  return std::string(OCKHAM_TEST_MODELS) + "/" + name;
}

inline void writeFile(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline std::string readFile(const std::string &path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

struct LibraryCloser {
  void operator()(ockham_library *library) const {
    ockham_library_close(library);
  }
};
struct SessionDestroyer {
  void operator()(ockham_session *session) const {
    ockham_session_destroy(session);
  }
};
using LibraryPtr = std::unique_ptr<ockham_library, LibraryCloser>;
using SessionPtr = std::unique_ptr<ockham_session, SessionDestroyer>;

inline LibraryPtr load(const std::string &path) {
  ockham_library *library = nullptr;
  CHECK_OK(ockham_library_load(path.c_str(), nullptr, &library));
  return LibraryPtr(library);
}

/// Options for the handwritten model.
struct Options : ockham_session_options {
  explicit Options(int32_t threadCount = 2, int64_t batch = 2)
      : ockham_session_options{} {
    struct_bytes = sizeof(ockham_session_options);
    threads = threadCount;
    values[0] = {"batch", batch};
    values[1] = {"cache_length", 8};
    bindings = values;
    binding_count = 2;
  }
  Options(const Options &) = delete;
  ockham_binding values[2];
};

inline SessionPtr createSession(ockham_library *library,
                                const ockham_session_options *options) {
  ockham_session *session = nullptr;
  CHECK_OK(ockham_session_create(library, options, &session));
  return SessionPtr(session);
}

template <typename T>
constexpr int32_t dtypeOf();
template <>
constexpr int32_t dtypeOf<float>() {
  return OCKHAM_F32;
}
template <>
constexpr int32_t dtypeOf<int64_t>() {
  return OCKHAM_I64;
}
template <>
constexpr int32_t dtypeOf<int32_t>() {
  return OCKHAM_I32;
}

/// A dense tensor with its memory, as an argument.
template <typename T>
struct Tensor {
  Tensor(std::vector<int64_t> shape, std::vector<T> values)
      : shape(std::move(shape)), values(std::move(values)) {
    tensor = {this->values.data(), this->shape.data(), dtypeOf<T>(),
              static_cast<int32_t>(this->shape.size())};
  }
  Tensor(const Tensor &) = delete;
  ockham_argument as(const char *name) const {
    ockham_argument argument = {};
    argument.name = name;
    argument.tensor = &tensor;
    return argument;
  }
  std::vector<int64_t> shape;
  std::vector<T> values;
  ockham_tensor tensor;
};

/// An output that the runtime is to allocate.
inline ockham_argument wanted(const char *name) {
  ockham_argument argument = {};
  argument.name = name;
  return argument;
}

/// The values of a result, which is released.
template <typename T>
std::vector<T> take(ockham_argument &argument) {
  std::vector<T> values;
  if (!CHECK(argument.managed != nullptr))
    return values;
  const DLTensor &tensor = argument.managed->dl_tensor;
  int64_t count = 1;
  for (int32_t axis = 0; axis < tensor.ndim; ++axis)
    count *= tensor.shape[axis];
  CHECK_EQ(reinterpret_cast<uintptr_t>(tensor.data) % OCKHAM_ALIGNMENT, 0u);
  const T *data = static_cast<const T *>(tensor.data);
  values.assign(data, data + count);
  ockham_argument_release(&argument);
  CHECK(argument.managed == nullptr);
  return values;
}

/// What the handwritten model's stored weights are.
inline float embeddingValue(int64_t t, int64_t j) {
  return static_cast<float>((t * 7 + j * 3) % 11 - 5) / 8;
}
inline float headValue(int64_t j, int64_t v) {
  return static_cast<float>((j * 5 + v * 2) % 13 - 6) / 16;
}

#endif // OCKHAM_TEST_RUNTIME_HELPERS_H
