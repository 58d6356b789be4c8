// RUN: ockham-opt %s | ockham-opt | FileCheck %s
// RUN: ockham-opt %s --mlir-print-op-generic | ockham-opt | FileCheck %s

// CHECK-LABEL: func private @types(
// CHECK-SAME: !tile.view<?x768xf32>, !tile.view<768x?xf32, panels<48>>,
// CHECK-SAME: !tile.view<768x2304xbf16, panels<32, interleave = 2>>,
// CHECK-SAME: !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>)
func.func private @types(!tile.view<?x768xf32>, !tile.view<768x?xf32, panels<48>>,
    !tile.view<768x2304xbf16, panels<32, interleave = 2>>,
    !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>)

// CHECK-LABEL: tile.kernel @linear(
// CHECK-SAME: %[[A:.*]]: !tile.view<?x33xf32>, %[[W:.*]]: !tile.view<33x100xf32, panels<48>>,
// CHECK-SAME: %[[BIAS:.*]]: !tile.view<1x100xf32>, %[[C:.*]]: !tile.view<?x100xf32>)
// CHECK-SAME: grid(%[[I:.*]] to %{{.*}} step 8, %[[J:.*]] to %{{.*}} step 48) {
tile.kernel @linear(%a: !tile.view<?x33xf32>, %w: !tile.view<33x100xf32, panels<48>>,
                    %bias: !tile.view<1x100xf32>, %c: !tile.view<?x100xf32>)
    grid(%i to %m step 8, %j to %n step 48) {
  %c0 = arith.constant 0 : index
  %c33 = arith.constant 33 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  // CHECK: %[[SUM:.*]] = tile.for %[[K:.*]] = %{{.*}} to %{{.*}} step 2
  // CHECK-SAME: streams(%[[X:.*]] = %[[A]][%[[I]], %[[K]]] : !tile.view<?x33xf32> -> !tile.slice<8x2xf32>,
  // CHECK-SAME: %[[Y:.*]] = %[[W]][%[[K]], %[[J]]] : !tile.view<33x100xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
  // CHECK-SAME: iter_args(%[[ACC:.*]] = %{{.*}} : tensor<8x48xf32>) {
  %sum = tile.for %k = %c0 to %c33 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x33xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<33x100xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    // CHECK: tile.dot %[[ACC]], %[[X]], %[[Y]] : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    // CHECK: tile.yield %{{.*}} : tensor<8x48xf32>
    tile.yield %0 : tensor<8x48xf32>
  }
  // CHECK: tile.load %[[BIAS]][%{{.*}}, %[[J]]] : <1x100xf32> -> tensor<1x48xf32>
  %b = tile.load %bias[%c0, %j] : !tile.view<1x100xf32> -> tensor<1x48xf32>
  // CHECK: tile.broadcast %{{.*}} : tensor<1x48xf32> -> tensor<8x48xf32>
  %bb = tile.broadcast %b : tensor<1x48xf32> -> tensor<8x48xf32>
  %s = arith.addf %sum, %bb : tensor<8x48xf32>
  // CHECK: tile.store %{{.*}}, %[[C]][%[[I]], %[[J]]] : tensor<8x48xf32>, <?x100xf32>
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x100xf32>
}

