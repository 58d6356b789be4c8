// RUN: ockham-opt %s --tfm-inline-blocks | FileCheck %s

// CHECK-LABEL: func @nested
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x8xf32>)
func.func @nested(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK-NOT: tfm.block
  // CHECK: %[[A:.*]] = tfm.activation relu %[[X]] {{.*}}{tfm.in_block = {index = 3 : i64, kind = #tfm<block_kind pre_norm>, name = "h.3"}}
  // CHECK: tfm.parallel {
  // CHECK: %[[B:.*]] = tfm.activation silu %[[A]] {{.*}}name = "inner"
  // CHECK: tfm.yield %[[B]]
  // CHECK: {tfm.in_block = {{.*}}name = "h.3"
  // CHECK: return
  %y = tfm.block pre_norm index 3 "h.3" {
    %a = tfm.activation relu %x : tensor<?x?x8xf32>
    %p:2 = tfm.parallel {
      %i = tfm.block other index 0 "inner" {
        %b = tfm.activation silu %a : tensor<?x?x8xf32>
        tfm.yield %b : tensor<?x?x8xf32>
      } : tensor<?x?x8xf32>
      tfm.yield %i : tensor<?x?x8xf32>
    }, {
      tfm.yield %a : tensor<?x?x8xf32>
    } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
    tfm.yield %p#0 : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
