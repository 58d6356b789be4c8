// RUN: ockham-interpret %s --trace | FileCheck %s

// Every expected value follows from the definition in the dialect's description
// by hand; numbers at random are compared with other programs elsewhere.

func.func @forward() {
  %x = onnx.Constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi64>

  // x[r, i[r, c]], negative from the back.
  %ids = onnx.Constant dense<[[2, -3], [-1, 1]]> : tensor<2x2xi64>
  // CHECK{LITERAL}: onnx.GatherElements = [[2, 0], [5, 4]]
  %0 = onnx.GatherElements %x, %ids {axis = 1} : (tensor<2x3xi64>, tensor<2x2xi64>) -> tensor<2x2xi64>
  // Fewer rows of indices than of data.
  %row = onnx.Constant dense<[[1, 0, -1]]> : tensor<1x3xi32>
  // CHECK{LITERAL}: onnx.GatherElements = [[3, 1, 5]]
  %1 = onnx.GatherElements %x, %row {axis = 0} : (tensor<2x3xi64>, tensor<1x3xi32>) -> tensor<1x3xi64>

  %lists = onnx.Constant dense<[[1, 2], [-2, 0]]> : tensor<2x2xi64>
  // CHECK: onnx.GatherND = [5, 0]
  %2 = onnx.GatherND %x, %lists {batch_dims = 0} : (tensor<2x3xi64>, tensor<2x2xi64>) -> tensor<2xi64>
  %rows = onnx.Constant dense<[[[1]], [[0]]]> : tensor<2x1x1xi64>
  // CHECK{LITERAL}: onnx.GatherND = [[[3, 4, 5]], [[0, 1, 2]]]
  %3 = onnx.GatherND %x, %rows {batch_dims = 0} : (tensor<2x3xi64>, tensor<2x1x1xi64>) -> tensor<2x1x3xi64>
  // CHECK{LITERAL}: onnx.GatherND = [[1], [3]]
  %4 = onnx.GatherND %x, %rows {batch_dims = 1} : (tensor<2x3xi64>, tensor<2x1x1xi64>) -> tensor<2x1xi64>

  // Of two that go to the same place the last one stays.
  %u = onnx.Constant dense<[[10, 20], [30, 40]]> : tensor<2x2xi64>
  %same = onnx.Constant dense<[[1, 1], [0, -1]]> : tensor<2x2xi64>
  // CHECK{LITERAL}: onnx.ScatterElements = [[0, 20, 2], [30, 4, 40]]
  %5 = onnx.ScatterElements replace %x, %same, %u {axis = 1} : (tensor<2x3xi64>, tensor<2x2xi64>, tensor<2x2xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.ScatterElements = [[0, 31, 2], [33, 4, 45]]
  %6 = onnx.ScatterElements add %x, %same, %u {axis = 1} : (tensor<2x3xi64>, tensor<2x2xi64>, tensor<2x2xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.ScatterElements = [[0, 200, 2], [90, 4, 200]]
  %7 = onnx.ScatterElements mul %x, %same, %u {axis = 1} : (tensor<2x3xi64>, tensor<2x2xi64>, tensor<2x2xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.ScatterElements = [[0, 1, 2], [3, 4, 5]]
  %8 = onnx.ScatterElements min %x, %same, %u {axis = 1} : (tensor<2x3xi64>, tensor<2x2xi64>, tensor<2x2xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.ScatterElements = [[0, 20, 2], [30, 4, 40]]
  %9 = onnx.ScatterElements max %x, %same, %u {axis = 1} : (tensor<2x3xi64>, tensor<2x2xi64>, tensor<2x2xi64>) -> tensor<2x3xi64>

  // Whole rows.
  %place = onnx.Constant dense<[[-1]]> : tensor<1x1xi64>
  %new = onnx.Constant dense<[[7, 8, 9]]> : tensor<1x3xi64>
  // CHECK{LITERAL}: onnx.ScatterND = [[0, 1, 2], [7, 8, 9]]
  %10 = onnx.ScatterND replace %x, %place, %new : (tensor<2x3xi64>, tensor<1x1xi64>, tensor<1x3xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.ScatterND = [[0, 1, 2], [10, 12, 14]]
  %11 = onnx.ScatterND add %x, %place, %new : (tensor<2x3xi64>, tensor<1x1xi64>, tensor<1x3xi64>) -> tensor<2x3xi64>

  %v = onnx.Constant dense<9> : tensor<i64>
  %one = arith.constant 1 : index
  // CHECK{LITERAL}: onnx.Pad = [[9, 0, 1, 2], [9, 3, 4, 5], [9, 9, 9, 9]]
  %12 = onnx.Pad constant %x value %v low [0, %one] high [1, 0] : (tensor<2x3xi64>, tensor<i64>) -> tensor<3x?xi64>
  // Fewer on one side, more on the other.
  // CHECK{LITERAL}: onnx.Pad = [[1, 2, 0], [4, 5, 0]]
  %13 = onnx.Pad constant %x low [0, -1] high [0, 1] : (tensor<2x3xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.Pad = [[0, 0, 0, 1, 2, 2], [3, 3, 3, 4, 5, 5]]
  %14 = onnx.Pad edge %x low [0, 2] high [0, 1] : (tensor<2x3xi64>) -> tensor<2x6xi64>
  // More than there is to mirror: it goes on back and forth.
  // CHECK{LITERAL}: onnx.Pad = [[1, 2, 1, 0, 1, 2, 1, 0], [4, 5, 4, 3, 4, 5, 4, 3]]
  %15 = onnx.Pad reflect %x low [0, 3] high [0, 2] : (tensor<2x3xi64>) -> tensor<2x8xi64>
  // CHECK{LITERAL}: onnx.Pad = [[2, 0, 1, 2, 0, 1, 2, 0], [5, 3, 4, 5, 3, 4, 5, 3]]
  %16 = onnx.Pad wrap %x low [0, 4] high [0, 1] : (tensor<2x3xi64>) -> tensor<2x8xi64>

  // CHECK{LITERAL}: onnx.CumSum = [[0, 1, 3], [3, 7, 12]]
  %17 = onnx.CumSum %x {axis = 1} : (tensor<2x3xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.CumSum = [[3, 2, 0], [9, 5, 0]]
  %18 = onnx.CumSum %x {axis = 1, exclusive, reverse} : (tensor<2x3xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.CumSum = [[0, 1, 2], [3, 5, 7]]
  %19 = onnx.CumSum %x {axis = 0} : (tensor<2x3xi64>) -> tensor<2x3xi64>

  // Sizes that are known only here.
  // CHECK{LITERAL}: onnx.Split = [[0], [3]]
  // CHECK{LITERAL}: onnx.Split = [[1, 2], [4, 5]]
  %20, %21 = onnx.Split %x into [%one, 2] {axis = 1} : (tensor<2x3xi64>) -> (tensor<2x?xi64>, tensor<2x2xi64>)

  // Two groups of one channel, a stride, a hole in the kernel, a zero before.
  %image = onnx.Constant dense<[[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]]> : tensor<1x2x4xf32>
  %kernel = onnx.Constant dense<[[[1.0, 10.0]], [[1.0, -1.0]]]> : tensor<2x1x2xf32>
  %bias = onnx.Constant dense<[0.0, 0.5]> : tensor<2xf32>
  // CHECK{LITERAL}: onnx.Conv = [[[20, 42], [-5.5, -1.5]]]
  %22 = onnx.Conv %image, %kernel bias %bias {strides = array<i64: 2>, dilations = array<i64: 2>, pads = array<i64: 1, 0>, group = 2}
      : (tensor<1x2x4xf32>, tensor<2x1x2xf32>, tensor<2xf32>) -> tensor<1x2x2xf32>

  %square = onnx.Constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi64>
  // CHECK: onnx.Einsum = [1, 4]
  %23 = onnx.Einsum "ii->i" %square : (tensor<2x2xi64>) -> tensor<2xi64>
  // CHECK: onnx.Einsum = 5
  %24 = onnx.Einsum "ii->" %square : (tensor<2x2xi64>) -> tensor<i64>
  // CHECK{LITERAL}: onnx.Einsum = [[7, 15], [10, 22]]
  %25 = onnx.Einsum "ij,jk->ki" %square, %square : (tensor<2x2xi64>, tensor<2x2xi64>) -> tensor<2x2xi64>
  return
}
