// Weights of every kind, embedded and in a file beside: booleans, equal values,
// nothing, a scalar, names that need quotes.
// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: ockham compile all.mlir -o embedded.so --quiet
// RUN: ockham run embedded.so | FileCheck %s
// RUN: ockham compile all.mlir -o beside.so --weights beside.safetensors --quiet
// RUN: ockham run beside.so | FileCheck %s
// CHECK: bools: bool [3]
// CHECK: empty: float32 [0, 3]
// CHECK: splat: int64 [3]
// CHECK: scalar: float32 [], from 2.5 to 2.5

// Nothing else.
// RUN: ockham compile empty.mlir -o embedded.so --quiet
// RUN: ockham run embedded.so | FileCheck %s --check-prefix=EMPTY
// RUN: ockham compile empty.mlir -o beside.so --weights beside.safetensors --quiet
// RUN: ockham run beside.so | FileCheck %s --check-prefix=EMPTY
// EMPTY: empty: float32 [0, 3]

//--- all.mlir
ockham.weight @a : tensor<3xi1> from "a \22name\22, \\ \C3\A4 {}" = dense<[true, false, true]> : tensor<3xi1>
ockham.weight @b : tensor<0x3xf32> from "b" = dense<> : tensor<0x3xf32>
ockham.weight @c : tensor<3xi64> from "b" = dense<7> : tensor<3xi64>
ockham.weight @d : tensor<f32> = dense<2.5> : tensor<f32>
func.func @forward() -> (tensor<3xi1> {ockham.name = "bools"}, tensor<0x3xf32> {ockham.name = "empty"},
    tensor<3xi64> {ockham.name = "splat"}, tensor<f32> {ockham.name = "scalar"})
    attributes {ockham.entry = "forward"} {
  %0 = ockham.load_weight @a : tensor<3xi1>
  %1 = ockham.load_weight @b : tensor<0x3xf32>
  %2 = ockham.load_weight @c : tensor<3xi64>
  %3 = ockham.load_weight @d : tensor<f32>
  return %0, %1, %2, %3 : tensor<3xi1>, tensor<0x3xf32>, tensor<3xi64>, tensor<f32>
}

//--- empty.mlir
ockham.weight @b : tensor<0x3xf32> from "b" = dense<> : tensor<0x3xf32>
func.func @forward() -> (tensor<0x3xf32> {ockham.name = "empty"}) attributes {ockham.entry = "forward"} {
  %0 = ockham.load_weight @b : tensor<0x3xf32>
  return %0 : tensor<0x3xf32>
}
