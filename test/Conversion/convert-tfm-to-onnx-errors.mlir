// RUN: ockham-opt %s -split-input-file --convert-tfm-to-onnx -verify-diagnostics

func.func @block(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  // expected-error @below {{is no op that ONNX operators stand for; run --tfm-inline-blocks first}}
  %y = tfm.block other index 0 "h.0" {
    %0 = tfm.activation relu %x : tensor<?x?x8xf32>
    tfm.yield %0 : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @attention_past(%x: tensor<?x?x8xf32>, %a: tensor<2xf32>, %past: tensor<?xi64>) -> tensor<?x?x8xf32> {
  // expected-error @below {{shaped attention with past positions cannot be written as ONNX operators}}
  %y = tfm.attention %x, %x, %x past %past shape(%a, %a, %a) heads 2 scale 0.5 causal : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, past tensor<?xi64>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @visible_centre(%x: tensor<3x4x8xf32>, %a: tensor<2xf32>, %mask: tensor<3x1x1x4xi1>) -> tensor<3x4x8xf32> {
  // expected-error @below {{a centre of the keys that a mask shows cannot be written as ONNX operators}}
  %y = tfm.attention %x, %x, %x mask %mask shape(%a, %a, %a) heads 2 scale 0.5 centre visible : tensor<3x4x8xf32>, tensor<3x4x8xf32>, tensor<3x4x8xf32>, mask tensor<3x1x1x4xi1>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<3x4x8xf32>
  return %y : tensor<3x4x8xf32>
}
