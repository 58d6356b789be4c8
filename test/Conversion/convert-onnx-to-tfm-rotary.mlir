// Rotary position embeddings: halves and neighbours, and where cos and sin come from.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-diagnostics=only-expected | FileCheck %s

// x cos + (-b, a) sin, the angles of each half once more in the table.
// CHECK-LABEL: func.func @halves
// CHECK-DAG: %[[COS:.*]] = arith.constant dense<{{.*}}1.000000e+00, 1.000000e+00], [5.000000e-01, 7.500000e-01], [2.500000e-01, 5.000000e-01]]> : tensor<3x2xf32>
// CHECK-DAG: %[[SIN:.*]] = arith.constant dense<{{.*}}0.000000e+00, 0.000000e+00], [5.000000e-01, 2.500000e-01], [7.500000e-01, 5.000000e-01]]> : tensor<3x2xf32>
// CHECK: tfm.attention %arg0, %arg1, %arg2 rotary(%[[COS]], %[[SIN]]) heads 2 scale 1.000000e+00 :
func.func @halves(%q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %cos = onnx.Constant dense<[[1.0, 1.0, 1.0, 1.0], [0.5, 0.75, 0.5, 0.75], [0.25, 0.5, 0.25, 0.5]]> : tensor<3x4xf32>
  %sin = onnx.Constant dense<[[0.0, 0.0, 0.0, 0.0], [0.5, 0.25, 0.5, 0.25], [0.75, 0.5, 0.75, 0.5]]> : tensor<3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_n = onnx.Neg %qt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %qt_t = onnx.Concat %qt_n, %qt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_n = onnx.Neg %kt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %kt_t = onnx.Concat %kt_n, %kt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}

// -----

// Computed from the positions, and put together twice: once is enough.
// CHECK-LABEL: func.func @computed
// CHECK: %[[ANGLE:.*]] = onnx.Mul {{.*}} -> tensor<3x2xf32>
// CHECK-DAG: %[[COS:.*]] = onnx.Cos %[[ANGLE]]
// CHECK-DAG: %[[SIN:.*]] = onnx.Sin %[[ANGLE]]
// CHECK: tfm.attention %arg0, %arg1, %arg2 rotary(%[[COS]], %[[SIN]])
// expected-remark @below {{6 onnx operators compute rotary angles: Cast (1), Cos (1), Mul (1), Range (1), Sin (1), Unsqueeze (1)}}
func.func @computed(%q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %three = onnx.Constant dense<3> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %three, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %column = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<3xi64>) -> tensor<3x1xi64>
  %position = onnx.Cast %column : (tensor<3x1xi64>) -> tensor<3x1xf32>
  %frequency = onnx.Constant dense<[1.0, 0.01]> : tensor<2xf32>
  %angle = onnx.Mul %position, %frequency : (tensor<3x1xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %twice = onnx.Concat %angle, %angle {axis = 1} : (tensor<3x2xf32>, tensor<3x2xf32>) -> tensor<3x4xf32>
  %cos = onnx.Cos %twice : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %sin = onnx.Sin %twice : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_n = onnx.Neg %qt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %qt_t = onnx.Concat %qt_n, %qt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_n = onnx.Neg %kt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %kt_t = onnx.Concat %kt_n, %kt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}

// -----

