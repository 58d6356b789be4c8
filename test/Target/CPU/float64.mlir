// Functions of float64 are the C library's, one call per element.
// RUN: ockham compile %s --passes canonicalize -o %t.so --quiet
// RUN: %python -c "import numpy; numpy.save('%t.npy', numpy.full((3, 20), 0.5))"
// RUN: ockham run %t.so --input x=%t.npy | FileCheck %s
// CHECK: erf: float64 [3, 20], from 0.5205 to 0.5205
// CHECK: exp: float64 [3, 20], from 1.64872 to 1.64872
// CHECK: tanh: float64 [3, 20], from 0.462117 to 0.462117
func.func @forward(%x: tensor<?x20xf64> {ockham.name = "x"})
    -> (tensor<?x20xf64> {ockham.name = "erf"}, tensor<?x20xf64> {ockham.name = "exp"},
        tensor<?x20xf64> {ockham.name = "tanh"}) attributes {ockham.entry = "forward"} {
  %0 = onnx.Erf %x : (tensor<?x20xf64>) -> tensor<?x20xf64>
  %1 = onnx.Exp %x : (tensor<?x20xf64>) -> tensor<?x20xf64>
  %2 = onnx.Tanh %x : (tensor<?x20xf64>) -> tensor<?x20xf64>
  return %0, %1, %2 : tensor<?x20xf64>, tensor<?x20xf64>, tensor<?x20xf64>
}
