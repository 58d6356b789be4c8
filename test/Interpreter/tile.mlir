// RUN: ockham-interpret %s | FileCheck %s
// RUN: ockham-interpret %s --entry lanes | FileCheck %s --check-prefix LANES
// RUN: not ockham-interpret %s --entry race 2>&1 | FileCheck %s --check-prefix RACE
// RUN: not ockham-interpret %s --entry read 2>&1 | FileCheck %s --check-prefix READ
// RUN: not ockham-interpret %s --entry leave 2>&1 | FileCheck %s --check-prefix LEAVE

// A product of 3 x 3 and 3 x 5 in blocks of 2 x 4, so that both ends are ragged,
// with a packed right-hand side: [5 / 4, 3, 4].
tile.kernel @product(%a: !tile.view<?x3xf32>, %w: !tile.view<3x5xf32, panels<4>>,
                     %c: !tile.view<?x5xf32>) grid(%i to %m step 2, %j to %n step 4) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant dense<0.0> : tensor<2x4xf32>
  %s = tile.for %k = %c0 to %c3 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x3xf32> -> !tile.slice<2x2xf32>,
              %y = %w[%k, %j] : !tile.view<3x5xf32, panels<4>> -> !tile.slice<2x4xf32, panels<4>>)
      iter_args(%acc = %zero : tensor<2x4xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<2x4xf32>, !tile.slice<2x2xf32>, !tile.slice<2x4xf32, panels<4>>
    tile.yield %0 : tensor<2x4xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<2x4xf32>, !tile.view<?x5xf32>
}

// Rows of a window, statistics, positions.
tile.kernel @rows(%x: !tile.view<3x4xf32>, %y: !tile.view<3x4xf32>) grid(%i to %m step 2) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<3x4xf32> -> tensor<2x4xf32>
  %max = tile.reduce max %0 : tensor<2x4xf32> -> tensor<2x1xf32>
  %sum = tile.reduce sum %0 : tensor<2x4xf32> -> tensor<2x1xf32>
  %both = arith.addf %max, %sum : tensor<2x1xf32>
  %1 = tile.broadcast %both : tensor<2x1xf32> -> tensor<2x4xf32>
  %scan = tile.scan %1 : tensor<2x4xf32>
  %cols = tile.iota : tensor<1x4xi32>
  %2 = tile.broadcast %cols : tensor<1x4xi32> -> tensor<2x4xi32>
  %3 = arith.sitofp %2 : tensor<2x4xi32> to tensor<2x4xf32>
  %4 = arith.addf %scan, %3 : tensor<2x4xf32>
  tile.store %4, %y[%i, %c0] : tensor<2x4xf32>, !tile.view<3x4xf32>
}

tile.kernel @gather(%x: !tile.view<3x4xf32>, %y: !tile.view<2x4xf32>) grid(%i to %m step 2) {
  %c0 = arith.constant 0 : index
  %rows = arith.constant dense<[[2], [7]]> : tensor<2x1xi32>
  %0 = tile.gather %x[%rows, %c0] : !tile.view<3x4xf32>, tensor<2x1xi32> -> tensor<2x4xf32>
  tile.store %0, %y[%i, %c0] : tensor<2x4xf32>, !tile.view<2x4xf32>
}

// Columns 4 and 5 of a matrix in panels, from row 1 on; there is no column 5,
// and no fourth row.
tile.kernel @columns(%x: !tile.view<3x5xf32, panels<4>>, %y: !tile.view<2x3xf32>) grid(%i to %m step 2) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %columns = arith.constant dense<[[4], [5]]> : tensor<2x1xi32>
  %0 = tile.gather %x[%columns, %c1] transposed : !tile.view<3x5xf32, panels<4>>, tensor<2x1xi32> -> tensor<2x3xf32>
  tile.store %0, %y[%i, %c0] : tensor<2x3xf32>, !tile.view<2x3xf32>
}

