// Code for several processors in one library, on the same weights. There is none
// that differs in how it multiplies bf16 alone (portable-bf16.mlir).
// RUN: ockham compile %s --cpu portable -o %t.so --quiet
// RUN: llvm-nm -D --defined-only %t.so | FileCheck %s --check-prefix=SYMBOLS
// SYMBOLS-COUNT-1: ockham_model_query
// SYMBOLS-NOT: {{.}}
// RUN: not grep -a 'avx512_bf16\|amx_bf16' %t.so
// RUN: env OCKHAM_CPU=x86-64 ockham run %t.so | FileCheck %s --check-prefix=BASELINE
// BASELINE: (cpu; ockham
// RUN: env OCKHAM_CPU=x86-64-v2 ockham run %t.so | FileCheck %s --check-prefix=BASELINE
// RUN: not env OCKHAM_CPU=pentium ockham run %t.so 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: OCKHAM_CPU: expected levels and instruction sets, such as 'x86-64-v3', got 'pentium'

// What one processor needs cannot be hidden.
// RUN: ockham compile %s --cpu x86-64-v3 -o %t.one.so --quiet
// RUN: not env OCKHAM_CPU=x86-64-v2 ockham run %t.one.so 2>&1 | FileCheck %s --check-prefix=HIDDEN
// HIDDEN: was compiled for instructions that

// Weights beside are read by all.
// RUN: ockham compile %s --cpu portable --weights %t.safetensors -o %t.so --quiet
// RUN: env OCKHAM_CPU=x86-64 ockham run %t.so | FileCheck %s --check-prefix=BASELINE

// RUN: not ockham compile %s --cpu portable --emit llvm -o - 2>&1 | FileCheck %s --check-prefix=EMIT
// EMIT: error: --cpu portable is code for several processors, but --emit llvm and --emit object write it for one; give e.g. '--cpu native'

ockham.weight @w : tensor<7x5xf16> = dense<0.5> : tensor<7x5xf16>
func.func @forward(%x: tensor<?x7xf32>) -> tensor<?x5xf16> attributes {ockham.entry = "forward"} {
  %w = ockham.load_weight @w : tensor<7x5xf16>
  %0 = onnx.Cast %x : (tensor<?x7xf32>) -> tensor<?x7xf16>
  %1 = onnx.MatMul %0, %w : (tensor<?x7xf16>, tensor<7x5xf16>) -> tensor<?x5xf16>
  return %1 : tensor<?x5xf16>
}
