// What is not verified is said, unless only errors are wanted.
// RUN: ockham-opt %s --verify-rewrites --tfm-merge-norms --convert-tfm-to-linalg --mlir-print-op-on-diagnostic=false -split-input-file -o /dev/null 2>&1 | FileCheck %s --implicit-check-not='remark: --verify-rewrites'
// RUN: ockham-opt %s --verify-rewrites=errors --tfm-merge-norms --convert-tfm-to-linalg --mlir-print-op-on-diagnostic=false -split-input-file -o /dev/null 2>&1 | FileCheck %s --allow-empty --check-prefix=QUIET

// QUIET-NOT: verify-rewrites

// CHECK: remark: --verify-rewrites: 'convert-tfm-to-linalg' and what follows is not verified: '{{.*}}' is beyond what the interpreter knows
func.func @lowered(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = tfm.activation relu %x : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// CHECK: remark: w computed once where it was twice, of the same rows
// CHECK: remark: --verify-rewrites: 'tfm-merge-norms' and what follows is not verified: weight 'w' has no bytes here
ockham.weight @w : tensor<4xf32>
func.func @no_bytes(%x: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %w = ockham.load_weight @w : tensor<4xf32>
  %a = tfm.norm layer %x scale %w {eps = 1.0e-05 : f64} : tensor<?x?x4xf32>, scale tensor<4xf32>
  %b = tfm.norm layer %x scale %w {eps = 1.0e-05 : f64} : tensor<?x?x4xf32>, scale tensor<4xf32>
  return %a, %b : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}
