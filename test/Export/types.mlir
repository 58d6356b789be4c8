// Every element type, and tensors without elements and without dimensions.

// RUN: ockham-translate --export-onnx %s -o %t.onnx
// RUN: %python %S/Inputs/dump.py %t.onnx | FileCheck %s
// RUN: %python -c "import onnx; onnx.checker.check_model('%t.onnx', full_check=True)"

// CHECK: output f64: DOUBLE[1]
// CHECK-DAG: initializer {{.*}}: DOUBLE[1] 000000000000f03f
// CHECK-DAG: initializer {{.*}}: FLOAT16[2] 003c0040
// CHECK-DAG: initializer {{.*}}: BFLOAT16[1] 803f
// CHECK-DAG: initializer {{.*}}: BOOL[3] 010001
// CHECK-DAG: initializer {{.*}}: INT8[1] ff
// CHECK-DAG: initializer {{.*}}: UINT8[1] ff
// CHECK-DAG: initializer {{.*}}: INT16[1] feff
// CHECK-DAG: initializer {{.*}}: UINT16[1] feff
// CHECK-DAG: initializer {{.*}}: INT32[] 05000000
// CHECK-DAG: initializer {{.*}}: UINT32[1] 06000000
// CHECK-DAG: initializer {{.*}}: UINT64[1] 0700000000000000
// CHECK-DAG: initializer {{.*}}: FLOAT[0, 4] empty
// A splat is written out.
// CHECK-DAG: initializer {{.*}}: INT64[2] 08000000000000000800000000000000
ockham.weight @empty : tensor<0x4xf32> = dense<> : tensor<0x4xf32>
func.func @forward() -> (tensor<1xf64> {ockham.name = "f64"}, tensor<2xf16> {ockham.name = "f16"}, tensor<1xbf16> {ockham.name = "bf16"}, tensor<3xi1> {ockham.name = "i1"}, tensor<1xi8> {ockham.name = "i8"}, tensor<1xui8> {ockham.name = "ui8"}, tensor<1xi16> {ockham.name = "i16"}, tensor<1xui16> {ockham.name = "ui16"}, tensor<i32> {ockham.name = "i32"}, tensor<1xui32> {ockham.name = "ui32"}, tensor<1xui64> {ockham.name = "ui64"}, tensor<0x4xf32> {ockham.name = "none"}, tensor<2xi64> {ockham.name = "i64"}) attributes {ockham.entry = "forward"} {
  %0 = onnx.Constant dense<1.0> : tensor<1xf64>
  %1 = onnx.Constant dense<[1.0, 2.0]> : tensor<2xf16>
  %2 = onnx.Constant dense<1.0> : tensor<1xbf16>
  %3 = onnx.Constant dense<[true, false, true]> : tensor<3xi1>
  %4 = onnx.Constant dense<-1> : tensor<1xi8>
  %5 = onnx.Constant dense<255> : tensor<1xui8>
  %6 = onnx.Constant dense<-2> : tensor<1xi16>
  %7 = onnx.Constant dense<65534> : tensor<1xui16>
  %8 = onnx.Constant dense<5> : tensor<i32>
  %9 = onnx.Constant dense<6> : tensor<1xui32>
  %10 = onnx.Constant dense<7> : tensor<1xui64>
  %11 = ockham.load_weight @empty : tensor<0x4xf32>
  %12 = onnx.Constant dense<8> : tensor<2xi64>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12 : tensor<1xf64>, tensor<2xf16>, tensor<1xbf16>, tensor<3xi1>, tensor<1xi8>, tensor<1xui8>, tensor<1xi16>, tensor<1xui16>, tensor<i32>, tensor<1xui32>, tensor<1xui64>, tensor<0x4xf32>, tensor<2xi64>
}
