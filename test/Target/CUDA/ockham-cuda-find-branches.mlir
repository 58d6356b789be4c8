// RUN: ockham-opt %s --ockham-cuda-find-branches --split-input-file --verify-diagnostics | FileCheck %s
// RUN: ockham-opt %s --ockham-cuda-find-branches --ockham-plan-memory=print --split-input-file 2>&1 | FileCheck %s --check-prefix=PLAN
// RUN: ockham-opt %s --ockham-cuda-find-branches --ockham-cuda-lower-branches --split-input-file 2>/dev/null | FileCheck %s --check-prefix=LOWERED

tile.kernel @copy(%x: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
  tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
}
tile.kernel @add(%x: !tile.view<?x64xf32>, %z: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
  %1 = tile.load %z[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
  %2 = arith.addf %0, %1 : tensor<8x64xf32>
  tile.store %2, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// A parallel block: a norm, two chains, and their sum. The norm and the sum are
// in no branch; what the chains need is made before both, and released behind.
// CHECK-LABEL: func.func @parallel(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<?x64xf32>
// CHECK: %[[NORM:.*]] = ockham.allocate
// CHECK: tile.launch @copy {{.*}} ins(%[[X]] : {{.*}}) outs(%[[NORM]]
// CHECK-NEXT: %[[A:.*]] = ockham.allocate
// CHECK-NEXT: %[[B:.*]] = ockham.allocate
// CHECK-NEXT: %[[C:.*]] = ockham.allocate
// CHECK-NEXT: %[[D:.*]] = ockham.output
// CHECK-NEXT: ockham.branches {
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[NORM]] : {{.*}}) outs(%[[A]]
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[A]] : {{.*}}) outs(%[[C]]
// CHECK-NEXT: }, {
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[NORM]] : {{.*}}) outs(%[[B]]
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[B]] : {{.*}}) outs(%[[D]]
// CHECK-NEXT: }
// CHECK-NEXT: ockham.release %[[NORM]]
// CHECK-NEXT: ockham.release %[[A]]
// CHECK-NEXT: ockham.release %[[B]]
// CHECK-NEXT: tile.launch @add {{.*}} ins(%[[C]], %[[D]] : {{.*}}) outs(%[[X]]

// All that is used in branches is in use at one step, number 2, and has a place
// of its own. One behind the other, three places would do.
// PLAN: memory plan of 'parallel': 4 buffers in an arena of 1024*n bytes
// PLAN: offset steps
// PLAN-NEXT: 0 256*n {{.*}} 0..2
// PLAN-NEXT: 1 256*n {{.*}} 2..2
// PLAN-NEXT: 2 256*n {{.*}} 2..2
// PLAN-NEXT: 3 256*n {{.*}} 2..3

// LOWERED-LABEL: func.func @parallel(
// LOWERED: tile.launch @copy
// LOWERED: ockham.output
// LOWERED-NEXT: ockham.device_branch 0
// LOWERED-NEXT: tile.launch @copy
// LOWERED-NEXT: tile.launch @copy
// LOWERED-NEXT: ockham.device_branch 1
// LOWERED-NEXT: tile.launch @copy
// LOWERED-NEXT: tile.launch @copy
// LOWERED-NEXT: ockham.device_branch{{$}}
// LOWERED-NOT: ockham.branches
// LOWERED: tile.launch @add
func.func @parallel(%x: memref<?x64xf32> {ockham.dims = ["n", ""]}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %norm = ockham.allocate(%n) : memref<?x64xf32>
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%norm : memref<?x64xf32>)
  %a = ockham.allocate(%n) : memref<?x64xf32>
  // expected-remark @+1 {{4 launches may run side by side, in branches of 2, 2; a branch has a stream of its own where its first launch does not fill the GPU}}
  tile.launch @copy grid[%n] ins(%norm : memref<?x64xf32>) outs(%a : memref<?x64xf32>)
  %b = ockham.allocate(%n) : memref<?x64xf32>
  tile.launch @copy grid[%n] ins(%norm : memref<?x64xf32>) outs(%b : memref<?x64xf32>)
  ockham.release %norm : memref<?x64xf32>
  %c = ockham.allocate(%n) : memref<?x64xf32>
  tile.launch @copy grid[%n] ins(%a : memref<?x64xf32>) outs(%c : memref<?x64xf32>)
  ockham.release %a : memref<?x64xf32>
  %d = ockham.output 0(%n) : memref<?x64xf32>
  tile.launch @copy grid[%n] ins(%b : memref<?x64xf32>) outs(%d : memref<?x64xf32>)
  ockham.release %b : memref<?x64xf32>
  tile.launch @add grid[%n] ins(%c, %d : memref<?x64xf32>, memref<?x64xf32>) outs(%x : memref<?x64xf32>)
  ockham.release %c : memref<?x64xf32>
  return
}

// -----

