//===- CudaHelpers.h - Sessions of models for GPUs --------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TEST_RUNTIME_CUDAHELPERS_H
#define OCKHAM_TEST_RUNTIME_CUDAHELPERS_H

#include "Helpers.h"
#include <cstdlib>

using Floats = std::vector<float>;

/// A session of cuda-model.c.
struct Session {
  explicit Session(int32_t resultsOnDevice = 0,
                   const char *device = "emulated") {
    library = load(testModel("cuda"));
    ockham_session_options options = {};
    options.struct_bytes = sizeof(options);
    options.device = device;
    options.results_on_device = resultsOnDevice;
    session = createSession(library.get(), &options);
  }
  ockham_session *get() { return session.get(); }
  ockham_status run(const char *entry, const Floats &values,
                    ockham_argument *outputs, size_t count) {
    Tensor<float> x({static_cast<int64_t>(values.size())}, values);
    ockham_argument input = x.as("x");
    return ockham_session_run(get(), entry, &input, 1, outputs, count);
  }
  Floats scale(const Floats &values) {
    ockham_argument y = wanted("y");
    CHECK_OK(run("scale", values, &y, 1));
    return take<float>(y);
  }
  LibraryPtr library;
  SessionPtr session;
};

inline Floats readState(ockham_session *session, const char *name) {
  ockham_argument output = wanted(name);
  CHECK_OK(ockham_session_read_state(session, &output));
  return take<float>(output);
}

inline Floats readWeight(ockham_session *session, const char *name) {
  ockham_argument output = wanted(name);
  CHECK_OK(ockham_session_read_weight(session, &output));
  return take<float>(output);
}

inline Floats range(int64_t count, float factor = 1) {
  Floats values;
  for (int64_t i = 0; i < count; ++i)
    values.push_back(factor * static_cast<float>(i));
  return values;
}

/// A session with graphs, which the emulator otherwise does without.
inline std::unique_ptr<Session> withGraphs(int32_t resultsOnDevice = 0) {
  setenv("OCKHAM_CUDA_GRAPHS", "1", 1);
  auto session = std::make_unique<Session>(resultsOnDevice);
  unsetenv("OCKHAM_CUDA_GRAPHS");
  return session;
}

#endif // OCKHAM_TEST_RUNTIME_CUDAHELPERS_H
