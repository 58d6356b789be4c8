// With a tolerance, what is near goes as well; that is said.
// RUN: ockham-opt %s --tfm-fold-identity-projections=tolerance=0.05 --verify-diagnostics | FileCheck %s

ockham.weight @near : tensor<2x2xf32> = dense<[[2.0, 0.06], [0.08, 2.0]]> : tensor<2x2xf32>
ockham.weight @farther : tensor<2x2xf32> = dense<[[1.0, 0.06], [0.08, 1.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @tolerant
// CHECK: %[[TWO:.*]] = arith.constant dense<2.000000e+00> : tensor<f32>
// CHECK: %[[Y:.*]] = tfm.scale %arg0, %[[TWO]]
// CHECK: tfm.linear %[[Y]]
func.func @tolerant(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @near : tensor<2x2xf32>
  %v = ockham.load_weight @farther : tensor<2x2xf32>
  // expected-remark@+1 {{near becomes a factor: it is 0.0354 from 2 times the identity, which changes the results}}
  %y = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{farther stays: it is 0.0707 from the identity}}
  %z = tfm.linear %y, %v : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %z : tensor<?x?x2xf32>
}
