// RUN: ockham-interpret %s --trace | FileCheck %s
// RUN: ockham-interpret %s --entry casts --trace | FileCheck %s --check-prefix CAST
// RUN: ockham-interpret %s --entry reductions --trace | FileCheck %s --check-prefix REDUCE

// The numbers are NumPy's.
func.func @forward() {
  // Bits that are large numbers, not negative ones.
  %u = onnx.Constant dense<[200, 7, 0]> : tensor<3xui8>
  %v = onnx.Constant dense<[3, 9, 255]> : tensor<3xui8>
  // CHECK: onnx.Div = [66, 0, 0]
  %0 = onnx.Div %u, %v : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  // CHECK: onnx.Mod = [2, 7, 0]
  %1 = onnx.Mod %u, %v : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  // CHECK: onnx.Sub = [197, 254, 1]
  %2 = onnx.Sub %u, %v : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  // CHECK: onnx.Max = [200, 9, 255]
  %3 = onnx.Max %u, %v : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  // CHECK: onnx.Less = [false, true, true]
  %4 = onnx.Less %u, %v : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xi1>
  // CHECK: onnx.Abs = [200, 7, 0]
  %5 = onnx.Abs %u : (tensor<3xui8>) -> tensor<3xui8>
  // CHECK: onnx.BitShift = [25, 0, 0]
  %6 = onnx.BitShift %u, %v : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  // CHECK: onnx.BitShift = [64, 0, 0]
  %7 = onnx.BitShift %u, %v {left} : (tensor<3xui8>, tensor<3xui8>) -> tensor<3xui8>
  %w = onnx.Constant dense<[18446744073709551615, 9223372036854775808]> : tensor<2xui64>
  %ten = onnx.Constant dense<10> : tensor<ui64>
  // CHECK: onnx.Div = [1844674407370955161, 922337203685477580]
  %8 = onnx.Div %w, %ten : (tensor<2xui64>, tensor<ui64>) -> tensor<2xui64>
  // CHECK: onnx.Mod = [5, 8]
  %9 = onnx.Mod %w, %ten : (tensor<2xui64>, tensor<ui64>) -> tensor<2xui64>
  // CHECK: onnx.Min = [10, 10]
  %10 = onnx.Min %w, %ten : (tensor<2xui64>, tensor<ui64>) -> tensor<2xui64>
  // CHECK: onnx.Cast = [1.84467e+19, 9.22337e+18]
  %11 = onnx.Cast %w : (tensor<2xui64>) -> tensor<2xf32>
  // CHECK: onnx.ReduceMax = 18446744073709551615
  %12 = onnx.ReduceMax %w {axes = array<i64: 0>} : (tensor<2xui64>) -> tensor<ui64>

  // The remainder has the divisor's sign, with fmod the dividend's.
  %i = onnx.Constant dense<[-7, 7, -128, 6]> : tensor<4xi8>
  %j = onnx.Constant dense<[3, -3, -1, 3]> : tensor<4xi8>
  // CHECK: onnx.Mod = [2, -2, 0, 0]
  %13 = onnx.Mod %i, %j : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK: onnx.Mod = [-1, 1, 0, 0]
  %14 = onnx.Mod %i, %j {fmod} : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK: onnx.BitwiseAnd = [1, 5, -128, 2]
  %15 = onnx.BitwiseAnd %i, %j : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK: onnx.BitwiseOr = [-5, -1, -1, 7]
  %16 = onnx.BitwiseOr %i, %j : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  // CHECK: onnx.BitwiseXor = [-6, -6, 127, 5]
  %17 = onnx.BitwiseXor %i, %j : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>

  %x = onnx.Constant dense<[-2.5, -0.5, 0.5, 1.5]> : tensor<4xf32>
  %y = onnx.Constant dense<[2.0, -0.75, 0x7FC00000, 1.25]> : tensor<4xf32>
  // CHECK: onnx.Max = [2, -0.5, nan, 1.5]
  %18 = onnx.Max %x, %y : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Min = [-2.5, -0.75, nan, 1.25]
  %19 = onnx.Min %y, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Mod = [-0.5, -0.5, nan, 0.25]
  %20 = onnx.Mod %x, %y {fmod} : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Round = [-2, -0, 0, 2]
  %21 = onnx.Round %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Floor = [-3, -1, 0, 1]
  %22 = onnx.Floor %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Ceil = [-2, -0, 1, 2]
  %23 = onnx.Ceil %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Sin = [-0.598472, -0.479426, 0.479426, 0.997495]
  %24 = onnx.Sin %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Cos = [-0.801144, 0.877583, 0.877583, 0.0707372]
  %25 = onnx.Cos %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Tan = [0.747022, -0.546302, 0.546302, 14.1014]
  %26 = onnx.Tan %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Asin = [nan, -0.523599, 0.523599, nan]
  %27 = onnx.Asin %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Acos = [nan, 2.0944, 1.0472, nan]
  %28 = onnx.Acos %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Atan = [-1.19029, -0.463648, 0.463648, 0.982794]
  %29 = onnx.Atan %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Sinh = [-6.0502, -0.521095, 0.521095, 2.12928]
  %30 = onnx.Sinh %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Cosh = [6.13229, 1.12763, 1.12763, 2.35241]
  %31 = onnx.Cosh %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Asinh = [-1.64723, -0.481212, 0.481212, 1.19476]
  %32 = onnx.Asinh %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Acosh = [nan, nan, nan, 0.962424]
  %33 = onnx.Acosh %x : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: onnx.Atanh = [nan, -0.549306, 0.549306, nan]
  %34 = onnx.Atanh %x : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// What an integer type cannot hold goes through the nearest integer of 32 or 64
// bits.
func.func @casts() {
  %x = onnx.Constant dense<[-1.5, 300.7, 3.0e+9, 1.0e+19, 1.0e+30, 0x7FC00000]> : tensor<6xf32>
  // CAST: onnx.Cast = [-1, 44, -1, -1, -1, 0]
  %0 = onnx.Cast %x : (tensor<6xf32>) -> tensor<6xi8>
  // CAST: onnx.Cast = [255, 44, 255, 255, 255, 0]
  %1 = onnx.Cast %x : (tensor<6xf32>) -> tensor<6xui8>
  // CAST: onnx.Cast = [-1, 300, 2147483647, 2147483647, 2147483647, -2147483648]
  %2 = onnx.Cast %x : (tensor<6xf32>) -> tensor<6xi32>
  // CAST: onnx.Cast = [4294967295, 300, 3000000000, 4294967295, 4294967295, 0]
  %3 = onnx.Cast %x : (tensor<6xf32>) -> tensor<6xui32>
  // CAST: onnx.Cast = [-1, 300, 3000000000, 9223372036854775807, 9223372036854775807, -9223372036854775808]
  %4 = onnx.Cast %x : (tensor<6xf32>) -> tensor<6xi64>
  // CAST: onnx.Cast = [18446744073709551615, 300, 3000000000, 9999999980506447872, 18446744073709551615, 9223372036854775808]
  %5 = onnx.Cast %x : (tensor<6xf32>) -> tensor<6xui64>
  return
}

func.func @reductions() {
  %x = onnx.Constant dense<[[3.0, -1.0, 3.0], [2.0, 0x7FC00000, 2.0]]> : tensor<2x3xf32>
  // REDUCE: onnx.ReduceMin = [-1, nan]
  %0 = onnx.ReduceMin %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  // REDUCE: onnx.ReduceProd = [-9, nan]
  %1 = onnx.ReduceProd %x {axes = array<i64: 1>} : (tensor<2x3xf32>) -> tensor<2xf32>
  // A NaN is the largest and the smallest.
  // REDUCE: onnx.ArgMax = [0, 1]
  %2 = onnx.ArgMax %x {axis = 1} : (tensor<2x3xf32>) -> tensor<2xi64>
  // REDUCE{LITERAL}: onnx.ArgMax = [[2], [1]]
  %3 = onnx.ArgMax %x {axis = 1, keepdims, selectLast} : (tensor<2x3xf32>) -> tensor<2x1xi64>
  // REDUCE: onnx.ArgMin = [1, 1]
  %4 = onnx.ArgMin %x {axis = 1} : (tensor<2x3xf32>) -> tensor<2xi64>
  // REDUCE: onnx.ArgMin = [1, 1, 1]
  %5 = onnx.ArgMin %x {axis = 0} : (tensor<2x3xf32>) -> tensor<3xi64>
  %none = onnx.Constant dense<> : tensor<2x0xui8>
  // REDUCE: onnx.ReduceMin = [255, 255]
  %6 = onnx.ReduceMin %none {axes = array<i64: 1>} : (tensor<2x0xui8>) -> tensor<2xui8>
  // REDUCE: onnx.ReduceMax = [0, 0]
  %7 = onnx.ReduceMax %none {axes = array<i64: 1>} : (tensor<2x0xui8>) -> tensor<2xui8>
  // REDUCE: onnx.ReduceProd = [1, 1]
  %8 = onnx.ReduceProd %none {axes = array<i64: 1>} : (tensor<2x0xui8>) -> tensor<2xui8>
  return
}
