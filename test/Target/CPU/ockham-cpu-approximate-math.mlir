// RUN: ockham-opt %s -ockham-cpu-approximate-math | FileCheck %s

// Polynomials, no call per element.
// CHECK-LABEL: func.func @vectors
// CHECK-NOT:     math.exp
// CHECK-NOT:     math.tanh
// CHECK-NOT:     math.erf
// CHECK:         math.fma
func.func @vectors(%x: vector<16xf32>) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>) {
  %0 = math.exp %x : vector<16xf32>
  %1 = math.tanh %x : vector<16xf32>
  %2 = math.erf %x : vector<16xf32>
  return %0, %1, %2 : vector<16xf32>, vector<16xf32>, vector<16xf32>
}

// A power of two is put together: no call, no multiplication but the last.
// CHECK-LABEL: func.func @powers_of_two
// CHECK-NOT:     math.exp
// CHECK-COUNT-6: math.fma
// CHECK:         arith.shli
// CHECK:         arith.mulf
// CHECK-NOT:     math.exp
func.func @powers_of_two(%x: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp2 %x : vector<16xf32>
  return %0 : vector<16xf32>
}

// There is none for float64: it stays a library call.
// CHECK-LABEL: func.func @doubles
// CHECK:         math.exp %{{.+}} : f64
func.func @doubles(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}

// Multiples of a quarter turn leave in f64, in three parts.
// CHECK-LABEL: func.func @angles
// CHECK-NOT:     math.sin
// CHECK-NOT:     math.cos
// CHECK:         arith.extf %{{.+}} : vector<8xf32> to vector<8xf64>
// CHECK-COUNT-3: arith.subf %{{.+}} : vector<8xf64>
// CHECK:         arith.truncf %{{.+}} : vector<8xf64> to vector<8xf32>
// CHECK-NOT:     math.sin
// CHECK-NOT:     math.cos
func.func @angles(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>) {
  %0 = math.sin %x : vector<8xf32>
  %1 = math.cos %x : vector<8xf32>
  return %0, %1 : vector<8xf32>, vector<8xf32>
}

// No polynomial is good enough.
// CHECK-LABEL: func.func @arc_tangent
// CHECK:         math.atan %{{.+}} : vector<8xf32>
func.func @arc_tangent(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.atan %x : vector<8xf32>
  return %0 : vector<8xf32>
}
