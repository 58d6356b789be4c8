// RUN: ockham-opt %s --resolve-ranked-shaped-type-result-dims | FileCheck %s

// Extents of results come from the operands.

// CHECK-LABEL: func @linear
// CHECK-SAME: (%[[X:[^:]*]]: tensor<?x?x8xf32>
// CHECK: %[[T:.*]] = tensor.dim %[[X]], %c1
// CHECK: return %[[T]]
func.func @linear(%x: tensor<?x?x8xf32>, %w: tensor<8x16xf32>) -> index {
  %c1 = arith.constant 1 : index
  %0 = tfm.linear %x, %w
      : tensor<?x?x8xf32>, tensor<8x16xf32> -> tensor<?x?x16xf32>
  %1 = tensor.dim %0, %c1 : tensor<?x?x16xf32>
  return %1 : index
}

// CHECK-LABEL: func @embedding
// CHECK-SAME: (%[[IDS:[^:]*]]: tensor<?x?xi64>
// CHECK: %[[B:.*]] = tensor.dim %[[IDS]], %c0
// CHECK: return %[[B]]
func.func @embedding(%ids: tensor<?x?xi64>, %t: tensor<50x8xf32>) -> index {
  %c0 = arith.constant 0 : index
  %0 = tfm.embedding %ids, %t
      : tensor<?x?xi64>, tensor<50x8xf32> -> tensor<?x?x8xf32>
  %1 = tensor.dim %0, %c0 : tensor<?x?x8xf32>
  return %1 : index
}

// CHECK-LABEL: func @attention
// CHECK-SAME: (%[[Q:[^:]*]]: tensor<?x?x8xf32>
// CHECK: %[[T:.*]] = tensor.dim %[[Q]], %c1
// CHECK: return %[[T]]
func.func @attention(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>) -> index {
  %c2 = arith.constant 2 : index
  %0:2 = tfm.attention %q, %k, %k heads 2 scale 0.5
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32> logsumexp tensor<?x2x?xf32>
  %1 = tensor.dim %0#1, %c2 : tensor<?x2x?xf32>
  return %1 : index
}
