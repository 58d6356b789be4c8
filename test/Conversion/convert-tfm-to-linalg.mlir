// RUN: ockham-opt %s --convert-tfm-to-linalg --canonicalize --cse --split-input-file --mlir-print-local-scope | FileCheck %s

// Rows of all sequences are one matrix; the bias follows in one generic.
// CHECK-LABEL: func @linear
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2]] : tensor<?x?x8xf32> into tensor<?x8xf32>
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: %[[PRODUCT:.*]] = linalg.matmul ins(%[[ROWS]], %{{.*}} : tensor<?x8xf32>, tensor<8x16xf32>) outs(%[[ZERO]]
// CHECK: %[[OUT:.*]] = tensor.expand_shape %[[PRODUCT]] {{\[}}[0, 1], [2]]
// CHECK: linalg.generic {{.*}} ins(%[[OUT]], %{{.*}} : tensor<?x?x16xf32>, tensor<16xf32>)
// CHECK: arith.addf
// CHECK-NOT: linalg.generic
func.func @linear(%x: tensor<?x?x8xf32>, %w: tensor<8x16xf32>,
                  %b: tensor<16xf32>) -> tensor<?x?x16xf32> {
  %0 = tfm.linear %x, %w bias %b
      : tensor<?x?x8xf32>, tensor<8x16xf32>, tensor<16xf32>
        -> tensor<?x?x16xf32>
  return %0 : tensor<?x?x16xf32>
}

// -----

// The product is accumulated onto init, to which the bias went before: nothing
// is left to add.
// CHECK-LABEL: func @accumulating
// CHECK: %[[START:.*]] = linalg.generic {{.*}} ins(%arg3, %arg2 : tensor<?x?x16xf32>, tensor<16xf32>)
// CHECK: %[[INIT:.*]] = tensor.collapse_shape %[[START]]
// CHECK: %[[SUM:.*]] = linalg.matmul ins(%{{.*}}, %arg1 : tensor<?x8xf32>, tensor<8x16xf32>) outs(%[[INIT]]
// CHECK-NEXT: %[[RESULT:.*]] = tensor.expand_shape %[[SUM]]
// CHECK-NEXT: return %[[RESULT]]
func.func @accumulating(%x: tensor<?x?x8xf32>, %w: tensor<8x16xf32>,
    %b: tensor<16xf32>, %y: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
  %0 = tfm.linear %x, %w bias %b init %y
      : tensor<?x?x8xf32>, tensor<8x16xf32>, tensor<16xf32>
        init tensor<?x?x16xf32> -> tensor<?x?x16xf32>
  return %0 : tensor<?x?x16xf32>
}

// -----

// What multiplies the product must not multiply init: one generic behind it.
// CHECK-LABEL: func @accumulating_scaled
// CHECK: linalg.matmul ins(%{{.*}}, %arg1
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %arg2, %arg3
// CHECK: arith.mulf
// CHECK: arith.addf
func.func @accumulating_scaled(%x: tensor<?x?x8xf32>, %w: tensor<8x16xf32>,
    %s: tensor<?x?xf32>, %y: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> {
  %0 = tfm.linear %x, %w row_scale %s init %y
      : tensor<?x?x8xf32>, tensor<8x16xf32> row_scale tensor<?x?xf32>
        init tensor<?x?x16xf32> -> tensor<?x?x16xf32>
  return %0 : tensor<?x?x16xf32>
}

// -----

// A tied head reads the embedding as it is.
// CHECK-LABEL: func @tied_head
// CHECK-NOT: linalg.transpose
// CHECK: linalg.matmul indexing_maps = [affine_map<(d0, d1, d2) -> (d0, d2)>, affine_map<(d0, d1, d2) -> (d1, d2)>, affine_map<(d0, d1, d2) -> (d0, d1)>]
func.func @tied_head(%x: tensor<?x?x8xf32>, %w: tensor<50x8xf32>)
    -> tensor<?x?x50xf32> {
  %0 = tfm.linear %x, %w
      : tensor<?x?x8xf32>, tensor<50x8xf32> -> tensor<?x?x50xf32> {transposed}
  return %0 : tensor<?x?x50xf32>
}

// -----

// skip * x + resid * (x W): the identity is not built.
// CHECK-LABEL: func @reparametrised
// CHECK: linalg.matmul ins(%{{.*}}, %arg1
// CHECK: linalg.generic
// CHECK: ^bb0(%[[P:.*]]: f32, %[[RESID:.*]]: f32, %[[SKIP:.*]]: f32, %[[X:.*]]: f32, %[[SCALE:.*]]: f32,
// CHECK-DAG: %[[R:.*]] = arith.mulf %[[RESID]], %[[P]]
// CHECK-DAG: %[[S:.*]] = arith.mulf %[[SKIP]], %[[X]]
// CHECK: %[[M:.*]] = arith.addf %[[R]], %[[S]]
// CHECK: arith.mulf %[[SCALE]], %[[M]]
func.func @reparametrised(%x: tensor<?x?x8xf32>, %w: tensor<8x8xf32>,
    %skip: tensor<1xf32>, %resid: tensor<1xf32>, %scale: tensor<?x?xf32>)
    -> tensor<?x?x8xf32> {
  %0 = tfm.linear %x, %w skip %skip resid %resid row_scale %scale
      : tensor<?x?x8xf32>, tensor<8x8xf32> skip tensor<1xf32>
        resid tensor<1xf32> row_scale tensor<?x?xf32> -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// bf16 data is accumulated in f32.
// CHECK-LABEL: func @bf16
// CHECK: linalg.matmul ins({{.*}} : tensor<?x8xbf16>, tensor<8x16xbf16>) outs({{.*}} : tensor<?x16xf32>)
// CHECK: arith.truncf %{{.*}} : f32 to bf16
func.func @bf16(%x: tensor<?x?x8xbf16>, %w: tensor<8x16xbf16>)
    -> tensor<?x?x16xbf16> {
  %0 = tfm.linear %x, %w
      : tensor<?x?x8xbf16>, tensor<8x16xbf16> -> tensor<?x?x16xbf16>
  return %0 : tensor<?x?x16xbf16>
}

// -----

// CHECK-LABEL: func @split
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %arg0 {{\[}}[0, 1], [2]]
// CHECK: %[[A:.*]] = tensor.extract_slice %[[ROWS]][0, 0] [%{{.*}}, 6] [1, 1]
// CHECK: tensor.expand_shape %[[A]]
// CHECK: %[[B:.*]] = tensor.extract_slice %[[ROWS]][0, 6] [%{{.*}}, 2] [1, 1]
// CHECK: tensor.expand_shape %[[B]]
func.func @split(%x: tensor<?x?x8xf32>)
    -> (tensor<?x?x6xf32>, tensor<?x?x2xf32>) {
  %0:2 = tfm.split %x
      : tensor<?x?x8xf32> -> tensor<?x?x6xf32>, tensor<?x?x2xf32>
  return %0#0, %0#1 : tensor<?x?x6xf32>, tensor<?x?x2xf32>
}

// -----

// A linear reads its part of a merged one where it is.
// CHECK-LABEL: func @split_then_linear
// CHECK: %[[M:.*]] = linalg.matmul
// CHECK: %[[Q:.*]] = tensor.extract_slice %[[M]][0, 6] [%{{.*}}, 2] [1, 1]
// CHECK: linalg.matmul ins(%[[Q]], %arg2
func.func @split_then_linear(%x: tensor<?x?x4xf32>, %w: tensor<4x8xf32>,
    %u: tensor<2x4xf32>) -> (tensor<?x?x6xf32>, tensor<?x?x4xf32>) {
  %0 = tfm.linear %x, %w
      : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %1:2 = tfm.split %0
      : tensor<?x?x8xf32> -> tensor<?x?x6xf32>, tensor<?x?x2xf32>
  %2 = tfm.linear %1#1, %u
      : tensor<?x?x2xf32>, tensor<2x4xf32> -> tensor<?x?x4xf32>
  return %1#0, %2 : tensor<?x?x6xf32>, tensor<?x?x4xf32>
}

// -----

// Sum, sum of squared distances, one number per row, then the rows.
// CHECK-LABEL: func @layer_norm
// CHECK: linalg.generic {{.*}}"reduction"{{.*}} ins(%{{.*}} : tensor<?x?x8xf32>) outs(%{{.*}} : tensor<?x?xf32>)
// CHECK: linalg.generic
// CHECK: arith.divf
// CHECK: linalg.generic {{.*}}"reduction"
// CHECK: arith.subf
// CHECK: linalg.generic
// CHECK: math.sqrt
// CHECK: linalg.generic {{.*}}["parallel", "parallel", "parallel"]
// CHECK: return
func.func @layer_norm(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>,
                      %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.norm layer %x scale %g shift %b {eps = 1.0e-5 : f64}
      : tensor<?x?x8xf32>, scale tensor<8xf32>, shift tensor<8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @rms_norm_eps_outside
// CHECK: %[[ROOT:.*]] = math.sqrt
// CHECK-NEXT: arith.addf %[[ROOT]], %{{.*}}
func.func @rms_norm_eps_outside(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.norm rms %x {eps = 1.0e-8 : f64, eps_outside} : tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// The last entry of a std per position serves all positions beyond.
// CHECK-LABEL: func @fixed_norm_position
// CHECK: linalg.index 1
// CHECK: arith.addi
// CHECK: arith.minsi
// CHECK: tensor.extract
// CHECK: arith.divf
func.func @fixed_norm_position(%x: tensor<?x?x8xf32>, %std: tensor<16xf32>,
                               %past: tensor<?xi64>) -> tensor<?x?x8xf32> {
  %0 = tfm.norm fixed %x std %std past %past
      {std_axis = #tfm<std_axis position>, uncentred}
      : tensor<?x?x8xf32>, std tensor<16xf32>, past tensor<?xi64>
  return %0 : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @tanh_norm
// CHECK: linalg.generic
// CHECK: arith.mulf
// CHECK: math.tanh
// CHECK-NOT: linalg.generic
func.func @tanh_norm(%x: tensor<?x?x8xf32>, %a: tensor<1xf32>)
    -> tensor<?x?x8xf32> {
  %0 = tfm.norm tanh %x alpha %a : tensor<?x?x8xf32>, alpha tensor<1xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @pointwise
// CHECK: linalg.generic
// CHECK: arith.maximumf
// CHECK: linalg.generic
// CHECK: %[[M:.*]] = arith.mulf
// CHECK: arith.addf %{{.*}}, %[[M]]
// CHECK: linalg.generic
// CHECK: arith.mulf
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x?x8xf32>)
// CHECK: arith.mulf
// CHECK-NOT: tfm.
func.func @pointwise(%x: tensor<?x?x8xf32>, %g: tensor<1xf32>,
                     %c: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.activation relu %x : tensor<?x?x8xf32>
  %1 = tfm.add_scaled %x, %0 gain %g : tensor<?x?x8xf32>, gain tensor<1xf32>
  %2 = tfm.scale %1, %c : tensor<?x?x8xf32>, tensor<8xf32>
  %3 = tfm.fused {
    %4 = tfm.gate %2, %x : tensor<?x?x8xf32>
    tfm.yield %4 : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return %3 : tensor<?x?x8xf32>
}

// -----

// Ids and positions are checked before the gather; the message names the node.
// CHECK-LABEL: func @embedding
// CHECK: arith.minsi
// CHECK: arith.maxsi
// CHECK: ockham.check %{{.*}}, "wte/Gather: id {} is outside the table of {} rows"(%{{.*}}, %c50) : index, index
// CHECK: ockham.check %{{.*}}, "wte/Gather: a sequence of {} positions does not fit the position table of {} rows"(%{{.*}}, %c16) : index, index
// CHECK: %[[POSITIONS:.*]] = tensor.extract_slice %arg2[0, 0] [%{{.*}}, 8] [1, 1]
// CHECK: linalg.generic {{.*}} ins(%arg0, %[[POSITIONS]]
// CHECK: tensor.extract %arg1
func.func @embedding(%ids: tensor<?x?xi64>, %wte: tensor<50x8xf32>,
                     %wpe: tensor<16x8xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.embedding %ids, %wte positions %wpe
      : tensor<?x?xi64>, tensor<50x8xf32>, tensor<16x8xf32>
        -> tensor<?x?x8xf32> loc("wte/Gather")
  return %0 : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @attention
// CHECK: %[[Q:.*]] = linalg.transpose {{.*}} permutation = [0, 2, 1, 3]
// CHECK: %[[K:.*]] = linalg.transpose {{.*}} permutation = [0, 2, 3, 1]
// CHECK: linalg.batch_matmul ins({{.*}} : tensor<?x?x4xf32>, tensor<?x4x?xf32>)
// Scaled and masked in place.
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?x2x?x?xf32>)
// CHECK: linalg.index 2
// CHECK: linalg.index 3
// CHECK: arith.select
// CHECK: arith.maximumf
// CHECK: math.exp
// CHECK: arith.addf
// CHECK: linalg.batch_matmul
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?x?x2x4xf32>)
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0], [1], [2, 3]] : tensor<?x?x2x4xf32> into tensor<?x?x8xf32>
func.func @attention(%q: tensor<?x?x8xf32>, %k: tensor<?x?x8xf32>)
    -> tensor<?x?x8xf32> {
  %0 = tfm.attention %q, %k, %k heads 2 scale 0.5 causal
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// The two heads that share a key head are rows of one product.
// CHECK-LABEL: func @grouped_queries
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2, 3], [4]] : tensor<?x1x2x?x4xf32> into tensor<?x?x4xf32>
// CHECK: linalg.batch_matmul ins({{.*}} : tensor<?x?x4xf32>, tensor<?x4x?xf32>)
func.func @grouped_queries(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>)
    -> tensor<?x?x8xf32> {
  %0 = tfm.attention %q, %k, %k heads 2 kv_heads 1 scale 0.5
      : tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
        -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// The centre is a running sum, the diagonal a slice of the value.
// CHECK-LABEL: func @shaped_attention
// CHECK: linalg.batch_matmul
// CHECK: linalg.batch_matmul
// CHECK: ockham.check %{{.*}}, "tfm.attention: a sequence of {} positions does not fit the value of {} rows"
// CHECK: %[[DIAGONAL:.*]] = tensor.extract_slice %arg1
// CHECK: scf.for {{.*}} -> (tensor<?x8xf32>, tensor<?x?x8xf32>)
// CHECK: tensor.extract_slice %[[DIAGONAL]]
// CHECK: arith.addf
// CHECK: tensor.insert_slice
// beta a v + alpha v_i - gamma c v, in one loop.
// CHECK: ^bb0(%[[AV:.+]]: f32, %[[FACTOR:.+]]: f32, %[[ALPHA:.+]]: f32, %[[V:.+]]: f32, %[[GAMMA:.+]]: f32, %[[SUM:.+]]: f32, %{{.+}}: f32):
// CHECK-DAG: %[[SOFTMAX:.+]] = arith.mulf %[[AV]], %[[FACTOR]]
// CHECK-DAG: %[[SKIP:.+]] = arith.mulf %[[ALPHA]], %[[V]]
// CHECK: %[[KEPT:.+]] = arith.addf %[[SOFTMAX]], %[[SKIP]]
// CHECK: %[[CENTRE:.+]] = arith.mulf %[[GAMMA]], %[[SUM]]
// CHECK: arith.subf %[[KEPT]], %[[CENTRE]]
func.func @shaped_attention(%q: tensor<?x?x8xf32>, %v: tensor<?x?x8xf32>,
    %alpha: tensor<2xf32>, %beta: tensor<2xf32>, %gamma: tensor<2xf32>)
    -> tensor<?x?x8xf32> {
  %0 = tfm.attention %q, %q, %v shape(%alpha, %beta, %gamma) heads 2 scale 0.5
      causal
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>,
        shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
        -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// A mask is read where its type says that it varies.
// CHECK-LABEL: func @mask
// CHECK: ockham.check %{{.*}}, "tfm.attention: the mask has extent {} along the batch, expected {}"
// CHECK: %[[MASK:.*]] = tensor.collapse_shape %arg1 {{\[}}[0], [1, 2, 3]] : tensor<?x1x1x?xi1> into tensor<?x?xi1>
// CHECK: linalg.generic {indexing_maps = [affine_map<(d0, d1, d2, d3) -> (d0, d3)>, {{.*}} ins(%[[MASK]]
func.func @mask(%q: tensor<?x?x8xf32>, %m: tensor<?x1x1x?xi1>)
    -> tensor<?x?x8xf32> {
  %0 = tfm.attention %q, %q, %q mask %m heads 2 scale 0.5
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>,
        mask tensor<?x1x1x?xi1> -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @summaries
// CHECK: math.log
// CHECK: return %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x2x?xf32>, tensor<?x2xf32>
func.func @summaries(%q: tensor<?x?x8xf32>)
    -> (tensor<?x?x8xf32>, tensor<?x2x?xf32>, tensor<?x2xf32>) {
  %0:3 = tfm.attention %q, %q, %q heads 2 scale 0.5
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32> logsumexp tensor<?x2x?xf32> entropy tensor<?x2xf32>
  return %0#0, %0#1, %0#2
      : tensor<?x?x8xf32>, tensor<?x2x?xf32>, tensor<?x2xf32>
}

// -----

// Blocks and branches dissolve.
// CHECK-LABEL: func @structure
// CHECK-NOT: tfm.
// CHECK: math.tanh
// CHECK: arith.addf
func.func @structure(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.block sas_p index 0 "h.0" {
    %1:2 = tfm.parallel {
      %a = tfm.activation tanh %x : tensor<?x?x8xf32>
      tfm.yield %a : tensor<?x?x8xf32>
    }, {
      tfm.yield %x : tensor<?x?x8xf32>
    } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
    %s = tfm.add_scaled %1#0, %1#1 : tensor<?x?x8xf32>
    tfm.yield %s : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// -----

// Halves of the first four columns of a head are rotated, the rest is copied.
// CHECK-LABEL: func @rotary
// CHECK: "tfm.attention: past and sequence together are {} positions, which do not fit the rotary table of {} rows"
// CHECK: tensor.extract %arg1
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 0] [%{{.*}}, %{{.*}}, 1, 2] [1, 1, 1, 1] : tensor<?x?x1x6xf32>
// CHECK: tensor.extract_slice %{{.*}}[0, 0, 0, 2] [%{{.*}}, %{{.*}}, 1, 2] [1, 1, 1, 1] : tensor<?x?x1x6xf32>
// CHECK: tensor.insert_slice %{{.*}}[0, 0, 0, 4]
func.func @rotary(%q: tensor<?x?x6xf32>, %cos: tensor<16x2xf32>,
                  %past: tensor<?xi64>) -> tensor<?x?x6xf32> {
  %0 = tfm.attention %q, %q, %q past %past rotary(%cos, %cos) heads 1 scale 0.5
      : tensor<?x?x6xf32>, tensor<?x?x6xf32>, tensor<?x?x6xf32>,
        past tensor<?xi64>, rotary(tensor<16x2xf32>, tensor<16x2xf32>)
        -> tensor<?x?x6xf32>
  return %0 : tensor<?x?x6xf32>
}
