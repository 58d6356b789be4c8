// RUN: ockham-opt %s -ockham-cpu-lower-host-calls -canonicalize -split-input-file -verify-diagnostics | FileCheck %s

ockham.weight @scale : tensor<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
ockham.weight @shift : tensor<4xf32> = dense<0.0> : tensor<4xf32>

// Offsets are those of ockham_call and ockham_tensor in ModelABI.h.
// CHECK:       llvm.mlir.global internal constant @[[TEXT:.+]]("rows: {}\00")
// CHECK-LABEL: func.func @forward(
// CHECK-SAME:      %[[HOST:.+]]: !llvm.ptr, %[[CALL:.+]]: !llvm.ptr) -> i32
// CHECK-DAG:     %[[NOMEMORY:.+]] = llvm.mlir.constant(3 : i32) : i32
// CHECK-DAG:     %[[INVALID:.+]] = llvm.mlir.constant(1 : i32) : i32
// CHECK-DAG:     %[[MESSAGE:.+]] = llvm.mlir.addressof @[[TEXT]]
// CHECK:         %[[AT:.+]] = llvm.getelementptr %[[CALL]][8]
// CHECK:         %[[CONTEXT:.+]] = llvm.load %[[AT]]
// CHECK:         llvm.getelementptr %[[CALL]][16]
// The second weight's pointer.
// CHECK:         %[[WEIGHTS:.+]] = llvm.getelementptr %[[CALL]][24]
// CHECK:         %[[TABLE:.+]] = llvm.load %[[WEIGHTS]]
// CHECK:         llvm.getelementptr %[[TABLE]][8]
// The check.
// CHECK:         cf.cond_br %{{.+}}, ^[[GOON:.+]], ^[[REPORT:.+]]
// CHECK:       ^[[REPORT]]:
// CHECK:         llvm.getelementptr %[[HOST]][64]
// CHECK:         llvm.call %{{.+}}(%[[CONTEXT]], %[[INVALID]], %[[MESSAGE]],
// CHECK:         cf.br ^[[EXIT:.+]](%[[INVALID]] : i32)
// The allocation may fail.
// CHECK:       ^[[GOON]]:
// CHECK:         llvm.getelementptr %[[HOST]][40]
// CHECK:         %[[MEMORY:.+]] = llvm.call %{{.+}}(%[[CONTEXT]], %{{.+}}) : !llvm.ptr, (!llvm.ptr, i64) -> !llvm.ptr
// CHECK:         %[[FAILED:.+]] = llvm.icmp "eq" %[[MEMORY]]
// CHECK:         cf.cond_br %[[FAILED]], ^[[EXIT]](%[[NOMEMORY]] : i32)
// The loop, its captures in a struct.
// CHECK:         llvm.getelementptr %[[HOST]][16]
// CHECK:         llvm.call %{{.+}}(%[[CONTEXT]], %{{.+}}, %{{.+}}, %{{.+}}, %{{.+}}) : !llvm.ptr, (!llvm.ptr, i64, i64, !llvm.ptr, !llvm.ptr) -> ()
// CHECK:         llvm.getelementptr %[[HOST]][48]
// CHECK:         llvm.getelementptr %[[HOST]][56]
// CHECK:       ^[[EXIT]](%[[STATUS:.+]]: i32):
// CHECK:         return %[[STATUS]] : i32
func.func @forward(%x: memref<?x4xf32>) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %n = memref.dim %x, %c0 : memref<?x4xf32>
  %shift = ockham.load_weight @shift : memref<4xf32>
  %ok = arith.cmpi sgt, %n, %c0 : index
  ockham.check %ok, "rows: {}"(%n) : index
  %t = ockham.allocate(%n) : memref<?x4xf32>
  ockham.parallel_for @body count %n grain %c1(%t, %shift : memref<?x4xf32>, memref<4xf32>)
  ockham.release %t : memref<?x4xf32>
  %y = ockham.output 0(%n) : memref<?x4xf32>
  return
}

