// Equal norms of one input become one.
// RUN: ockham-opt %s --tfm-merge-norms | FileCheck %s

ockham.weight @g : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @same : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @other : tensor<2xf32> = dense<[1.0, 4.0]> : tensor<2xf32>

// CHECK-NOT: ockham.weight @same
// CHECK-LABEL: func.func @twins
// CHECK: %[[N:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} {eps = 1.000000e-05 : f64}
// CHECK: %[[O:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} {eps = 1.000000e-05 : f64}
// CHECK: %[[E:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} {eps = 1.000000e-03 : f64}
// CHECK: return %[[N]], %[[N]], %[[O]], %[[E]]
func.func @twins(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %g = ockham.load_weight @g : tensor<2xf32>
  %same = ockham.load_weight @same : tensor<2xf32>
  %other = ockham.load_weight @other : tensor<2xf32>
  %a = tfm.norm layer %x scale %g {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  %b = tfm.norm layer %x scale %same {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  %c = tfm.norm layer %x scale %other {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  %d = tfm.norm layer %x scale %g {eps = 1.0e-3 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  return %a, %b, %c, %d : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}
