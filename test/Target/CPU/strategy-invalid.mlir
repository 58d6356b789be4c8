// Strategies that the CPU cannot run are refused, with what it could.
// RUN: ockham-opt %s -split-input-file -verify-diagnostics

// expected-error @+1 {{has vectors of 48 bytes, expected a power of two from 8 to 64}}
tile.kernel @width() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 48, loop = 0> {
}

// -----

// expected-error @+1 {{has vectors of 128 bytes, expected a power of two from 8 to 64}}
tile.kernel @wide() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 128, loop = 0> {
}

// -----

// expected-error @+1 {{has vectors of 0 bytes, expected a power of two from 8 to 64}}
tile.kernel @none() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 0, loop = 0> {
}

// -----

// expected-error @+1 {{loops over grid dimension #1, but the grid has 1}}
tile.kernel @loop() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 1> {
}

// -----

// expected-error @+1 {{loops over grid dimension #-1, but the grid has 1}}
tile.kernel @before() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = -1> {
}

// -----

// expected-error @+1 {{has blocks of 12 in grid dimension #0, expected a multiple of its step, 8}}
tile.kernel @block() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 12> {
}

// -----

// expected-error @+1 {{has blocks of -8 in grid dimension #0, expected a multiple of its step, 8}}
tile.kernel @negative() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = -8> {
}

// -----

// The last block of a dimension is shorter than its step: what has one size only
// is none that a thread can loop over.
// expected-error @+1 {{loops over grid dimension #0 in steps of 2, but its blocks cannot have another size, as the last ones would; expected a dimension in steps of 1, or another body}}
tile.kernel @fixed(%c: !tile.view<?x4xf32>) grid(%i to %m step 2)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0> {
  %c0 = arith.constant 0 : index
  %x = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  tile.store %x, %c[%i, %c0] : tensor<2x4xf32>, !tile.view<?x4xf32>
}

// -----

// expected-error @+1 {{prefetches 1 lines of the next panel, but none of its loops goes down the rows of a packed matrix; expected 0}}
tile.kernel @nothing() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, prefetch = 1> {
}

// -----

// expected-error @+1 {{prefetches -1 lines in each step of a loop, expected 0 to 0, which is what a step reads}}
tile.kernel @back() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, prefetch = -1> {
}

// -----

// expected-error @+1 {{prefetches 7 lines in each step of a loop, expected 0 to 6, which is what a step reads}}
tile.kernel @far(%a: !tile.view<?x64xf32>, %w: !tile.view<64x48xf32, panels<48>>, %c: !tile.view<?x48xf32>)
    grid(%i to %m step 8, %j to %n step 48) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 64, prefetch = 7> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c64 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x64xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<64x48xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x48xf32>
}

// -----

// expected-error @+1 {{splits the depth of products into parts of -2, expected 0 or more}}
tile.kernel @part() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 8, depth = -2> {
}

// -----

// expected-error @+1 {{splits the depth of products into parts of 16, expected a loop from 0 to a constant that does nothing but add up products of the rows of grid dimension #0, and behind it what is done row by row}}
tile.kernel @no_product() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 8, depth = 16> {
}

// -----

// expected-error @+1 {{splits the depth of products into parts of 31, expected a multiple of the loop's step, 2}}
tile.kernel @odd(%a: !tile.view<?x64xf32>, %w: !tile.view<64x48xf32, panels<48>>, %c: !tile.view<?x48xf32>)
    grid(%i to %m step 8, %j to %n step 48) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 64, depth = 31> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c64 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x64xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<64x48xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x48xf32>
}

// -----

// Sums wait on the stack.
// expected-error @+1 {{keeps the sums of blocks of 0 rows (all) from one part of the depth to the next, 192 bytes each; expected blocks of 1 to 682 rows}}
tile.kernel @all(%a: !tile.view<?x64xf32>, %w: !tile.view<64x48xf32, panels<48>>, %c: !tile.view<?x48xf32>)
    grid(%i to %m step 8, %j to %n step 48) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, depth = 32> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c64 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x64xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<64x48xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x48xf32>
}

// -----

// What follows goes down a column: not row by row.
// expected-error @+1 {{splits the depth of products into parts of 32, expected a loop from 0 to a constant}}
tile.kernel @scanned(%a: !tile.view<?x64xf32>, %w: !tile.view<64x48xf32, panels<48>>, %c: !tile.view<?x48xf32>)
    grid(%i to %m step 8, %j to %n step 48) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 8, depth = 32> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c64 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x64xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<64x48xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    tile.yield %0 : tensor<8x48xf32>
  }
  %t = tile.scan %s : tensor<8x48xf32>
  tile.store %t, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x48xf32>
}

