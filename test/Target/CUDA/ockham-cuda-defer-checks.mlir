// RUN: ockham-opt %s --ockham-cuda-defer-checks --split-input-file | FileCheck %s

// What depends on elements is checked on the device, and recorded there.
// CHECK-LABEL: func.func @ids(
// CHECK-SAME: %[[X:.*]]: memref<i64>, %[[N:.*]]: index
// CHECK-NOT: ockham.check{{ }}
// CHECK: %[[RECORD:.*]] = ockham.check_record "id {} is outside the table of {} rows" values 2 : memref<8xi64>
// CHECK: scf.parallel
// CHECK: %[[ID:.*]] = memref.load %[[X]][]
// CHECK: %[[INDEX:.*]] = arith.index_cast %[[ID]]
// CHECK: %[[OK:.*]] = arith.cmpi slt, %[[INDEX]], %[[N]]
// CHECK: %[[FAILS:.*]] = arith.xori %[[OK]]
// CHECK: scf.if %[[FAILS]]
// CHECK: %[[BEFORE:.*]] = memref.load %[[RECORD]]
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[BEFORE]]
// CHECK: scf.if %[[FIRST]]
// CHECK: memref.store %{{.*}}, %[[RECORD]][%c1{{.*}}]
// CHECK: memref.store %{{.*}}, %[[RECORD]][%c2{{.*}}]
// CHECK: memref.store %{{.*}}, %[[RECORD]][%c0{{.*}}]
// CHECK-NOT: memref.load
func.func @ids(%x: memref<i64>, %n: index) attributes {ockham.entry = "forward"} {
  %0 = memref.load %x[] : memref<i64>
  %1 = arith.index_cast %0 : i64 to index
  %2 = arith.cmpi slt, %1, %n : index
  ockham.check %2, "id {} is outside the table of {} rows"(%1, %n) : index, index
  return
}

// -----

// Extents are the host's business.
// CHECK-LABEL: func.func @extents(
// CHECK: ockham.check{{ }}
// CHECK-NOT: scf.parallel
func.func @extents(%x: memref<?xi64>, %n: index) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %0 = memref.dim %x, %c0 : memref<?xi64>
  %1 = arith.cmpi sle, %0, %n : index
  ockham.check %1, "{} positions"(%0) : index
  return
}

// -----

// The host waits for this element anyway, and must not allocate what is wrong.
// CHECK-LABEL: func.func @needed(
// CHECK: ockham.check{{ }}
// CHECK-NOT: ockham.check_record
func.func @needed(%x: memref<i64>) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %0 = memref.load %x[] : memref<i64>
  %1 = arith.index_cast %0 : i64 to index
  %2 = arith.cmpi sge, %1, %c0 : index
  ockham.check %2, "{} rows"(%1) : index
  %3 = memref.alloc(%1) : memref<?xf32>
  return
}

// -----

// The buffer has something else in it when the check comes.
// CHECK-LABEL: func.func @overwritten(
// CHECK: ockham.check{{ }}
// CHECK-NOT: ockham.check_record
func.func @overwritten(%x: memref<i64>, %y: memref<i64>) attributes {ockham.entry = "forward"} {
  %c9 = arith.constant 9 : i64
  %0 = memref.load %x[] : memref<i64>
  memref.copy %y, %x : memref<i64> to memref<i64>
  %1 = arith.cmpi slt, %0, %c9 : i64
  ockham.check %1, "{} is not below 9"(%0) : i64
  return
}

// -----

// Not an entry point.
// CHECK-LABEL: func.func @other(
// CHECK: ockham.check{{ }}
func.func @other(%x: memref<i1>) {
  %0 = memref.load %x[] : memref<i1>
  ockham.check %0, "no"
  return
}