// CHECK-LABEL: tile.kernel @others({{.*}} attributes {note = "kept"} {
tile.kernel @others(%x: !tile.view<?x64xf32>, %n: index, %s: f32, %y: !tile.view<?x64xf32>)
    grid(%i to %m step 8) attributes {note = "kept"} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  // CHECK: tile.subview %{{.*}}[%{{.*}}, %{{.*}}] [%{{.*}}, %{{.*}}] : <?x64xf32> -> <?x16xf32>
  %head = tile.subview %x[%c0, %c16] [%n, %c16] : !tile.view<?x64xf32> -> !tile.view<?x16xf32>
  // CHECK: tile.slice %{{.*}}[%{{.*}}, %{{.*}}] : <?x16xf32> -> <8x16xf32>
  %q = tile.slice %head[%i, %c0] : !tile.view<?x16xf32> -> !tile.slice<8x16xf32>
  %zero = arith.constant dense<0.0> : tensor<8x8xf32>
  // CHECK: tile.dot %{{.*}}, %{{.*}}, %{{.*}} transposed :
  %scores = tile.dot %zero, %q, %q transposed : tensor<8x8xf32>, !tile.slice<8x16xf32>, !tile.slice<8x16xf32>
  // CHECK: tile.reduce max %{{.*}} : tensor<8x8xf32> -> tensor<8x1xf32>
  %max = tile.reduce max %scores : tensor<8x8xf32> -> tensor<8x1xf32>
  // CHECK: tile.reduce sum %{{.*}} : tensor<8x8xf32> -> tensor<8x1xf32>
  %sum = tile.reduce sum %scores : tensor<8x8xf32> -> tensor<8x1xf32>
  // CHECK: tile.reduce maxnum %{{.*}} : tensor<8x8xf32> -> tensor<8x1xf32>
  %maxnum = tile.reduce maxnum %scores : tensor<8x8xf32> -> tensor<8x1xf32>
  // CHECK: tile.transpose %{{.*}} : tensor<8x1xf32> -> tensor<1x8xf32>
  %turned = tile.transpose %max : tensor<8x1xf32> -> tensor<1x8xf32>
  // CHECK: %{{.*}}, %{{.*}} = tile.deinterleave %{{.*}} : tensor<8x8xf32> -> tensor<8x4xf32>
  %even, %odd = tile.deinterleave %scores : tensor<8x8xf32> -> tensor<8x4xf32>
  // CHECK: tile.scalar %{{.*}} : tensor<1x1xf32> -> f32
  %one = arith.constant dense<1.0> : tensor<1x1xf32>
  %number = tile.scalar %one : tensor<1x1xf32> -> f32
  // CHECK: tile.scan %{{.*}} : tensor<8x8xf32>
  %scan = tile.scan %scores : tensor<8x8xf32>
  // CHECK: tile.iota : tensor<8x1xi32>
  %rows = tile.iota : tensor<8x1xi32>
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %{{.*}}] : <?x64xf32>, tensor<8x1xi32> -> tensor<8x16xf32>
  %g = tile.gather %x[%rows, %c0] : !tile.view<?x64xf32>, tensor<8x1xi32> -> tensor<8x16xf32>
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %{{.*}}] transposed : <?x64xf32>, tensor<8x1xi32> -> tensor<8x16xf32>
  %h = tile.gather %x[%rows, %c0] transposed : !tile.view<?x64xf32>, tensor<8x1xi32> -> tensor<8x16xf32>
  // CHECK: tile.broadcast %{{.*}} : f32 -> tensor<8x16xf32>
  %f = tile.broadcast %s : f32 -> tensor<8x16xf32>
  // CHECK: tile.for %{{.*}} = %{{.*}} to %{{.*}} step 4 {
  // CHECK-NOT: tile.yield
  tile.for %k = %c0 to %c16 step 4 {
  }
  tile.store %f, %y[%i, %c0] : tensor<8x16xf32>, !tile.view<?x64xf32>

}

// CHECK-LABEL: func @launch
func.func @launch(%a: tensor<2x?x33xf32>, %w: tensor<3x33x48xf32>, %bias: tensor<100xf32>,
                  %c: tensor<2x?x100xf32>, %m: index, %n: index) -> tensor<2x?x100xf32> {
  // CHECK: tile.launch @linear grid[%{{.*}}, %{{.*}}] ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<2x?x33xf32>, tensor<3x33x48xf32>, tensor<100xf32>) outs(%{{.*}} : tensor<2x?x100xf32>) -> tensor<2x?x100xf32>
  %r = tile.launch @linear grid[%m, %n]
      ins(%a, %w, %bias : tensor<2x?x33xf32>, tensor<3x33x48xf32>, tensor<100xf32>)
      outs(%c : tensor<2x?x100xf32>) -> tensor<2x?x100xf32>
  return %r : tensor<2x?x100xf32>
}

// CHECK-LABEL: func @launch_on_buffers
func.func @launch_on_buffers(%a: memref<?x33xf32>, %w: memref<3x33x48xf32>, %bias: memref<100xf32>,
                             %c: memref<?x100xf32>, %m: index, %n: index) {
  // CHECK: tile.launch @linear grid[%{{.*}}, %{{.*}}] ins({{.*}}) outs(%{{.*}} : memref<?x100xf32>)
  tile.launch @linear grid[%m, %n]
      ins(%a, %w, %bias : memref<?x33xf32>, memref<3x33x48xf32>, memref<100xf32>)
      outs(%c : memref<?x100xf32>)
  return
}
