// RUN: ockham-opt %s --tile-pack-weights | FileCheck %s
// RUN: ockham-opt %s --tile-pack-weights -o %t.mlir && ockham-interpret %t.mlir | FileCheck %s --check-prefix VALUES
// RUN: ockham-interpret %s | FileCheck %s --check-prefix VALUES

// CHECK-NOT: ockham.weight @w :
// CHECK: ockham.weight @declared
// CHECK: ockham.weight @both :
// CHECK: ockham.weight @w.panels : tensor<2x3xf32> from "model.w" layout "panels<2>" = {{.*}} : tensor<2x2x2xf32>
// CHECK: ockham.weight @w.panels{{.*}} : tensor<2x3xf32> from "model.w" layout "panels<1, transposed>" = {{.*}} : tensor<2x3x1xf32>
// CHECK: ockham.weight @w.panels{{.*}} : tensor<2x3xf32> from "model.w" layout "panels<2, interleave = 2, transposed>" = {{.*}} : tensor<1x2x4xf32>
// CHECK-NOT: ockham.weight @table :
// CHECK: ockham.weight @table.panels : tensor<3x2xf32> layout "panels<2, transposed>"
// CHECK: ockham.weight @rounded.panels : tensor<3x2xbf16> layout "panels<2, transposed>"
// CHECK: ockham.weight @paired.panels : tensor<3x2xbf16> layout "panels<2, interleave = 2, transposed>"
// CHECK: ockham.weight @both.panels :
// CHECK-LABEL: func.func @forward
// CHECK-NOT: tile.pack
// CHECK-LABEL: func.func @left
// What is not here cannot be packed here.
// CHECK: tile.pack %{{.*}} panels 4
// A table that is looked up is read in panels.
// CHECK-LABEL: func.func @tied
// CHECK-DAG: %[[TABLE:.*]] = ockham.load_weight @table.panels : tensor<2x2x2xf32>
// CHECK-DAG: %[[PANEL:.*]] = arith.divui %arg0, %c2{{.*}} : index
// CHECK-DAG: %[[COL:.*]] = arith.remui %arg0, %c2{{.*}} : index
// CHECK: tensor.extract %[[TABLE]][%[[PANEL]], %arg1, %[[COL]]] : tensor<2x2x2xf32>
// One that is rounded is read as it is for the product.
// CHECK-LABEL: func.func @tied_narrow
// CHECK: %[[NARROW:.*]] = ockham.load_weight @rounded.panels : tensor<2x2x2xbf16>
// CHECK: %[[ROUNDED:.*]] = tensor.extract %[[NARROW]]
// CHECK: arith.extf %[[ROUNDED]] : bf16 to f32
// Rows that lie together are told apart behind the column.
// CHECK-LABEL: func.func @tied_pairs
// CHECK-DAG: %[[PAIRS:.*]] = ockham.load_weight @paired.panels : tensor<2x1x4xbf16>
// CHECK-DAG: %[[PANEL:.*]] = arith.divui %arg0, %c2{{.*}} : index
// CHECK-DAG: %[[COL:.*]] = arith.remui %arg0, %c2{{.*}} : index
// CHECK-DAG: %[[GROUP:.*]] = arith.divui %arg1, %c2{{.*}} : index
// CHECK-DAG: %[[PLACE:.*]] = arith.remui %arg1, %c2{{.*}} : index
// CHECK-DAG: %[[FIRST:.*]] = arith.muli %[[COL]], %c2{{.*}} : index
// CHECK: %[[WITHIN:.*]] = arith.addi %[[FIRST]], %[[PLACE]] : index
// CHECK: tensor.extract %[[PAIRS]][%[[PANEL]], %[[GROUP]], %[[WITHIN]]] : tensor<2x1x4xbf16>
// A whole one is not.
// CHECK-LABEL: func.func @whole
// CHECK: ockham.load_weight @both : tensor<2x2xf32>
// VALUES{LITERAL}: packed: float32 [2, 2, 2] = [[[1, 2], [4, 5]], [[3, 0], [6, 0]]]
// VALUES{LITERAL}: transposed: float32 [2, 3, 1] = [[[1], [2], [3]], [[4], [5], [6]]]
// VALUES{LITERAL}: pairs: float32 [1, 2, 4] = [[[1, 2, 4, 5], [3, 0, 6, 0]]]
// To the nearest, ties to even: 1 + 2^-8 and 1 + 3 * 2^-8 lie between two.
// VALUES{LITERAL}: narrow: bfloat16 [1, 1, 6] = [[[1, 1.01562, 1.00781, -3.14062, inf, 0]]]
ockham.weight @n : tensor<1x5xf32> = dense<[[1.00390625, 1.01171875, 1.0041, -3.14159, 3.4e38]]> : tensor<1x5xf32>
ockham.weight @w : tensor<2x3xf32> from "model.w" = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
ockham.weight @declared : tensor<2x3xf32>
ockham.weight @table : tensor<3x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
ockham.weight @rounded : tensor<3x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
ockham.weight @paired : tensor<3x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
ockham.weight @both : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>

