// What passes ask of tfm ops instead of switching over them.
// RUN: ockham-opt %s --load-pass-plugin=%build/test/Tools/OperandRoles.so --pass-pipeline='builtin.module(func.func(operand-roles))' --verify-diagnostics -o /dev/null

func.func @roles(%ids: tensor<?x?xi64>, %table: tensor<97x8xf32>,
    %w: tensor<8x8xf32>, %b: tensor<8xf32>, %g: tensor<1xf32>) -> tensor<?x?x8xf32> {
  // expected-remark @below {{0: activation, 1: parameter linear, rows independent}}
  %x = tfm.embedding %ids, %table : tensor<?x?xi64>, tensor<97x8xf32> -> tensor<?x?x8xf32>
  // Without a bias the output is linear in the input, and in the weight.
  // expected-remark @below {{0: activation linear, 1: parameter linear, rows independent}}
  %q = tfm.linear %x, %w : tensor<?x?x8xf32>, tensor<8x8xf32> -> tensor<?x?x8xf32>
  // expected-remark @below {{0: activation, 1: parameter, 2: parameter, rows independent}}
  %k = tfm.linear %x, %w bias %b : tensor<?x?x8xf32>, tensor<8x8xf32>, tensor<8xf32> -> tensor<?x?x8xf32>
  // What it accumulates onto is a constant term, too.
  // expected-remark @below {{0: activation, 1: parameter, 2: activation, rows independent}}
  %i = tfm.linear %x, %w init %x : tensor<?x?x8xf32>, tensor<8x8xf32> init tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // expected-remark @below {{0: activation, 1: parameter linear, rows independent}}
  %n = tfm.norm layer %x scale %b {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, scale tensor<8xf32>
  // A fixed std leaves a linear map.
  // expected-remark @below {{0: activation linear, 1: parameter, rows independent}}
  %f = tfm.norm fixed %x std %g : tensor<?x?x8xf32>, std tensor<1xf32>
  // Linear in the values alone; rows meet here.
  // expected-remark @below {{0: activation, 1: activation, 2: activation linear, rows mixed}}
  %a = tfm.attention %q, %k, %n heads 2 scale 0.5 causal
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  // expected-remark @below {{0: activation, rows independent}}
  %r = tfm.activation relu %f : tensor<?x?x8xf32>
  // expected-remark @below {{0: activation linear, 1: parameter linear, rows independent}}
  %s = tfm.scale %a, %g : tensor<?x?x8xf32>, tensor<1xf32>
  // Linear in one factor while the other stays.
  // expected-remark @below {{0: activation linear, 1: activation linear, rows independent}}
  %m = tfm.gate %s, %r : tensor<?x?x8xf32>
  // The other summand is a constant term.
  // expected-remark @below {{0: activation, 1: activation, 2: parameter, rows independent}}
  %y = tfm.add_scaled %m gain %g, %r : tensor<?x?x8xf32>, gain tensor<1xf32>
  return %y : tensor<?x?x8xf32>
}
