// Blocks that change hands in shared memory, and views that a kernel both reads
// and writes. Rings are in ockham-cuda-synchronize.mlir.

// RUN: ockham-opt %s --ockham-cuda-synchronize | FileCheck %s

#rows = #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 4], lanes = [1, 32], vector = 4>

// Two places are written and read: one barrier.
// CHECK-LABEL: tile.kernel @together
// CHECK: ockham_cuda.put %
// CHECK-NEXT: ockham_cuda.put %
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.get transpose
// CHECK-NEXT: ockham_cuda.get transpose
// CHECK-NOT: barrier
// CHECK: tile.store
tile.kernel @together(%a: !tile.view<?x16xf32>, %c: !tile.view<?x16xf32>) grid(%i to %m step 16) strategy #rows {
  %c0 = arith.constant 0 : index
  %x = ockham_cuda.shared at 0 : <16x16xf32>
  %y = ockham_cuda.shared at 1024 : <16x16xf32>
  %v = tile.load %a[%i, %c0] : !tile.view<?x16xf32> -> tensor<16x16xf32>
  ockham_cuda.put %v to %x : tensor<16x16xf32> -> <16x16xf32>
  ockham_cuda.put %v to %y : tensor<16x16xf32> -> <16x16xf32>
  %0 = ockham_cuda.get transpose %x : <16x16xf32> -> tensor<16x16xf32>
  %1 = ockham_cuda.get transpose %y : <16x16xf32> -> tensor<16x16xf32>
  %2 = arith.addf %0, %1 : tensor<16x16xf32>
  tile.store %2, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// In a loop, a place is written again when all threads have read it.
// CHECK-LABEL: tile.kernel @again
// CHECK: scf.for
// CHECK: tile.load
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.put_part
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.get_whole
// CHECK-NEXT: arith.addf
// CHECK-NEXT: scf.yield
// Of two places in turns, the barrier of the second is also in front of the next
// turn's write to the first.
// CHECK: scf.for
// CHECK: tile.load
// CHECK-NEXT: ockham_cuda.put_part {{.*}} to %[[X:.*]] :
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.get_whole sum %[[X]]
// CHECK-NEXT: ockham_cuda.put_part
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.get_whole
// CHECK-NOT: barrier
// CHECK: tile.store
tile.kernel @again(%a: !tile.view<?x?xf32>, %c: !tile.view<?x1xf32>, %end: index) grid(%i to %m step 4) strategy #rows {
  %c0 = arith.constant 0 : index
  %step = arith.constant 512 : index
  %zero = arith.constant dense<0.0> : tensor<4x1xf32>
  %x = ockham_cuda.shared at 0 : <4x4xf32>
  %y = ockham_cuda.shared at 1024 : <4x4xf32>
  %sum = scf.for %k = %c0 to %end step %step iter_args(%acc = %zero) -> (tensor<4x1xf32>) {
    %v = tile.load %a[%i, %k] : !tile.view<?x?xf32> -> tensor<4x512xf32>
    ockham_cuda.put_part sum %v to %x : tensor<4x512xf32> -> <4x4xf32>
    %0 = ockham_cuda.get_whole sum %x : <4x4xf32> -> tensor<4x1xf32>
    %1 = arith.addf %acc, %0 : tensor<4x1xf32>
    scf.yield %1 : tensor<4x1xf32>
  }
  %both = scf.for %k = %c0 to %end step %step iter_args(%acc = %sum) -> (tensor<4x1xf32>) {
    %v = tile.load %a[%i, %k] : !tile.view<?x?xf32> -> tensor<4x512xf32>
    ockham_cuda.put_part sum %v to %y : tensor<4x512xf32> -> <4x4xf32>
    %0 = ockham_cuda.get_whole sum %y : <4x4xf32> -> tensor<4x1xf32>
    ockham_cuda.put_part max %v to %x : tensor<4x512xf32> -> <4x4xf32>
    %1 = ockham_cuda.get_whole max %x : <4x4xf32> -> tensor<4x1xf32>
    %2 = arith.addf %0, %1 : tensor<4x1xf32>
    scf.yield %2 : tensor<4x1xf32>
  }
  tile.store %both, %c[%i, %c0] : tensor<4x1xf32>, !tile.view<?x1xf32>
}

