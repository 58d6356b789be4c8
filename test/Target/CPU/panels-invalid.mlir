// What the lowering has no code for is refused before it.
// RUN: ockham-opt %s -split-input-file -verify-diagnostics

!paired = !tile.view<8x96xbf16, panels<48, interleave = 2>>

tile.kernel @load(%w: !paired, %y: !tile.view<?x48xbf16>) grid(%i to %m step 2)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{reads '!tile.view<8x96xbf16, panels<48, interleave = 2>>', whose rows lie together by 2; expected only products and gathered columns to do so}}
  %0 = tile.load %w[%c0, %c0] : !paired -> tensor<2x48xbf16>
  tile.store %0, %y[%i, %c0] : tensor<2x48xbf16>, !tile.view<?x48xbf16>
}

// -----

!paired = !tile.view<8x96xbf16, panels<48, interleave = 2>>
!rows = !tile.slice<4x2xbf16>
!window = !tile.slice<2x48xbf16, panels<48, interleave = 2>>

tile.kernel @odd(%x: !tile.view<?x8xbf16>, %w: !paired, %y: !tile.view<?x96xf32>) grid(%i to %m step 4, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %c7 = arith.constant 7 : index
  %zero = arith.constant dense<0.0> : tensor<4x48xf32>
  // expected-error @+1 {{reads window #1 of '!tile.view<8x96xbf16, panels<48, interleave = 2>>', whose rows lie together by 2; expected a loop down the rows, from and to a multiple of 2 and in such steps}}
  %s = tile.for %k = %c0 to %c7 step 2
      streams(%a = %x[%i, %k] : !tile.view<?x8xbf16> -> !rows, %b = %w[%k, %j] : !paired -> !window)
      iter_args(%acc = %zero : tensor<4x48xf32>) {
    %0 = tile.dot %acc, %a, %b : tensor<4x48xf32>, !rows, !window
    tile.yield %0 : tensor<4x48xf32>
  }
  tile.store %s, %y[%i, %j] : tensor<4x48xf32>, !tile.view<?x96xf32>
}

// -----

!paired = !tile.view<8x96xbf16, panels<48, interleave = 2>>
!window = !tile.slice<2x48xbf16, panels<48, interleave = 2>>
!rows = !tile.slice<48x2xbf16>

tile.kernel @left(%x: !tile.view<48x8xbf16>, %w: !paired, %y: !tile.view<2x?xf32>) grid(%i to %m step 2)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.0> : tensor<2x2xf32>
  %s = tile.for %k = %c0 to %c8 step 2
      streams(%a = %x[%c0, %k] : !tile.view<48x8xbf16> -> !rows, %b = %w[%k, %c0] : !paired -> !window)
      iter_args(%acc = %zero : tensor<2x2xf32>) {
    // expected-error @+1 {{has a left-hand side whose rows lie together by 2; expected only right-hand sides in such panels}}
    %0 = tile.dot %acc, %b, %a : tensor<2x2xf32>, !window, !rows
    tile.yield %0 : tensor<2x2xf32>
  }
  tile.store %s, %y[%c0, %i] : tensor<2x2xf32>, !tile.view<2x?xf32>
}

// -----

!paired = !tile.view<8x96xbf16, panels<48, interleave = 2>>

tile.kernel @gather(%ids: !tile.view<?x1xi64>, %w: !paired, %y: !tile.view<?x3xbf16>) grid(%i to %m step 4)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %0 = tile.load %ids[%i, %c0] : !tile.view<?x1xi64> -> tensor<4x1xi64>
  // expected-error @+1 {{gathers 3 rows of '!tile.view<8x96xbf16, panels<48, interleave = 2>>', which lie together by 2; expected multiples of that, from one on}}
  %1 = tile.gather %w[%0, %c0] transposed : !paired, tensor<4x1xi64> -> tensor<4x3xbf16>
  tile.store %1, %y[%i, %c0] : tensor<4x3xbf16>, !tile.view<?x3xbf16>
}

// -----

!rows = !tile.slice<4x2xf32>
!window = !tile.slice<2x32xf32, panels<16>>

tile.kernel @wide(%x: !tile.view<?x8xf32>, %w: !tile.view<8x96xf32, panels<16>>, %y: !tile.view<?x96xf32>) grid(%i to %m step 4, %j to %n step 32)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.0> : tensor<4x32xf32>
  %s = tile.for %k = %c0 to %c8 step 2
      streams(%a = %x[%i, %k] : !tile.view<?x8xf32> -> !rows, %b = %w[%k, %j] : !tile.view<8x96xf32, panels<16>> -> !window)
      iter_args(%acc = %zero : tensor<4x32xf32>) {
    // expected-error @+1 {{reads 32 columns in panels of 16 at once; expected those of one panel}}
    %0 = tile.dot %acc, %a, %b : tensor<4x32xf32>, !rows, !window
    tile.yield %0 : tensor<4x32xf32>
  }
  tile.store %s, %y[%i, %j] : tensor<4x32xf32>, !tile.view<?x96xf32>
}

// -----

!paired = !tile.view<8x96xbf16, panels<48, interleave = 2>>
!window = !tile.slice<4x16xbf16, panels<48, interleave = 2>>

tile.kernel @along(%x: !tile.view<?x4xbf16>, %w: !paired, %y: !tile.view<?x16xf32>) grid(%i to %m step 2)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %c96 = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<2x16xf32>
  %x0 = tile.load %x[%i, %c0] : !tile.view<?x4xbf16> -> tensor<2x4xbf16>
  // expected-error @+1 {{reads window #0 of '!tile.view<8x96xbf16, panels<48, interleave = 2>>', whose rows lie together by 2, along its columns; expected it at a row that is a multiple of 2}}
  %s = tile.for %k = %c0 to %c96 step 16
      streams(%b = %w[%c3, %k] : !paired -> !window)
      iter_args(%acc = %zero : tensor<2x16xf32>) {
    %0 = tile.dot %acc, %x0, %b : tensor<2x16xf32>, tensor<2x4xbf16>, !window
    tile.yield %0 : tensor<2x16xf32>
  }
  tile.store %s, %y[%i, %c0] : tensor<2x16xf32>, !tile.view<?x16xf32>
}

// -----

!paired = !tile.view<?x48xbf16, panels<48, interleave = 2>>

tile.kernel @store(%x: !tile.view<?x48xbf16>, %y: !paired) grid(%i to %m step 3)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x48xbf16> -> tensor<3x48xbf16>
  // expected-error @+1 {{writes rows of '!tile.view<?x48xbf16, panels<48, interleave = 2>>', which lie together by 2; expected them from a multiple of that on}}
  tile.store %0, %y[%i, %c0] : tensor<3x48xbf16>, !paired
}
