//===- peer-onednn.cpp - oneDNN's matrix product for kernel-bench ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matmul primitive whose weights are in the layout that oneDNN asks for.
//
//===----------------------------------------------------------------------===//

#include "PeerGemm.h"

#include <oneapi/dnnl/dnnl.hpp>
#include <string>

// Of the OpenMP runtime that oneDNN is built with; not every compiler has its
// header.
extern "C" void omp_set_num_threads(int threads);

using dnnl::memory;

struct ockham_peer_gemm {
  int threads;
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  memory source, weights, result;
  dnnl::matmul product;
};

const char *ockham_peer_describe(void) {
  static const std::string text = [] {
    const dnnl_version_t *version = dnnl_version();
    return "oneDNN " + std::to_string(version->major) + "." +
           std::to_string(version->minor) + "." +
           std::to_string(version->patch) +
           ", OpenMP, weights in its own layout, float32 mode strict";
  }();
  return text.c_str();
}

ockham_peer_gemm *ockham_peer_create(int64_t m, int64_t n, int64_t k,
                                     const float *b, ockham_peer_type kind,
                                     int threads) try {
  omp_set_num_threads(threads);
  auto *gemm = new ockham_peer_gemm;
  gemm->threads = threads;
  const auto type = kind == OCKHAM_PEER_BF16 ? memory::data_type::bf16
                                             : memory::data_type::f32;
  const auto rows = memory::format_tag::ab;
  memory::desc source({m, k}, type, rows), result({m, n}, type, rows);
  memory::desc any({k, n}, type, memory::format_tag::any);
  dnnl::primitive_attr attributes;
  attributes.set_fpmath_mode(dnnl::fpmath_mode::strict);
  dnnl::matmul::primitive_desc description(gemm->engine, source, any, result,
                                           attributes);
  gemm->product = dnnl::matmul(description);
  gemm->source = memory(source, gemm->engine, nullptr);
  gemm->result = memory(result, gemm->engine, nullptr);
  gemm->weights = memory(description.weights_desc(), gemm->engine);
  memory plain({{k, n}, memory::data_type::f32, rows}, gemm->engine,
               const_cast<float *>(b));
  dnnl::reorder(plain, gemm->weights)
      .execute(gemm->stream, plain, gemm->weights);
  gemm->stream.wait();
  return gemm;
} catch (const dnnl::error &) {
  return nullptr;
}

int ockham_peer_run(ockham_peer_gemm *gemm, const void *a, void *c) try {
  omp_set_num_threads(gemm->threads);
  gemm->source.set_data_handle(const_cast<void *>(a));
  gemm->result.set_data_handle(c);
  gemm->product.execute(gemm->stream, {{DNNL_ARG_SRC, gemm->source},
                                       {DNNL_ARG_WEIGHTS, gemm->weights},
                                       {DNNL_ARG_DST, gemm->result}});
  gemm->stream.wait();
  return 0;
} catch (const dnnl::error &) {
  return 1;
}

void ockham_peer_destroy(ockham_peer_gemm *gemm) { delete gemm; }
