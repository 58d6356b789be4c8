// RUN: ockham-opt %s | ockham-opt | FileCheck %s
// RUN: ockham-opt %s --mlir-print-op-generic | ockham-opt | FileCheck %s

// CHECK: ockham.weight @small : tensor<2xf32> from "layer.weight" = dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
ockham.weight @small : tensor<2xf32> from "layer.weight" = dense<[1.0, 2.0]> : tensor<2xf32>
// CHECK: ockham.weight @mapped : tensor<2xf32> = dense_resource<blob> : tensor<2xf32>
ockham.weight @mapped : tensor<2xf32> = dense_resource<blob> : tensor<2xf32>
// CHECK: ockham.weight @recipe : tensor<4096x4096xbf16> init <mean = 0.000000e+00 : f64, std = 2.000000e-02 : f64, seed = 7>
ockham.weight @recipe : tensor<4096x4096xbf16> init #ockham.normal<mean = 0.0 : f64, std = 0.02 : f64, seed = 7>
// CHECK: ockham.weight @elsewhere : tensor<8x8xf32> from "in.the.file" layout "packed-16"
ockham.weight @elsewhere : tensor<8x8xf32> from "in.the.file" layout "packed-16"
// CHECK: ockham.weight @panels : tensor<2x3xf32> layout "panels<2>" = dense<{{.*}}> : tensor<2x2x2xf32>
ockham.weight @panels : tensor<2x3xf32> layout "panels<2>" = dense<[[[1.0, 2.0], [4.0, 5.0]], [[3.0, 0.0], [6.0, 0.0]]]> : tensor<2x2x2xf32>
// CHECK: ockham.weight @transposed : tensor<2x3xf32> layout "panels<2, transposed>" = dense<1.000000e+00> : tensor<1x3x2xf32>
ockham.weight @transposed : tensor<2x3xf32> layout "panels<2, transposed>" = dense<1.0> : tensor<1x3x2xf32>
// CHECK: ockham.weight @pairs : tensor<3x3xf32> layout "panels<2, interleave = 2>" = dense<1.000000e+00> : tensor<2x2x4xf32>
ockham.weight @pairs : tensor<3x3xf32> layout "panels<2, interleave = 2>" = dense<1.0> : tensor<2x2x4xf32>

// CHECK: func.func @forward(%{{.*}}: tensor<?x?xi64> {ockham.dims = ["batch", "sequence"], ockham.name = "input_ids"}) -> (tensor<?x2xf32> {ockham.dims = ["batch", ""], ockham.name = "logits"}) attributes {ockham.entry = "forward"}
func.func @forward(%ids: tensor<?x?xi64> {ockham.name = "input_ids", ockham.dims = ["batch", "sequence"]})
    -> (tensor<?x2xf32> {ockham.name = "logits", ockham.dims = ["batch", ""]})
    attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %limit = arith.constant 50257 : index
  %max = tensor.dim %ids, %c0 : tensor<?x?xi64>
  %ok = arith.cmpi slt, %max, %limit : index
  // CHECK: ockham.load_weight @small : tensor<2xf32>
  %w = ockham.load_weight @small : tensor<2xf32>
  // CHECK: ockham.load_weight @panels : tensor<2x2x2xf32>
  %p = ockham.load_weight @panels : tensor<2x2x2xf32>
  // CHECK: ockham.check %{{.*}}, "largest value is {}, must be below {}"(%{{.*}}, %{{.*}}) : index, index
  ockham.check %ok, "largest value is {}, must be below {}"(%max, %limit) : index, index
  // CHECK: ockham.check %{{.*}}, "no values"
  ockham.check %ok, "no values"
  %y = tensor.empty(%max) : tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

func.func private @body(index, index, memref<?xf32>)

// CHECK-LABEL: func @host_table
func.func @host_table(%n: index, %m: memref<?xf32>) {
  %g = arith.constant 64 : index
  // CHECK: ockham.parallel_for @body count %{{.*}} grain %{{.*}}(%{{.*}} : memref<?xf32>)
  ockham.parallel_for @body count %n grain %g (%m : memref<?xf32>)
  // CHECK: %[[B:.*]] = ockham.allocate(%{{.*}}) : memref<?x768xf32>
  %buffer = ockham.allocate(%n) : memref<?x768xf32>
  // CHECK: ockham.release %[[B]] : memref<?x768xf32>
  ockham.release %buffer : memref<?x768xf32>
  // CHECK: ockham.output 0(%{{.*}}, %{{.*}}) : memref<?x?xf32>
  %out = ockham.output 0 (%n, %n) : memref<?x?xf32>
  return
}

// CHECK-LABEL: func @planned
// CHECK-SAME:    ockham.workspace = @planned_workspace
func.func @planned(%n: index) attributes {ockham.entry = "other", ockham.workspace = @planned_workspace} {
  // CHECK: %[[BYTES:.*]] = ockham.byte_count(%{{.*}}) : memref<?x768xf32>
  %bytes = ockham.byte_count(%n) : memref<?x768xf32>
  // CHECK: ockham.workspace(%[[BYTES]]) : memref<?xi8>
  %arena = ockham.workspace(%bytes) : memref<?xi8>
  // CHECK: ockham.check_record "id {}" values 1 : memref<8xi64>
  %record = ockham.check_record "id {}" values 1 : memref<8xi64>
  return
}
func.func private @planned_workspace(index) -> index

{-#
  dialect_resources: {
    builtin: {
      blob: "0x040000000000803F00000040"
    }
  }
#-}
