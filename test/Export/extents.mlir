// Extents that are the operand's are not computed: 0 in a Reshape, 1 in an
// Expand. Others are, once.

// RUN: ockham-translate --export-onnx %s -o %t.onnx
// RUN: %python %S/Inputs/dump.py %t.onnx | FileCheck %s
// RUN: %python -c "import onnx; onnx.checker.check_model('%t.onnx', full_check=True)"

// CHECK-DAG: initializer [[HEADS:.+]]: INT64[4] [0, 0, 4, 2]
// CHECK-DAG: initializer [[FLAT:.+]]: INT64[2] [-1, 8]
// CHECK: = Reshape(x, [[HEADS]])
// CHECK: = Reshape(x, [[FLAT]])
// CHECK: {{.+}}: [[BATCH:.+]] = Shape(x) end=1, start=0
// CHECK: {{.+}}: [[SUM:.+]] = Add([[BATCH]], {{.+}})
// CHECK: {{.+}}: [[QUOTIENT:.+]] = Div({{.+}}, {{.+}})
// CHECK: {{.+}}: [[SIZES:.+]] = Concat([[SUM]], [[QUOTIENT]]) axis=0
// CHECK: = ConstantOfShape([[SIZES]]) value=FLOAT[1] 0000a040
// CHECK: = Range(
// CHECK: = Slice(
// The batch's extent was asked for already.
// CHECK-NOT: = Shape(x) end=1, start=0
// CHECK: e = Expand({{.+}}, {{.+}})
func.func @forward(%x: tensor<?x?x8xf32> {ockham.name = "x", ockham.dims = ["b", "s", ""]})
    -> (tensor<?x?x4x2xf32> {ockham.name = "h"}, tensor<?x8xf32> {ockham.name = "f"}, tensor<?x?xf32> {ockham.name = "c"}, tensor<?xi64> {ockham.name = "r"}, tensor<?x?x8xf32> {ockham.name = "s"}, tensor<?x1x8xf32> {ockham.name = "e"})
    attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x8xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x8xf32>
  %h = onnx.Reshape %x to [%b, %s, 4, 2] : (tensor<?x?x8xf32>) -> tensor<?x?x4x2xf32>
  %rows = arith.muli %b, %s : index
  %f = onnx.Reshape %x to [%rows, 8] : (tensor<?x?x8xf32>) -> tensor<?x8xf32>
  %sum = arith.addi %b, %c3 : index
  %half = arith.floordivsi %s, %c3 : index
  %c = onnx.ConstantOfShape [%sum, %half] value 5.0 : f32 -> tensor<?x?xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %limit = arith.index_cast %half : index to i64
  %end = tensor.from_elements %limit : tensor<i64>
  %r = onnx.Range %zero, %end, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %cut = onnx.Slice %x [0] to [%half] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %row = onnx.ReduceSum %x {axes = array<i64: 1>, keepdims} : (tensor<?x?x8xf32>) -> tensor<?x1x8xf32>
  %e = onnx.Expand %row to [%b, 1, 8] : (tensor<?x1x8xf32>) -> tensor<?x1x8xf32>
  return %h, %f, %c, %r, %cut, %e : tensor<?x?x4x2xf32>, tensor<?x8xf32>, tensor<?x?xf32>, tensor<?xi64>, tensor<?x?x8xf32>, tensor<?x1x8xf32>
}
