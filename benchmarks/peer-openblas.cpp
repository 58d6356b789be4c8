//===- peer-openblas.cpp - OpenBLAS's matrix product for kernel-bench -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// sgemm, and sgemv for a single row; float32 only. The build of the pip
// package, whose functions have the prefix scipy_.
//
//===----------------------------------------------------------------------===//

#include "PeerGemm.h"

#include <cblas.h>
#include <string>
#include <vector>

// The header that comes with that build declares names without the prefix.
extern "C" {
void scipy_cblas_sgemm(CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, blasint m,
                       blasint n, blasint k, float alpha, const float *a,
                       blasint lda, const float *b, blasint ldb, float beta,
                       float *c, blasint ldc);
void scipy_cblas_sgemv(CBLAS_ORDER, CBLAS_TRANSPOSE, blasint m, blasint n,
                       float alpha, const float *a, blasint lda, const float *x,
                       blasint incx, float beta, float *y, blasint incy);
void scipy_openblas_set_num_threads(int threads);
char *scipy_openblas_get_config(void);
char *scipy_openblas_get_corename(void);
}

struct ockham_peer_gemm {
  int64_t m, n, k;
  std::vector<float> b;
  int threads;
};

const char *ockham_peer_describe(void) {
  static const std::string text = std::string(scipy_openblas_get_config()) +
                                  ", kernels for " +
                                  scipy_openblas_get_corename();
  return text.c_str();
}

ockham_peer_gemm *ockham_peer_create(int64_t m, int64_t n, int64_t k,
                                     const float *b, ockham_peer_type type,
                                     int threads) {
  if (type != OCKHAM_PEER_F32)
    return nullptr;
  return new ockham_peer_gemm{m, n, k, std::vector<float>(b, b + k * n),
                              threads};
}

int ockham_peer_run(ockham_peer_gemm *gemm, const void *from, void *to) {
  auto *a = static_cast<const float *>(from);
  auto *c = static_cast<float *>(to);
  auto m = static_cast<blasint>(gemm->m), n = static_cast<blasint>(gemm->n),
       k = static_cast<blasint>(gemm->k);
  scipy_openblas_set_num_threads(gemm->threads);
  if (m == 1)
    scipy_cblas_sgemv(CblasRowMajor, CblasTrans, k, n, 1, gemm->b.data(), n, a,
                      1, 0, c, 1);
  else
    scipy_cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, m, n, k, 1, a,
                      k, gemm->b.data(), n, 0, c, n);
  return 0;
}

void ockham_peer_destroy(ockham_peer_gemm *gemm) { delete gemm; }
