// RUN: ockham-opt %s -split-input-file -verify-diagnostics -ockham-cpu-use-host-memory -ockham-cpu-lower-generics

#id = affine_map<(d0, d1) -> (d0, d1)>
func.func @scan(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  // expected-error @below {{has an output that depends on dimension 1, which is a reduction}}
  linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x8xf32>) outs(%y : memref<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// -----

func.func private @helper(%x: memref<4xf32>)
func.func @forward(%x: memref<4xf32>) attributes {ockham.entry = "forward"} {
  // expected-error @below {{is in an entry point, whose operations must all be its own; inline the function that it calls}}
  call @helper(%x) : (memref<4xf32>) -> ()
  return
}

// -----

// expected-error @below {{is an entry point without a body}}
func.func private @forward(%x: memref<4xf32>) attributes {ockham.entry = "forward"}
