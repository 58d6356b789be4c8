// Rings of windows: how many groups a turn leaves under way, and what lies
// behind the last one. Blocks that change hands are in
// ockham-cuda-synchronize-blocks.mlir.

// RUN: ockham-opt %s --ockham-cuda-synchronize | FileCheck %s

#mma = #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 2], lanes = [8, 4], vector = 2>

// One window ahead: the one that a turn reads is the only one under way.
// CHECK-LABEL: tile.kernel @two_stages
// CHECK: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NOT: {{wait|barrier|commit}}
// CHECK: scf.for
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.acquire
// CHECK: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: tile.dot
// CHECK-NOT: {{wait|barrier|commit}}
// CHECK: tile.store
tile.kernel @two_stages(%a: !tile.view<?x128xbf16>, %c: !tile.view<?x16xf32>) grid(%i to %m step 16)
    strategy #mma {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %x = ockham_cuda.shared at 0 : <16x16xbf16, stages = 2>
  ockham_cuda.copy %a[%i, %c0] to %x[%c0 + 0] bytes 16 : !tile.view<?x128xbf16> -> <16x16xbf16, stages = 2>
  %sum = scf.for %n = %c0 to %c8 step %c1 iter_args(%acc = %zero) -> (tensor<16x16xf32>) {
    %w = ockham_cuda.acquire %x[%n] : <16x16xbf16, stages = 2> -> !tile.slice<16x16xbf16>
    %next = arith.addi %n, %c1 : index
    %at = arith.muli %next, %c16 : index
    %more = arith.cmpi slt, %next, %c8 : index
    ockham_cuda.copy %a[%i, %at] to %x[%n + 1] bytes 16 when %more : !tile.view<?x128xbf16> -> <16x16xbf16, stages = 2>
    %0 = tile.dot %acc, %w, %w transposed : tensor<16x16xf32>, !tile.slice<16x16xbf16>, !tile.slice<16x16xbf16>
    scf.yield %0 : tensor<16x16xf32>
  }
  tile.store %sum, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// Four stages and a number of turns that is known when the kernel runs. The
// copies of windows that the loop does not come to are not made, so that behind
// it nothing is under way; the next ring, in the same memory, needs a barrier
// and no wait. A window with two products, and a second window of the same turn,
// are waited for once.
// CHECK-LABEL: tile.kernel @one_after_the_other
// CHECK: ockham_cuda.copy {{.*}} when %{{.*}} :
// CHECK-NEXT: ockham_cuda.commit
// CHECK: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NOT: {{wait|barrier|commit}}
// CHECK: scf.for
// CHECK-NEXT: ockham_cuda.wait 2
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.acquire
// CHECK: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: tile.dot
// CHECK-NEXT: tile.dot
// CHECK-NEXT: arith.addf
// CHECK-NEXT: scf.yield
// CHECK-NEXT: }
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: scf.for
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.acquire
// CHECK-NOT: {{wait|barrier}}
// CHECK: tile.store
tile.kernel @one_after_the_other(%a: !tile.view<?x?xbf16>, %c: !tile.view<?x16xf32>, %turns: index) grid(%i to %m step 16)
    strategy #mma {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %x = ockham_cuda.shared at 0 : <16x16xbf16, stages = 4>
  %y = ockham_cuda.shared at 0 : <16x16xbf16, stages = 2>
  %1 = arith.cmpi sgt, %turns, %c0 : index
  ockham_cuda.copy %a[%i, %c0] to %x[%c0 + 0] bytes 16 when %1 : !tile.view<?x?xbf16> -> <16x16xbf16, stages = 4>
  %2 = arith.cmpi sgt, %turns, %c1 : index
  ockham_cuda.copy %a[%i, %c16] to %x[%c1 + 0] bytes 16 when %2 : !tile.view<?x?xbf16> -> <16x16xbf16, stages = 4>
  %3 = arith.cmpi sgt, %turns, %c2 : index
  ockham_cuda.copy %a[%i, %c32] to %x[%c2 + 0] bytes 16 when %3 : !tile.view<?x?xbf16> -> <16x16xbf16, stages = 4>
  %sum = scf.for %n = %c0 to %turns step %c1 iter_args(%acc = %zero) -> (tensor<16x16xf32>) {
    %w = ockham_cuda.acquire %x[%n] : <16x16xbf16, stages = 4> -> !tile.slice<16x16xbf16>
    %next = arith.addi %n, %c3 : index
    %at = arith.muli %next, %c16 : index
    %more = arith.cmpi slt, %next, %turns : index
    ockham_cuda.copy %a[%i, %at] to %x[%n + 3] bytes 16 when %more : !tile.view<?x?xbf16> -> <16x16xbf16, stages = 4>
    %0 = tile.dot %acc, %w, %w transposed : tensor<16x16xf32>, !tile.slice<16x16xbf16>, !tile.slice<16x16xbf16>
    %4 = tile.dot %acc, %w, %w : tensor<16x16xf32>, !tile.slice<16x16xbf16>, !tile.slice<16x16xbf16>
    %5 = arith.addf %0, %4 : tensor<16x16xf32>
    scf.yield %5 : tensor<16x16xf32>
  }
  ockham_cuda.copy %a[%i, %c0] to %y[%c0 + 0] bytes 16 when %1 : !tile.view<?x?xbf16> -> <16x16xbf16, stages = 2>
  %all = scf.for %n = %c0 to %turns step %c1 iter_args(%acc = %sum) -> (tensor<16x16xf32>) {
    %w = ockham_cuda.acquire %y[%n] : <16x16xbf16, stages = 2> -> !tile.slice<16x16xbf16>
    %next = arith.addi %n, %c1 : index
    %at = arith.muli %next, %c16 : index
    %more = arith.cmpi slt, %next, %turns : index
    ockham_cuda.copy %a[%i, %at] to %y[%n + 1] bytes 16 when %more : !tile.view<?x?xbf16> -> <16x16xbf16, stages = 2>
    %0 = tile.dot %acc, %w, %w transposed : tensor<16x16xf32>, !tile.slice<16x16xbf16>, !tile.slice<16x16xbf16>
    scf.yield %0 : tensor<16x16xf32>
  }
  tile.store %all, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// A copy whose condition does not say where the loop ends may be under way
// behind it.
// CHECK-LABEL: tile.kernel @unknown_end
// CHECK: scf.for
// CHECK: ockham_cuda.wait 0
// CHECK: }
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.put
tile.kernel @unknown_end(%a: !tile.view<?x?xbf16>, %p: !tile.view<?x16xbf16>, %turns: index, %more: i1) grid(%i to %m step 16)
    strategy #mma {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = ockham_cuda.shared at 0 : <16x16xbf16, stages = 2>
  %y = ockham_cuda.shared at 0 : <16x16xbf16>
  %v = tile.load %p[%i, %c0] : !tile.view<?x16xbf16> -> tensor<16x16xbf16>
  scf.for %n = %c0 to %turns step %c1 {
    %w = ockham_cuda.acquire %x[%n] : <16x16xbf16, stages = 2> -> !tile.slice<16x16xbf16>
    ockham_cuda.copy %a[%i, %c0] to %x[%n + 1] bytes 16 when %more : !tile.view<?x?xbf16> -> <16x16xbf16, stages = 2>
  }
  ockham_cuda.put %v to %y : tensor<16x16xbf16> -> <16x16xbf16>
}
