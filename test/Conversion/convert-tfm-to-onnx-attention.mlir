// RUN: ockham-opt %s -split-input-file --convert-tfm-to-onnx --canonicalize --verify-rewrites | FileCheck %s --check-prefixes=CHECK,OLD
// RUN: ockham-opt %s -split-input-file --convert-tfm-to-onnx=opset=23 --canonicalize --verify-rewrites | FileCheck %s --check-prefixes=CHECK,NEW

// The scale goes to the queries; hidden keys get minus infinity.
// CHECK-LABEL: func @causal
// OLD-DAG: %[[HIDDEN:.+]] = onnx.Constant dense<0xFF800000> : tensor<f32>
// OLD-DAG: %[[SCALE:.+]] = onnx.Constant dense<5.000000e-01> : tensor<f32>
// OLD: onnx.Mul %{{.+}}, %[[SCALE]] : (tensor<?x?x2x4xf32>
// OLD: %[[SCORES:.+]] = onnx.MatMul
// OLD: %[[ADDED:.+]] = onnx.Where %{{.+}}, %{{.+}}, %[[HIDDEN]] {{.+}} -> tensor<?x?xf32>
// OLD: %[[MASKED:.+]] = onnx.Add %[[SCORES]], %[[ADDED]]
// OLD: onnx.Softmax %[[MASKED]] {axis = 3 : i64}
// OLD-NOT: tfm.
// NEW: tfm.attention %{{.+}} heads 2 scale 5.000000e-01 causal
func.func @causal(%q: tensor<?x?x8xf32> {ockham.dims = ["b", "s", ""]}, %k: tensor<?x?x8xf32> {ockham.dims = ["b", "s", ""]}, %v: tensor<?x?x8xf32> {ockham.dims = ["b", "s", ""]}) -> tensor<?x?x8xf32> {
  %y = tfm.attention %q, %k, %v heads 2 scale 0.5 causal : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// [SAS] equation 5, without matrices over positions.
// CHECK-LABEL: func @shaped_causal
// CHECK-SAME: %[[A:[a-z0-9]+]]: tensor<2xf32>, %[[B:[a-z0-9]+]]: tensor<2xf32>, %[[G:[a-z0-9]+]]: tensor<2xf32>
// NEW: tfm.attention {{.+}} heads 2 scale 5.000000e-01 causal : tensor<3x4x8xf32>
// CHECK: %[[BETA:.+]] = onnx.Reshape %[[B]] to [2, 1]
// CHECK: %[[SOFTMAX:.+]] = onnx.Mul %{{.+}}, %[[BETA]] : (tensor<3x4x2x4xf32>
// CHECK: %[[ALPHA:.+]] = onnx.Reshape %[[A]] to [2, 1]
// CHECK: %[[SELF:.+]] = onnx.Mul %{{.+}}, %[[ALPHA]]
// CHECK: %[[SUM:.+]] = onnx.Add %[[SOFTMAX]], %[[SELF]]
// CHECK: %[[RUNNING:.+]] = onnx.CumSum %{{.+}} {axis = 1 : i64} : (tensor<3x4x2x4xf32>)
// CHECK: %[[MEAN:.+]] = onnx.Div %[[RUNNING]], %{{.+}} : (tensor<3x4x2x4xf32>, tensor<4x1x1xf32>)
// CHECK: %[[GAMMA:.+]] = onnx.Reshape %[[G]] to [2, 1]
// CHECK: %[[CENTRE:.+]] = onnx.Mul %[[MEAN]], %[[GAMMA]]
// CHECK: onnx.Sub %[[SUM]], %[[CENTRE]]
func.func @shaped_causal(%x: tensor<3x4x8xf32>, %a: tensor<2xf32>, %b: tensor<2xf32>, %g: tensor<2xf32>) -> tensor<3x4x8xf32> {
  %y = tfm.attention %x, %x, %x shape(%a, %b, %g) heads 2 scale 0.5 causal : tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x4x8xf32>
  return %y : tensor<3x4x8xf32>
}

// -----

// Sums over positions are not made in 16 bits.
// CHECK-LABEL: func @shaped_half
// CHECK: %[[WIDE:.+]] = onnx.Cast %{{.+}} : (tensor<3x4x2x4xf16>) -> tensor<3x4x2x4xf32>
// CHECK: onnx.CumSum %[[WIDE]]
func.func @shaped_half(%x: tensor<3x4x8xf16>, %a: tensor<2xf16>, %b: tensor<2xf16>, %g: tensor<2xf16>) -> tensor<3x4x8xf16> {
  %y = tfm.attention %x, %x, %x shape(%a, %b, %g) heads 2 scale 0.5 causal : tensor<3x4x8xf16>, tensor<3x4x8xf16>, tensor<3x4x8xf16>, shape(tensor<2xf16>, tensor<2xf16>, tensor<2xf16>) -> tensor<3x4x8xf16>
  return %y : tensor<3x4x8xf16>
}

// -----

// CHECK-LABEL: func @shaped_bidirectional
// CHECK-NOT: onnx.CumSum
// CHECK: onnx.ReduceMean %{{.+}} {axes = array<i64: 1>, keepdims} : (tensor<3x4x2x4xf32>) -> tensor<3x1x2x4xf32>
func.func @shaped_bidirectional(%x: tensor<3x4x8xf32>, %a: tensor<2xf32>, %b: tensor<2xf32>, %g: tensor<2xf32>) -> tensor<3x4x8xf32> {
  %y = tfm.attention %x, %x, %x shape(%a, %b, %g) heads 2 scale 0.5 : tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x4x8xf32>
  return %y : tensor<3x4x8xf32>
}

// -----

// Key and value heads that serve several query heads; norms and rotation come
// before heads move in front of positions.
// CHECK-LABEL: func @grouped
// OLD: onnx.Sqrt
// NEW: tfm.norm rms %{{.+}} : tensor<2x3x4x4xf32>
// CHECK: onnx.Sub
// CHECK: onnx.Concat
// NEW: onnx.Reshape %{{.+}} to [2, 3, 16]
// NEW: onnx.Reshape %{{.+}} to [2, 3, 8]
// NEW: tfm.attention %{{.+}} heads 4 kv_heads 2
// OLD: onnx.Expand %{{.+}} to [2, 3, 2, 2, 4]
// OLD: onnx.Softmax
func.func @grouped(%q: tensor<2x3x16xf32>, %k: tensor<2x3x8xf32>, %v: tensor<2x3x8xf32>, %g: tensor<4xf32>, %cos: tensor<5x1xf32>, %sin: tensor<5x1xf32>) -> tensor<2x3x16xf32> {
  %y = tfm.attention %q, %k, %v query_scale %g key_scale %g rotary(%cos, %sin) heads 4 kv_heads 2 scale 0.5 causal qk_norm rms eps 1.0e-5 : tensor<2x3x16xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>, query_scale tensor<4xf32>, key_scale tensor<4xf32>, rotary(tensor<5x1xf32>, tensor<5x1xf32>) -> tensor<2x3x16xf32>
  return %y : tensor<2x3x16xf32>
}

// -----

// The operator caps scores behind the mask, tfm before.
// CHECK-LABEL: func @soft_cap
// CHECK-NOT: tfm.attention
// CHECK: onnx.Tanh
// CHECK: onnx.Mul
// CHECK: onnx.Add
// CHECK: onnx.Softmax
func.func @soft_cap(%x: tensor<3x4x8xf32>) -> tensor<3x4x8xf32> {
  %y = tfm.attention %x, %x, %x heads 2 scale 0.5 causal soft_cap 30.0 : tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32> -> tensor<3x4x8xf32>
  return %y : tensor<3x4x8xf32>
}

// -----

// A row without a visible key has weights of 0.
// CHECK-LABEL: func @boolean_mask
// CHECK-SAME: %[[MASK:[a-z0-9]+]]: tensor<3x1x1x4xi1>
// CHECK-NOT: tfm.attention
// CHECK: %[[VISIBLE:.+]] = onnx.And %[[MASK]], %{{.+}} -> tensor<3x1x4x4xi1>
// CHECK: %[[SOFTMAX:.+]] = onnx.Softmax
// CHECK: onnx.Where %[[VISIBLE]], %[[SOFTMAX]]
func.func @boolean_mask(%x: tensor<3x4x8xf32>, %mask: tensor<3x1x1x4xi1>) -> tensor<3x4x8xf32> {
  %y = tfm.attention %x, %x, %x mask %mask heads 2 scale 0.5 causal : tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>, mask tensor<3x1x1x4xi1> -> tensor<3x4x8xf32>
  return %y : tensor<3x4x8xf32>
}

// -----

// Runtimes disagree on rows that a mask hides completely: no Attention.
// CHECK-LABEL: func @float_mask
// CHECK-SAME: %[[MASK:[a-z0-9]+]]: tensor<3x1x1x4xf32>
// CHECK-NOT: tfm.attention
// CHECK: onnx.Add %{{.+}}, %[[MASK]]
func.func @float_mask(%x: tensor<3x4x8xf32>, %mask: tensor<3x1x1x4xf32>) -> tensor<3x4x8xf32> {
  %y = tfm.attention %x, %x, %x mask %mask heads 2 scale 0.5 : tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>, mask tensor<3x1x1x4xf32> -> tensor<3x4x8xf32>
  return %y : tensor<3x4x8xf32>
}

// -----

// Positions are absolute: those of queries begin behind the past.
// CHECK-LABEL: func @past
// CHECK: onnx.Gather %{{.+}}, %{{.+}} {axis = 0 : i64} : (tensor<8x1xf32>, tensor<3x2xi64>)
// CHECK: onnx.LessOrEqual %{{.+}} -> tensor<3x1x2x4xi1>
// NEW: tfm.attention %{{.+}} mask %{{[0-9]+}} heads 2 scale 5.000000e-01 : tensor<3x2x8xf32>
// CHECK: onnx.Less %{{.+}} : (tensor<1x1x1x4xi64>, tensor<3x1x1x1xi64>) -> tensor<3x1x1x4xi1>
// CHECK: onnx.Softmax
func.func @past(%q: tensor<3x2x8xf32>, %x: tensor<3x4x8xf32>, %past: tensor<3xi32>, %lengths: tensor<3xi64>, %cos: tensor<8x1xf32>, %sin: tensor<8x1xf32>) -> tensor<3x2x8xf32> {
  %y = tfm.attention %q, %x, %x past %past rotary(%cos, %sin) heads 2 scale 0.5 causal : tensor<3x2x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>, past tensor<3xi32>, rotary(tensor<8x1xf32>, tensor<8x1xf32>) -> tensor<3x2x8xf32>
  %z = tfm.attention %y, %x, %x past %past key_lengths %lengths heads 2 scale 0.5 causal : tensor<3x2x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>, past tensor<3xi32>, key_lengths tensor<3xi64> -> tensor<3x2x8xf32>
  return %z : tensor<3x2x8xf32>
}
