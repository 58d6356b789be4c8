// RUN: ockham-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{has an extent of ?, expected a number of at least 1}}
func.func private @f(!tile.slice<?x8xf32>)

// -----

// expected-error @+1 {{has 3 extents, expected rows and columns}}
func.func private @f(!tile.view<2x3x8xf32>)

// -----

// expected-error @+1 {{has panels of 0 columns, expected 1 or more}}
func.func private @f(!tile.view<2x8xf32, panels<0>>)

// -----

// expected-error @+1 {{has element type 'i8', expected f16, bf16, f32, f64, i1, i32 or i64}}
func.func private @f(!tile.view<2x8xi8>)

// -----

// expected-error @+1 {{has step 0 in grid dimension #0, expected at least 1}}
tile.kernel @k() grid(%i to %m step 0) {
}

// -----

// expected-error @+1 {{takes argument #0 of type 'tensor<2x2xf32>', expected a view or a scalar}}
tile.kernel @k(%x: tensor<2x2xf32>) grid(%i to %m step 1) {
}

// -----

// expected-error @+1 {{has strategy "fast", which is the attribute of no target}}
tile.kernel @k() grid(%i to %m step 1) strategy "fast" {
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %v = arith.constant dense<0.0> : tensor<8x8xf32>
  // expected-error @+1 {{writes to the same place for every point of grid dimension #0 of '@k'}}
  tile.store %v, %x[%c0, %c0] : tensor<8x8xf32>, !tile.view<?x8xf32>
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %v = arith.constant dense<0.0> : tensor<16x8xf32>
  // expected-error @+1 {{writes 16 rows at steps of 8 in grid dimension #0 of '@k', which overlap}}
  tile.store %v, %x[%i, %c0] : tensor<16x8xf32>, !tile.view<?x8xf32>
}

// -----

tile.kernel @k(%m: memref<2xf32>) grid(%i to %n step 8) {
}
// expected-error @-2 {{takes argument #0 of type 'memref<2xf32>', expected a view or a scalar}}

// -----

tile.kernel @k() grid(%i to %m step 8) {
  // expected-error @+1 {{is in kernel '@k', whose body is arith, math, scf and tile on one point of the grid}}
  %t = tensor.empty() : tensor<8x8xf32>
}

// -----

tile.kernel @k() grid(%i to %m step 8) {
  // expected-error @+1 {{gives 'tensor<8xf32>' in kernel '@k', where blocks are static and of rank 2}}
  %t = arith.constant dense<0.0> : tensor<8xf32>
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{has a block of 'f64' but the view holds 'f32'}}
  %t = tile.load %x[%i, %c0] : !tile.view<?x8xf32> -> tensor<8x8xf64>
}

// -----

tile.kernel @k(%x: !tile.view<8x96xf32, panels<48>>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{has a window of 64 columns, which is no multiple of the panels of 48 columns}}
  %t = tile.load %x[%c0, %i] : !tile.view<8x96xf32, panels<48>> -> tensor<8x64xf32>
}

// -----

tile.kernel @k(%x: !tile.view<8x96xf32, panels<48>>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  // expected-error @+1 {{has a window of 48 columns at column 8, which crosses panels of 48 columns}}
  %t = tile.load %x[%c0, %c8] : !tile.view<8x96xf32, panels<48>> -> tensor<8x48xf32>
}

// -----

tile.kernel @k(%x: !tile.view<8x96xf32, panels<48>>) grid(%i to %m step 32) {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{has a window of 32 columns at column 0, and from there in steps of 32, which crosses panels of 48 columns}}
  %t = tile.load %x[%c0, %i] : !tile.view<8x96xf32, panels<48>> -> tensor<8x32xf32>
}

// -----

tile.kernel @k(%a: !tile.view<?x8xf32>, %x: !tile.view<8x96xf32, panels<48>>) grid(%i to %m step 8, %j to %n step 36) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.0> : tensor<8x24xf32>
  // expected-error @+1 {{has a window of 24 columns at column 0, and from there in steps of 36, which crosses panels of 48 columns}}
  %s = tile.for %k = %c0 to %c8 step 2
      streams(%x0 = %a[%i, %k] : !tile.view<?x8xf32> -> !tile.slice<8x2xf32>,
              %w = %x[%k, %j] : !tile.view<8x96xf32, panels<48>> -> !tile.slice<2x24xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x24xf32>) {
    tile.yield %acc : tensor<8x24xf32>
  }
}

