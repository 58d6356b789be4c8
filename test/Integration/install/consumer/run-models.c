//===- run-models.c - An installed runtime in use -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

/* Asks the runtime for its version and for a model that does not exist. */
#include <ockham-c/Runtime.h>

#include <stdio.h>
#include <string.h>

int main(void) {
  ockham_library *library = NULL;
  if (ockham_library_load("/no/such/model.so", NULL, &library) == OCKHAM_OK) {
    fprintf(stderr, "a model that does not exist was loaded\n");
    return 1;
  }
  if (!strstr(ockham_last_error(), "/no/such/model.so")) {
    fprintf(stderr, "the message does not name the file: %s\n",
            ockham_last_error());
    return 1;
  }
  return ockham_runtime_abi_version() == 1 ? 0 : 1;
}
