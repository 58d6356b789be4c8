// RUN: ockham-opt %s -ockham-cpu-protect-inputs | FileCheck %s
// RUN: ockham-opt %s -ockham-bufferize | FileCheck %s --check-prefix=BUFFERS

// CHECK: func.func @forward(%{{.+}}: tensor<4xf32> {bufferization.writable = false})
// CHECK: func.func private @helper(%{{.+}}: tensor<4xf32>)

// The input is not written to: the sum goes to a buffer of its own.
// BUFFERS-LABEL: func.func @forward
// BUFFERS-SAME:      %[[X:.+]]: memref<4xf32>
// BUFFERS:         %[[Y:.+]] = memref.alloc()
// BUFFERS:         linalg.add ins(%[[X]], %[[X]] : {{.+}}) outs(%[[Y]]
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> attributes {ockham.entry = "forward"} {
  %0 = linalg.add ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

func.func private @helper(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