// CHECK-LABEL: func.func private @body(
// CHECK-SAME:      %[[ENV:.+]]: !llvm.ptr, %[[BEGIN:.+]]: i64, %[[END:.+]]: i64, %{{.+}}: i32)
// CHECK:         llvm.getelementptr %[[ENV]][0, 0]
// CHECK:         llvm.getelementptr %[[ENV]][0, 1]
func.func private @body(%begin: index, %end: index, %t: memref<?x4xf32>, %shift: memref<4xf32>) {
  %c0 = arith.constant 0 : index
  %v = memref.load %shift[%c0] : memref<4xf32>
  memref.store %v, %t[%begin, %c0] : memref<?x4xf32>
  memref.store %v, %t[%end, %c0] : memref<?x4xf32>
  return
}

// -----

// expected-error @below {{has an argument of type 'tensor<4xf32>'; expected a dense row-major buffer (bufferize first)}}
func.func @tensors(%x: tensor<4xf32>) attributes {ockham.entry = "forward"} {
  return
}

// -----

// expected-error @below {{returns values; run --ockham-cpu-use-host-memory first}}
func.func @results(%x: memref<4xf32>) -> memref<4xf32> attributes {ockham.entry = "forward"} {
  return %x : memref<4xf32>
}

// -----

// The workspace lies at byte 40 of ockham_call, its size at 48. Booleans take a
// byte each, sizes are rounded up to 64, and 2^47 bytes are too many.
// CHECK-LABEL: func.func @planned(
// CHECK-SAME:      %{{.+}}: !llvm.ptr, %[[CALL:.+]]: !llvm.ptr) -> i32
// CHECK-DAG:     %[[MOST:.+]] = llvm.mlir.constant(140737488355328 : i64)
// CHECK-DAG:     %[[ROUND:.+]] = llvm.mlir.constant(-64 : i64)
// CHECK:         "llvm.intr.umul.with.overflow"
// CHECK:         llvm.intr.umin(%{{.+}}, %[[MOST]])
// CHECK:         %[[BYTES:.+]] = llvm.and %{{.+}}, %[[ROUND]]
// CHECK:         %[[NEED:.+]] = llvm.select %{{.+}}, %{{.+}}, %[[BYTES]]
// CHECK:         %[[AT:.+]] = llvm.getelementptr %[[CALL]][40]
// CHECK:         llvm.load %[[AT]] : !llvm.ptr -> !llvm.ptr
// CHECK:         %[[SIZE:.+]] = llvm.getelementptr %[[CALL]][48]
// CHECK:         %[[HAVE:.+]] = llvm.load %[[SIZE]] : !llvm.ptr -> i64
// CHECK:         %[[ENOUGH:.+]] = llvm.icmp "uge" %[[HAVE]], %[[NEED]]
// CHECK:         cf.cond_br %[[ENOUGH]]
// CHECK-LABEL: func.func private @planned_workspace(
// CHECK-SAME:      %[[INPUTS:.+]]: !llvm.ptr, %{{.+}}: !llvm.ptr, %{{.+}}: i32) -> i64
// CHECK-DAG:     %[[NONE:.+]] = llvm.mlir.constant(-1 : i64)
// CHECK:         llvm.getelementptr %[[INPUTS]][8]
// CHECK:         %[[FITS:.+]] = llvm.icmp "ult"
// CHECK:         %[[ANSWER:.+]] = llvm.select %[[FITS]], %{{.+}}, %[[NONE]]
// CHECK:         return %[[ANSWER]] : i64
func.func @planned(%x: memref<?xi1>) attributes {ockham.entry = "forward", ockham.workspace = @planned_workspace} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xi1>
  %bytes = ockham.byte_count(%n) : memref<?xi1>
  %arena = ockham.workspace(%bytes) : memref<?xi8>
  %t = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?xi1>
  memref.copy %x, %t : memref<?xi1> to memref<?xi1>
  return
}
func.func private @planned_workspace(%x: memref<?xi1>) -> index {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xi1>
  %bytes = ockham.byte_count(%n) : memref<?xi1>
  return %bytes : index
}

// -----

// expected-error @+1 {{names @missing to count its workspace, which is not a function}}
func.func @nobody() attributes {ockham.entry = "forward", ockham.workspace = @missing} {
  return
}

// -----

func.func @wrong() attributes {ockham.entry = "forward", ockham.workspace = @count} {
  return
}
// expected-error @+1 {{counts a workspace; expected one block and one result of type index}}
func.func private @count() {
  return
}
