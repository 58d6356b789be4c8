// What folds have to get right beside the road: shared operands, unknown widths,
// small types. That results are the same is for --verify-rewrites to find.
// RUN: ockham-opt %s --verify-rewrites=errors --ockham-simplify -split-input-file 2>/dev/null | FileCheck %s

// An attention without beta (1) and with gamma: the gain goes into both, once.
// CHECK-DAG: @beta.folded : tensor<2xf32>
// CHECK-DAG: @gamma.folded : tensor<2xf32>
// CHECK: func.func @shape_without_beta
// CHECK-NOT: tfm.scale
ockham.weight @gamma : tensor<2xf32> = dense<[0.3, 0.7]> : tensor<2xf32>
ockham.weight @g : tensor<f32> = dense<2.0> : tensor<f32>
func.func @shape_without_beta(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %gamma = ockham.load_weight @gamma : tensor<2xf32>
  %g = ockham.load_weight @g : tensor<f32>
  %a = tfm.attention %x, %x, %x shape(none, none, %gamma) heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, shape(none, none, tensor<2xf32>) -> tensor<?x?x4xf32>
  %y = tfm.scale %a, %g : tensor<?x?x4xf32>, tensor<f32>
  return %y : tensor<?x?x4xf32>
}

// -----

// [SAS] at the start of training: shape gains are 1, the matrix of values is 2 I.
// CHECK-LABEL: func.func @shape_at_start
// CHECK-NOT: tfm.scale
ockham.weight @alpha : tensor<2xf32> = dense<1.0> : tensor<2xf32>
ockham.weight @beta : tensor<2xf32> = dense<1.0> : tensor<2xf32>
ockham.weight @gamma : tensor<2xf32> = dense<1.0> : tensor<2xf32>
ockham.weight @wv : tensor<4x4xf32> = dense<[[2.0, 0.0, 0.0, 0.0], [0.0, 2.0, 0.0, 0.0], [0.0, 0.0, 2.0, 0.0], [0.0, 0.0, 0.0, 2.0]]> : tensor<4x4xf32>
func.func @shape_at_start(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %alpha = ockham.load_weight @alpha : tensor<2xf32>
  %beta = ockham.load_weight @beta : tensor<2xf32>
  %gamma = ockham.load_weight @gamma : tensor<2xf32>
  %wv = ockham.load_weight @wv : tensor<4x4xf32>
  %v = tfm.linear %x, %wv : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %x, %x, %v shape(%alpha, %beta, %gamma) heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x4xf32>
  return %a : tensor<?x?x4xf32>
}

// -----

// Two products of one sum that read one bias.
// CHECK-LABEL: func.func @shared_bias
// CHECK: tfm.linear
// CHECK-NOT: tfm.add_scaled
ockham.weight @w1 : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
ockham.weight @w2 : tensor<2x2xf32> = dense<[[1.0, 3.5], [0.25, -2.0]]> : tensor<2x2xf32>
ockham.weight @b : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
func.func @shared_bias(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w1 = ockham.load_weight @w1 : tensor<2x2xf32>
  %w2 = ockham.load_weight @w2 : tensor<2x2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %p = tfm.activation relu %x : tensor<?x?x2xf32>
  %q = tfm.activation tanh %x : tensor<?x?x2xf32>
  %y = tfm.linear %p, %w1 bias %b : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  %z = tfm.linear %q, %w2 bias %b : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  %s = tfm.add_scaled %y, %z : tensor<?x?x2xf32>
  %o = tfm.add_scaled %s, %x : tensor<?x?x2xf32>
  return %o : tensor<?x?x2xf32>
}

// -----

