// The numbers of a whole model before and after each of the passes, computed by
// hand for the norms and gains that it has.
// RUN: ockham-interpret %s | FileCheck %s
// RUN: ockham-opt %s --tfm-fold-norms | ockham-interpret - | FileCheck %s
// RUN: ockham-opt %s --tfm-fold-gains | ockham-interpret - | FileCheck %s
// RUN: ockham-opt %s --tfm-fold-identity-projections | ockham-interpret - | FileCheck %s
// RUN: ockham-opt %s --ockham-simplify | ockham-interpret - | FileCheck %s
// RUN: ockham-opt %s --ockham-simplify | FileCheck %s --check-prefix=GONE

ockham.weight @g : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @b : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @std : tensor<f32> = dense<2.0> : tensor<f32>
ockham.weight @stds : tensor<2xf32> = dense<[2.0, 4.0]> : tensor<2xf32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [1.0, 2.0]]> : tensor<2x2xf32>
ockham.weight @c : tensor<2xf32> = dense<[10.0, 20.0]> : tensor<2xf32>
ockham.weight @half : tensor<1xf32> = dense<0.5> : tensor<1xf32>
ockham.weight @i : tensor<2x2xf32> = dense<[[2.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>

// GONE-NOT: tfm.norm
// GONE-NOT: tfm.scale
// GONE: tfm.linear {{.*}} row_scale
func.func @forward() -> (tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>) {
  %x = onnx.Constant dense<[[[1.0, 5.0], [4.0, -4.0]]]> : tensor<1x2x2xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %std = ockham.load_weight @std : tensor<f32>
  %stds = ockham.load_weight @stds : tensor<2xf32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %c = ockham.load_weight @c : tensor<2xf32>
  %half = ockham.load_weight @half : tensor<1xf32>
  %i = ockham.load_weight @i : tensor<2x2xf32>
  // Centred: [-2, 2], [4, -4]; over 2, times g, plus b: [0, 5], [3, -4].
  %n = tfm.norm fixed %x scale %g shift %b std %std : tensor<1x2x2xf32>, scale tensor<2xf32>, shift tensor<2xf32>, std tensor<f32>
  // [5, 10] + c, [-1, -8] + c
  // CHECK{LITERAL}: [[[15, 30], [9, 12]]]
  %y = tfm.linear %n, %w bias %c : tensor<1x2x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<1x2x2xf32>
  // Uncentred, over 2 and 4 per channel: [0.5, 1.25], [2, -1]; through w.
  // CHECK{LITERAL}: [[[1.75, 2.5], [1, -2]]]
  %m = tfm.norm fixed %x std %stds {std_axis = #tfm<std_axis channel>, uncentred} : tensor<1x2x2xf32>, std tensor<2xf32>
  %z = tfm.linear %m, %w : tensor<1x2x2xf32>, tensor<2x2xf32> -> tensor<1x2x2xf32>
  // Over 2 at position 0 and 4 at position 1: [-1, 1], [1, -1]; plus b through
  // w: [3, 6], [3, 2].
  // CHECK{LITERAL}: [[[3, 6], [3, 2]]]
  %p = tfm.norm fixed %x shift %b std %stds {std_axis = #tfm<std_axis position>} : tensor<1x2x2xf32>, shift tensor<2xf32>, std tensor<2xf32>
  %q = tfm.linear %p, %w : tensor<1x2x2xf32>, tensor<2x2xf32> -> tensor<1x2x2xf32>
  // x + 0.5 (2 x w^T): x w^T is [1, 11], [4, -4].
  // CHECK{LITERAL}: [[[2, 16], [8, -8]]]
  %s = tfm.linear %x, %i : tensor<1x2x2xf32>, tensor<2x2xf32> -> tensor<1x2x2xf32>
  %t = tfm.linear %s, %w : tensor<1x2x2xf32>, tensor<2x2xf32> -> tensor<1x2x2xf32> {transposed}
  %u = tfm.add_scaled %x, %t gain %half : tensor<1x2x2xf32>, gain tensor<1xf32>
  return %y, %z, %q, %u : tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>, tensor<1x2x2xf32>
}