// What one branch writes is read behind both; copies of single elements are
// there when they are made.
// CHECK-LABEL: tile.kernel @branches
// CHECK: scf.if
// CHECK-NEXT: ockham_cuda.put
// CHECK-NEXT: } else {
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: }
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: ockham_cuda.get
tile.kernel @branches(%a: !tile.view<?x16xf32>, %c: !tile.view<?x16xf32>, %flag: i1) grid(%i to %m step 16) strategy #rows {
  %c0 = arith.constant 0 : index
  %x = ockham_cuda.shared at 0 : <16x16xf32>
  %v = tile.load %a[%i, %c0] : !tile.view<?x16xf32> -> tensor<16x16xf32>
  scf.if %flag {
    ockham_cuda.put %v to %x : tensor<16x16xf32> -> <16x16xf32>
  } else {
    ockham_cuda.copy %a[%c0, %c0] to %x[%c0 + 0] bytes 0 : !tile.view<?x16xf32> -> <16x16xf32>
  }
  %0 = ockham_cuda.get transpose %x : <16x16xf32> -> tensor<16x16xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// A view that is read and written is synchronised as well, through its parts,
// and asynchronous reads of it. Views of other arguments are other memory.
// CHECK-LABEL: tile.kernel @in_place
// CHECK: tile.load
// CHECK-NEXT: ockham_cuda.copy
// CHECK-NEXT: ockham_cuda.commit
// CHECK-NEXT: tile.store {{.*}}, %{{.*}}[%{{.*}}, %c0] :
// CHECK-NEXT: ockham_cuda.wait 0
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: tile.store
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: tile.load
// CHECK-NOT: barrier
// CHECK: tile.store
tile.kernel @in_place(%a: !tile.view<?x16xf32>, %c: !tile.view<?x16xf32>) grid(%i to %m step 16) strategy #rows {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %x = ockham_cuda.shared at 0 : <16x16xf32>
  %part = tile.subview %a[%i, %c0] [%c16, %c16] : !tile.view<?x16xf32> -> !tile.view<16x16xf32>
  %v = tile.load %a[%i, %c0] : !tile.view<?x16xf32> -> tensor<16x16xf32>
  ockham_cuda.copy %a[%i, %c0] to %x[%c0 + 0] bytes 16 : !tile.view<?x16xf32> -> <16x16xf32>
  tile.store %v, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
  tile.store %v, %part[%c0, %c0] : tensor<16x16xf32>, !tile.view<16x16xf32>
  %0 = tile.load %a[%i, %c0] : !tile.view<?x16xf32> -> tensor<16x16xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// Stores that never meet need nothing: blocks of a loop's turns, and blocks
// beside each other. Others do.
// CHECK-LABEL: tile.kernel @stores
// CHECK: scf.for
// CHECK-NEXT: tile.store
// CHECK-NEXT: }
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: tile.store {{.*}}[%{{.*}}, %c0]
// CHECK-NEXT: tile.store {{.*}}[%{{.*}}, %c16]
// CHECK-NEXT: ockham_cuda.barrier
// CHECK-NEXT: tile.store {{.*}}[%{{.*}}, %c8]
tile.kernel @stores(%c: !tile.view<?x?xf32>, %end: index) grid(%i to %m step 16) strategy #rows {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %v = arith.constant dense<0.0> : tensor<16x16xf32>
  scf.for %k = %c0 to %end step %c16 {
    tile.store %v, %c[%i, %k] : tensor<16x16xf32>, !tile.view<?x?xf32>
  }
  tile.store %v, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x?xf32>
  tile.store %v, %c[%i, %c16] : tensor<16x16xf32>, !tile.view<?x?xf32>
  tile.store %v, %c[%i, %c8] : tensor<16x16xf32>, !tile.view<?x?xf32>
}
