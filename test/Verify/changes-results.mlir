// A pass that may change results is not held to them; a remark says how far it
// moved them. Without the tolerance it is exact, and verified.
// RUN: ockham-opt %s --verify-rewrites --tfm-fold-identity-projections=tolerance=0.1 --mlir-print-op-on-diagnostic=false -o /dev/null 2>&1 | FileCheck %s

// CHECK: remark: --verify-rewrites: 'tfm-fold-identity-projections' may change results, and moved those of 'near' by 0.0{{[0-9]+}} of their root mean square
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.03], [0.04, 1.0]]> : tensor<2x2xf32>
func.func @near(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %y = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}