// -----

// Read as if rows followed each other, they would give wrong numbers.
// expected-error @+1 {{has argument #0 of type '!tile.view<8x48xbf16, panels<48, interleave = 4>>', whose rows are interleaved by 4, but the CPU has no product that reads them; expected panels without interleaving, or of pairs of bf16}}
tile.kernel @k(%w: !tile.view<8x48xbf16, panels<48, interleave = 4>>) grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
}

// -----

// expected-error @+1 {{has argument #0 of type '!tile.view<8x48xf16, panels<48, interleave = 2>>', whose rows are interleaved by 2, but the CPU has no product that reads them; expected panels without interleaving, or of pairs of bf16}}
tile.kernel @k(%w: !tile.view<8x48xf16, panels<48, interleave = 2>>) grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
}

// -----

// expected-error @+1 {{multiplies pairs of bf16 in vectors of 32 bytes, but the instruction has 64}}
tile.kernel @k(%w: !tile.view<8x48xbf16, panels<48, interleave = 2>>) grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 32, loop = 0, bf16_pairs = true> {
}

// -----

// expected-error @+1 {{multiplies -1 rows or more by the matrix unit, expected 1 or more, or 0 for none}}
tile.kernel @k() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = -1> {
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but expected a loop from 0 to a constant that does nothing but add up products of the rows of grid dimension #0, and behind it what is done row by row}}
tile.kernel @k() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but it multiplies '!tile.slice<8x4xf32>' by '!tile.slice<4x48xbf16, panels<48, interleave = 2>>'; expected bf16 by panels of bf16 whose rows lie in pairs (interleave = 2)}}
tile.kernel @type(%a: !tile.view<?x80xf32>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xf32> -> !tile.slice<8x4xf32>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xf32>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but it multiplies '!tile.slice<8x4xbf16>' by '!tile.slice<4x48xbf16, panels<48>>'; expected bf16 by panels of bf16 whose rows lie in pairs (interleave = 2)}}
tile.kernel @no_pairs(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48>> -> !tile.slice<4x48xbf16, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but it accumulates 'tensor<48x48xf32>' in 9 tiles of 16 x 16, expected at most 6}}
tile.kernel @tall(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 48, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<48x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<48x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<48x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<48x48xf32>, !tile.slice<48x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<48x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<48x48xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but it accumulates 'tensor<8x24xf32>'; expected f32 in a multiple of 16 columns}}
tile.kernel @narrow(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 24)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x24xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x24xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x24xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x24xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x24xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x24xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x24xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but result #0 of its loop does not start from 0}}
tile.kernel @begins(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %one = arith.constant dense<1.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %one : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{splits the depth of products into parts of 40, but the matrix unit keeps their sums over all of it; expected 0}}
tile.kernel @parts(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 8, depth = 40, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// The left-hand side is not where a thread is: its rows may end before.
// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but its windows do not go along the columns of an argument, at grid index #0, and down the rows of another}}
tile.kernel @elsewhere(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %c8 = arith.constant 8 : index
  %later = arith.addi %i, %c8 : index
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%later, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but it multiplies 'tensor<8x4xbf16>' by '!tile.slice<4x48xbf16, panels<48, interleave = 2>>'; expected windows that its loop streams}}
tile.kernel @block(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %x = tile.load %a[%i, %k] : !tile.view<?x80xbf16> -> tensor<8x4xbf16>
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, tensor<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{multiplies 16 rows or more by the matrix unit in blocks of 8; expected blocks of 2 rows or more, and at most as many rows}}
tile.kernel @k() grid(%i to %m step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 16> {
}

// -----

// expected-error @+1 {{multiplies 1 rows or more by the matrix unit in blocks of 1; expected blocks of 2 rows or more, and at most as many rows}}
tile.kernel @k() grid(%i to %m step 1)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 1> {
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but 'tile.store' writes in front of its loop}}
tile.kernel @front(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>, %d: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  tile.store %zero, %d[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// expected-error @+1 {{multiplies 4 rows or more by the matrix unit, but its loop does more than add up products: 'tile.store'}}
tile.kernel @inside(%a: !tile.view<?x80xbf16>, %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>, %c: !tile.view<?x96xf32>, %d: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48)
    strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, amx = 4> {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.store %zero, %d[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}