// CHECK{LITERAL}: product: float32 [3, 5] = [[38, 44, 50, 56, 62], [83, 98, 113, 128, 143], [128, 152, 176, 200, 224]]
// CHECK{LITERAL}: rows: float32 [3, 4] = [[9, 10, 11, 12], [30, 31, 32, 33], [37, 38, 39, 40]]
// CHECK{LITERAL}: gathered: float32 [2, 4] = [[8, 9, 10, 11], [0, 0, 0, 0]]
// CHECK{LITERAL}: columns: float32 [2, 3] = [[9, 13, 0], [0, 0, 0]]
func.func @forward() -> (tensor<3x5xf32> {ockham.name = "product"},
                         tensor<3x4xf32> {ockham.name = "rows"},
                         tensor<2x4xf32> {ockham.name = "gathered"},
                         tensor<2x3xf32> {ockham.name = "columns"}) {
  %a = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]> : tensor<3x3xf32>
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0], [5.0, 6.0, 7.0, 8.0, 9.0], [9.0, 10.0, 11.0, 12.0, 13.0]]> : tensor<3x5xf32>
  %m = arith.constant 3 : index
  %n = arith.constant 5 : index
  %two = arith.constant 2 : index
  %p = tile.pack %w panels 4 : tensor<3x5xf32> -> tensor<2x3x4xf32>
  %e = tensor.empty() : tensor<3x5xf32>
  %c = tile.launch @product grid[%m, %n] ins(%a, %p : tensor<3x3xf32>, tensor<2x3x4xf32>)
      outs(%e : tensor<3x5xf32>) -> tensor<3x5xf32>
  %x = arith.constant dense<[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 0.0], [8.0, 9.0, 10.0, 0.0]]> : tensor<3x4xf32>
  %f = tensor.empty() : tensor<3x4xf32>
  %r = tile.launch @rows grid[%m] ins(%x : tensor<3x4xf32>) outs(%f : tensor<3x4xf32>) -> tensor<3x4xf32>
  %z = arith.constant dense<[[0.0, 1.0, 2.0, 3.0], [4.0, 5.0, 6.0, 7.0], [8.0, 9.0, 10.0, 11.0]]> : tensor<3x4xf32>
  %g = tensor.empty() : tensor<2x4xf32>
  %h = tile.launch @gather grid[%two] ins(%z : tensor<3x4xf32>) outs(%g : tensor<2x4xf32>) -> tensor<2x4xf32>
  %l = tensor.empty() : tensor<2x3xf32>
  %o = tile.launch @columns grid[%two] ins(%p : tensor<2x3x4xf32>) outs(%l : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %c, %r, %h, %o : tensor<3x5xf32>, tensor<3x4xf32>, tensor<2x4xf32>, tensor<2x3xf32>
}

// Half of the rows that a point writes are its neighbour's.
tile.kernel @racing(%y: !tile.view<4x4xf32>) grid(%i to %m step 1) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %row = arith.divui %i, %c2 : index
  %0 = arith.constant dense<1.0> : tensor<1x4xf32>
  tile.store %0, %y[%row, %c0] : tensor<1x4xf32>, !tile.view<4x4xf32>
}
// RACE: points 0 and 1 of the grid both write [0, 0]
func.func @race() -> tensor<4x4xf32> {
  %m = arith.constant 4 : index
  %e = tensor.empty() : tensor<4x4xf32>
  %0 = tile.launch @racing grid[%m] outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

tile.kernel @reading(%y: !tile.view<4x4xf32>) grid(%i to %m step 1) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %y[%c0, %c0] : !tile.view<4x4xf32> -> tensor<1x4xf32>
  tile.store %0, %y[%i, %c0] : tensor<1x4xf32>, !tile.view<4x4xf32>
}
// READ: point 1 of the grid reads [0, 0], which point 0 wrote
func.func @read() -> tensor<4x4xf32> {
  %m = arith.constant 4 : index
  %e = arith.constant dense<1.0> : tensor<4x4xf32>
  %0 = tile.launch @reading grid[%m] outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

tile.kernel @leaving(%y: !tile.view<4x4xf32>) grid(%i to %m step 1) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %v = tile.subview %y[%c0, %c2] [%c2, %c3] : !tile.view<4x4xf32> -> !tile.view<?x?xf32>
  %0 = arith.constant dense<1.0> : tensor<1x4xf32>
  tile.store %0, %v[%i, %c0] : tensor<1x4xf32>, !tile.view<?x?xf32>
}
// LEAVE: the window of 2 x 3 at [0, 2] leaves the view of 4 x 4
func.func @leave() -> tensor<4x4xf32> {
  %m = arith.constant 4 : index
  %e = arith.constant dense<1.0> : tensor<4x4xf32>
  %0 = tile.launch @leaving grid[%m] outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %0 : tensor<4x4xf32>
}

