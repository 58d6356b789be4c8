// RUN: ockham-opt %s --tfm-narrow-activations=to=bf16 -split-input-file -verify-diagnostics | FileCheck %s
// RUN: not ockham-opt %s --tfm-narrow-activations=to=f32 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: error: tfm-narrow-activations: to is 'f32', expected 'bf16' or 'f16'

// Matrices of weights become narrow, once for all that read them; vectors stay.
// Logits and losses are f32, and so is what the function takes and gives.
// CHECK-NOT: @table :
// CHECK: ockham.weight @b : tensor<2xf32>
// CHECK: ockham.weight @table.bf16 : tensor<4x2xbf16> from "wte" = dense_resource<[[BLOB:.*]]> : tensor<4x2xbf16>
// CHECK-LABEL: func.func @model(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi64>, %[[BIAS:.*]]: tensor<?x?x2xf32>)
// CHECK: %[[EXTRA:.*]] = tfm.cast %[[BIAS]] : tensor<?x?x2xf32> to tensor<?x?x2xbf16>
// CHECK: %[[TABLE:.*]] = ockham.load_weight @table.bf16 : tensor<4x2xbf16>
// CHECK-NOT: tfm.cast
// CHECK: %[[X:.*]] = tfm.embedding %[[IDS]], %[[TABLE]] : tensor<?x?xi64>, tensor<4x2xbf16> -> tensor<?x?x2xbf16>
// CHECK: %[[SUM:.*]] = tfm.add_scaled %[[X]], %[[EXTRA]] : tensor<?x?x2xbf16>
// CHECK: %[[NORM:.*]] = tfm.norm layer %[[SUM]] scale %{{.*}} {eps = 1.000000e-05 : f64} : tensor<?x?x2xbf16>, scale tensor<2xf32>
// CHECK-NOT: tfm.block
// CHECK: %[[ATTENTION:.*]], %[[LSE:.*]] = tfm.attention %[[NORM]], %[[NORM]], %[[NORM]] {{.*}} -> tensor<?x?x2xbf16> logsumexp tensor<?x1x?xf32>
// CHECK: %[[LOGITS:.*]] = tfm.linear %[[ATTENTION]], %[[TABLE]] : tensor<?x?x2xbf16>, tensor<4x2xbf16> -> tensor<?x?x4xbf16> {transposed}
// CHECK: %[[WIDE:.*]] = tfm.cast %[[LOGITS]] : tensor<?x?x4xbf16> to tensor<?x?x4xf32>
// CHECK: %[[LOSS:.*]] = tfm.cross_entropy %[[WIDE]], %[[IDS]] : tensor<?x?x4xf32>
// CHECK: return %[[WIDE]], %[[LOSS]], %[[LSE]]
// expected-remark @+1 {{activations of 5 ops become 'bf16', with 1 casts to it and 1 from it; 0.0 MB of weights became half of that}}
module {
ockham.weight @table : tensor<4x2xf32> from "wte" = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 1.00390625], [7.0, 1.01171875]]> : tensor<4x2xf32>
ockham.weight @b : tensor<2xf32> = dense<1.0> : tensor<2xf32>
func.func @model(%ids: tensor<?x?xi64>, %bias: tensor<?x?x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x?xf32>, tensor<?x1x?xf32>) {
  %t = ockham.load_weight @table : tensor<4x2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %0 = tfm.embedding %ids, %t : tensor<?x?xi64>, tensor<4x2xf32> -> tensor<?x?x2xf32>
  %1 = tfm.add_scaled %0, %bias : tensor<?x?x2xf32>
  %2:2 = tfm.block other index 0 "h.0" {
    %n = tfm.norm layer %1 scale %b {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
    %a:2 = tfm.attention %n, %n, %n heads 1 scale 0.5 : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x2xf32> logsumexp tensor<?x1x?xf32>
    tfm.yield %a#0, %a#1 : tensor<?x?x2xf32>, tensor<?x1x?xf32>
  } : tensor<?x?x2xf32>, tensor<?x1x?xf32>
  %3 = tfm.linear %2#0, %t : tensor<?x?x2xf32>, tensor<4x2xf32> -> tensor<?x?x4xf32> {transposed}
  %4 = tfm.cross_entropy %3, %ids : tensor<?x?x4xf32>, tensor<?x?xi64> -> tensor<?x?xf32>
  return %3, %4, %2#1 : tensor<?x?x4xf32>, tensor<?x?xf32>, tensor<?x1x?xf32>
}
}

// -----

// What ops of other dialects read is f32. A recipe stays one; a weight whose
// bytes come later stays wide, and so do numbers per row and masks.
// CHECK: ockham.weight @later : tensor<2x2xf32>
// CHECK: ockham.weight @recipe.bf16 : tensor<2x2xbf16> init <mean
// CHECK-LABEL: func.func @others(
// CHECK: %[[A:.*]] = tfm.linear %{{.*}}, %{{.*}} row_scale %{{.*}} : tensor<?x2xbf16>, tensor<2x2xbf16> row_scale tensor<?xf32> -> tensor<?x2xbf16>
// CHECK: %[[B:.*]] = tfm.cast %[[A]] : tensor<?x2xbf16> to tensor<?x2xf32>
// CHECK: %[[C:.*]] = onnx.Abs %[[B]]
// CHECK: %[[D:.*]] = tfm.cast %[[C]] : tensor<?x2xf32> to tensor<?x2xbf16>
// CHECK: %[[E:.*]] = tfm.linear %[[D]], %{{.*}} : tensor<?x2xbf16>, tensor<2x2xf32> -> tensor<?x2xbf16>
// CHECK: tfm.gate %[[E]], %[[E]] : tensor<?x2xbf16>
// expected-remark @+1 {{activations of 3 ops become 'bf16', with 2 casts to it and 2 from it}}
module {
ockham.weight @recipe : tensor<2x2xf32> init #ockham.normal<mean = 0.0 : f64, std = 0.02 : f64, seed = 7>
ockham.weight @later : tensor<2x2xf32>
func.func @others(%x: tensor<?x2xf32>, %r: tensor<?xf32>) -> tensor<?x2xf32> {
  %w = ockham.load_weight @recipe : tensor<2x2xf32>
  %l = ockham.load_weight @later : tensor<2x2xf32>
  %0 = tfm.linear %x, %w row_scale %r : tensor<?x2xf32>, tensor<2x2xf32> row_scale tensor<?xf32> -> tensor<?x2xf32>
  %1 = onnx.Abs %0 : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %2 = tfm.linear %1, %l : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %3 = tfm.gate %2, %2 : tensor<?x2xf32>
  return %3 : tensor<?x2xf32>
}
}

// -----

// Nothing of f32: nothing to say.
// CHECK-LABEL: func.func @wide(
// CHECK-NOT: tfm.cast
func.func @wide(%x: tensor<?x2xf64>) -> tensor<?x2xf64> {
  %0 = tfm.gate %x, %x : tensor<?x2xf64>
  return %0 : tensor<?x2xf64>
}
