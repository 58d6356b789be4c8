// Products of bf16 have code of their own for processors with instructions for
// them: AVX512-BF16, and AMX besides.
// REQUIRES: x86
// RUN: ockham compile %s --cpu portable --passes canonicalize -o %t.so --quiet
// RUN: grep -a -o 'avx512vl[a-z0-9_ ]*' %t.so | FileCheck %s
// CHECK-DAG: {{^}}avx512vl{{ *$}}
// CHECK-DAG: {{^}}avx512vl avx512_bf16{{ *$}}
// CHECK-DAG: {{^}}avx512vl avx512_bf16 amx_tile amx_bf16{{ *$}}
// RUN: env OCKHAM_CPU=x86-64 ockham run %t.so | FileCheck %s --check-prefix=BASELINE
// BASELINE: (cpu; ockham

ockham.weight @w : tensor<64x48xbf16> = dense<0.5> : tensor<64x48xbf16>
func.func @forward(%x: tensor<?x?x64xbf16> {ockham.name = "x", ockham.dims = ["batch", "sequence", ""]})
    -> (tensor<?x?x48xbf16> {ockham.name = "y", ockham.dims = ["batch", "sequence", ""]})
    attributes {ockham.entry = "forward"} {
  %w = ockham.load_weight @w : tensor<64x48xbf16>
  %y = tfm.linear %x, %w : tensor<?x?x64xbf16>, tensor<64x48xbf16> -> tensor<?x?x48xbf16>
  return %y : tensor<?x?x48xbf16>
}
