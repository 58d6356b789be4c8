// RUN: ockham-opt %s --convert-onnx-to-tfm -split-input-file | FileCheck %s

// Shaped attention ([SAS]) with its identity and its centre behind the product:
// alpha V + beta (A V) - gamma (running sum of V) / (position + 1).

// All keys up to the query.
// CHECK-LABEL: func.func @running_mean
// CHECK: tfm.attention %arg0, %arg1, %arg2 shape(%{{.*}}, %{{.*}}, %{{.*}}) heads 2 scale 1.000000e+00 causal
// CHECK-NOT: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @running_mean(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 1 : i64} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// All keys.
// CHECK-LABEL: func.func @mean
// CHECK: tfm.attention %arg0, %arg1, %arg2 shape(%{{.*}}, %{{.*}}, %{{.*}}) heads 2 scale 1.000000e+00 :
// CHECK-NOT: onnx.ReduceMean
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @mean(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %p {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.ReduceMean %vr {axes = array<i64: 1>, keepdims} : (tensor<?x?x2x2xf32>) -> tensor<?x1x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x1x2x2xf32>, tensor<2x1xf32>) -> tensor<?x1x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x1x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// A parameter [heads, 1] becomes a vector under a name that nothing has.
// CHECK-LABEL: func.func @taken_name
// CHECK: ockham.load_weight @g_2.1 :
// CHECK: tfm.attention
// CHECK: ockham.load_weight @g_2 :
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
ockham.weight @g_2 : tensor<2xf32> = dense<[7.0, 8.0]> : tensor<2xf32>
func.func @taken_name(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> (tensor<?x?x4xf32>, tensor<2xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 1 : i64} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  %other = ockham.load_weight @g_2 : tensor<2xf32>
  return %y, %other : tensor<?x?x4xf32>, tensor<2xf32>
}
// -----

// Queries see all keys, the mean only those up to them.
// CHECK-LABEL: func.func @running_mean_of_all
// CHECK: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @running_mean_of_all(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %p {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 1 : i64} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// The mean leaves the query itself out.
// CHECK-LABEL: func.func @exclusive
// CHECK: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @exclusive(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 1 : i64, exclusive} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// It runs backwards.
// CHECK-LABEL: func.func @reverse
// CHECK: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @reverse(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 1 : i64, reverse} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// It runs along the heads.
// CHECK-LABEL: func.func @along_heads
// CHECK: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @along_heads(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 2 : i64} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// One more than the keys that are seen.
// CHECK-LABEL: func.func @one_more
// CHECK: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @one_more(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<2> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 1 : i64} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// Of the keys instead of the values.
// CHECK-LABEL: func.func @of_keys
// CHECK: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @of_keys(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %kr {axis = 1 : i64} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Sub %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
// -----

// The centre is added: its gain is not -g.
// CHECK-LABEL: func.func @added
// CHECK: onnx.CumSum
ockham.weight @g : tensor<2x1xf32> = dense<[[0.5], [0.25]]> : tensor<2x1xf32>
func.func @added(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "t", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %g = ockham.load_weight @g : tensor<2x1xf32>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3 : i64} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %o = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %diagonal = onnx.Mul %vr, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %sum = onnx.Add %o, %diagonal : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %first = onnx.Constant dense<1> : tensor<i64>
  %count = onnx.Add %range, %first : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %rows = onnx.Unsqueeze %count {axes = array<i64: 1, 2>} : (tensor<?xi64>) -> tensor<?x1x1xi64>
  %seen = onnx.Cast %rows : (tensor<?x1x1xi64>) -> tensor<?x1x1xf32>
  %running = onnx.CumSum %vr {axis = 1 : i64} : (tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %mean = onnx.Div %running, %seen : (tensor<?x?x2x2xf32>, tensor<?x1x1xf32>) -> tensor<?x?x2x2xf32>
  %centre = onnx.Mul %mean, %g : (tensor<?x?x2x2xf32>, tensor<2x1xf32>) -> tensor<?x?x2x2xf32>
  %shaped = onnx.Add %sum, %centre : (tensor<?x?x2x2xf32>, tensor<?x?x2x2xf32>) -> tensor<?x?x2x2xf32>
  %y = onnx.Reshape %shaped to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
