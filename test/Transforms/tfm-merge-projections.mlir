// Linears of one input become one linear and a split.
// RUN: ockham-opt %s --tfm-merge-projections --split-input-file | FileCheck %s

ockham.weight @q : tensor<2x2xf32> = dense<1.0> : tensor<2x2xf32>
ockham.weight @f : tensor<4x2xf32> = dense<2.0> : tensor<4x2xf32>
ockham.weight @c : tensor<4xf32> = dense<3.0> : tensor<4xf32>

// CHECK-LABEL: func.func @parallel
// CHECK: %[[W:.*]] = ockham.load_weight @q.merged : tensor<2x6xf32>
// CHECK: %[[C:.*]] = ockham.load_weight @q.merged.bias : tensor<6xf32>
// CHECK: %[[M:.*]] = tfm.linear %arg0, %[[W]] bias %[[C]]
// CHECK: %[[S:.*]]:2 = tfm.split %[[M]] : tensor<?x?x6xf32> -> tensor<?x?x2xf32>, tensor<?x?x4xf32>
// CHECK: return %[[S]]#0, %[[S]]#1
func.func @parallel(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x4xf32>) {
  %q = ockham.load_weight @q : tensor<2x2xf32>
  %f = ockham.load_weight @f : tensor<4x2xf32>
  %c = ockham.load_weight @c : tensor<4xf32>
  %a = tfm.linear %x, %q : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %b = tfm.linear %x, %f bias %c : tensor<?x?x2xf32>, tensor<4x2xf32>, tensor<4xf32> -> tensor<?x?x4xf32> {transposed}
  return %a, %b : tensor<?x?x2xf32>, tensor<?x?x4xf32>
}

// -----

// One matrix for two inputs, of each of which some columns are read: both are
// narrowed.
ockham.weight @w : tensor<2x6xf32> = dense<1.0> : tensor<2x6xf32>

// CHECK-LABEL: func.func @unread_columns
// CHECK-DAG: ockham.load_weight @{{.*}} : tensor<2x4xf32>
// CHECK-DAG: ockham.load_weight @{{.*}} : tensor<2x2xf32>
// CHECK-DAG: tfm.linear %arg0, %{{.*}} -> tensor<?x?x4xf32>
// CHECK-DAG: tfm.linear %arg1, %{{.*}} -> tensor<?x?x2xf32>
func.func @unread_columns(%x: tensor<?x?x2xf32>, %y: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w = ockham.load_weight @w : tensor<2x6xf32>
  %a = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x6xf32> -> tensor<?x?x6xf32>
  %b = tfm.linear %y, %w : tensor<?x?x2xf32>, tensor<2x6xf32> -> tensor<?x?x6xf32>
  %q, %k, %u = tfm.split %a : tensor<?x?x6xf32> -> tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
  %r, %s, %v = tfm.split %b : tensor<?x?x6xf32> -> tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
  return %q, %k, %v : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// Nothing to merge, nothing to narrow.
ockham.weight @w : tensor<2x2xf32> = dense<1.0> : tensor<2x2xf32>

// CHECK-LABEL: func.func @alone
// CHECK: ockham.load_weight @w : tensor<2x2xf32>
func.func @alone(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %a = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %a : tensor<?x?x2xf32>
}
