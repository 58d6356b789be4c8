/*===- PeerGemm.h - A library's matrix product, for kernel-bench --*- C -*-===//
|*
|* Part of the Ockham project, under the Apache License v2.0 with LLVM
|* Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===//
|*
|* What a shared library exports that kernel-bench --peer loads: C = A B,
|* row-major, A [m, k], B [k, n]; A and C of float32 or of bfloat16, sums in
|* float32. B does not change, so a library that likes another layout or type
|* makes it once, in create.
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

typedef enum { OCKHAM_PEER_F32, OCKHAM_PEER_BF16 } ockham_peer_type;

/* Null if it failed, or has no product of that type. `b` is float32 always;
   `threads` includes the calling one. */
ockham_peer_gemm *ockham_peer_create(int64_t m, int64_t n, int64_t k,
                                     const float *b, ockham_peer_type type,
                                     int threads);
/* 0 if it worked. */
int ockham_peer_run(ockham_peer_gemm *gemm, const void *a, void *c);
void ockham_peer_destroy(ockham_peer_gemm *gemm);

#ifdef __cplusplus
}
#endif

#endif /* OCKHAM_BENCHMARKS_PEERGEMM_H */
