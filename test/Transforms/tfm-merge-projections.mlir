// Linears of one input become one linear and a split.
// RUN: ockham-opt %s --tfm-merge-projections --split-input-file --verify-diagnostics | FileCheck %s

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
  // expected-remark@+1 {{q, f are one product of width 6}}
  %a = tfm.linear %x, %q : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %b = tfm.linear %x, %f bias %c : tensor<?x?x2xf32>, tensor<4x2xf32>, tensor<4xf32> -> tensor<?x?x4xf32> {transposed}
  return %a, %b : tensor<?x?x2xf32>, tensor<?x?x4xf32>
}

// -----

// One matrix for two inputs, of each of which some columns are read: both are
// narrowed.
ockham.weight @w : tensor<2x6xf32> = dense<1.0> : tensor<2x6xf32>

// CHECK-LABEL: func.func @unread_columns
// CHECK-DAG: ockham.load_weight @w.narrowed : tensor<2x4xf32>
// CHECK-DAG: ockham.load_weight @w.narrowed_0 : tensor<2x2xf32>
// CHECK-DAG: tfm.linear %arg0, %{{.*}} -> tensor<?x?x4xf32>
// CHECK-DAG: tfm.linear %arg1, %{{.*}} -> tensor<?x?x2xf32>
func.func @unread_columns(%x: tensor<?x?x2xf32>, %y: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w = ockham.load_weight @w : tensor<2x6xf32>
  // expected-remark@+1 {{w is narrowed to width 4; nothing reads the other 2 columns}}
  %a = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x6xf32> -> tensor<?x?x6xf32>
  // expected-remark@+1 {{w is narrowed to width 2; nothing reads the other 4 columns}}
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

// -----

// The table is an embedding as well: in a merged matrix it would be stored
// twice.
ockham.weight @table : tensor<4x2xf32> = dense<1.0> : tensor<4x2xf32>
ockham.weight @w : tensor<2x2xf32> = dense<1.0> : tensor<2x2xf32>

// CHECK-LABEL: func.func @tied
// CHECK: tfm.linear %{{.*}} {transposed}
// CHECK: tfm.linear
func.func @tied(%ids: tensor<?x?xi64>) -> (tensor<?x?x4xf32>, tensor<?x?x2xf32>) {
  %t = ockham.load_weight @table : tensor<4x2xf32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %x = tfm.embedding %ids, %t : tensor<?x?xi64>, tensor<4x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{table stays a matrix of its own: it is read elsewhere too and would be stored twice}}
  %a = tfm.linear %x, %t : tensor<?x?x2xf32>, tensor<4x2xf32> -> tensor<?x?x4xf32> {transposed}
  %b = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %a, %b : tensor<?x?x4xf32>, tensor<?x?x2xf32>
}

// -----

// Two inputs read all columns of one matrix: narrowing neither is possible,
// merging either would store it again.
ockham.weight @w : tensor<2x2xf32> = dense<1.0> : tensor<2x2xf32>
ockham.weight @v : tensor<2x2xf32> = dense<2.0> : tensor<2x2xf32>

// CHECK-LABEL: func.func @shared
// CHECK-COUNT-3: tfm.linear
func.func @shared(%x: tensor<?x?x2xf32>, %y: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %v = ockham.load_weight @v : tensor<2x2xf32>
  // expected-remark@+1 {{w stays a matrix of its own}}
  %a = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %b = tfm.linear %x, %v : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %c = tfm.linear %y, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %a, %b, %c : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// A row scale that all share stays with the product; a norm's 1/std per
// position is the case.
ockham.weight @w : tensor<2x2xf32> = dense<1.0> : tensor<2x2xf32>
ockham.weight @v : tensor<2x2xf32> = dense<2.0> : tensor<2x2xf32>
ockham.weight @u : tensor<2x2xf32> = dense<3.0> : tensor<2x2xf32>

// CHECK-LABEL: func.func @row_scale
// CHECK: %[[M:.*]] = tfm.linear %arg0, %{{.*}} row_scale %arg1 : tensor<?x?x2xf32>, tensor<2x4xf32>
// CHECK: tfm.split %[[M]]
// CHECK: tfm.linear %arg0, %{{.*}} : tensor<?x?x2xf32>, tensor<2x2xf32>
func.func @row_scale(%x: tensor<?x?x2xf32>, %s: tensor<?x?xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %v = ockham.load_weight @v : tensor<2x2xf32>
  %u = ockham.load_weight @u : tensor<2x2xf32>
  // expected-remark@+1 {{w, v are one product of width 4}}
  %a = tfm.linear %x, %w row_scale %s : tensor<?x?x2xf32>, tensor<2x2xf32> row_scale tensor<?x?xf32> -> tensor<?x?x2xf32>
  %b = tfm.linear %x, %v row_scale %s : tensor<?x?x2xf32>, tensor<2x2xf32> row_scale tensor<?x?xf32> -> tensor<?x?x2xf32>
  %c = tfm.linear %x, %u : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %a, %b, %c : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}
