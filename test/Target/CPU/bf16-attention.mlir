// Both products of attention on bf16: pairs of components, pairs of keys. What
// is rounded for them, and how panels of pairs are written and where they end.
// RUN: ockham-opt %s --ockham-cpu-choose-strategies=bf16-pairs=true --ockham-cpu-lower-kernels --canonicalize --cse | FileCheck %s
// RUN: ockham-opt %s --ockham-cpu-choose-strategies --ockham-cpu-lower-kernels --canonicalize --cse | FileCheck %s --check-prefix APART

!values = !tile.view<?x24xbf16, panels<24, interleave = 2>>
!window = !tile.slice<16x24xbf16, panels<24, interleave = 2>>

// CHECK-LABEL: func.func private @weigh(
// CHECK-DAG: %[[ALL:.*]] = arith.constant -1 : i32
// CHECK-DAG: %[[HALF:.*]] = arith.constant 65535 : i32
// CHECK: %[[FACTORS:.*]] = memref.alloca() {{.*}} : memref<32xbf16>
// CHECK: %[[ROUNDED:.*]] = llvm.call_intrinsic "llvm.x86.avx512bf16.cvtneps2bf16.512"(%{{.*}}) : (vector<16xf32>) -> vector<16xbf16>
// CHECK: vector.store %[[ROUNDED]], %[[FACTORS]]
// Row k + 1 may be behind the end; the columns are a whole vector and half of
// one.
// CHECK: %[[THERE:.*]] = arith.select %{{.*}}, %[[ALL]], %[[HALF]] : i32
// CHECK: %[[MASK:.*]] = vector.broadcast %[[THERE]] : i32 to vector<16xi32>
// CHECK: %[[WHOLE:.*]] = arith.andi %{{.*}}, %[[MASK]] : vector<16xi32>
// CHECK: vector.load %{{.*}} : memref<?xbf16>, vector<16xbf16>
// CHECK: arith.andi %{{.*}} : vector<8xi32>
// CHECK: vector.load %[[FACTORS]]{{.*}} : memref<32xbf16>, vector<2xbf16>
// CHECK: %[[RIGHT:.*]] = vector.bitcast %[[WHOLE]] : vector<16xi32> to vector<32xbf16>
// CHECK: "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.*}}, %{{.*}}, %[[RIGHT]])
// CHECK: "llvm.x86.avx512bf16.dpbf16ps.256"({{.*}}) : (vector<8xf32>, vector<16xbf16>, vector<16xbf16>) -> vector<8xf32>
// CHECK-NOT: vector.fma
// CHECK: return

// Without the instruction the factors are f32 in memory, rounded all the same.
// APART-LABEL: func.func private @weigh(
// APART-NOT: call_intrinsic
// APART: memref.alloca() {{.*}} : memref<32xf32>
// APART: %[[ROUNDED:.*]] = arith.truncf %{{.*}} : vector<16xf32> to vector<16xbf16>
// APART: arith.extf %[[ROUNDED]] : vector<16xbf16> to vector<16xf32>
// APART: vector.fma
// APART-NOT: call_intrinsic
// APART: return
tile.kernel @weigh(%w: !tile.view<?x16xf32>, %v: !values, %first: index, %last: index, %y: !tile.view<?x24xf32>)
    grid(%i to %m step 2) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant dense<0.0> : tensor<2x24xf32>
  %0 = tile.load %w[%i, %c0] : !tile.view<?x16xf32> -> tensor<2x16xf32>
  %1 = arith.truncf %0 : tensor<2x16xf32> to tensor<2x16xbf16>
  %from = arith.muli %first, %c16 : index
  %2 = tile.for %k = %from to %last step 16
      streams(%x = %v[%k, %c0] : !values -> !window)
      iter_args(%acc = %zero : tensor<2x24xf32>) {
    %3 = tile.dot %acc, %1, %x : tensor<2x24xf32>, tensor<2x16xbf16>, !window
    tile.yield %3 : tensor<2x24xf32>
  }
  tile.store %2, %y[%i, %c0] : tensor<2x24xf32>, !tile.view<?x24xf32>
}

