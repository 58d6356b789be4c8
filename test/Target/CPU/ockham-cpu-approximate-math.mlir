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

// There is none for float64: it stays a library call.
// CHECK-LABEL: func.func @doubles
// CHECK:         math.exp %{{.+}} : f64
func.func @doubles(%x: f64) -> f64 {
  %0 = math.exp %x : f64
  return %0 : f64
}
