// RUN: ockham-opt %s --ockham-cuda-lower-branches --ockham-cpu-lower-host-calls --canonicalize | FileCheck %s

// The host table's device_branch, at 112, with the branch's number, and with -1
// behind the last; what it answers may end the call.
// CHECK-LABEL: func.func @forward(
// CHECK-SAME: %[[HOST:.*]]: !llvm.ptr, %[[CALL:.*]]: !llvm.ptr) -> i32
// CHECK-DAG: %[[JOIN:.*]] = llvm.mlir.constant(-1 : i32) : i32
// CHECK-DAG: %[[FIRST:.*]] = llvm.mlir.constant(0 : i32) : i32
// CHECK-DAG: %[[SECOND:.*]] = llvm.mlir.constant(1 : i32) : i32
// CHECK: %[[CONTEXT:.*]] = llvm.load
// CHECK: llvm.getelementptr %[[HOST]][112]
// CHECK: %[[STATUS:.*]] = llvm.call %{{.*}}(%[[CONTEXT]], %[[FIRST]]) : !llvm.ptr, (!llvm.ptr, i32) -> i32
// CHECK: %[[FAILS:.*]] = llvm.icmp "ne" %[[STATUS]], %[[FIRST]]
// CHECK: cf.cond_br %[[FAILS]], ^[[EXIT:.*]](%[[STATUS]] : i32)
// CHECK: llvm.getelementptr %[[HOST]][80]
// CHECK: llvm.getelementptr %[[HOST]][112]
// CHECK: llvm.call %{{.*}}(%[[CONTEXT]], %[[SECOND]]) : !llvm.ptr, (!llvm.ptr, i32) -> i32
// CHECK: llvm.getelementptr %[[HOST]][80]
// CHECK: llvm.getelementptr %[[HOST]][112]
// CHECK: llvm.call %{{.*}}(%[[CONTEXT]], %[[JOIN]]) : !llvm.ptr, (!llvm.ptr, i32) -> i32
func.func @forward(%x: memref<4xf32>, %y: memref<4xf32>, %z: memref<4xf32>) attributes {ockham.entry = "forward"} {
  ockham.branches {
    ockham.device_copy %x to %y : memref<4xf32> to memref<4xf32>
  }, {
    ockham.device_copy %x to %z : memref<4xf32> to memref<4xf32>
  }
  return
}