func.func @forward() -> (tensor<2x2x2xf32> {ockham.name = "packed"},
                         tensor<2x3x1xf32> {ockham.name = "transposed"},
                         tensor<1x2x4xf32> {ockham.name = "pairs"},
                         tensor<1x1x6xbf16> {ockham.name = "narrow"}) {
  %w = ockham.load_weight @w : tensor<2x3xf32>
  %0 = tile.pack %w panels 2 : tensor<2x3xf32> -> tensor<2x2x2xf32>
  %1 = tile.pack %w panels 1 transposed : tensor<2x3xf32> -> tensor<2x3x1xf32>
  %p = tile.pack %w panels 2 interleave 2 transposed : tensor<2x3xf32> -> tensor<1x2x4xf32>
  %n = ockham.load_weight @n : tensor<1x5xf32>
  %2 = tile.pack %n panels 6 : tensor<1x5xf32> -> tensor<1x1x6xbf16>
  return %0, %1, %p, %2 : tensor<2x2x2xf32>, tensor<2x3x1xf32>, tensor<1x2x4xf32>, tensor<1x1x6xbf16>
}

func.func @left() -> tensor<1x2x4xf32> {
  %w = ockham.load_weight @declared : tensor<2x3xf32>
  %0 = tile.pack %w panels 4 : tensor<2x3xf32> -> tensor<1x2x4xf32>
  return %0 : tensor<1x2x4xf32>
}

func.func @tied(%i: index, %k: index) -> (f32, tensor<2x2x2xf32>) {
  %w = ockham.load_weight @table : tensor<3x2xf32>
  %0 = tile.pack %w panels 2 transposed : tensor<3x2xf32> -> tensor<2x2x2xf32>
  %1 = tensor.extract %w[%i, %k] : tensor<3x2xf32>
  return %1, %0 : f32, tensor<2x2x2xf32>
}

func.func @tied_narrow(%i: index, %k: index) -> (f32, tensor<2x2x2xbf16>) {
  %w = ockham.load_weight @rounded : tensor<3x2xf32>
  %0 = tile.pack %w panels 2 transposed : tensor<3x2xf32> -> tensor<2x2x2xbf16>
  %1 = tensor.extract %w[%i, %k] : tensor<3x2xf32>
  return %1, %0 : f32, tensor<2x2x2xbf16>
}

func.func @tied_pairs(%i: index, %k: index) -> (f32, tensor<2x1x4xbf16>) {
  %w = ockham.load_weight @paired : tensor<3x2xf32>
  %0 = tile.pack %w panels 2 interleave 2 transposed : tensor<3x2xf32> -> tensor<2x1x4xbf16>
  %1 = tensor.extract %w[%i, %k] : tensor<3x2xf32>
  return %1, %0 : f32, tensor<2x1x4xbf16>
}

func.func @whole(%i: index) -> (f32, tensor<2x2xf32>, tensor<1x2x2xf32>) {
  %w = ockham.load_weight @both : tensor<2x2xf32>
  %0 = tile.pack %w panels 2 : tensor<2x2xf32> -> tensor<1x2x2xf32>
  %1 = tensor.extract %w[%i, %i] : tensor<2x2xf32>
  return %1, %w, %0 : f32, tensor<2x2xf32>, tensor<1x2x2xf32>
}
