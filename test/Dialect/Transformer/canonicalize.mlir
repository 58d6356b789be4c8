// RUN: ockham-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @split_of_one_range
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
// CHECK-NEXT: return %[[X]]
func.func @split_of_one_range(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.split %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @scale_by_one
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
// CHECK-NEXT: return %[[X]]
func.func @scale_by_one(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %one = arith.constant dense<1.0> : tensor<8xf32>
  %0 = tfm.scale %x, %one : tensor<?x?x8xf32>, tensor<8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// Gains of one disappear; every other value of a gain stays.
// CHECK-LABEL: func @gains_of_one
// CHECK: tfm.add_scaled %{{.*}}, %{{.*}} gain %{{.*}} : tensor<?x?x8xf32>, gain tensor<1xf32>
// CHECK: tfm.linear %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
// CHECK: tfm.norm rms %{{.*}} {eps = {{.*}}} : tensor<?x?x8xf32>{{$}}
// CHECK: tfm.attention %{{.*}} shape(%{{.*}}, none, none)
func.func @gains_of_one(%x: tensor<?x?x8xf32>, %w: tensor<8x8xf32>,
                        %alpha: tensor<2xf32>) -> tensor<?x?x8xf32> {
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %half = arith.constant dense<0.5> : tensor<1xf32>
  %ones = arith.constant dense<1.0> : tensor<8xf32>
  %heads = arith.constant dense<1.0> : tensor<2xf32>
  %0 = tfm.add_scaled %x gain %one, %x gain %half
      : tensor<?x?x8xf32>, gain tensor<1xf32>, gain tensor<1xf32>
  %1 = tfm.linear %0, %w resid %one
      : tensor<?x?x8xf32>, tensor<8x8xf32> resid tensor<1xf32>
        -> tensor<?x?x8xf32>
  %2 = tfm.norm rms %1 scale %ones {eps = 1.0e-5 : f64}
      : tensor<?x?x8xf32>, scale tensor<8xf32>
  %3 = tfm.attention %2, %2, %2 shape(%alpha, %heads, none) heads 2 scale 0.5
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>,
        shape(tensor<2xf32>, tensor<2xf32>, none) -> tensor<?x?x8xf32>
  return %3 : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @one_branch
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
// CHECK-NEXT: %[[Y:.*]] = tfm.activation relu %[[X]]
// CHECK-NEXT: return %[[Y]]
func.func @one_branch(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.parallel {
    %1 = tfm.activation relu %x : tensor<?x?x8xf32>
    tfm.yield %1 : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// There and back through a wider type is nothing; through a narrower one, and
// through one of another range, it is a rounding.
// CHECK-LABEL: func @casts
// CHECK-SAME: %[[X:.*]]: tensor<2xbf16>, %[[Y:.*]]: tensor<2xf32>
// CHECK: %[[N:.*]] = tfm.cast %[[Y]] : tensor<2xf32> to tensor<2xbf16>
// CHECK: %[[W:.*]] = tfm.cast %[[N]] : tensor<2xbf16> to tensor<2xf32>
// CHECK: %[[H:.*]] = tfm.cast %[[X]] : tensor<2xbf16> to tensor<2xf16>
// CHECK: %[[B:.*]] = tfm.cast %[[H]] : tensor<2xf16> to tensor<2xbf16>
// CHECK: return %[[X]], %[[W]], %[[B]], %[[Y]]
func.func @casts(%x: tensor<2xbf16>, %y: tensor<2xf32>) -> (tensor<2xbf16>, tensor<2xf32>, tensor<2xbf16>, tensor<2xf32>) {
  %0 = tfm.cast %x : tensor<2xbf16> to tensor<2xf32>
  %1 = tfm.cast %0 : tensor<2xf32> to tensor<2xbf16>
  %2 = tfm.cast %y : tensor<2xf32> to tensor<2xbf16>
  %3 = tfm.cast %2 : tensor<2xbf16> to tensor<2xf32>
  %4 = tfm.cast %x : tensor<2xbf16> to tensor<2xf16>
  %5 = tfm.cast %4 : tensor<2xf16> to tensor<2xbf16>
  %6 = tfm.cast %y : tensor<2xf32> to tensor<2xf32>
  return %1, %3, %5, %6 : tensor<2xbf16>, tensor<2xf32>, tensor<2xbf16>, tensor<2xf32>
}