// Neighbours; sin and cos side by side in one table, gathered element by element
// by position, every angle repeated.
// CHECK-LABEL: func.func @neighbours
// CHECK-DAG: %[[COS:.*]] = arith.constant dense<{{.*}}1.000000e+00, 1.000000e+00], [5.000000e-01, 7.500000e-01], [2.500000e-01, 5.000000e-01], [9.000000e+00, 9.000000e+00]]> : tensor<4x2xf32>
// CHECK-DAG: %[[SIN:.*]] = arith.constant dense<{{.*}}0.000000e+00, 0.000000e+00], [5.000000e-01, 2.500000e-01], [7.500000e-01, 5.000000e-01], [9.000000e+00, 9.000000e+00]]> : tensor<4x2xf32>
// CHECK: tfm.attention %arg0, %arg1, %arg2 rotary(%[[COS]], %[[SIN]]) heads 2 scale 1.000000e+00 interleaved
func.func @neighbours(%q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %table = onnx.Constant dense<[[[0.0, 0.0, 1.0, 1.0], [0.5, 0.25, 0.5, 0.75], [0.75, 0.5, 0.25, 0.5], [9.0, 9.0, 9.0, 9.0]]]> : tensor<1x4x4xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %three = onnx.Constant dense<3> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %three, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0, 2>} : (tensor<3xi64>) -> tensor<1x3x1xi64>
  %ids = onnx.Expand %column to [1, 3, 4] : (tensor<1x3x1xi64>) -> tensor<1x3x4xi64>
  %rows = onnx.GatherElements %table, %ids {axis = 1} : (tensor<1x4x4xf32>, tensor<1x3x4xi64>) -> tensor<1x3x4xf32>
  %half:2 = onnx.Split %rows into [2, 2] {axis = 2} : (tensor<1x3x4xf32>) -> (tensor<1x3x2xf32>, tensor<1x3x2xf32>)
  %s1 = onnx.Unsqueeze %half#0 {axes = array<i64: 3>} : (tensor<1x3x2xf32>) -> tensor<1x3x2x1xf32>
  %s2 = onnx.Expand %s1 to [1, 3, 2, 2] : (tensor<1x3x2x1xf32>) -> tensor<1x3x2x2xf32>
  %s3 = onnx.Reshape %s2 to [1, 3, 4] : (tensor<1x3x2x2xf32>) -> tensor<1x3x4xf32>
  %sin = onnx.Squeeze %s3 {axes = array<i64: 0>} : (tensor<1x3x4xf32>) -> tensor<3x4xf32>
  %c1 = onnx.Unsqueeze %half#1 {axes = array<i64: 3>} : (tensor<1x3x2xf32>) -> tensor<1x3x2x1xf32>
  %c2 = onnx.Expand %c1 to [1, 3, 2, 2] : (tensor<1x3x2x1xf32>) -> tensor<1x3x2x2xf32>
  %c3 = onnx.Reshape %c2 to [1, 3, 4] : (tensor<1x3x2x2xf32>) -> tensor<1x3x4xf32>
  %cos = onnx.Squeeze %c3 {axes = array<i64: 0>} : (tensor<1x3x4xf32>) -> tensor<3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [4] {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [1] to [4] {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_n = onnx.Neg %qt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %qt_3 = onnx.Unsqueeze %qt_n {axes = array<i64: 4>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2x1xf32>
  %qt_4 = onnx.Unsqueeze %qt_1 {axes = array<i64: 4>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2x1xf32>
  %qt_5 = onnx.Concat %qt_3, %qt_4 {axis = 4} : (tensor<5x2x3x2x1xf32>, tensor<5x2x3x2x1xf32>) -> tensor<5x2x3x2x2xf32>
  %qt_t = onnx.Reshape %qt_5 to [5, 2, 3, 4] : (tensor<5x2x3x2x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [4] {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [1] to [4] {axes = array<i64: 3>, steps = array<i64: 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_n = onnx.Neg %kt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %kt_3 = onnx.Unsqueeze %kt_n {axes = array<i64: 4>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2x1xf32>
  %kt_4 = onnx.Unsqueeze %kt_1 {axes = array<i64: 4>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2x1xf32>
  %kt_5 = onnx.Concat %kt_3, %kt_4 {axis = 4} : (tensor<5x2x3x2x1xf32>, tensor<5x2x3x2x1xf32>) -> tensor<5x2x3x2x2xf32>
  %kt_t = onnx.Reshape %kt_5 to [5, 2, 3, 4] : (tensor<5x2x3x2x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}

// -----

// Without the sign it is no rotation.
// CHECK-LABEL: func.func @no_sign
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @no_sign(%q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %cos = onnx.Constant dense<[[1.0, 1.0, 1.0, 1.0], [0.5, 0.75, 0.5, 0.75], [0.25, 0.5, 0.25, 0.5]]> : tensor<3x4xf32>
  %sin = onnx.Constant dense<[[0.0, 0.0, 0.0, 0.0], [0.5, 0.25, 0.5, 0.25], [0.75, 0.5, 0.75, 0.5]]> : tensor<3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_t = onnx.Concat %qt_2, %qt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_t = onnx.Concat %kt_2, %kt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{the key is not split into heads by a Reshape (at onnx.Add)}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}

// -----

// (b, -a): the other way around. A table of -sin would say that, and is not made.
// CHECK-LABEL: func.func @other_sign
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @other_sign(%q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %cos = onnx.Constant dense<[[1.0, 1.0, 1.0, 1.0], [0.5, 0.75, 0.5, 0.75], [0.25, 0.5, 0.25, 0.5]]> : tensor<3x4xf32>
  %sin = onnx.Constant dense<[[0.0, 0.0, 0.0, 0.0], [0.5, 0.25, 0.5, 0.25], [0.75, 0.5, 0.75, 0.5]]> : tensor<3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_n = onnx.Neg %qt_1 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %qt_t = onnx.Concat %qt_2, %qt_n {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_n = onnx.Neg %kt_1 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %kt_t = onnx.Concat %kt_2, %kt_n {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{the key is not split into heads by a Reshape (at onnx.Add)}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}

// -----

// The two members of a pair are turned by different angles: left in front.
// CHECK-LABEL: func.func @unequal_pair
// CHECK-NOT: rotary(
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %arg2 heads 2 scale 1.000000e+00 :
// expected-remark @below {{onnx operators bring queries, keys and values to attentions}}
func.func @unequal_pair(%q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %cos = onnx.Constant dense<[[1.0, 1.0, 1.0, 1.0], [0.5, 0.75, 0.5, 0.625], [0.25, 0.5, 0.25, 0.5]]> : tensor<3x4xf32>
  %sin = onnx.Constant dense<[[0.0, 0.0, 0.0, 0.0], [0.5, 0.25, 0.5, 0.25], [0.75, 0.5, 0.75, 0.5]]> : tensor<3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_n = onnx.Neg %qt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %qt_t = onnx.Concat %qt_n, %qt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_n = onnx.Neg %kt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %kt_t = onnx.Concat %kt_n, %kt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{queries and keys are rotated in front of the attention; rotary: the angles of a pair differ}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}

// -----

// Queries and keys by different angles.
// CHECK-LABEL: func.func @other_angles
// CHECK-NOT: rotary(
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %arg2 heads 2 scale 1.000000e+00 :
// expected-remark @below {{onnx operators bring queries, keys and values to attentions}}
func.func @other_angles(%q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %cos = onnx.Constant dense<[[1.0, 1.0, 1.0, 1.0], [0.5, 0.75, 0.5, 0.75], [0.25, 0.5, 0.25, 0.5]]> : tensor<3x4xf32>
  %sin = onnx.Constant dense<[[0.0, 0.0, 0.0, 0.0], [0.5, 0.25, 0.5, 0.25], [0.75, 0.5, 0.75, 0.5]]> : tensor<3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_n = onnx.Neg %qt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %qt_t = onnx.Concat %qt_n, %qt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_n = onnx.Neg %kt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %kt_t = onnx.Concat %kt_n, %kt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %sin : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %cos : (tensor<5x2x3x4xf32>, tensor<3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{queries and keys are rotated in front of the attention; rotary: query and key have other angles}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}

// -----

// Angles of each sequence, from position ids that are an input.
// CHECK-LABEL: func.func @angles_per_sequence
// CHECK-NOT: rotary(
// CHECK: tfm.attention %{{.*}}, %{{.*}}, %arg4 heads 2 scale 1.000000e+00 :
// expected-remark @below {{onnx operators bring queries, keys and values to attentions}}
func.func @angles_per_sequence(%cos: tensor<5x1x3x4xf32>, %sin: tensor<5x1x3x4xf32>, %q: tensor<5x3x8xf32>, %k: tensor<5x3x8xf32>, %v: tensor<5x3x8xf32>) -> tensor<5x3x8xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 4] : (tensor<5x3x8xf32>) -> tensor<5x3x2x4xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_1 = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_2 = onnx.Slice %qh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %qt_n = onnx.Neg %qt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %qt_t = onnx.Concat %qt_n, %qt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %qt_c = onnx.Mul %qh, %cos : (tensor<5x2x3x4xf32>, tensor<5x1x3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_s = onnx.Mul %qt_t, %sin : (tensor<5x2x3x4xf32>, tensor<5x1x3x4xf32>) -> tensor<5x2x3x4xf32>
  %qt_ = onnx.Add %qt_c, %qt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_1 = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_2 = onnx.Slice %kh [2] to [4] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x3x2xf32>
  %kt_n = onnx.Neg %kt_2 : (tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %kt_t = onnx.Concat %kt_n, %kt_1 {axis = 3} : (tensor<5x2x3x2xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x4xf32>
  %kt_c = onnx.Mul %kh, %cos : (tensor<5x2x3x4xf32>, tensor<5x1x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_s = onnx.Mul %kt_t, %sin : (tensor<5x2x3x4xf32>, tensor<5x1x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt_ = onnx.Add %kt_c, %kt_s : (tensor<5x2x3x4xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %kt = onnx.Transpose %kt_ {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x4xf32>) -> tensor<5x2x4x3xf32>
  %p = onnx.MatMul %qt_, %kt : (tensor<5x2x3x4xf32>, tensor<5x2x4x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{queries and keys are rotated in front of the attention; rotary: the angles differ between sequences or heads}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x4xf32>) -> tensor<5x2x3x4xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x4xf32>) -> tensor<5x3x2x4xf32>
  %o = onnx.Reshape %ot to [5, 3, 8] : (tensor<5x3x2x4xf32>) -> tensor<5x3x8xf32>
  return %o : tensor<5x3x8xf32>
}
