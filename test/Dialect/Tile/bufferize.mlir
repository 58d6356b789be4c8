// RUN: ockham-opt %s --ockham-bufferize | FileCheck %s

// Blocks stay tensors.
// CHECK-LABEL: tile.kernel @relu(
// CHECK: tile.load {{.*}} -> tensor<8x64xf32>
tile.kernel @relu(%x: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
  %1 = arith.maximumf %0, %zero : tensor<8x64xf32>
  tile.store %1, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// The second launch writes over what the first one has made.
// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[X:.*]]: memref<?x64xf32>
// CHECK: %[[A:.*]] = memref.alloc(%[[M:.*]])
// CHECK: tile.launch @relu grid[%[[M]]] ins(%[[X]] : memref<?x64xf32>) outs(%[[A]] : memref<?x64xf32>)
// CHECK: tile.launch @relu grid[%[[M]]] ins(%[[X]] : memref<?x64xf32>) outs(%[[A]] : memref<?x64xf32>)
// CHECK-NOT: memref.copy
// CHECK: return %[[A]]
func.func @forward(%x: tensor<?x64xf32>) -> tensor<?x64xf32> attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x64xf32>
  %e = tensor.empty(%m) : tensor<?x64xf32>
  %a = tile.launch @relu grid[%m] ins(%x : tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %b = tile.launch @relu grid[%m] ins(%x : tensor<?x64xf32>) outs(%a : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %b : tensor<?x64xf32>
}
