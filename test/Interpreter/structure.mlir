// RUN: ockham-interpret %s | FileCheck %s
// RUN: ockham-interpret %s --entry weights --digits 8 | FileCheck %s --check-prefix WEIGHTS
// RUN: ockham-interpret %s --entry arith --trace | FileCheck %s --check-prefix ARITH
// RUN: ockham-interpret %s --entry tensors --trace | FileCheck %s --check-prefix TENSORS

// Blocks, parallel branches, calls and conditions.
func.func @double(%x: tensor<1x1x2xf32>) -> tensor<1x1x2xf32> {
  %y = tfm.add_scaled %x, %x : tensor<1x1x2xf32>
  return %y : tensor<1x1x2xf32>
}

// CHECK{LITERAL}: sum: float32 [1, 1, 2] = [[[5, 10]]]
// CHECK{LITERAL}: chosen: float32 [1, 1, 2] = [[[2, 4]]]
// CHECK: result2: int64 [] = 2
func.func @forward() -> (tensor<1x1x2xf32> {ockham.name = "sum"},
                         tensor<1x1x2xf32> {ockham.name = "chosen"}, index) {
  %x = onnx.Constant dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %y = tfm.block sas_p index 0 "h.0" {
    %a, %m = tfm.parallel {
      %0 = func.call @double(%x) : (tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
      tfm.yield %0 : tensor<1x1x2xf32>
    }, {
      %0 = func.call @double(%x) : (tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
      %1 = tfm.add_scaled %x, %0 : tensor<1x1x2xf32>
      tfm.yield %1 : tensor<1x1x2xf32>
    } : tensor<1x1x2xf32>, tensor<1x1x2xf32>
    %sum = tfm.add_scaled %a, %m : tensor<1x1x2xf32>
    tfm.yield %sum : tensor<1x1x2xf32>
  } : tensor<1x1x2xf32>
  %c2 = arith.constant 2 : index
  %dim = tensor.dim %y, %c2 : tensor<1x1x2xf32>
  %small = arith.cmpi slt, %dim, %c2 : index
  %chosen = scf.if %small -> tensor<1x1x2xf32> {
    scf.yield %y : tensor<1x1x2xf32>
  } else {
    %scaled = tfm.scale %x, %two : tensor<1x1x2xf32>, tensor<f32>
    scf.yield %scaled : tensor<1x1x2xf32>
  }
  %two_wide = arith.cmpi eq, %dim, %c2 : index
  ockham.check %two_wide, "not reached"
  return %y, %chosen, %dim : tensor<1x1x2xf32>, tensor<1x1x2xf32>, index
}

// 1 + 0.5 N(0, 1): Philox4x32-10 with key 7 and Box-Muller, computed apart in
// Python.
// WEIGHTS{LITERAL}: result0: float16 [2, 2] = [[1, 2], [3, 65504]]
// WEIGHTS: result1: float32 [4] = [1.0001458, 0.8475765, 1.8943787, 1.533936{{[23]}}]
// WEIGHTS: result2: bool [3] = [true, false, true]
// WEIGHTS: result3: uint8 [2] = [255, 255]
ockham.weight @half : tensor<2x2xf16> = dense<[[1.0, 2.0], [3.0, 65504.0]]> : tensor<2x2xf16>
ockham.weight @normal : tensor<4xf32> init #ockham.normal<mean = 1.0 : f64, std = 0.5 : f64, seed = 7>
ockham.weight @bits : tensor<3xi1> = dense<[true, false, true]> : tensor<3xi1>
ockham.weight @bytes : tensor<2xui8> = dense<255> : tensor<2xui8>
func.func @weights() -> (tensor<2x2xf16>, tensor<4xf32>, tensor<3xi1>, tensor<2xui8>) {
  %0 = ockham.load_weight @half : tensor<2x2xf16>
  %1 = ockham.load_weight @normal : tensor<4xf32>
  %2 = ockham.load_weight @bits : tensor<3xi1>
  %3 = ockham.load_weight @bytes : tensor<2xui8>
  return %0, %1, %2, %3 : tensor<2x2xf16>, tensor<4xf32>, tensor<3xi1>, tensor<2xui8>
}

func.func @arith() {
  %a = arith.constant -7 : i32
  %b = arith.constant 2 : i32
  // ARITH: arith.addi = -5
  %0 = arith.addi %a, %b : i32
  // ARITH: arith.divsi = -3
  %1 = arith.divsi %a, %b : i32
  // ARITH: arith.floordivsi = -4
  %2 = arith.floordivsi %a, %b : i32
  // ARITH: arith.ceildivsi = -3
  %3 = arith.ceildivsi %a, %b : i32
  // ARITH: arith.remsi = -1
  %4 = arith.remsi %a, %b : i32
  // (2^32 - 7) / 2
  // ARITH: arith.divui = 2147483644
  %5 = arith.divui %a, %b : i32
  // ARITH: arith.maxsi = 2
  %6 = arith.maxsi %a, %b : i32
  // ARITH: arith.maxui = -7
  %7 = arith.maxui %a, %b : i32
  // ARITH: arith.cmpi = true
  %8 = arith.cmpi slt, %a, %b : i32
  // ARITH: arith.cmpi = false
  %9 = arith.cmpi ult, %a, %b : i32
  // ARITH: arith.extsi = -1
  %10 = arith.extsi %8 : i1 to i8
  // ARITH: arith.extui = 1
  %11 = arith.extui %8 : i1 to i8
  // ARITH: arith.index_cast = -7
  %12 = arith.index_cast %a : i32 to index
  // ARITH: arith.select = -7
  %13 = arith.select %8, %a, %b : i32
  // ARITH: arith.sitofp = -7
  %14 = arith.sitofp %a : i32 to f32
  // ARITH: arith.mulf = 49
  %15 = arith.mulf %14, %14 : f32
  // ARITH: arith.cmpf = true
  %16 = arith.cmpf ogt, %15, %14 : f32
  return
}

func.func @tensors() {
  %x = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi32>
  %c1 = arith.constant 1 : index
  // TENSORS: tensor.dim = 3
  %0 = tensor.dim %x, %c1 : tensor<2x3xi32>
  // TENSORS: tensor.extract = 5
  %1 = tensor.extract %x[%c1, %c1] : tensor<2x3xi32>
  // TENSORS: tensor.from_elements = [5, 5]
  %2 = tensor.from_elements %1, %1 : tensor<2xi32>
  // TENSORS: tensor.extract_slice = [4, 6]
  %3 = tensor.extract_slice %x[1, 0] [1, 2] [1, 2] : tensor<2x3xi32> to tensor<2xi32>
  // TENSORS: tensor.splat = [5, 5, 5]
  %4 = tensor.splat %1[%0] : tensor<?xi32>
  // TENSORS: tensor.cast = [5, 5, 5]
  %5 = tensor.cast %4 : tensor<?xi32> to tensor<3xi32>
  // TENSORS: tensor.collapse_shape = [1, 2, 3, 4, 5, 6]
  %6 = tensor.collapse_shape %x [[0, 1]] : tensor<2x3xi32> into tensor<6xi32>
  // TENSORS{LITERAL}: tensor.expand_shape = [[1, 2], [3, 4], [5, 6]]
  %7 = tensor.expand_shape %6 [[0, 1]] output_shape [3, 2] : tensor<6xi32> into tensor<3x2xi32>
  // What is not written is not a number.
  // TENSORS: tensor.empty = [nan, nan]
  %8 = tensor.empty() : tensor<2xf32>
  return
}