// -----

// A window that a body of a loop takes itself.
tile.kernel @k(%y: !tile.view<8x?xf32>, %x: !tile.view<8x96xf32, panels<48>>, %n: index) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  tile.for %k = %c4 to %n step 8
      streams(%w = %y[%c0, %k] : !tile.view<8x?xf32> -> !tile.slice<8x8xf32>) {
    // Each second window of four columns.
    %s = tile.load %x[%c0, %k] : !tile.view<8x96xf32, panels<48>> -> tensor<8x4xf32>
    // expected-error @+1 {{has a window of 8 columns at column 4, and from there in steps of 8, which crosses panels of 48 columns}}
    %t = tile.load %x[%c0, %k] : !tile.view<8x96xf32, panels<48>> -> tensor<8x8xf32>
  }
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>, %w: !tile.view<4x96xf32, panels<48>>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %v = arith.constant dense<0.0> : tensor<8x48xf32>
  %a = tile.slice %x[%i, %c0] : !tile.view<?x8xf32> -> !tile.slice<8x8xf32>
  %b = tile.slice %w[%c0, %c0] : !tile.view<4x96xf32, panels<48>> -> !tile.slice<4x48xf32, panels<48>>
  // expected-error @+1 {{lhs has 8 columns but rhs has 4 rows}}
  %t = tile.dot %v, %a, %b : tensor<8x48xf32>, !tile.slice<8x8xf32>, !tile.slice<4x48xf32, panels<48>>
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %v = arith.constant dense<0.0> : tensor<4x8xf32>
  %a = tile.slice %x[%i, %c0] : !tile.view<?x8xf32> -> !tile.slice<8x8xf32>
  // expected-error @+1 {{acc has 4 rows but lhs has 8}}
  %t = tile.dot %v, %a, %a : tensor<4x8xf32>, !tile.slice<8x8xf32>, !tile.slice<8x8xf32>
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %v = arith.constant dense<0.0> : tensor<8x8xbf16>
  %a = tile.slice %x[%i, %c0] : !tile.view<?x8xf32> -> !tile.slice<8x8xf32>
  // expected-error @+1 {{sums products of 'f32' in 'bf16', expected a float type at least as wide}}
  %t = tile.dot %v, %a, %a : tensor<8x8xbf16>, !tile.slice<8x8xf32>, !tile.slice<8x8xf32>
}

// -----

tile.kernel @k(%x: tensor<8x8xf32>) grid(%i to %m step 8) {
}
// expected-error @-2 {{takes argument #0 of type 'tensor<8x8xf32>', expected a view or a scalar}}

// -----

tile.kernel @k(%x: f32) grid(%i to %m step 8) {
  %t = tile.broadcast %x : f32 -> tensor<8x8xf32>
  // expected-error @+1 {{gives 'tensor<8x8xf32>', expected 'tensor<8x1xf32>'}}
  %r = tile.reduce max %t : tensor<8x8xf32> -> tensor<8x8xf32>
}

// -----

tile.kernel @k(%x: f32) grid(%i to %m step 8) {
  %t = tile.broadcast %x : f32 -> tensor<4x8xf32>
  // expected-error @+1 {{repeats 'tensor<4x8xf32>' to 'tensor<8x8xf32>': an extent is 4, expected 1 or 8}}
  %r = tile.broadcast %t : tensor<4x8xf32> -> tensor<8x8xf32>
}

// -----

tile.kernel @k() grid(%i to %m step 8) {
  // expected-error @+1 {{gives 'tensor<8x8xi32>', expected one row or one column}}
  %r = tile.iota : tensor<8x8xi32>
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  // expected-error @+1 {{has steps of 2 but window #0 is 4 columns long}}
  tile.for %k = %c0 to %c8 step 2 streams(%w = %x[%i, %k] : !tile.view<?x8xf32> -> !tile.slice<8x4xf32>) {
  }
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  // expected-error @+1 {{expected the loop's position in one of the two coordinates of a stream}}
  tile.for %k = %c0 to %c8 step 2 streams(%w = %x[%i, %c0] : !tile.view<?x8xf32> -> !tile.slice<8x2xf32>) {
  }
}

