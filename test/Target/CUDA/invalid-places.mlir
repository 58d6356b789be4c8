// Which memory an op touches is known when compiling, so that what has to wait
// for what can be.

// RUN: ockham-opt %s -split-input-file -verify-diagnostics

#rows = #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 4], lanes = [1, 32], vector = 4>
tile.kernel @views(%a: !tile.view<?x64xf32>, %b: !tile.view<?x64xf32>, %c: !tile.view<?x64xf32>, %flag: i1)
    grid(%i to %m step 1) strategy #rows {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'arith.select' op gives '!tile.view<?x64xf32>', but which memory that is must be known when compiling; expected an argument of the kernel or a part of one (tile.subview)}}
  %0 = arith.select %flag, %a, %b : !tile.view<?x64xf32>
  %1 = tile.load %0[%i, %c0] : !tile.view<?x64xf32> -> tensor<1x64xf32>
  tile.store %1, %c[%i, %c0] : tensor<1x64xf32>, !tile.view<?x64xf32>
}

// -----

#rows = #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 4], lanes = [1, 32], vector = 4>
tile.kernel @buffers(%flag: i1) grid(%i to %m step 1) strategy #rows {
  %x = ockham_cuda.shared at 0 : <16x16xf32>
  %y = ockham_cuda.shared at 1024 : <16x16xf32>
  // expected-error @below {{'scf.if' op gives '!ockham_cuda.buffer<16x16xf32>', but which memory that is must be known when compiling; expected ockham_cuda.shared}}
  %0 = scf.if %flag -> (!ockham_cuda.buffer<16x16xf32>) {
    scf.yield %x : !ockham_cuda.buffer<16x16xf32>
  } else {
    scf.yield %y : !ockham_cuda.buffer<16x16xf32>
  }
}

// -----

#rows = #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 4], lanes = [1, 32], vector = 4>
tile.kernel @windows(%a: !tile.view<?x64xf32>, %flag: i1) grid(%i to %m step 1) strategy #rows {
  %c0 = arith.constant 0 : index
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<1x64xf32>
  // expected-error @below {{'scf.while' op carries '!tile.slice<1x64xf32>', but which memory that is must be known when compiling; expected what tile.slice, a stream of tile.for or ockham_cuda.acquire gives}}
  scf.while (%0 = %x) : (!tile.slice<1x64xf32>) -> () {
    scf.condition(%flag)
  } do {
    scf.yield %x : !tile.slice<1x64xf32>
  }
}
