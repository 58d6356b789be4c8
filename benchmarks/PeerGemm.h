/*===- PeerGemm.h - A library's matrix product, for kernel-bench --*- C -*-===//
|*
|* Part of the Ockham project, under the Apache License v2.0 with LLVM
|* Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===//
|*
|* What a shared library exports that kernel-bench --peer loads: C = A B in
|* float32, row-major, A [m, k], B [k, n]. B does not change, so a library that
|* likes another layout makes it once, in create.
|*
\*===----------------------------------------------------------------------===*/

#ifndef OCKHAM_BENCHMARKS_PEERGEMM_H
#define OCKHAM_BENCHMARKS_PEERGEMM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ockham_peer_gemm ockham_peer_gemm;

/* The library's name, version and settings. */
const char *ockham_peer_describe(void);

/* Null if it failed. `threads` includes the calling one. */
ockham_peer_gemm *ockham_peer_create(int64_t m, int64_t n, int64_t k,
                                     const float *b, int threads);
/* 0 if it worked. */
int ockham_peer_run(ockham_peer_gemm *gemm, const float *a, float *c);
void ockham_peer_destroy(ockham_peer_gemm *gemm);

#ifdef __cplusplus
}
#endif

#endif /* OCKHAM_BENCHMARKS_PEERGEMM_H */
