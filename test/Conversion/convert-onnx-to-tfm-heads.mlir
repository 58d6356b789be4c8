// Heads, however their dimensions were split, moved and merged.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-diagnostics=only-expected | FileCheck %s

// One linear for all three, a dimension of their own, and the sequence first, as
// PyTorch's own attention has it.
// CHECK-LABEL: func.func @sequence_first
// CHECK: %[[QKV:.*]] = tfm.linear %arg0, {{.*}} -> tensor<?x?x12xf32>
// CHECK: %[[Q:.*]]:3 = tfm.split %[[QKV]]
// CHECK: tfm.attention %[[Q]]#0, %[[Q]]#1, %[[Q]]#2 heads 2 scale 1.000000e+00 :
// CHECK: tfm.linear
// CHECK-NOT: onnx.
ockham.weight @w : tensor<4x12xf32> = dense<0.5> : tensor<4x12xf32>
ockham.weight @p : tensor<4x4xf32> = dense<0.25> : tensor<4x4xf32>
func.func @sequence_first(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %bh = arith.muli %b, %c2 : index
  %w = ockham.load_weight @w : tensor<4x12xf32>
  %wp = ockham.load_weight @p : tensor<4x4xf32>
  %i0 = onnx.Constant dense<0> : tensor<i64>
  %i1 = onnx.Constant dense<1> : tensor<i64>
  %i2 = onnx.Constant dense<-1> : tensor<i64>
  %t = onnx.Transpose %x {perm = array<i64: 1, 0, 2>} : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %l = onnx.MatMul %t, %w : (tensor<?x?x4xf32>, tensor<4x12xf32>) -> tensor<?x?x12xf32>
  %r = onnx.Reshape %l to [%s, %b, 3, 4] : (tensor<?x?x12xf32>) -> tensor<?x?x3x4xf32>
  %c = onnx.Transpose %r {perm = array<i64: 2, 0, 1, 3>} : (tensor<?x?x3x4xf32>) -> tensor<3x?x?x4xf32>
  %q = onnx.Gather %c, %i0 {axis = 0} : (tensor<3x?x?x4xf32>, tensor<i64>) -> tensor<?x?x4xf32>
  %k = onnx.Gather %c, %i1 {axis = 0} : (tensor<3x?x?x4xf32>, tensor<i64>) -> tensor<?x?x4xf32>
  %v = onnx.Gather %c, %i2 {axis = 0} : (tensor<3x?x?x4xf32>, tensor<i64>) -> tensor<?x?x4xf32>
  %qr = onnx.Reshape %q to [%s, %bh, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 1, 0, 2>} : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  %kr = onnx.Reshape %k to [%s, %bh, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 1, 2, 0>} : (tensor<?x?x2xf32>) -> tensor<?x2x?xf32>
  %vr = onnx.Reshape %v to [%s, %bh, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 1, 0, 2>} : (tensor<?x?x2xf32>) -> tensor<?x?x2xf32>
  %q4 = onnx.Reshape %qh to [%b, 2, %s, 2] : (tensor<?x?x2xf32>) -> tensor<?x2x?x2xf32>
  %k4 = onnx.Reshape %kh to [%b, 2, 2, %s] : (tensor<?x2x?xf32>) -> tensor<?x2x2x?xf32>
  %v4 = onnx.Reshape %vh to [%b, 2, %s, 2] : (tensor<?x?x2xf32>) -> tensor<?x2x?x2xf32>
  %m = onnx.MatMul %q4, %k4 : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %m {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %o = onnx.MatMul %a, %v4 : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %o {perm = array<i64: 2, 0, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %or = onnx.Reshape %ot to [%s, %b, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  %y = onnx.MatMul %or, %wp : (tensor<?x?x4xf32>, tensor<4x4xf32>) -> tensor<?x?x4xf32>
  %back = onnx.Transpose %y {perm = array<i64: 1, 0, 2>} : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %back : tensor<?x?x4xf32>
}

// -----

// Batch and heads in one dimension of the products; how many heads there are
// shows where they part.
// CHECK-LABEL: func.func @batch_and_heads
// CHECK: tfm.attention %arg0, %arg1, %arg2 heads 2 scale 1.000000e+00 :
// CHECK-NOT: onnx.
func.func @batch_and_heads(%q: tensor<5x3x4xf32>, %k: tensor<5x7x4xf32>, %v: tensor<5x7x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qt = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %qh = onnx.Reshape %qt to [10, 3, 2] : (tensor<5x2x3x2xf32>) -> tensor<10x3x2xf32>
  %kr = onnx.Reshape %k to [5, 7, 2, 2] : (tensor<5x7x4xf32>) -> tensor<5x7x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<5x7x2x2xf32>) -> tensor<5x2x2x7xf32>
  %kh = onnx.Reshape %kt to [10, 2, 7] : (tensor<5x2x2x7xf32>) -> tensor<10x2x7xf32>
  %vr = onnx.Reshape %v to [5, 7, 2, 2] : (tensor<5x7x4xf32>) -> tensor<5x7x2x2xf32>
  %vt = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x7x2x2xf32>) -> tensor<5x2x7x2xf32>
  %vh = onnx.Reshape %vt to [10, 7, 2] : (tensor<5x2x7x2xf32>) -> tensor<10x7x2xf32>
  %m = onnx.MatMul %qh, %kh : (tensor<10x3x2xf32>, tensor<10x2x7xf32>) -> tensor<10x3x7xf32>
  %a = onnx.Softmax %m {axis = 2} : (tensor<10x3x7xf32>) -> tensor<10x3x7xf32>
  %o = onnx.MatMul %a, %vh : (tensor<10x3x7xf32>, tensor<10x7x2xf32>) -> tensor<10x3x2xf32>
  %o4 = onnx.Reshape %o to [5, 2, 3, 2] : (tensor<10x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %o4 {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %or = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %or : tensor<5x3x4xf32>
}

// -----

// Two heads of keys and values, each read by three neighbouring heads.
// CHECK-LABEL: func.func @grouped
// CHECK: tfm.attention %arg0, %arg1, %arg2 heads 6 kv_heads 2 scale 1.000000e+00 :
// CHECK-NOT: onnx.
func.func @grouped(%q: tensor<5x3x12xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x12xf32> {
  %qr = onnx.Reshape %q to [5, 3, 6, 2] : (tensor<5x3x12xf32>) -> tensor<5x3x6x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x6x2xf32>) -> tensor<5x6x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %k1 = onnx.Unsqueeze %kt {axes = array<i64: 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x1x3x2xf32>
  %k3 = onnx.Expand %k1 to [5, 2, 3, 3, 2] : (tensor<5x2x1x3x2xf32>) -> tensor<5x2x3x3x2xf32>
  %k6 = onnx.Reshape %k3 to [5, 6, 3, 2] : (tensor<5x2x3x3x2xf32>) -> tensor<5x6x3x2xf32>
  %kh = onnx.Transpose %k6 {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x6x3x2xf32>) -> tensor<5x6x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vt = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %v1 = onnx.Unsqueeze %vt {axes = array<i64: 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x1x3x2xf32>
  %v3 = onnx.Expand %v1 to [5, 2, 3, 3, 2] : (tensor<5x2x1x3x2xf32>) -> tensor<5x2x3x3x2xf32>
  %vh = onnx.Reshape %v3 to [5, 6, 3, 2] : (tensor<5x2x3x3x2xf32>) -> tensor<5x6x3x2xf32>
  %m = onnx.MatMul %qh, %kh : (tensor<5x6x3x2xf32>, tensor<5x6x2x3xf32>) -> tensor<5x6x3x3xf32>
  %a = onnx.Softmax %m {axis = 3} : (tensor<5x6x3x3xf32>) -> tensor<5x6x3x3xf32>
  %o = onnx.MatMul %a, %vh : (tensor<5x6x3x3xf32>, tensor<5x6x3x2xf32>) -> tensor<5x6x3x2xf32>
  %ot = onnx.Transpose %o {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x6x3x2xf32>) -> tensor<5x3x6x2xf32>
  %or = onnx.Reshape %ot to [5, 3, 12] : (tensor<5x3x6x2xf32>) -> tensor<5x3x12xf32>
  return %or : tensor<5x3x12xf32>
}

// -----

// Heads repeated one after the other instead of each several times: query head
// 1 would read key head 1, and not 0.
// CHECK-LABEL: func.func @tiled
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @tiled(%q: tensor<5x3x12xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x12xf32>) -> tensor<5x3x12xf32> {
  %qr = onnx.Reshape %q to [5, 3, 6, 2] : (tensor<5x3x12xf32>) -> tensor<5x3x6x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x6x2xf32>) -> tensor<5x6x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %k1 = onnx.Unsqueeze %kt {axes = array<i64: 1>} : (tensor<5x2x3x2xf32>) -> tensor<5x1x2x3x2xf32>
  %k3 = onnx.Expand %k1 to [5, 3, 2, 3, 2] : (tensor<5x1x2x3x2xf32>) -> tensor<5x3x2x3x2xf32>
  %k6 = onnx.Reshape %k3 to [5, 6, 3, 2] : (tensor<5x3x2x3x2xf32>) -> tensor<5x6x3x2xf32>
  %kh = onnx.Transpose %k6 {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x6x3x2xf32>) -> tensor<5x6x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 6, 2] : (tensor<5x3x12xf32>) -> tensor<5x3x6x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x6x2xf32>) -> tensor<5x6x3x2xf32>
  %m = onnx.MatMul %qh, %kh : (tensor<5x6x3x2xf32>, tensor<5x6x2x3xf32>) -> tensor<5x6x3x3xf32>
  // expected-remark @below {{the key is not split into heads by a Reshape (at onnx.Expand)}}
  %a = onnx.Softmax %m {axis = 3} : (tensor<5x6x3x3xf32>) -> tensor<5x6x3x3xf32>
  %o = onnx.MatMul %a, %vh : (tensor<5x6x3x3xf32>, tensor<5x6x3x2xf32>) -> tensor<5x6x3x2xf32>
  %ot = onnx.Transpose %o {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x6x3x2xf32>) -> tensor<5x3x6x2xf32>
  %or = onnx.Reshape %ot to [5, 3, 12] : (tensor<5x3x6x2xf32>) -> tensor<5x3x12xf32>
  return %or : tensor<5x3x12xf32>
}

// -----

// One head of keys and values for all queries, which the products repeat.
// CHECK-LABEL: func.func @one_head_of_keys
// CHECK: tfm.attention %arg0, %arg1, %arg2 heads 2 kv_heads 1 scale 1.000000e+00 :
// CHECK-NOT: onnx.
func.func @one_head_of_keys(%q: tensor<5x3x4xf32>, %k: tensor<5x3x2xf32>, %v: tensor<5x3x2xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %k {perm = array<i64: 0, 2, 1>} : (tensor<5x3x2xf32>) -> tensor<5x2x3xf32>
  %kh = onnx.Unsqueeze %kt {axes = array<i64: 1>} : (tensor<5x2x3xf32>) -> tensor<5x1x2x3xf32>
  %vh = onnx.Unsqueeze %v {axes = array<i64: 1>} : (tensor<5x3x2xf32>) -> tensor<5x1x3x2xf32>
  %m = onnx.MatMul %qh, %kh : (tensor<5x2x3x2xf32>, tensor<5x1x2x3xf32>) -> tensor<5x2x3x3xf32>
  %a = onnx.Softmax %m {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %o = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x1x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %o {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %or = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %or : tensor<5x3x4xf32>
}

// -----

// A cache in front of the keys and values. The queries stand at its end, which
// the mask says, and the cache goes out again.
// CHECK-LABEL: func.func @cache
// CHECK: %[[KEYS:.*]] = onnx.Concat %arg3
// CHECK: %[[PAST:.*]] = onnx.Expand
// CHECK: tfm.attention %arg0, %{{.*}}, %{{.*}} past %[[PAST]] heads 2 scale 1.000000e+00 causal
// expected-remark @below {{1 onnx operator computes positions and ids: Expand (1)}}
// expected-remark @below {{10 onnx operators bring queries, keys and values to attentions}}
func.func @cache(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}, %pk: tensor<?x2x?x2xf32> {ockham.dims = ["b", "", "p", ""]}, %pv: tensor<?x2x?x2xf32> {ockham.dims = ["b", "", "p", ""]}) -> (tensor<?x?x4xf32>, tensor<?x2x?x2xf32>, tensor<?x2x?x2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %p = tensor.dim %pk, %c2 : tensor<?x2x?x2xf32>
  %t = arith.addi %s, %p : index
  %si = arith.index_cast %s : index to i64
  %pi = arith.index_cast %p : index to i64
  %ti = arith.index_cast %t : index to i64
  %st = tensor.from_elements %si : tensor<i64>
  %pt = tensor.from_elements %pi : tensor<i64>
  %tt = tensor.from_elements %ti : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kn = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vn = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kc = onnx.Concat %pk, %kn {axis = 2} : (tensor<?x2x?x2xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %vc = onnx.Concat %pv, %vn {axis = 2} : (tensor<?x2x?x2xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kc {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x2x?x2xf32>) -> tensor<?x2x2x?xf32>
  %m = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %new = onnx.Range %zero, %st, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %position = onnx.Add %new, %pt : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %row = onnx.Unsqueeze %position {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %column = onnx.Range %zero, %tt, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %seen = onnx.LessOrEqual %column, %row : (tensor<?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %seen, %m, %low : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %o = onnx.MatMul %a, %vc : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %o {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %or = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %or, %kc, %vc : tensor<?x?x4xf32>, tensor<?x2x?x2xf32>, tensor<?x2x?x2xf32>
}