// Rows as columns, even and odd columns, a maximum that leaves NaNs out, and an
// element that says how far a loop goes.
tile.kernel @across(%x: !tile.view<2x4xf32>, %n: !tile.view<1x1xi64>, %turned: !tile.view<4x2xf32>,
                    %parts: !tile.view<4x2xf32>, %most: !tile.view<2x1xf32>) grid(%i to %m step 4) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%c0, %c0] : !tile.view<2x4xf32> -> tensor<2x4xf32>
  %1 = tile.transpose %0 : tensor<2x4xf32> -> tensor<4x2xf32>
  tile.store %1, %turned[%i, %c0] : tensor<4x2xf32>, !tile.view<4x2xf32>
  %even, %odd = tile.deinterleave %0 : tensor<2x4xf32> -> tensor<2x2xf32>
  %2 = tile.load %n[%c0, %c0] : !tile.view<1x1xi64> -> tensor<1x1xi64>
  %3 = tile.scalar %2 : tensor<1x1xi64> -> i64
  %two = arith.index_cast %3 : i64 to index
  %row = arith.addi %i, %two : index
  tile.store %even, %parts[%i, %c0] : tensor<2x2xf32>, !tile.view<4x2xf32>
  tile.store %odd, %parts[%row, %c0] : tensor<2x2xf32>, !tile.view<4x2xf32>
  %max = tile.reduce maxnum %0 : tensor<2x4xf32> -> tensor<2x1xf32>
  tile.store %max, %most[%i, %c0] : tensor<2x1xf32>, !tile.view<2x1xf32>
}
// LANES{LITERAL}: float32 [4, 2] = [[0, 4], [1, nan], [2, 6], [3, 7]]
// LANES{LITERAL}: float32 [4, 2] = [[0, 2], [4, 6], [1, 3], [nan, 7]]
// LANES{LITERAL}: float32 [2, 1] = [[3], [7]]
func.func @lanes() -> (tensor<4x2xf32>, tensor<4x2xf32>, tensor<2x1xf32>) {
  %m = arith.constant 1 : index
  %x = arith.constant dense<[[0.0, 1.0, 2.0, 3.0], [4.0, 0x7FC00000, 6.0, 7.0]]> : tensor<2x4xf32>
  %n = arith.constant dense<2> : tensor<1x1xi64>
  %e = tensor.empty() : tensor<4x2xf32>
  %f = tensor.empty() : tensor<4x2xf32>
  %g = tensor.empty() : tensor<2x1xf32>
  %r:3 = tile.launch @across grid[%m] ins(%x, %n : tensor<2x4xf32>, tensor<1x1xi64>)
      outs(%e, %f, %g : tensor<4x2xf32>, tensor<4x2xf32>, tensor<2x1xf32>) -> tensor<4x2xf32>, tensor<4x2xf32>, tensor<2x1xf32>
  return %r#0, %r#1, %r#2 : tensor<4x2xf32>, tensor<4x2xf32>, tensor<2x1xf32>
}
