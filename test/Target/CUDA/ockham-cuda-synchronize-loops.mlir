// What is known of windows behind a loop, and when a loop comes again. How many
// groups a ring leaves under way is in ockham-cuda-synchronize.mlir.

// RUN: ockham-opt %s --ockham-cuda-synchronize | FileCheck %s

#mma = #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 2], lanes = [8, 4], vector = 2>

// One barrier for windows that are acquired together, though only one of them is
// waited for.
// CHECK-LABEL: tile.kernel @together
// CHECK: ockham_cuda.commit
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.acquire
// CHECK-NEXT: arith.addi
// CHECK-NEXT: ockham_cuda.acquire
// CHECK-NEXT: tile.dot
// CHECK-NOT: {{wait|barrier}}
// CHECK: tile.store
tile.kernel @together(%a: !tile.view<?x33xbf16>, %b: !tile.view<?x32xbf16>, %c: !tile.view<?x16xf32>)
    grid(%i to %m step 16) strategy #mma {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %x = ockham_cuda.shared at 0 : <16x16xbf16>
  %y = ockham_cuda.shared at 1024 : <16x16xbf16>
  ockham_cuda.copy %a[%i, %c0] to %x[%c0 + 0] bytes 0 : !tile.view<?x33xbf16> -> <16x16xbf16>
  ockham_cuda.copy %b[%c0, %c0] to %y[%c0 + 0] bytes 16 : !tile.view<?x32xbf16> -> <16x16xbf16>
  %v = ockham_cuda.acquire %x[%c0] : <16x16xbf16> -> !tile.slice<16x16xbf16>
  %number = arith.addi %c0, %c0 : index
  %w = ockham_cuda.acquire %y[%number] : <16x16xbf16> -> !tile.slice<16x16xbf16>
  %0 = tile.dot %zero, %v, %w : tensor<16x16xf32>, !tile.slice<16x16xbf16>, !tile.slice<16x16xbf16>
  tile.store %0, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// And one for windows that are copied together, though only the second of them is
// where something was read.
// CHECK-LABEL: tile.kernel @beside
// CHECK: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.get
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: tile.store
tile.kernel @beside(%a: !tile.view<?x32xf32>, %c: !tile.view<?x16xf32>) grid(%i to %m step 16) strategy #mma {
  %c0 = arith.constant 0 : index
  %v = tile.load %a[%i, %c0] : !tile.view<?x32xf32> -> tensor<16x16xf32>
  %x = ockham_cuda.shared at 0 : <16x16xf32>
  %y = ockham_cuda.shared at 1024 : <16x16xf32>
  ockham_cuda.put %v to %y : tensor<16x16xf32> -> <16x16xf32>
  %0 = ockham_cuda.get transpose %y : <16x16xf32> -> tensor<16x16xf32>
  ockham_cuda.copy %a[%i, %c0] to %x[%c0 + 0] bytes 16 : !tile.view<?x32xf32> -> <16x16xf32>
  ockham_cuda.copy %a[%i, %c0] to %y[%c0 + 0] bytes 16 : !tile.view<?x32xf32> -> <16x16xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// The last of eight turns reads the second of two windows. All have read the
// first one when its barrier is behind them.
// CHECK-LABEL: tile.kernel @last
// CHECK: scf.for
// CHECK: }
// CHECK-NEXT: ockham_cuda.put %{{.*}} to %[[FIRST:.*]] :
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.put
tile.kernel @last(%a: !tile.view<?x128xbf16>, %p: !tile.view<?x16xbf16>) grid(%i to %m step 16) strategy #mma {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %v = tile.load %p[%i, %c0] : !tile.view<?x16xbf16> -> tensor<16x16xbf16>
  %x = ockham_cuda.shared at 0 : <16x16xbf16, stages = 2>
  %first = ockham_cuda.shared at 0 : <16x16xbf16>
  %second = ockham_cuda.shared at 1024 : <16x16xbf16>
  ockham_cuda.copy %a[%i, %c0] to %x[%c0 + 0] bytes 16 : !tile.view<?x128xbf16> -> <16x16xbf16, stages = 2>
  scf.for %n = %c0 to %c8 step %c1 {
    %w = ockham_cuda.acquire %x[%n] : <16x16xbf16, stages = 2> -> !tile.slice<16x16xbf16>
    %next = arith.addi %n, %c1 : index
    %at = arith.muli %next, %c16 : index
    %more = arith.cmpi slt, %next, %c8 : index
    ockham_cuda.copy %a[%i, %at] to %x[%n + 1] bytes 16 when %more : !tile.view<?x128xbf16> -> <16x16xbf16, stages = 2>
  }
  ockham_cuda.put %v to %first : tensor<16x16xbf16> -> <16x16xbf16>
  ockham_cuda.put %v to %second : tensor<16x16xbf16> -> <16x16xbf16>
}

