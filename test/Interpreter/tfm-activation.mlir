// RUN: ockham-interpret %s --trace | FileCheck %s

// The formulas of the op's description, in NumPy.
func.func @forward() {
  %x = onnx.Constant dense<[-3.0, -1.0, 0.0, 0.5, 2.0]> : tensor<5xf32>
  %slope = onnx.Constant dense<0.1> : tensor<f32>
  // CHECK: tfm.activation = [0, 0, 0, 0.5, 2]
  %0 = tfm.activation relu %x : tensor<5xf32>
  // CHECK: tfm.activation = [-0.3, -0.1, 0, 0.5, 2]
  %1 = tfm.activation leaky_relu %x slope %slope : tensor<5xf32>, tensor<f32>
  // CHECK: tfm.activation = [-0.00404969, -0.158655, 0, 0.345731, 1.9545]
  %2 = tfm.activation gelu_erf %x : tensor<5xf32>
  // CHECK: tfm.activation = [-0.00363739, -0.158808, 0, 0.345714, 1.9546]
  %3 = tfm.activation gelu_tanh %x : tensor<5xf32>
  // CHECK: tfm.activation = [-0.0180713, -0.154204, 0, 0.350388, 1.93566]
  %4 = tfm.activation gelu_sigmoid %x : tensor<5xf32>
  // CHECK: tfm.activation = [-0.142278, -0.268941, 0, 0.31123, 1.76159]
  %5 = tfm.activation silu %x : tensor<5xf32>
  // CHECK: tfm.activation = [-0.995055, -0.761594, 0, 0.462117, 0.964028]
  %6 = tfm.activation tanh %x : tensor<5xf32>
  // CHECK: tfm.activation = [0.0474259, 0.268941, 0.5, 0.622459, 0.880797]
  %7 = tfm.activation sigmoid %x : tensor<5xf32>

  %a = onnx.Constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = onnx.Constant dense<[[10.0, 20.0], [30.0, 40.0]]> : tensor<2x2xf32>
  %two = onnx.Constant dense<[2.0]> : tensor<1xf32>
  %v = onnx.Constant dense<[1.0, -1.0]> : tensor<2xf32>
  // CHECK{LITERAL}: tfm.add_scaled = [[11, 22], [33, 44]]
  %8 = tfm.add_scaled %a, %b : tensor<2x2xf32>
  // CHECK{LITERAL}: tfm.add_scaled = [[12, -16], [36, -32]]
  %9 = tfm.add_scaled %a gain %two, %b gain %v : tensor<2x2xf32>, gain tensor<1xf32>, gain tensor<2xf32>
  // CHECK{LITERAL}: tfm.scale = [[1, -2], [3, -4]]
  %10 = tfm.scale %a, %v : tensor<2x2xf32>, tensor<2xf32>
  // What shares a kernel means what it means alone.
  // CHECK{LITERAL}: tfm.gate = [[10, -40], [90, -160]]
  // CHECK{LITERAL}: tfm.fused = [[11, -38], [93, -156]]
  %11 = tfm.fused {
    %12 = tfm.gate %10, %b : tensor<2x2xf32>
    %13 = tfm.add_scaled %12, %a : tensor<2x2xf32>
    tfm.yield %13 : tensor<2x2xf32>
  } : tensor<2x2xf32>
  return
}
