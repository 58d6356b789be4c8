// RUN: ockham-interpret %s --trace | FileCheck %s
// RUN: ockham-interpret %s --entry rounding --digits 9 --trace | FileCheck %s --check-prefix F32
// RUN: ockham-interpret %s --entry rounding --digits 9 --trace --f64 | FileCheck %s --check-prefix F64

func.func @forward() {
  %x = onnx.Constant dense<[-2.0, -0.5, 0.0, 1.5]> : tensor<4xf32>
  %y = onnx.Constant dense<[0.25, 1.0, 2.0, 4.0]> : tensor<4xf32>

  // Broadcasting [2, 1] with [3].
  %col = onnx.Constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %row = onnx.Constant dense<[10.0, 20.0, 40.0]> : tensor<3xf32>
  // CHECK{LITERAL}: onnx.Add = [[11, 21, 41], [12, 22, 42]]
  %0 = onnx.Add %col, %row : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK{LITERAL}: onnx.Sub = [[-9, -19, -39], [-8, -18, -38]]
  %1 = onnx.Sub %col, %row : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK{LITERAL}: onnx.Mul = [[10, 20, 40], [20, 40, 80]]
  %2 = onnx.Mul %col, %row : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK{LITERAL}: onnx.Div = [[0.1, 0.05, 0.025], [0.2, 0.1, 0.05]]
  %3 = onnx.Div %col, %row : (tensor<2x1xf32>, tensor<3xf32>) -> tensor<2x3xf32>

  // An extent of 0 broadcasts with 1.
  %none = onnx.Constant dense<> : tensor<0xf32>
  // CHECK: onnx.Add = [] of shape [2, 0]
  %empty = onnx.Add %col, %none : (tensor<2x1xf32>, tensor<0xf32>) -> tensor<2x0xf32>

  // Integers truncate towards zero and wrap.
  %i = onnx.Constant dense<[-7, 7, -128]> : tensor<3xi8>
  %j = onnx.Constant dense<[2, -2, -1]> : tensor<3xi8>
  // CHECK: onnx.Div = [-3, -3, -128]
  %4 = onnx.Div %i, %j : (tensor<3xi8>, tensor<3xi8>) -> tensor<3xi8>
  // CHECK: onnx.Mul = [49, 49, 0]
  %5 = onnx.Mul %i, %i : (tensor<3xi8>, tensor<3xi8>) -> tensor<3xi8>
  // CHECK: onnx.Neg = [7, -7, -128]
  %6 = onnx.Neg %i : (tensor<3xi8>) -> tensor<3xi8>
  // CHECK: onnx.Abs = [7, 7, -128]
  %7 = onnx.Abs %i : (tensor<3xi8>) -> tensor<3xi8>
  // CHECK: onnx.Relu = [0, 7, 0]
  %8 = onnx.Relu %i : (tensor<3xi8>) -> tensor<3xi8>
  %u = onnx.Constant dense<[3, 200]> : tensor<2xui8>
  // CHECK: onnx.Add = [6, 144]
  %9 = onnx.Add %u, %u : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>

  // The exponent may have another type.
  %three = onnx.Constant dense<3> : tensor<i64>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  // CHECK: onnx.Pow = [-8, -0.125, 0, 3.375]
  %10 = onnx.Pow %x, %three : (tensor<4xf32>, tensor<i64>) -> tensor<4xf32>
  // CHECK: onnx.Pow = [0.5, 1, 1.41421, 2]
  %11 = onnx.Pow %y, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: onnx.Pow = [27, -1]
  %ib = onnx.Constant dense<[3, -1]> : tensor<2xi32>
  %12 = onnx.Pow %ib, %three : (tensor<2xi32>, tensor<i64>) -> tensor<2xi32>

  // numpy.exp, log, sqrt, tanh; math.erf; 1 / x; 1 / (1 + exp(-x)).
  // CHECK: onnx.Exp = [0.135335, 0.606531, 1, 4.48169]
  %13 = onnx.Exp %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Log = [-1.38629, 0, 0.693147, 1.38629]
  %14 = onnx.Log %y : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Sqrt = [0.5, 1, 1.41421, 2]
  %15 = onnx.Sqrt %y : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Reciprocal = [4, 1, 0.5, 0.25]
  %16 = onnx.Reciprocal %y : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Erf = [-0.995322, -0.5205, 0, 0.966105]
  %17 = onnx.Erf %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Tanh = [-0.964028, -0.462117, 0, 0.905148]
  %18 = onnx.Tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Sigmoid = [0.119203, 0.377541, 0.5, 0.817575]
  %19 = onnx.Sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Neg = [2, 0.5, -0, -1.5]
  %20 = onnx.Neg %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Abs = [2, 0.5, 0, 1.5]
  %21 = onnx.Abs %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Relu = [0, 0, 0, 1.5]
  %22 = onnx.Relu %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Identity = [-2, -0.5, 0, 1.5]
  %23 = onnx.Identity %x : (tensor<4xf32>) -> tensor<4xf32>

  // Comparisons and logic.
  %c = onnx.Constant dense<[-2.0, 1.0, 0.0, 1.0]> : tensor<4xf32>
  // CHECK: onnx.Equal = [true, false, true, false]
  %24 = onnx.Equal %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: onnx.Less = [false, true, false, false]
  %25 = onnx.Less %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: onnx.LessOrEqual = [true, true, true, false]
  %26 = onnx.LessOrEqual %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: onnx.Greater = [false, false, false, true]
  %27 = onnx.Greater %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: onnx.GreaterOrEqual = [true, false, true, true]
  %28 = onnx.GreaterOrEqual %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xi1>
  // CHECK: onnx.And = [true, false, true, false]
  %29 = onnx.And %24, %28 : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  // CHECK: onnx.Or = [true, true, true, false]
  %30 = onnx.Or %24, %25 : (tensor<4xi1>, tensor<4xi1>) -> tensor<4xi1>
  // CHECK: onnx.Not = [false, false, false, true]
  %31 = onnx.Not %30 : (tensor<4xi1>) -> tensor<4xi1>
  // CHECK: onnx.Where = [-2, 7, 0, 7]
  %seven = onnx.Constant dense<7.0> : tensor<f32>
  %32 = onnx.Where %24, %x, %seven : (tensor<4xi1>, tensor<4xf32>, tensor<f32>) -> tensor<4xf32>

  // Cast: to integers truncated, to booleans x != 0, to narrow integers wrapped.
  // CHECK: onnx.Cast = [-2, 0, 0, 1]
  %33 = onnx.Cast %x : (tensor<4xf32>) -> tensor<4xi64>
  // CHECK: onnx.Cast = [true, true, false, true]
  %34 = onnx.Cast %x : (tensor<4xf32>) -> tensor<4xi1>
  // CHECK: onnx.Cast = [1, 1, 0, 1]
  %35 = onnx.Cast %34 : (tensor<4xi1>) -> tensor<4xf32>
  %big = onnx.Constant dense<[300, -1]> : tensor<2xi32>
  // CHECK: onnx.Cast = [44, 255]
  %36 = onnx.Cast %big : (tensor<2xi32>) -> tensor<2xui8>
  // CHECK: onnx.Cast = [true, true]
  %37 = onnx.Cast %big : (tensor<2xi32>) -> tensor<2xi1>
  return
}

// 1/3 to nine digits as float32, float16, bfloat16 (numpy.float32, float16; by
// hand: 0x3eab) and unrounded.
func.func @rounding() {
  %three = onnx.Constant dense<3.0> : tensor<f32>
  // F32: onnx.Reciprocal = 0.333333343
  // F64: onnx.Reciprocal = 0.333333333
  %0 = onnx.Reciprocal %three : (tensor<f32>) -> tensor<f32>
  // F32: onnx.Cast = 0.333251953
  // F64: onnx.Cast = 0.333333333
  %1 = onnx.Cast %0 : (tensor<f32>) -> tensor<f16>
  // F32: onnx.Cast = 0.333984375
  // F64: onnx.Cast = 0.333333333
  %2 = onnx.Cast %0 : (tensor<f32>) -> tensor<bf16>
  // F32: onnx.Cast = 0.333333343
  %3 = onnx.Cast %0 : (tensor<f32>) -> tensor<f64>
  return
}
