// RUN: ockham-opt %s --ockham-cuda-outline-rest=threads=128 --split-input-file --verify-diagnostics | FileCheck %s

// An op of linalg: a thread per element of its result.
// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[X:.*]]: memref<?x4xf32>, %[[Y:.*]]: memref<?x4xf32>
// CHECK-DAG: %[[P:.*]] = llvm.inttoptr %{{.*}} : i64 to !llvm.ptr
// CHECK-DAG: %[[Q:.*]] = llvm.inttoptr %{{.*}} : i64 to !llvm.ptr
// CHECK: %[[BLOCKS:.*]] = arith.ceildivui %{{.*}}, %{{.*}} : index
// CHECK: ockham.launch @kernels::@loop blocks(%[[BLOCKS]], %{{.*}}, %{{.*}}) (%{{.*}})
// CHECK-NOT: linalg
// CHECK: gpu.func @loop(%{{.*}}: !llvm.ptr{{.*}}) kernel attributes {nvvm.reqntid = array<i32: 128, 1, 1>} {
// CHECK: %[[BLOCK:.*]] = gpu.block_id x
// CHECK: %[[THREAD:.*]] = gpu.thread_id x
// CHECK: arith.cmpi ult
// CHECK: scf.if
// CHECK: memref.load
// CHECK: math.exp
// CHECK: memref.store
func.func @forward(%x: memref<?x4xf32>, %y: memref<?x4xf32>) attributes {ockham.entry = "forward"} {
  // expected-remark @+1 {{'linalg.exp' has no kernel of its own: a thread per element of its result computes it on the device, which is slow}}
  linalg.exp ins(%x : memref<?x4xf32>) outs(%y : memref<?x4xf32>)
  return
}

// -----

// Dense buffers are copied, others element by element; equal loops are one
// kernel.
// CHECK-LABEL: func.func @copies(
// CHECK: ockham.device_copy %{{.*}} to %{{.*}} : memref<?x4xf32> to memref<?x4xf32>
// CHECK: ockham.launch @kernels::@loop blocks
// CHECK: ockham.launch @kernels::@loop blocks
// CHECK-NOT: memref.copy
// CHECK: gpu.module @kernels
// CHECK: gpu.func @loop(
// CHECK-NOT: gpu.func
func.func @copies(%x: memref<?x4xf32>, %y: memref<?x4xf32>, %z: memref<?x4xf32, strided<[8, 1]>>)
    attributes {ockham.entry = "forward"} {
  memref.copy %x, %y : memref<?x4xf32> to memref<?x4xf32>
  memref.copy %x, %z : memref<?x4xf32> to memref<?x4xf32, strided<[8, 1]>>
  memref.copy %y, %z : memref<?x4xf32> to memref<?x4xf32, strided<[8, 1]>>
  return
}

// -----

// Reductions to one element, and stores of the host, are kernels of one
// thread; a load waits.
// CHECK-LABEL: func.func @single(
// CHECK: ockham.launch @kernels::@loop
// CHECK: %[[SUM:.*]] = ockham.device_load %{{.*}}[] : memref<f32> -> f32
// CHECK: ockham.launch @kernels::@loop_0 {{.*}}%[[SUM]]
func.func @single(%x: memref<?xf32>, %sum: memref<f32>, %y: memref<1xf32>)
    attributes {ockham.entry = "forward"} {
  // expected-remark @+1 {{'linalg.generic' has no kernel of its own}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>],
                  iterator_types = ["reduction"]}
      ins(%x : memref<?xf32>) outs(%sum : memref<f32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  }
  %0 = memref.load %sum[] : memref<f32>
  %c0 = arith.constant 0 : index
  memref.store %0, %y[%c0] : memref<1xf32>
  return
}

// -----

// A reduction of integers to one element is atomic, behind its first value:
// neither is worth a remark.
// CHECK-LABEL: func.func @largest(
// CHECK: ockham.launch @kernels::@loop
// CHECK: ockham.launch @kernels::@loop_0
// CHECK: gpu.func @loop_0(
// CHECK: arith.extsi
// CHECK: memref.atomic_rmw maxs %{{.*}}, %{{.*}}[] : (i64, memref<i64>) -> i64
func.func @largest(%x: memref<?x3xi32>, %most: memref<i64>) attributes {ockham.entry = "forward"} {
  %none = arith.constant 0 : i64
  linalg.fill ins(%none : i64) outs(%most : memref<i64>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
                  iterator_types = ["reduction", "reduction"]}
      ins(%x : memref<?x3xi32>) outs(%most : memref<i64>) {
  ^bb0(%a: i32, %b: i64):
    %c = arith.extsi %a : i32 to i64
    %d = arith.maxsi %b, %c : i64
    linalg.yield %d : i64
  }
  return
}

// -----

// Indices that are elements are checked in the end: until then what lies
// outside is not read, or written.
// CHECK-LABEL: func.func @gather(
// CHECK: gpu.func @loop(
// CHECK: %[[ID:.*]] = memref.load %{{.*}}[%{{.*}}] : memref<?xindex>
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %[[ID]], %{{.*}} : index
// CHECK: scf.if %[[INSIDE]] -> (f32) {
// CHECK-NEXT: memref.load %{{.*}}[%[[ID]]] : memref<?xf32>
// CHECK: } else {
// CHECK: %[[INSIDE_TOO:.*]] = arith.cmpi ult, %[[ID]], %{{.*}} : index
// CHECK: scf.if %[[INSIDE_TOO]] {
// CHECK-NEXT: memref.store %{{.*}}, %{{.*}}[%[[ID]]] : memref<?xf32>
func.func @gather(%ids: memref<?xindex>, %x: memref<?xf32>, %y: memref<?xf32>, %n: index)
    attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    %id = memref.load %ids[%i] : memref<?xindex>
    %v = memref.load %x[%id] : memref<?xf32>
    memref.store %v, %y[%id] : memref<?xf32>
  }
  return
}

// -----

func.func @loop(%x: memref<?xi64>, %n: index) -> index attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%s = %c0) -> index {
    // expected-error @+1 {{reads the memory of the device in a loop of the host, which is not supported}}
    %0 = memref.load %x[%i] : memref<?xi64>
    %1 = arith.index_cast %0 : i64 to index
    %2 = arith.addi %s, %1 : index
    scf.yield %2 : index
  }
  return %r : index
}

// -----

func.func @unknown(%x: memref<?xf32>, %i: index) -> vector<4xf32> attributes {ockham.entry = "forward"} {
  // expected-error @+1 {{'vector.load' op uses the memory of the device on the host, and has no form for the device}}
  %0 = vector.load %x[%i] : memref<?xf32>, vector<4xf32>
  return %0 : vector<4xf32>
}

// -----

func.func @allocates(%x: memref<?xf32>, %n: index) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.parallel (%i) = (%c0) to (%n) step (%c1) {
    // expected-error @+1 {{is in a loop that becomes a kernel, which cannot ask the host for anything}}
    %0 = ockham.allocate(%n) : memref<?xf32>
  }
  return
}
