// The formula of each op, counted by hand on small extents: linears, attention,
// point-wise operations and bytes of activations.

// 4 rows of 8 to 3: 2 * 8 * 3 a row, a bias of 3. In 8, out 3 numbers a row.
// RUN: ockham report %s --passes "" --entry linear --json | %python %S/Inputs/show.py /dev/stdin cost | FileCheck %s --check-prefix=LINEAR
// LINEAR: 48*batch*sequence; 0; 3*batch*sequence; 44*batch*sequence
func.func @linear(%x: tensor<?x?x8xf32> {ockham.dims = ["batch", "sequence", ""]}) -> tensor<?x?x3xf32> {
  %w = ockham.load_weight @w : tensor<8x3xf32>
  %b = ockham.load_weight @b : tensor<3xf32>
  %y = tfm.linear %x, %w bias %b : tensor<?x?x8xf32>, tensor<8x3xf32>, tensor<3xf32> -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}

// 5 a channel, and 1 each for scale and shift, of 8 channels.
// RUN: ockham report %s --passes "" --entry layernorm --json | %python %S/Inputs/show.py /dev/stdin cost | FileCheck %s --check-prefix=NORM
// NORM: 0; 0; 56*batch*sequence; 64*batch*sequence
func.func @layernorm(%x: tensor<?x?x8xf32> {ockham.dims = ["batch", "sequence", ""]}) -> tensor<?x?x8xf32> {
  %g = ockham.load_weight @g : tensor<8xf32>
  %s = ockham.load_weight @s : tensor<8xf32>
  %y = tfm.norm layer %x scale %g shift %s {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, scale tensor<8xf32>, shift tensor<8xf32>
  return %y : tensor<?x?x8xf32>
}

// Causal, 2 heads of 4, so T (T + 1) / 2 pairs in each head. A pair: 2 * 4 for
// its score, 2 * 4 for its value; 5 of softmax and the scale. Three shape gains:
// 2 + 1 + 4 for each of 8 channels. Three inputs and one output of 8 numbers.
// RUN: ockham report %s --passes "" --entry shaped --json | %python %S/Inputs/show.py /dev/stdin cost | FileCheck %s --check-prefix=SHAPED
// SHAPED: 0; batch*sequence*(16 + 16*sequence); batch*sequence*(62 + 6*sequence); 128*batch*sequence
func.func @shaped(%q: tensor<?x?x8xf32> {ockham.dims = ["batch", "sequence", ""]}, %k: tensor<?x?x8xf32> {ockham.dims = ["batch", "sequence", ""]}, %v: tensor<?x?x8xf32> {ockham.dims = ["batch", "sequence", ""]}) -> tensor<?x?x8xf32> {
  %a = ockham.load_weight @a : tensor<2xf32>
  %y = tfm.attention %q, %k, %v shape(%a, %a, %a) heads 2 scale 0.5 causal : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// Queries of one sequence, keys of another, none hidden; scale 1 is free. 2 query
// heads on 1 of keys and values.
// RUN: ockham report %s --passes "" --entry cross --json | %python %S/Inputs/show.py /dev/stdin cost | FileCheck %s --check-prefix=CROSS
// CROSS: 0; 32*batch*keys*queries; 10*batch*keys*queries; batch*(32*keys + 64*queries)
func.func @cross(%q: tensor<?x?x8xf32> {ockham.dims = ["batch", "queries", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["batch", "keys", ""]}) -> tensor<?x?x8xf32> {
  %y = tfm.attention %q, %k, %k heads 2 kv_heads 1 scale 1.0 : tensor<?x?x8xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// One new position after `past` others, a cache of both: all keys are seen by
// the last query, one less by the one before. Bytes: 8 numbers for each query,
// key, value and output, and `past` itself.
// RUN: ockham report %s --passes "" --entry cached --json | %python %S/Inputs/show.py /dev/stdin cost | FileCheck %s --check-prefix=CACHED
// CACHED: 0; batch*sequence*(16 + 32*past + 16*sequence); batch*sequence*(6 + 12*past + 6*sequence); batch*(8 + 64*past + 128*sequence)
func.func @cached(%q: tensor<?x?x8xf32> {ockham.dims = ["batch", "sequence", ""]}, %k: tensor<?x?x8xf32> {ockham.dims = ["batch", "past + sequence", ""]}, %p: tensor<?xi64> {ockham.dims = ["batch"]}) -> tensor<?x?x8xf32> {
  %y = tfm.attention %q, %k, %k past %p heads 2 scale 0.5 causal : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, past tensor<?xi64> -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

ockham.weight @w : tensor<8x3xf32> = dense<0.5> : tensor<8x3xf32>
ockham.weight @b : tensor<3xf32> = dense<0.5> : tensor<3xf32>
ockham.weight @g : tensor<8xf32> = dense<0.5> : tensor<8xf32>
ockham.weight @s : tensor<8xf32> = dense<0.5> : tensor<8xf32>
ockham.weight @a : tensor<2xf32> = dense<0.5> : tensor<2xf32>
