// Ockham's pipelines and upstream passes by their names, alone and in a row.
// RUN: ockham-opt %s --ockham-raise | FileCheck %s --check-prefix=RAISE
// RUN: ockham-opt %s --ockham-raise --ockham-to-linalg | FileCheck %s --check-prefix=LINALG
// RUN: ockham-opt %s --ockham-raise --ockham-to-linalg --ockham-bufferize | FileCheck %s --check-prefix=BUFFERS
// RUN: ockham-opt %s --ockham-raise --ockham-to-linalg --ockham-cpu | FileCheck %s --check-prefix=LLVM
// RUN: ockham-opt %s --pass-pipeline='builtin.module(ockham-raise,ockham-to-linalg,ockham-cpu{vector-bytes=16})' | FileCheck %s --check-prefix=LLVM
// RUN: ockham-opt %s --ockham-raise --ockham-to-linalg --linalg-generalize-named-ops --cse --canonicalize | FileCheck %s --check-prefix=UPSTREAM
// RUN: ockham-opt --help | FileCheck %s --check-prefix=HELP

// RAISE: tfm.linear {{.*}} bias
// LINALG-NOT: tfm.
// LINALG: linalg.
// BUFFERS-NOT: tensor.
// BUFFERS: memref.
// LLVM-NOT: {{memref|linalg|scf}}.
// LLVM: llvm.func {{.*}}@forward(
// UPSTREAM: linalg.generic
// HELP-DAG: --convert-onnx-to-tfm
// HELP-DAG: --ockham-cpu
// HELP-DAG: --ockham-raise
// HELP-DAG: --load-pass-plugin
func.func @forward(%x: tensor<?x8xf32> {ockham.name = "x", ockham.dims = ["n", ""]})
    -> (tensor<?x4xf32> {ockham.name = "y", ockham.dims = ["n", ""]})
    attributes {ockham.entry = "forward"} {
  %w = onnx.Constant dense<0.5> : tensor<8x4xf32>
  %b = onnx.Constant dense<1.5> : tensor<4xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x4xf32>) -> tensor<?x4xf32>
  %1 = onnx.Add %0, %b : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %1 : tensor<?x4xf32>
}
