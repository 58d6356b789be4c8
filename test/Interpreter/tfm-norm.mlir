// RUN: ockham-interpret %s --trace | FileCheck %s

func.func @forward() {
  %x = onnx.Constant dense<[[1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 4.0, 4.0]]> : tensor<2x4xf32>
  %g = onnx.Constant dense<[1.0, 2.0, 1.0, 2.0]> : tensor<4xf32>
  %b = onnx.Constant dense<[0.0, 0.0, 1.0, 1.0]> : tensor<4xf32>

  // (x - mean) / sqrt(var + eps) * g + b
  // CHECK{LITERAL}: tfm.norm = [[-1.06904, -1.06904, 1, 4.20713], [-0.999999, -2, 2, 3]]
  %0 = tfm.norm layer %x scale %g shift %b {eps = 1.0e-5 : f64} : tensor<2x4xf32>, scale tensor<4xf32>, shift tensor<4xf32>
  // CHECK{LITERAL}: tfm.norm = [[-1, -0.5, 0, 1.5], [-0.942809, -0.942809, 0.942809, 0.942809]]
  %1 = tfm.norm layer %x {eps = 0.5 : f64} : tensor<2x4xf32>

  // x / sqrt(mean(x^2) + 0.5), then x / (sqrt(mean(x^2)) + 0.5)
  // CHECK{LITERAL}: tfm.norm = [[0.27735, 0.5547, 0.83205, 1.6641], [0, 0, 1.37199, 1.37199]]
  %2 = tfm.norm rms %x {eps = 0.5 : f64} : tensor<2x4xf32>
  // CHECK{LITERAL}: tfm.norm = [[0.247799, 0.991195, 0.743396, 2.97358], [0, 0, 1.20177, 2.40354]]
  %3 = tfm.norm rms %x scale %g {eps = 0.5 : f64, eps_outside} : tensor<2x4xf32>, scale tensor<4xf32>

  // (x - mean) / 2, x / 2, (x - mean) / [1, 2, 4, 8]
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %channels = onnx.Constant dense<[1.0, 2.0, 4.0, 8.0]> : tensor<4xf32>
  // CHECK{LITERAL}: tfm.norm = [[-1, -0.5, 0, 1.5], [-1, -1, 1, 1]]
  %4 = tfm.norm fixed %x std %two : tensor<2x4xf32>, std tensor<f32>
  // CHECK{LITERAL}: tfm.norm = [[0.5, 1, 1.5, 3], [0, 0, 2, 2]]
  %5 = tfm.norm fixed %x std %two {uncentred} : tensor<2x4xf32>, std tensor<f32>
  // CHECK{LITERAL}: tfm.norm = [[-2, -0.5, 0, 0.375], [-2, -1, 0.5, 0.25]]
  %6 = tfm.norm fixed %x std %channels {std_axis = #tfm<std_axis channel>} : tensor<2x4xf32>, std tensor<4xf32>

  // Position past[b] + t of [1, 2, 4, 8]; the second sequence is at 2, 3 and 4,
  // which is beyond the last entry.
  %rows = onnx.Constant dense<[[[1.0, 3.0], [2.0, 6.0], [0.0, 4.0]], [[1.0, 3.0], [2.0, 6.0], [0.0, 4.0]]]> : tensor<2x3x2xf32>
  %past = onnx.Constant dense<[0, 2]> : tensor<2xi64>
  // CHECK{LITERAL}: tfm.norm = [[[-1, 1], [-1, 1], [-0.5, 0.5]], [[-0.25, 0.25], [-0.25, 0.25], [-0.25, 0.25]]]
  %7 = tfm.norm fixed %rows std %channels past %past {std_axis = #tfm<std_axis position>} : tensor<2x3x2xf32>, std tensor<4xf32>, past tensor<2xi64>
  // CHECK{LITERAL}: tfm.norm = [[-2, -1, 0, 3], [-1, -1, 1, 1]]
  %8 = tfm.norm fixed %x std %channels {std_axis = #tfm<std_axis position>} : tensor<2x4xf32>, std tensor<4xf32>

  // tanh(0.5 x); 2 erf([0.1, 0.2, 0.3, 0.4] x + 0.5) - 1
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %alpha = onnx.Constant dense<[0.1, 0.2, 0.3, 0.4]> : tensor<4xf32>
  %doubled = onnx.Constant dense<2.0> : tensor<4xf32>
  %minus = onnx.Constant dense<-1.0> : tensor<4xf32>
  // CHECK{LITERAL}: tfm.norm = [[0.462117, 0.761594, 0.905148, 0.995055], [0, 0, 0.964028, 0.964028]]
  %9 = tfm.norm tanh %x alpha %half : tensor<2x4xf32>, alpha tensor<f32>
  // CHECK{LITERAL}: tfm.norm = [[0.207712, 0.593816, 0.90457, 0.999918], [0.0409998, 0.0409998, 0.967581, 0.994041]]
  %10 = tfm.norm erf %x scale %doubled shift %minus alpha %alpha offset %half : tensor<2x4xf32>, scale tensor<4xf32>, shift tensor<4xf32>, alpha tensor<4xf32>, offset tensor<f32>
  return
}