// -----

// expected-note @+1 {{the kernel is declared here}}
tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
}
func.func @f(%x: tensor<4x9xf32>, %m: index) {
  // expected-error @+1 {{passes operand #0 of type tensor<4x9xf32> for !tile.view<?x8xf32>, which has 9 columns, expected 8}}
  tile.launch @k grid[%m] ins(%x : tensor<4x9xf32>)
  return
}

// -----

// expected-note @+1 {{the kernel is declared here}}
tile.kernel @k(%x: !tile.view<33x100xf32, panels<48>>) grid(%i to %m step 8) {
}
func.func @f(%x: tensor<33x100xf32>, %m: index) {
  // expected-error @+1 {{for !tile.view<33x100xf32, panels<48>>, expected [3, 33, 48]}}
  tile.launch @k grid[%m] ins(%x : tensor<33x100xf32>)
  return
}

// -----

// expected-note @+1 {{the kernel is declared here}}
tile.kernel @k() grid(%i to %m step 8) {
}
func.func @f(%m: index) {
  // expected-error @+1 {{gives 2 grid extents but '@k' has 1}}
  tile.launch @k grid[%m, %m]
  return
}

// -----

func.func @f(%m: index) {
  // expected-error @+1 {{names '@k', which is not a kernel}}
  tile.launch @k grid[%m]
  return
}

// -----

func.func @f(%w: tensor<33x100xf32>) {
  // expected-error @+1 {{gives 'tensor<3x33x32xf32>', expected 'tensor<3x33x48xf32>'}}
  %p = tile.pack %w panels 48 : tensor<33x100xf32> -> tensor<3x33x32xf32>
  return
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%i, %c0] : !tile.view<?x8xf32> -> tensor<4x8xf32>
  // expected-error @+1 {{gives 'tensor<4x8xf32>', expected 'tensor<8x4xf32>'}}
  %u = tile.transpose %t : tensor<4x8xf32> -> tensor<4x8xf32>
}

// -----

// Parts of a panel, from the start of one.
tile.kernel @k(%x: !tile.view<8x96xf32, panels<48>>, %n: index) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %c12 = arith.constant 12 : index
  %c18 = arith.constant 18 : index
  tile.for %k = %c12 to %n step 12
      streams(%w = %x[%c0, %k] : !tile.view<8x96xf32, panels<48>> -> !tile.slice<8x12xf32, panels<48>>) {
  }
  // expected-error @+1 {{starts at column 18 in steps of 12, whose windows cross panels of 48 columns of stream #0}}
  tile.for %k = %c18 to %n step 12
      streams(%w = %x[%c0, %k] : !tile.view<8x96xf32, panels<48>> -> !tile.slice<8x12xf32, panels<48>>) {
  }
}

// -----

tile.kernel @k(%x: !tile.view<?x7xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%i, %c0] : !tile.view<?x7xf32> -> tensor<8x7xf32>
  // expected-error @+1 {{splits 'tensor<8x7xf32>', expected an even number of columns}}
  %a, %b = tile.deinterleave %t : tensor<8x7xf32> -> tensor<8x3xf32>
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%i, %c0] : !tile.view<?x8xf32> -> tensor<8x8xf32>
  // expected-error @+1 {{gives 'tensor<8x8xf32>', expected 'tensor<8x4xf32>'}}
  %a, %b = tile.deinterleave %t : tensor<8x8xf32> -> tensor<8x8xf32>
}

// -----

tile.kernel @k(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %t = tile.load %x[%i, %c0] : !tile.view<?x8xf32> -> tensor<8x1xf32>
  // expected-error @+1 {{gives 'f32' from 'tensor<8x1xf32>', expected the one element of a block}}
  %a = tile.scalar %t : tensor<8x1xf32> -> f32
}

// -----

func.func @f(%w: tensor<33x48xbf16>) {
  // expected-error @+1 {{gives 'tensor<1x33x48xf32>', expected 'tensor<1x33x48xbf16>'}}
  %p = tile.pack %w panels 48 : tensor<33x48xbf16> -> tensor<1x33x48xf32>
  return
}
