// Extents that are computed from inputs may be more than memory counts: the
// host is asked for more than there is, not for what is left of the product.
// RUN: ockham compile %s --passes canonicalize -o %t.so --quiet
// RUN: %python -c "import numpy; numpy.save('%t.npy', numpy.int64(2 ** 31))"
// RUN: not ockham run %t.so --input n=%t.npy 2>&1 | FileCheck %s --check-prefix=LARGE
// LARGE: ockham: error: an allocation of 'forward' needs 16.0 EiB
// RUN: %python -c "import numpy; numpy.save('%t.npy', numpy.int64(0))"
// RUN: ockham run %t.so --input n=%t.npy | FileCheck %s --check-prefix=EMPTY
// EMPTY: y: float32 [], from 0 to 0
func.func @forward(%n: tensor<i64> {ockham.name = "n"}) -> (tensor<f32> {ockham.name = "y"})
    attributes {ockham.entry = "forward"} {
  %0 = tensor.extract %n[] : tensor<i64>
  %1 = arith.index_cast %0 : i64 to index
  %2 = onnx.ConstantOfShape [%1, %1, 16] value 1.0 : f32 -> tensor<?x?x16xf32>
  %3 = onnx.Softmax %2 {axis = 2} : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %4 = onnx.ReduceSum %3 {axes = array<i64: 0, 1, 2>} : (tensor<?x?x16xf32>) -> tensor<f32>
  return %4 : tensor<f32>
}
