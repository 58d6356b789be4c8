//===- example.c - Running a compiled model from C ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// example MODEL.so: runs one batch of two sequences and prints, for each, the
// token that the model finds likeliest to come next.
//
//===----------------------------------------------------------------------===//

#include "ockham-c/Runtime.h"
#include <stdio.h>

static int fail(void) {
  fprintf(stderr, "example: %s\n", ockham_last_error());
  return 1;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: example MODEL.so\n");
    return 1;
  }
  ockham_library *library;
  if (ockham_library_load(argv[1], NULL, &library))
    return fail();

  // The model's caches are sized when a session is created.
  ockham_binding bindings[] = {{"batch", 2}, {"cache_length", 32}};
  ockham_session_options options = {.struct_bytes = sizeof(options),
                                    .bindings = bindings,
                                    .binding_count = 2};
  ockham_session *session;
  if (ockham_session_create(library, &options, &session))
    return fail();

  int64_t tokens[2][3] = {{1, 2, 3}, {4, 5, 6}};
  int64_t shape[] = {2, 3};
  ockham_tensor ids = {tokens, shape, OCKHAM_I64, 2};
  ockham_argument input = {.name = "input_ids", .tensor = &ids};
  ockham_argument output = {.name = "logits"}; // The runtime allocates.
  if (ockham_session_run(session, "forward", &input, 1, &output, 1))
    return fail();

  const DLTensor *logits = &output.managed->dl_tensor;
  int64_t length = logits->shape[1], vocabulary = logits->shape[2];
  for (int64_t b = 0; b < logits->shape[0]; ++b) {
    const float *last =
        (const float *)logits->data + (b * length + length - 1) * vocabulary;
    int64_t best = 0;
    for (int64_t v = 1; v < vocabulary; ++v)
      best = last[v] > last[best] ? v : best;
    printf("sequence %d: next token %d\n", (int)b, (int)best);
  }

  ockham_argument_release(&output);
  ockham_session_destroy(session);
  ockham_library_close(library);
  return 0;
}
