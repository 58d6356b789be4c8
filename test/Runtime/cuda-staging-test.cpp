//===- cuda-staging-test.cpp - Large tensors on their way to a GPU --------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tensors of several pieces of pinned memory, for which the device of
// cuda-test.cpp is too small.
//
//===----------------------------------------------------------------------===//

#include "Helpers.h"
#include <cstdlib>

using Floats = std::vector<float>;

static Floats range(int64_t count) {
  Floats values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(static_cast<float>(i));
  return values;
}

static Floats copy(ockham_session *session, ockham_argument input) {
  ockham_argument y = wanted("y");
  CHECK_OK(ockham_session_run(session, "copy", &input, 1, &y, 1));
  return take<float>(y);
}

TEST(pieces) {
  LibraryPtr library = load(testModel("cuda"));
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.device = "emulated";
  SessionPtr session = createSession(library.get(), &options);
  // A piece has 4 MiB: one, just more than one, two, and three and a bit.
  constexpr int64_t piece = 1 << 20;
  for (int64_t count : {piece, piece + 2, 2 * piece, 3 * piece + 5}) {
    Tensor<float> x({count}, range(count));
    CHECK(copy(session.get(), x.as("x")) == x.values);
  }

  // Every other element, from memory and to memory.
  constexpr int64_t count = 2 * piece + 3;
  Floats values = range(2 * count), buffer(2 * count, -1);
  int64_t shape = count, stride = 2;
  DLTensor from = {values.data(), {kDLCPU, 0}, 1, {kDLFloat, 32, 1},
                   &shape,        &stride,     0};
  DLTensor to = from;
  to.data = buffer.data();
  ockham_argument input = {}, output = wanted("y");
  input.name = "x";
  input.view = &from;
  output.view = &to;
  CHECK_OK(ockham_session_run(session.get(), "copy", &input, 1, &output, 1));
  bool right = true;
  for (int64_t i = 0; i < count; ++i)
    right &= buffer[2 * i] == values[2 * i] && buffer[2 * i + 1] == -1;
  CHECK(right);
}

int main() {
  setenv("OCKHAM_CUDA_DRIVER", OCKHAM_TEST_EMULATOR, 1);
  setenv("OCKHAM_EMULATOR", "memory=100000000", 1);
  return check::runAll();
}