// A ring in a loop. With eight turns the first window is free when the ring
// begins again; with seven the last turn has read it.
// CHECK-LABEL: tile.kernel @even
// CHECK: scf.for
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: scf.for
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.acquire
// CHECK-NOT: {{wait|barrier}}
// CHECK-LABEL: tile.kernel @odd
// CHECK: scf.for
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: scf.for
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.acquire
// CHECK-NOT: {{wait|barrier}}
tile.kernel @even(%a: !tile.view<?x128xbf16>, %end: index) grid(%i to %m step 16) strategy #mma {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %x = ockham_cuda.shared at 0 : <16x16xbf16, stages = 2>
  scf.for %k = %c0 to %end step %c16 {
    ockham_cuda.copy %a[%k, %c0] to %x[%c0 + 0] bytes 16 : !tile.view<?x128xbf16> -> <16x16xbf16, stages = 2>
    scf.for %n = %c0 to %c8 step %c1 {
      %w = ockham_cuda.acquire %x[%n] : <16x16xbf16, stages = 2> -> !tile.slice<16x16xbf16>
      %next = arith.addi %n, %c1 : index
      %at = arith.muli %next, %c16 : index
      %more = arith.cmpi slt, %next, %c8 : index
      ockham_cuda.copy %a[%k, %at] to %x[%n + 1] bytes 16 when %more : !tile.view<?x128xbf16> -> <16x16xbf16, stages = 2>
    }
  }
}
tile.kernel @odd(%a: !tile.view<?x112xbf16>, %end: index) grid(%i to %m step 16) strategy #mma {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c7 = arith.constant 7 : index
  %c16 = arith.constant 16 : index
  %x = ockham_cuda.shared at 0 : <16x16xbf16, stages = 2>
  scf.for %k = %c0 to %end step %c16 {
    ockham_cuda.copy %a[%k, %c0] to %x[%c0 + 0] bytes 16 : !tile.view<?x112xbf16> -> <16x16xbf16, stages = 2>
    scf.for %n = %c0 to %c7 step %c1 {
      %w = ockham_cuda.acquire %x[%n] : <16x16xbf16, stages = 2> -> !tile.slice<16x16xbf16>
      %next = arith.addi %n, %c1 : index
      %at = arith.muli %next, %c16 : index
      %more = arith.cmpi slt, %next, %c7 : index
      ockham_cuda.copy %a[%k, %at] to %x[%n + 1] bytes 16 when %more : !tile.view<?x112xbf16> -> <16x16xbf16, stages = 2>
    }
  }
}

// A loop of no turns waits for nothing: what was copied in front of it may be
// under way behind it, and so behind a loop that may have none.
// CHECK-LABEL: tile.kernel @no_turns
// CHECK: scf.for
// CHECK: }
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.put
// CHECK: scf.for
// CHECK: }
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.put
tile.kernel @no_turns(%a: !tile.view<?x128xbf16>, %p: !tile.view<?x16xbf16>, %end: index) grid(%i to %m step 16)
    strategy #mma {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = ockham_cuda.shared at 0 : <16x16xbf16>
  %y = ockham_cuda.shared at 1024 : <16x16xbf16>
  %v = tile.load %p[%i, %c0] : !tile.view<?x16xbf16> -> tensor<16x16xbf16>
  ockham_cuda.copy %a[%i, %c0] to %x[%c0 + 0] bytes 16 : !tile.view<?x128xbf16> -> <16x16xbf16>
  scf.for %n = %c0 to %c0 step %c1 {
    %w = ockham_cuda.acquire %x[%n] : <16x16xbf16> -> !tile.slice<16x16xbf16>
  }
  ockham_cuda.put %v to %x : tensor<16x16xbf16> -> <16x16xbf16>
  ockham_cuda.copy %a[%i, %c0] to %y[%c0 + 0] bytes 16 : !tile.view<?x128xbf16> -> <16x16xbf16>
  scf.for %n = %c0 to %end step %c1 {
    %w = ockham_cuda.acquire %y[%c0] : <16x16xbf16> -> !tile.slice<16x16xbf16>
  }
  ockham_cuda.put %v to %y : tensor<16x16xbf16> -> <16x16xbf16>
}

// Only loops over 0, 1, ... number windows: of others each turn may read the one
// that the next turn writes.
// CHECK-LABEL: tile.kernel @every_second
// CHECK: scf.for
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.acquire
tile.kernel @every_second(%a: !tile.view<?x128xbf16>, %end: index) grid(%i to %m step 16) strategy #mma {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %x = ockham_cuda.shared at 0 : <16x16xbf16, stages = 4>
  scf.for %n = %c0 to %end step %c2 {
    ockham_cuda.copy %a[%n, %c0] to %x[%n + 0] bytes 16 : !tile.view<?x128xbf16> -> <16x16xbf16, stages = 4>
    %w = ockham_cuda.acquire %x[%n] : <16x16xbf16, stages = 4> -> !tile.slice<16x16xbf16>
  }
}

// What one turn stores, other threads load in the next one.
// CHECK-LABEL: tile.kernel @in_turns
// CHECK: scf.for
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: tile.load
// CHECK-NEXT: arith.addi
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: tile.store
// CHECK-NEXT: }
tile.kernel @in_turns(%a: !tile.view<?x?xf32>, %end: index) grid(%i to %m step 16) strategy #mma {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  scf.for %k = %c0 to %end step %c16 {
    %v = tile.load %a[%i, %k] : !tile.view<?x?xf32> -> tensor<16x16xf32>
    %next = arith.addi %k, %c16 : index
    tile.store %v, %a[%i, %next] : tensor<16x16xf32>, !tile.view<?x?xf32>
  }
}