// A weight that is called as constants are.
// CHECK-LABEL: func.func @constant_std
// CHECK-NOT: tfm.norm
ockham.weight @constant : tensor<2xf32> = dense<[2.0, 4.0]> : tensor<2xf32>
ockham.weight @w1 : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
func.func @constant_std(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w1 = ockham.load_weight @w1 : tensor<2x2xf32>
  %s1 = ockham.load_weight @constant : tensor<2xf32>
  %s2 = arith.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %n = tfm.norm fixed %x std %s1 {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<2xf32>
  %y = tfm.linear %n, %w1 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %m = tfm.norm fixed %y std %s2 {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<2xf32>
  %z = tfm.linear %m, %w1 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %y, %z : tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// Rows of an unknown width are not of the same width: [1, 0] is no identity.
// CHECK-LABEL: func.func @unknown_width
// CHECK: tfm.linear
ockham.weight @w2 : tensor<1x2xf32> = dense<[[1.0,0.0]]> : tensor<1x2xf32>
func.func @unknown_width(%y: tensor<?x?x?xf32>) -> tensor<?x?x?xf32> {
  %w2 = ockham.load_weight @w2 : tensor<1x2xf32>
  %b = tfm.linear %y, %w2 : tensor<?x?x?xf32>, tensor<1x2xf32> -> tensor<?x?x?xf32>
  return %b : tensor<?x?x?xf32>
}

// -----

// The width of the rows is known from the weights.
// CHECK-LABEL: func.func @unknown_input_width
// CHECK: tfm.linear
// CHECK: tfm.split
ockham.weight @w1 : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
ockham.weight @w2 : tensor<2x2xf32> = dense<[[1.0, 3.5], [0.25, -2.0]]> : tensor<2x2xf32>
func.func @unknown_input_width(%x: tensor<?x?x?xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w1 = ockham.load_weight @w1 : tensor<2x2xf32>
  %w2 = ockham.load_weight @w2 : tensor<2x2xf32>
  %y = tfm.linear %x, %w1 : tensor<?x?x?xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %z = tfm.linear %x, %w2 : tensor<?x?x?xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %y, %z : tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// What would not be finite in the type that it is stored in stays.
// CHECK-LABEL: func.func @shape_overflow
// CHECK: tfm.scale
ockham.weight @a : tensor<1xf16> = dense<300.0> : tensor<1xf16>
ockham.weight @g : tensor<f16> = dense<300.0> : tensor<f16>
func.func @shape_overflow(%q: tensor<?x?x2xf16>) -> tensor<?x?x2xf16> {
  %a = ockham.load_weight @a : tensor<1xf16>
  %g = ockham.load_weight @g : tensor<f16>
  %c = arith.constant dense<1.0e-3> : tensor<f16>
  %v = tfm.scale %q, %c : tensor<?x?x2xf16>, tensor<f16>
  %o = tfm.attention %q, %q, %v shape(%a, none, none) heads 1 scale 0.125 causal
        : tensor<?x?x2xf16>, tensor<?x?x2xf16>, tensor<?x?x2xf16>,
          shape(tensor<1xf16>, none, none)
          -> tensor<?x?x2xf16>
  %z = tfm.scale %o, %g : tensor<?x?x2xf16>, tensor<f16>
  return %z : tensor<?x?x2xf16>
}

// -----

// CHECK-LABEL: func.func @norm_overflow
// CHECK: tfm.scale
ockham.weight @a : tensor<2xf16> = dense<[300.0, 1.0e-4]> : tensor<2xf16>
ockham.weight @g : tensor<2xf16> = dense<[300.0, 1.0e-4]> : tensor<2xf16>
ockham.weight @g2 : tensor<f16> = dense<0.0001> : tensor<f16>
func.func @norm_overflow(%x: tensor<?x?x2xf16>) -> tensor<?x?x2xf16> {
  %a = ockham.load_weight @a : tensor<2xf16>
  %g = ockham.load_weight @g : tensor<2xf16>
  %al = arith.constant dense<1.0e-3> : tensor<f16>
  %o = tfm.norm tanh %x scale %a alpha %al : tensor<?x?x2xf16>, scale tensor<2xf16>, alpha tensor<f16>
  %z = tfm.scale %o, %g : tensor<?x?x2xf16>, tensor<2xf16>
  return %z : tensor<?x?x2xf16>
}

// -----

// CHECK-LABEL: func.func @reparametrised_overflow
// CHECK: tfm.linear %{{.*}} resid
ockham.weight @w : tensor<2x2xf16> = dense<[[1.0, 0.5], [0.25, 200.0]]> : tensor<2x2xf16>
ockham.weight @r : tensor<f16> = dense<1000.0> : tensor<f16>
func.func @reparametrised_overflow(%x: tensor<?x?x2xf16>) -> tensor<?x?x2xf16> {
  %w = ockham.load_weight @w : tensor<2x2xf16>
  %r = ockham.load_weight @r : tensor<f16>
  %y = tfm.linear %x, %w resid %r : tensor<?x?x2xf16>, tensor<2x2xf16> resid tensor<f16> -> tensor<?x?x2xf16>
  return %y : tensor<?x?x2xf16>
}

// -----

// CHECK-LABEL: func.func @inverse_overflow
// CHECK: tfm.norm
ockham.weight @s : tensor<2xf16> = dense<[1.0e-6, 60000.0]> : tensor<2xf16>
ockham.weight @w1 : tensor<2x2xf16> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf16>
func.func @inverse_overflow(%x: tensor<?x?x2xf16>) -> tensor<?x?x2xf16> {
  %w1 = ockham.load_weight @w1 : tensor<2x2xf16>
  %s1 = ockham.load_weight @s : tensor<2xf16>
  %n = tfm.norm fixed %x std %s1 {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf16>, std tensor<2xf16>
  %y = tfm.linear %n, %w1 : tensor<?x?x2xf16>, tensor<2x2xf16> -> tensor<?x?x2xf16>
  return %y : tensor<?x?x2xf16>
}

// -----

// CHECK-LABEL: func.func @bias_overflow
// CHECK: tfm.linear
ockham.weight @w1 : tensor<2x2xf16> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf16>
ockham.weight @w2 : tensor<2x2xf16> = dense<[[1.0, 3.5], [0.25, -2.0]]> : tensor<2x2xf16>
ockham.weight @b1 : tensor<2xf16> = dense<[40000.0, 2.0]> : tensor<2xf16>
ockham.weight @b2 : tensor<2xf16> = dense<[40000.0, 2.0]> : tensor<2xf16>
func.func @bias_overflow(%x: tensor<?x?x2xf16>) -> tensor<?x?x2xf16> {
  %w1 = ockham.load_weight @w1 : tensor<2x2xf16>
  %w2 = ockham.load_weight @w2 : tensor<2x2xf16>
  %b1 = ockham.load_weight @b1 : tensor<2xf16>
  %b2 = ockham.load_weight @b2 : tensor<2xf16>
  %m = arith.constant dense<-40000.0> : tensor<2xf16>
  %p = tfm.activation relu %x : tensor<?x?x2xf16>
  %q = tfm.activation tanh %x : tensor<?x?x2xf16>
  %y = tfm.linear %p, %w1 bias %b1 : tensor<?x?x2xf16>, tensor<2x2xf16>, tensor<2xf16> -> tensor<?x?x2xf16>
  %c = arith.constant dense<-40000.0> : tensor<1x1x2xf16>
  %z = tfm.linear %q, %w2 bias %b2 : tensor<?x?x2xf16>, tensor<2x2xf16>, tensor<2xf16> -> tensor<?x?x2xf16>
  %s = tfm.add_scaled %y, %z : tensor<?x?x2xf16>
  %o = tfm.add_scaled %s, %x gain %m : tensor<?x?x2xf16>, gain tensor<2xf16>
  return %o : tensor<?x?x2xf16>
}

// -----

// A bias keeps its type.
// CHECK-LABEL: func.func @wide_bias
// CHECK: tfm.linear %arg0, %{{.*}} bias %{{.*}} : tensor<?x?x2xf32>, tensor<2x2xf16>, tensor<2xf32>
ockham.weight @w : tensor<2x2xf16> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf16>
ockham.weight @b : tensor<2xf32> = dense<[1000.123, 0.1234567]> : tensor<2xf32>
ockham.weight @g : tensor<f32> = dense<2.0> : tensor<f32>
func.func @wide_bias(%x: tensor<?x?x2xf32>, %r: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf16>
  %b = ockham.load_weight @b : tensor<2xf32>
  %g = ockham.load_weight @g : tensor<f32>
  %y = tfm.linear %x, %w bias %b : tensor<?x?x2xf32>, tensor<2x2xf16>, tensor<2xf32> -> tensor<?x?x2xf32>
  %o = tfm.scale %y, %g : tensor<?x?x2xf32>, tensor<f32>
  return %o : tensor<?x?x2xf32>
}

// -----

// So does a shape gain.
// CHECK-LABEL: func.func @wide_shape_gain
// CHECK: tfm.attention
ockham.weight @b : tensor<2xf32> = dense<[0.1234567, 70000.0]> : tensor<2xf32>
ockham.weight @g : tensor<f32> = dense<2.0> : tensor<f32>
func.func @wide_shape_gain(%x: tensor<?x?x4xf16>) -> tensor<?x?x4xf16> {
  %b = ockham.load_weight @b : tensor<2xf32>
  %g = ockham.load_weight @g : tensor<f32>
  %a = tfm.attention %x, %x, %x shape(none, %b, none) heads 2 scale 0.5 causal : tensor<?x?x4xf16>, tensor<?x?x4xf16>, tensor<?x?x4xf16>, shape(none, tensor<2xf32>, none) -> tensor<?x?x4xf16>
  %y = tfm.scale %a, %g : tensor<?x?x4xf16>, tensor<f32>
  return %y : tensor<?x?x4xf16>
}

// -----

// 1 / std is as precise as the rows.
// CHECK-LABEL: func.func @wide_inverse
// CHECK-NOT: tfm.norm
ockham.weight @s : tensor<2xf16> = dense<[3.0, 7.0]> : tensor<2xf16>
ockham.weight @w1 : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
func.func @wide_inverse(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w1 = ockham.load_weight @w1 : tensor<2x2xf32>
  %s1 = ockham.load_weight @s : tensor<2xf16>
  %n = tfm.norm fixed %x std %s1 {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<2xf16>
  %y = tfm.linear %n, %w1 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// A weight that is folded away is not freed where a constant refers to its bytes.
// CHECK-NOT: ockham.weight @g
// CHECK-LABEL: func.func @shared_bytes
// CHECK: %[[C:.*]] = arith.constant dense_resource<r> : tensor<2xf32>
// CHECK: return %{{.*}}, %[[C]]
// CHECK: r: "0x040000000000803F00000040"
ockham.weight @g : tensor<2xf32> = dense_resource<r> : tensor<2xf32>
ockham.weight @w1 : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
func.func @shared_bytes(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<2xf32>) {
  %w1 = ockham.load_weight @w1 : tensor<2x2xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %c = arith.constant dense_resource<r> : tensor<2xf32>
  %y = tfm.linear %x, %w1 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %z = tfm.scale %y, %g : tensor<?x?x2xf32>, tensor<2xf32>
  return %z, %c : tensor<?x?x2xf32>, tensor<2xf32>
}

{-#
  dialect_resources: { builtin: { r: "0x040000000000803F00000040" } }
#-}