tile.kernel @copy(%x: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
  tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// The cuts that save most are taken: a launch that depends on nothing does not
// keep two chains behind it from running side by side. What is written and what is read is
// compared, in both orders.
// CHECK-LABEL: func.func @cuts(
// CHECK: ockham.branches {
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[X:.*]] : {{.*}}) outs(%[[LONE:.*]] :
// CHECK-NEXT: }, {
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[X]] : {{.*}}) outs(%[[A:.*]] :
// CHECK-NEXT: }
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[A]] : {{.*}}) outs(%[[B:.*]] :
// CHECK-NEXT: ockham.branches {
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[LONE]] : {{.*}}) outs(%[[B]] :
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[B]] : {{.*}}) outs(%[[LONE]] :
// CHECK-NEXT: }, {
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[A]] : {{.*}}) outs(%[[C:.*]] :
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[C]] : {{.*}}) outs(%[[D:.*]] :
// CHECK-NEXT: }
// CHECK-NEXT: tile.launch @copy {{.*}} ins(%[[D]] : {{.*}}) outs(%[[B]] :
// CHECK-NEXT: return
func.func @cuts(%x: memref<?x64xf32> {ockham.dims = ["n", ""]}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %lone = ockham.allocate(%n) : memref<?x64xf32>
  %a = ockham.allocate(%n) : memref<?x64xf32>
  %b = ockham.allocate(%n) : memref<?x64xf32>
  %c = ockham.allocate(%n) : memref<?x64xf32>
  %d = ockham.allocate(%n) : memref<?x64xf32>
  // expected-remark @+1 {{2 launches may run side by side, in branches of 1, 1; a branch has a stream of its own where its first launch does not fill the GPU}}
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%lone : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%a : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%a : memref<?x64xf32>) outs(%b : memref<?x64xf32>)
  // expected-remark @+1 {{4 launches may run side by side, in branches of 2, 2; a branch has a stream of its own where its first launch does not fill the GPU}}
  tile.launch @copy grid[%n] ins(%lone : memref<?x64xf32>) outs(%b : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%a : memref<?x64xf32>) outs(%c : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%b : memref<?x64xf32>) outs(%lone : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%c : memref<?x64xf32>) outs(%d : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%d : memref<?x64xf32>) outs(%b : memref<?x64xf32>)
  return
}

// -----

tile.kernel @copy(%x: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
  tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// At most four branches: the shortest chains share one.
// CHECK-LABEL: func.func @many(
// CHECK: ockham.branches {
// CHECK-COUNT-2: tile.launch
// CHECK: }, {
// CHECK-COUNT-2: tile.launch
// CHECK-NEXT: }, {
// CHECK-COUNT-2: tile.launch
// CHECK-NEXT: }, {
// CHECK-NEXT: tile.launch
// CHECK-NEXT: }
// CHECK-NEXT: return
func.func @many(%x: memref<?x64xf32> {ockham.dims = ["n", ""]}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %a = ockham.allocate(%n) : memref<?x64xf32>
  %b = ockham.allocate(%n) : memref<?x64xf32>
  %c = ockham.allocate(%n) : memref<?x64xf32>
  %d = ockham.allocate(%n) : memref<?x64xf32>
  %e = ockham.allocate(%n) : memref<?x64xf32>
  %f = ockham.allocate(%n) : memref<?x64xf32>
  %g = ockham.allocate(%n) : memref<?x64xf32>
  // expected-remark @+1 {{7 launches may run side by side, in branches of 2, 2, 2, 1; a branch has a stream of its own where its first launch does not fill the GPU}}
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%a : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%b : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%c : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%d : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%e : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%a : memref<?x64xf32>) outs(%f : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%b : memref<?x64xf32>) outs(%g : memref<?x64xf32>)
  return
}

// -----

tile.kernel @copy(%x: !tile.view<?x64xf32>, %y: !tile.view<?x64xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<8x64xf32>
  tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// Other work for the device ends a sequence, and so does memory that could be
// one or the other.
// CHECK-LABEL: func.func @apart(
// CHECK-NOT: ockham.branches
// CHECK: return
func.func @apart(%x: memref<?x64xf32> {ockham.dims = ["n", ""]}, %w: memref<?x64xf32> {ockham.dims = ["n", ""]}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x64xf32>
  %a = ockham.allocate(%n) : memref<?x64xf32>
  %b = ockham.allocate(%n) : memref<?x64xf32>
  %c = ockham.allocate(%n) : memref<?x64xf32>
  %d = ockham.allocate(%n) : memref<?x64xf32>
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%a : memref<?x64xf32>)
  memref.copy %w, %d : memref<?x64xf32> to memref<?x64xf32>
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%b : memref<?x64xf32>)
  %z = arith.cmpi eq, %n, %c0 : index
  %s = arith.select %z, %a, %b : memref<?x64xf32>
  tile.launch @copy grid[%n] ins(%s : memref<?x64xf32>) outs(%c : memref<?x64xf32>)
  tile.launch @copy grid[%n] ins(%x : memref<?x64xf32>) outs(%d : memref<?x64xf32>)
  return
}