// Two rows become one of pairs; the last row of an odd number is alone, and
// what fills up its pair stays.
// CHECK-LABEL: func.func private @pack(
// CHECK: %[[UPPER:.*]] = arith.constant dense<[true, false, true, false{{.*}}> : vector<32xi1>
// CHECK: %[[FIRST:.*]] = vector.bitcast %{{.*}} : vector<16xbf16> to vector<16xi16>
// CHECK: %[[SECOND:.*]] = vector.bitcast %{{.*}} : vector<16xbf16> to vector<16xi16>
// CHECK: %[[PAIRS:.*]] = vector.interleave %[[FIRST]], %[[SECOND]] : vector<16xi16> -> vector<32xi16>
// CHECK: %[[STORED:.*]] = vector.bitcast %[[PAIRS]] : vector<32xi16> to vector<32xbf16>
// CHECK: vector.{{(masked)?}}store {{.*}}%[[STORED]]
// CHECK: vector.maskedstore %{{.*}}, %[[UPPER]], %{{.*}} : memref<?xbf16>, vector<32xi1>, vector<32xbf16>
tile.kernel @pack(%x: !tile.view<?x24xbf16>, %v: !values) grid(%i to %m step 4) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x24xbf16> -> tensor<4x24xbf16>
  tile.store %0, %v[%i, %c0] : tensor<4x24xbf16>, !values
}

// Where rows may end, the second of a pair is stored if it is there.
// CHECK-LABEL: func.func private @pack_panels(
// CHECK-SAME: %[[ROWS:arg[0-9]+]]: index, %{{arg[0-9]+}}: index, %{{arg[0-9]+}}: index)
// CHECK: %[[UPPER:.*]] = arith.constant dense<[true, false, true, false{{.*}}> : vector<32xi1>
// CHECK: %[[SOME:.*]] = arith.cmpi sgt, %[[ROWS]], %c0 : index
// CHECK: scf.if %[[SOME]]
// CHECK: %[[SECOND:.*]] = arith.cmpi sgt, %[[ROWS]], %c1 : index
// CHECK: %[[BOTH:.*]] = vector.broadcast %[[SECOND]] : i1 to vector<32xi1>
// CHECK: %[[LANES:.*]] = arith.ori %[[BOTH]], %[[UPPER]] : vector<32xi1>
// CHECK: %[[MASK:.*]] = arith.andi %{{.*}}, %[[LANES]] : vector<32xi1>
// CHECK: vector.maskedstore %{{.*}}, %[[MASK]],
tile.kernel @pack_panels(%x: !tile.view<2x?xbf16>, %v: !tile.view<?x?xbf16, panels<16, interleave = 2>>) grid(%i to %m step 16) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%c0, %i] : !tile.view<2x?xbf16> -> tensor<2x16xbf16>
  tile.store %0, %v[%c0, %i] : tensor<2x16xbf16>, !tile.view<?x?xbf16, panels<16, interleave = 2>>
}

func.func @forward(%w: memref<?x16xf32>, %x: memref<?x24xbf16>, %v: memref<1x?x48xbf16>,
                   %z: memref<2x?xbf16>, %p: memref<?x?x32xbf16>, %y: memref<?x24xf32>, %m: index, %first: index, %last: index) {
  tile.launch @pack grid[%m] ins(%x : memref<?x24xbf16>) outs(%v : memref<1x?x48xbf16>)
  tile.launch @pack_panels grid[%m] ins(%z : memref<2x?xbf16>) outs(%p : memref<?x?x32xbf16>)
  tile.launch @weigh grid[%m] ins(%w, %v, %first, %last : memref<?x16xf32>, memref<1x?x48xbf16>, index, index) outs(%y : memref<?x24xf32>)
  return
}
