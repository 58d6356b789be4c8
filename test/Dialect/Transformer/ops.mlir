// RUN: ockham-opt %s | ockham-opt | FileCheck %s
// RUN: ockham-opt %s --mlir-print-op-generic | ockham-opt | FileCheck %s
// RUN: ockham-opt %s --emit-bytecode | ockham-opt | FileCheck %s

// CHECK-LABEL: func @embedding
func.func @embedding(%ids: tensor<?x?xi64>, %wte: tensor<50x8xf32>,
                     %wpe: tensor<16x8xf32>, %past: tensor<?xi64>) {
  // CHECK: tfm.embedding %{{.*}}, %{{.*}} : tensor<?x?xi64>, tensor<50x8xf32> -> tensor<?x?x8xf32>
  %0 = tfm.embedding %ids, %wte
      : tensor<?x?xi64>, tensor<50x8xf32> -> tensor<?x?x8xf32>
  // CHECK: tfm.embedding %{{.*}}, %{{.*}} positions %{{.*}} past %{{.*}} : tensor<?x?xi64>, tensor<50x8xf32>, tensor<16x8xf32> past tensor<?xi64> -> tensor<?x?x8xf32>
  %1 = tfm.embedding %ids, %wte positions %wpe past %past
      : tensor<?x?xi64>, tensor<50x8xf32>, tensor<16x8xf32> past tensor<?xi64>
        -> tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: func @linear
func.func @linear(%x: tensor<?x?x8xf32>, %w: tensor<8x8xf32>, %b: tensor<8xf32>,
                  %g: tensor<f32>, %s: tensor<?x?xf32>, %t: tensor<50x8xf32>) {
  // CHECK: tfm.linear %{{.*}}, %{{.*}} bias %{{.*}} skip %{{.*}} resid %{{.*}} row_scale %{{.*}} : tensor<?x?x8xf32>, tensor<8x8xf32>, tensor<8xf32> skip tensor<f32> resid tensor<f32> row_scale tensor<?x?xf32> -> tensor<?x?x8xf32>
  %0 = tfm.linear %x, %w bias %b skip %g resid %g row_scale %s
      : tensor<?x?x8xf32>, tensor<8x8xf32>, tensor<8xf32> skip tensor<f32>
        resid tensor<f32> row_scale tensor<?x?xf32> -> tensor<?x?x8xf32>
  // CHECK: tfm.linear %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<50x8xf32> -> tensor<?x?x50xf32> {transposed}
  %1 = tfm.linear %x, %t
      : tensor<?x?x8xf32>, tensor<50x8xf32> -> tensor<?x?x50xf32> {transposed}
  // CHECK: tfm.linear %{{.*}}, %{{.*}} bias %{{.*}} init %{{.*}} : tensor<?x?x8xf32>, tensor<8x8xf32>, tensor<8xf32> init tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %3 = tfm.linear %x, %w bias %b init %x
      : tensor<?x?x8xf32>, tensor<8x8xf32>, tensor<8xf32> init tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  // CHECK: tfm.split %{{.*}} : tensor<?x?x8xf32> -> tensor<?x?x4xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
  %2:3 = tfm.split %x : tensor<?x?x8xf32>
      -> tensor<?x?x4xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
  return
}

// CHECK-LABEL: func @activation
func.func @activation(%x: tensor<?x?x8xf32>, %s: tensor<f32>) {
  // CHECK: tfm.activation gelu_tanh %{{.*}} : tensor<?x?x8xf32>
  %0 = tfm.activation gelu_tanh %x : tensor<?x?x8xf32>
  // CHECK: tfm.activation leaky_relu %{{.*}} slope %{{.*}} : tensor<?x?x8xf32>, tensor<f32>
  %1 = tfm.activation leaky_relu %x slope %s : tensor<?x?x8xf32>, tensor<f32>
  return
}

// CHECK-LABEL: func @norm
func.func @norm(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %s: tensor<f32>,
                %p: tensor<16xf32>, %past: tensor<?xi32>) {
  // CHECK: tfm.norm layer %{{.*}} scale %{{.*}} shift %{{.*}} {eps = 1.000000e-05 : f64} : tensor<?x?x8xf32>, scale tensor<8xf32>, shift tensor<8xf32>
  %0 = tfm.norm layer %x scale %g shift %g {eps = 1.0e-5 : f64}
      : tensor<?x?x8xf32>, scale tensor<8xf32>, shift tensor<8xf32>
  // CHECK: tfm.norm rms %{{.*}} {eps = 1.000000e-08 : f64, eps_outside} : tensor<?x?x8xf32>
  %1 = tfm.norm rms %x {eps = 1.0e-8 : f64, eps_outside} : tensor<?x?x8xf32>
  // CHECK: tfm.norm fixed %{{.*}} std %{{.*}} past %{{.*}} {std_axis = #tfm<std_axis position>, uncentred} : tensor<?x?x8xf32>, std tensor<16xf32>, past tensor<?xi32>
  %2 = tfm.norm fixed %x std %p past %past
      {std_axis = #tfm<std_axis position>, uncentred}
      : tensor<?x?x8xf32>, std tensor<16xf32>, past tensor<?xi32>
  // CHECK: tfm.norm erf %{{.*}} alpha %{{.*}} offset %{{.*}} : tensor<?x?x8xf32>, alpha tensor<f32>, offset tensor<8xf32>
  %3 = tfm.norm erf %x alpha %s offset %g
      : tensor<?x?x8xf32>, alpha tensor<f32>, offset tensor<8xf32>
  return
}

// CHECK-LABEL: func @attention
func.func @attention(%q: tensor<?x?x8xf32>, %k: tensor<?x?x4xf32>,
                     %h: tensor<4xf32>, %d: tensor<2xf32>, %m: tensor<?x1x?x?xi1>,
                     %p: tensor<?xi64>, %r: tensor<16x1xf32>) {
  // CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} heads 4 scale 1.250000e-01 causal : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %0 = tfm.attention %q, %q, %q heads 4 scale 0.125 causal
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  // CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} shape(%{{.*}}, none, %{{.*}}) heads 4 scale {{.*}} centre visible : {{.*}}, shape(tensor<4xf32>, none, tensor<4xf32>) -> tensor<?x?x8xf32>
  %1 = tfm.attention %q, %q, %q shape(%h, none, %h) heads 4 scale 0.125
      centre visible
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>,
        shape(tensor<4xf32>, none, tensor<4xf32>) -> tensor<?x?x8xf32>
  // CHECK: tfm.attention %{{.*}}, %{{.*}}, %{{.*}} past %{{.*}} key_lengths %{{.*}} mask %{{.*}} query_scale %{{.*}} key_scale %{{.*}} rotary(%{{.*}}, %{{.*}}) heads 4 kv_heads 2 scale 1.000000e+00 soft_cap 3.000000e+01 qk_norm rms eps 9.9999999999999995E-7 interleaved {tag = "x"} : tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, past tensor<?xi64>, key_lengths tensor<?xi64>, mask tensor<?x1x?x?xi1>, query_scale tensor<2xf32>, key_scale tensor<2xf32>, rotary(tensor<16x1xf32>, tensor<16x1xf32>) -> tensor<?x?x8xf32> logsumexp tensor<?x4x?xf32> entropy tensor<?x4xf32>
  %2:3 = tfm.attention %q, %k, %k past %p key_lengths %p mask %m query_scale %d
      key_scale %d rotary(%r, %r) heads 4 kv_heads 2 scale 1.0 soft_cap 30.0
      qk_norm rms eps 1.0e-6 interleaved {tag = "x"}
      : tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>,
        past tensor<?xi64>, key_lengths tensor<?xi64>, mask tensor<?x1x?x?xi1>,
        query_scale tensor<2xf32>, key_scale tensor<2xf32>,
        rotary(tensor<16x1xf32>, tensor<16x1xf32>)
        -> tensor<?x?x8xf32> logsumexp tensor<?x4x?xf32> entropy tensor<?x4xf32>
  // CHECK: tfm.attention %{{.*}} heads 4 scale 1.000000e+00 : {{.*}} -> tensor<?x?x8xf32> entropy tensor<?x4xf32>
  %3:2 = tfm.attention %q, %q, %q heads 4 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32> entropy tensor<?x4xf32>
  return
}

// CHECK-LABEL: func @residuals
func.func @residuals(%x: tensor<?x?x8xf32>, %a: tensor<1xf32>, %c: tensor<8xf32>) {
  // CHECK: tfm.add_scaled %{{.*}}, %{{.*}} : tensor<?x?x8xf32>{{$}}
  %0 = tfm.add_scaled %x, %x : tensor<?x?x8xf32>
  // CHECK: tfm.add_scaled %{{.*}}, %{{.*}} gain %{{.*}} : tensor<?x?x8xf32>, gain tensor<8xf32>
  %1 = tfm.add_scaled %x, %x gain %c : tensor<?x?x8xf32>, gain tensor<8xf32>
  // CHECK: tfm.add_scaled %{{.*}} gain %{{.*}}, %{{.*}} gain %{{.*}} : tensor<?x?x8xf32>, gain tensor<1xf32>, gain tensor<8xf32>
  %2 = tfm.add_scaled %x gain %a, %x gain %c
      : tensor<?x?x8xf32>, gain tensor<1xf32>, gain tensor<8xf32>
  // CHECK: tfm.scale %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<8xf32>
  %3 = tfm.scale %x, %c : tensor<?x?x8xf32>, tensor<8xf32>
  // CHECK: tfm.gate %{{.*}}, %{{.*}} : tensor<?x?x8xf32>
  %4 = tfm.gate %x, %3 : tensor<?x?x8xf32>
  // CHECK: tfm.cast %{{.*}} : tensor<?x?x8xf32> to tensor<?x?x8xbf16>
  %5 = tfm.cast %4 : tensor<?x?x8xf32> to tensor<?x?x8xbf16>
  return
}

// CHECK-LABEL: func @structure
func.func @structure(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // CHECK: %[[Y:.*]] = tfm.block sas_p index 0 "h.0" {
  %y = tfm.block sas_p index 0 "h.0" {
    // CHECK: %[[P:.*]]:2 = tfm.parallel {
    %a, %m = tfm.parallel {
      // CHECK: tfm.yield %{{.*}} : tensor<?x?x8xf32>
      %0 = tfm.activation relu %x : tensor<?x?x8xf32>
      tfm.yield %0 : tensor<?x?x8xf32>
    // CHECK: }, {
    }, {
      tfm.yield %x : tensor<?x?x8xf32>
    // CHECK: } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
    } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
    // CHECK: tfm.add_scaled %[[P]]#0, %[[P]]#1
    %1 = tfm.add_scaled %a, %m : tensor<?x?x8xf32>
    tfm.yield %1 : tensor<?x?x8xf32>
  // CHECK: } : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  // CHECK: %{{.*}}:2 = tfm.fused {
  // CHECK: tfm.yield %{{.*}}, %{{.*}} : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  // CHECK: } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  %f:2 = tfm.fused {
    %g = tfm.gate %x, %x : tensor<?x?x8xf32>
    tfm.yield %g, %g : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  // CHECK: tfm.block other index 1 "empty" {
  tfm.block other index 1 "empty" {
  }
  // CHECK: tfm.parallel {
  tfm.parallel {
  }, {
  }
  // CHECK: return %[[Y]]
  return %y : tensor<?x?x8xf32>
}

// CHECK-LABEL: func @cross_entropy
func.func @cross_entropy(%x: tensor<?x?x50xf32>, %labels: tensor<?x?xi64>) -> tensor<?x?xf32> {
  // CHECK: tfm.cross_entropy %{{.*}}, %{{.*}} : tensor<?x?x50xf32>, tensor<?x?xi64> -> tensor<?x?xf32>
  %0 = tfm.cross_entropy %x, %labels : tensor<?x?x50xf32>, tensor<?x?xi64> -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
