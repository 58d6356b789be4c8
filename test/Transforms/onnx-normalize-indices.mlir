// RUN: ockham-opt %s --onnx-normalize --split-input-file | FileCheck %s

// Which tokens belong together, as transformers finds it out: positions minus
// the positions before them, where they are not 1. All are; the running sum of
// "not" is 0 everywhere, and gathered with each pair of positions it is still 0.
// What is left of the mask is the comparison of positions.

// CHECK-LABEL: func @causal_mask
// CHECK-SAME:    %[[IDS:.*]]: tensor<?x?xi64>
// CHECK-NOT:     onnx.CumSum
// CHECK-NOT:     onnx.GatherND
// CHECK-NOT:     onnx.Expand
// CHECK:         %[[RANGE:.*]] = onnx.Range
// CHECK:         %[[ROW:.*]] = onnx.Unsqueeze %[[RANGE]] {axes = array<i64: 0, 1, 3>}
// CHECK:         %[[COLUMN:.*]] = onnx.Unsqueeze %[[RANGE]] {axes = array<i64: 0, 1, 2>}
// CHECK:         %[[VISIBLE:.*]] = onnx.LessOrEqual %[[COLUMN]], %[[ROW]] : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
// CHECK:         onnx.Where %[[VISIBLE]], %arg1, %{{.*}} : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>)
func.func @causal_mask(
    %ids: tensor<?x?xi64> {ockham.dims = ["batch", "sequence"]},
    %scores: tensor<?x4x?x?xf32> {ockham.dims = ["batch", "", "sequence", "sequence"]}) -> tensor<?x4x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %ids, %c0 : tensor<?x?xi64>
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %s64 = arith.index_cast %s : index to i64
  %b64 = arith.index_cast %b : index to i64
  %length = tensor.from_elements %s64 : tensor<i64>
  %rows = tensor.from_elements %b64 : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %lowest = onnx.Constant dense<0xFF800000> : tensor<f32>
  %positions = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %row = onnx.Unsqueeze %positions {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %all = onnx.Expand %row to [%b, %s] : (tensor<1x?xi64>) -> tensor<?x?xi64>

  %first = onnx.Slice %all [0] to [1] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %before = onnx.Sub %first, %one : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  %longer = onnx.Concat %before, %all {axis = 1 : i64} : (tensor<?x?xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  %s1 = arith.addi %s, %c1 : index
  %left = onnx.Slice %longer [0] to [%s] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %right = onnx.Slice %longer [1] to [%s1] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<?x?xi64>) -> tensor<?x?xi64>
  %step = onnx.Sub %right, %left : (tensor<?x?xi64>, tensor<?x?xi64>) -> tensor<?x?xi64>
  %follows = onnx.Equal %step, %one : (tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi1>
  %jumps = onnx.Not %follows : (tensor<?x?xi1>) -> tensor<?x?xi1>
  %jump = onnx.Cast %jumps : (tensor<?x?xi1>) -> tensor<?x?xi64>
  %piece = onnx.CumSum %jump {axis = 1 : i64} : (tensor<?x?xi64>) -> tensor<?x?xi64>

  %batches = onnx.Range %zero, %rows, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %i = onnx.Unsqueeze %batches {axes = array<i64: 1, 2, 3>} : (tensor<?xi64>) -> tensor<?x1x1x1xi64>
  %q = onnx.Unsqueeze %positions {axes = array<i64: 0, 1, 3>} : (tensor<?xi64>) -> tensor<1x1x?x1xi64>
  %k = onnx.Unsqueeze %positions {axes = array<i64: 0, 1, 2>} : (tensor<?xi64>) -> tensor<1x1x1x?xi64>
  %iq = onnx.Expand %i to [%b, 1, %s, 1] : (tensor<?x1x1x1xi64>) -> tensor<?x1x?x1xi64>
  %qq = onnx.Expand %q to [%b, 1, %s, 1] : (tensor<1x1x?x1xi64>) -> tensor<?x1x?x1xi64>
  %ik = onnx.Expand %i to [%b, 1, 1, %s] : (tensor<?x1x1x1xi64>) -> tensor<?x1x1x?xi64>
  %kk = onnx.Expand %k to [%b, 1, 1, %s] : (tensor<1x1x1x?xi64>) -> tensor<?x1x1x?xi64>
  %iq1 = onnx.Unsqueeze %iq {axes = array<i64: 4>} : (tensor<?x1x?x1xi64>) -> tensor<?x1x?x1x1xi64>
  %qq1 = onnx.Unsqueeze %qq {axes = array<i64: 4>} : (tensor<?x1x?x1xi64>) -> tensor<?x1x?x1x1xi64>
  %ik1 = onnx.Unsqueeze %ik {axes = array<i64: 4>} : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?x1xi64>
  %kk1 = onnx.Unsqueeze %kk {axes = array<i64: 4>} : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?x1xi64>
  %queries = onnx.Concat %iq1, %qq1 {axis = 4 : i64} : (tensor<?x1x?x1x1xi64>, tensor<?x1x?x1x1xi64>) -> tensor<?x1x?x1x2xi64>
  %keys = onnx.Concat %ik1, %kk1 {axis = 4 : i64} : (tensor<?x1x1x?x1xi64>, tensor<?x1x1x?x1xi64>) -> tensor<?x1x1x?x2xi64>
  %piece_q = onnx.GatherND %piece, %queries {batch_dims = 0 : i64} : (tensor<?x?xi64>, tensor<?x1x?x1x2xi64>) -> tensor<?x1x?x1xi64>
  %piece_k = onnx.GatherND %piece, %keys {batch_dims = 0 : i64} : (tensor<?x?xi64>, tensor<?x1x1x?x2xi64>) -> tensor<?x1x1x?xi64>
  %same = onnx.Equal %piece_q, %piece_k : (tensor<?x1x?x1xi64>, tensor<?x1x1x?xi64>) -> tensor<?x1x?x?xi1>
  %at_q = onnx.GatherND %all, %queries {batch_dims = 0 : i64} : (tensor<?x?xi64>, tensor<?x1x?x1x2xi64>) -> tensor<?x1x?x1xi64>
  %at_k = onnx.GatherND %all, %keys {batch_dims = 0 : i64} : (tensor<?x?xi64>, tensor<?x1x1x?x2xi64>) -> tensor<?x1x1x?xi64>
  %past = onnx.LessOrEqual %at_k, %at_q : (tensor<?x1x1x?xi64>, tensor<?x1x?x1xi64>) -> tensor<?x1x?x?xi1>
  %visible = onnx.And %same, %past : (tensor<?x1x?x?xi1>, tensor<?x1x?x?xi1>) -> tensor<?x1x?x?xi1>
  %masked = onnx.Where %visible, %scores, %lowest : (tensor<?x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
  return %masked : tensor<?x4x?x?xf32>
}

// -----

// A padding mask, gathered with every row and every key: the mask as it is. Its
// length is the sum that its name says.

// CHECK-LABEL: func @padding_mask
// CHECK-SAME:    %[[MASK:[a-z0-9]*]]: tensor<?x?xi1>
// CHECK-NOT:     onnx.GatherND
// CHECK:         %[[PLACED:.*]] = onnx.Unsqueeze %[[MASK]] {axes = array<i64: 1, 2>} : (tensor<?x?xi1>) -> tensor<?x1x1x?xi1>
// CHECK:         return %[[PLACED]]
func.func @padding_mask(
    %mask: tensor<?x?xi1> {ockham.dims = ["batch", "past + sequence"]},
    %ids: tensor<?x?xi64> {ockham.dims = ["batch", "sequence"]},
    %cache: tensor<?x4x?x8xf32> {ockham.dims = ["batch", "", "past", ""]}) -> tensor<?x1x1x?xi1> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %ids, %c0 : tensor<?x?xi64>
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %p = tensor.dim %cache, %c2 : tensor<?x4x?x8xf32>
  %t = arith.addi %s, %p : index
  %b64 = arith.index_cast %b : index to i64
  %t64 = arith.index_cast %t : index to i64
  %rows = tensor.from_elements %b64 : tensor<i64>
  %length = tensor.from_elements %t64 : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %batches = onnx.Range %zero, %rows, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %positions = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %i = onnx.Unsqueeze %batches {axes = array<i64: 1, 2, 3>} : (tensor<?xi64>) -> tensor<?x1x1x1xi64>
  %k = onnx.Unsqueeze %positions {axes = array<i64: 0, 1, 2>} : (tensor<?xi64>) -> tensor<1x1x1x?xi64>
  %ik = onnx.Expand %i to [%b, 1, 1, %t] : (tensor<?x1x1x1xi64>) -> tensor<?x1x1x?xi64>
  %kk = onnx.Expand %k to [%b, 1, 1, %t] : (tensor<1x1x1x?xi64>) -> tensor<?x1x1x?xi64>
  %ik1 = onnx.Unsqueeze %ik {axes = array<i64: 4>} : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?x1xi64>
  %kk1 = onnx.Unsqueeze %kk {axes = array<i64: 4>} : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?x1xi64>
  %keys = onnx.Concat %ik1, %kk1 {axis = 4 : i64} : (tensor<?x1x1x?x1xi64>, tensor<?x1x1x?x1xi64>) -> tensor<?x1x1x?x2xi64>
  %gathered = onnx.GatherND %mask, %keys {batch_dims = 0 : i64} : (tensor<?x?xi1>, tensor<?x1x1x?x2xi64>) -> tensor<?x1x1x?xi1>
  return %gathered : tensor<?x1x1x?xi1>
}

// -----

// The same from a flattened mask, by positions in memory.

// CHECK-LABEL: func @flat_padding_mask
// CHECK-SAME:    %[[MASK:[a-z0-9]*]]: tensor<?x?xi1>
// CHECK-NOT:     onnx.Gather
// CHECK:         onnx.Unsqueeze %[[MASK]] {axes = array<i64: 1, 2, 4>} : (tensor<?x?xi1>) -> tensor<?x1x1x?x1xi1>
func.func @flat_padding_mask(%mask: tensor<?x?xi1>) -> tensor<?x1x1x?x1xi1> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %mask, %c0 : tensor<?x?xi1>
  %t = tensor.dim %mask, %c1 : tensor<?x?xi1>
  %n = arith.muli %b, %t : index
  %b64 = arith.index_cast %b : index to i64
  %t64 = arith.index_cast %t : index to i64
  %rows = tensor.from_elements %b64 : tensor<i64>
  %length = tensor.from_elements %t64 : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %flat = onnx.Reshape %mask to [%n, 1] : (tensor<?x?xi1>) -> tensor<?x1xi1>
  %batches = onnx.Range %zero, %rows, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %positions = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %i = onnx.Unsqueeze %batches {axes = array<i64: 1, 2, 3>} : (tensor<?xi64>) -> tensor<?x1x1x1xi64>
  %start = onnx.Mul %i, %length : (tensor<?x1x1x1xi64>, tensor<i64>) -> tensor<?x1x1x1xi64>
  %index = onnx.Add %start, %positions : (tensor<?x1x1x1xi64>, tensor<?xi64>) -> tensor<?x1x1x?xi64>
  %gathered = onnx.Gather %flat, %index {axis = 0 : i64} : (tensor<?x1xi1>, tensor<?x1x1x?xi64>) -> tensor<?x1x1x?x1xi1>
  return %gathered : tensor<?x1x1x?x1xi1>
}

// -----

// Nothing says that the mask is as long as there are positions, so an index may
// be out of range: the Gather stays, and its error with it.

// CHECK-LABEL: func @unknown_length
// CHECK:         onnx.GatherND
func.func @unknown_length(%mask: tensor<?xi1>, %n: tensor<i64>) -> tensor<?xi1> {
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %positions = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %index = onnx.Unsqueeze %positions {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %y = onnx.GatherND %mask, %index {batch_dims = 0 : i64} : (tensor<?xi1>, tensor<?x1xi64>) -> tensor<?xi1>
  return %y : tensor<?xi1>
}

// -----

// A buffer of positions, of which a part is taken, joined and shifted.

// CHECK-LABEL: func @joined_positions
// CHECK-DAG:     %[[THREE:.*]] = onnx.Constant dense<3> : tensor<i64>
// CHECK-DAG:     %[[TWO:.*]] = onnx.Constant dense<2> : tensor<i64>
// CHECK-DAG:     %[[LIMIT:.*]] = tensor.from_elements
// CHECK:         %[[RANGE:.*]] = onnx.Range %[[THREE]], %[[LIMIT]], %[[TWO]]
// CHECK:         return %[[RANGE]]
func.func @joined_positions(%x: tensor<?xf32>) -> tensor<?xi64> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %n64 = arith.index_cast %n : index to i64
  %count = tensor.from_elements %n64 : tensor<i64>
  %first = onnx.Constant dense<[3, 5, 7, 9]> : tensor<4xi64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %two = onnx.Constant dense<2> : tensor<i64>
  %eleven = onnx.Constant dense<11> : tensor<i64>
  %rest = onnx.Range %zero, %count, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %double = onnx.Mul %rest, %two : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %shifted = onnx.Add %double, %eleven : (tensor<?xi64>, tensor<i64>) -> tensor<?xi64>
  %all = onnx.Concat %first, %shifted {axis = 0 : i64} : (tensor<4xi64>, tensor<?xi64>) -> tensor<?xi64>
  return %all : tensor<?xi64>
}

// -----

// Point-wise operators of repeated elements work on the elements; where another
// operand has the extents nothing is repeated at all.

// CHECK-LABEL: func @sink_expand
// CHECK-SAME:    %[[MASK:[a-z0-9]*]]: tensor<?x?xi64>
// CHECK:         %[[PLACED:.*]] = onnx.Unsqueeze %[[MASK]]
// CHECK:         %[[BOOL:.*]] = onnx.Cast %[[PLACED]] : (tensor<?x1x1x?xi64>) -> tensor<?x1x1x?xi1>
// CHECK:         %[[NOT:.*]] = onnx.Not %[[BOOL]] : (tensor<?x1x1x?xi1>)
// CHECK-DAG:     onnx.Where %[[BOOL]], %{{.*}} : (tensor<?x1x1x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>)
// CHECK-DAG:     %[[LARGE:.*]] = onnx.Expand %[[NOT]] to
// CHECK:         return %{{.*}}, %[[LARGE]]
func.func @sink_expand(
    %mask: tensor<?x?xi64> {ockham.dims = ["batch", "keys"]},
    %scores: tensor<?x4x?x?xf32> {ockham.dims = ["batch", "", "queries", "keys"]}) -> (tensor<?x4x?x?xf32>, tensor<?x1x?x?xi1>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %b = tensor.dim %scores, %c0 : tensor<?x4x?x?xf32>
  %q = tensor.dim %scores, %c2 : tensor<?x4x?x?xf32>
  %k = tensor.dim %scores, %c3 : tensor<?x4x?x?xf32>
  %lowest = onnx.Constant dense<0xFF800000> : tensor<f32>
  %placed = onnx.Unsqueeze %mask {axes = array<i64: 1, 2>} : (tensor<?x?xi64>) -> tensor<?x1x1x?xi64>
  %large = onnx.Expand %placed to [%b, 1, %q, %k] : (tensor<?x1x1x?xi64>) -> tensor<?x1x?x?xi64>
  %bool = onnx.Cast %large : (tensor<?x1x?x?xi64>) -> tensor<?x1x?x?xi1>
  %true = onnx.ConstantOfShape [%q, %k] value true -> tensor<?x?xi1>
  %both = onnx.And %bool, %true : (tensor<?x1x?x?xi1>, tensor<?x?xi1>) -> tensor<?x1x?x?xi1>
  %not = onnx.Not %both : (tensor<?x1x?x?xi1>) -> tensor<?x1x?x?xi1>
  %masked = onnx.Where %not, %lowest, %scores : (tensor<?x1x?x?xi1>, tensor<f32>, tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
  return %masked, %not : tensor<?x4x?x?xf32>, tensor<?x1x?x?xi1>
}

// -----

// Where(capacity < s, capacity, s), as torch.export writes the length of the
// part of a buffer: a size that the elements have, or there would be less.

// CHECK-LABEL: func @bounded
// CHECK-SAME:    %[[X:.*]]: tensor<?x4x?x8xf32>
// CHECK-DAG:     %[[B:.*]] = tensor.dim %[[X]], %c0
// CHECK-DAG:     %[[S:.*]] = tensor.dim %[[X]], %c2
// CHECK-DAG:     onnx.Reshape %{{.*}} to [%[[B]], %[[S]], 32]
// CHECK-DAG:     onnx.Slice %{{.*}} [0] to [%[[S]]]
func.func @bounded(%x: tensor<?x4x?x8xf32>, %buffer: tensor<16xf32>) -> (tensor<?x?x32xf32>, tensor<?xf32>) {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %b = tensor.dim %x, %c0 : tensor<?x4x?x8xf32>
  %s = tensor.dim %x, %c2 : tensor<?x4x?x8xf32>
  %s64 = arith.index_cast %s : index to i64
  %length = tensor.from_elements %s64 : tensor<i64>
  %capacity = onnx.Constant dense<16> : tensor<i64>
  %is_long = onnx.Less %capacity, %length : (tensor<i64>, tensor<i64>) -> tensor<i1>
  %bounded = onnx.Where %is_long, %capacity, %length : (tensor<i1>, tensor<i64>, tensor<i64>) -> tensor<i64>
  %t = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x4x?x8xf32>) -> tensor<?x?x4x8xf32>
  %element = tensor.extract %bounded[] : tensor<i64>
  %size = arith.index_cast %element : i64 to index
  %y = onnx.Reshape %t to [%b, %size, 32] : (tensor<?x?x4x8xf32>) -> tensor<?x?x32xf32>
  %part = onnx.Slice %buffer [0] to [%size] {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<16xf32>) -> tensor<?xf32>
  return %y, %part : tensor<?x?x32xf32>, tensor<?xf32>
}

// -----

// torch.mm on flattened rows, without a bias.

// CHECK-LABEL: func @rows
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x32xf32>, %[[W:.*]]: tensor<32x64xf32>
// CHECK:         %[[Y:.*]] = onnx.MatMul %[[X]], %[[W]] : (tensor<?x?x32xf32>, tensor<32x64xf32>) -> tensor<?x?x64xf32>
// CHECK:         return %[[Y]]
func.func @rows(%x: tensor<?x?x32xf32>, %w: tensor<32x64xf32>) -> tensor<?x?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x32xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x32xf32>
  %flat = onnx.Reshape %x to [-1, 32] : (tensor<?x?x32xf32>) -> tensor<?x32xf32>
  %product = onnx.MatMul %flat, %w : (tensor<?x32xf32>, tensor<32x64xf32>) -> tensor<?x64xf32>
  %y = onnx.Reshape %product to [%b, %s, 64] : (tensor<?x64xf32>) -> tensor<?x?x64xf32>
  return %y : tensor<?x?x64xf32>
}

// -----

// x[:, :] = y, as exporters write an assignment in place, replaces everything.

// CHECK-LABEL: func @assign_all
// CHECK-SAME:    %[[X:[a-z0-9]*]]: tensor<?x1x4xf32> {{.*}}, %[[Y:[a-z0-9]*]]: tensor<?x1x4xf32>
// CHECK-NEXT:    return %[[Y]]
func.func @assign_all(
    %x: tensor<?x1x4xf32> {ockham.dims = ["n", "", ""]},
    %y: tensor<?x1x4xf32> {ockham.dims = ["n", "", ""]}) -> tensor<?x1x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x1x4xf32>
  %n64 = arith.index_cast %n : index to i64
  %length = tensor.from_elements %n64 : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %rows = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %i = onnx.Reshape %rows to [%n, 1, 1, 1] : (tensor<?xi64>) -> tensor<?x1x1x1xi64>
  %ii = onnx.Expand %i to [%n, 1, 4, 1] : (tensor<?x1x1x1xi64>) -> tensor<?x1x4x1xi64>
  %jj = onnx.ConstantOfShape [%n, 1, 4, 1] value 0 : i64 -> tensor<?x1x4x1xi64>
  %k = onnx.Constant dense<[[0], [1], [2], [3]]> : tensor<4x1xi64>
  %kk = onnx.Expand %k to [%n, 1, 4, 1] : (tensor<4x1xi64>) -> tensor<?x1x4x1xi64>
  %indices = onnx.Concat %ii, %jj, %kk {axis = 3 : i64} : (tensor<?x1x4x1xi64>, tensor<?x1x4x1xi64>, tensor<?x1x4x1xi64>) -> tensor<?x1x4x3xi64>
  %z = onnx.ScatterND replace %x, %indices, %y : (tensor<?x1x4xf32>, tensor<?x1x4x3xi64>, tensor<?x1x4xf32>) -> tensor<?x1x4xf32>
  return %z : tensor<?x1x4xf32>
}

// -----

// CHECK-LABEL: func @unsqueezes
// CHECK:         onnx.Unsqueeze %arg0 {axes = array<i64: 0, 1, 3, 5>} : (tensor<2x?xf32>) -> tensor<1x1x2x1x?x1xf32>
// CHECK-NEXT:    return
func.func @unsqueezes(%x: tensor<2x?xf32>) -> tensor<1x1x2x1x?x1xf32> {
  %a = onnx.Unsqueeze %x {axes = array<i64: 1, 3>} : (tensor<2x?xf32>) -> tensor<2x1x?x1xf32>
  %b = onnx.Unsqueeze %a {axes = array<i64: 0, 1>} : (tensor<2x1x?x1xf32>) -> tensor<1x1x2x1x?x1xf32>
  return %b : tensor<1x1x2x1x?x1xf32>
}

// -----

// The importer asks of a size that the graph computes whether it is -1, which
// follows from the rest. Nothing that is put together from extents is.

// CHECK-LABEL: func @never_free
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>
// CHECK:         %[[N:.*]] = tensor.dim %[[X]], %c0
// CHECK-NOT:     arith.select
// CHECK:         onnx.Reshape %[[X]] to [%[[N]], 2, 4]
func.func @never_free(%x: tensor<?x8xf32>) -> tensor<?x2x4xf32> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %free = arith.constant -1 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %n64 = arith.index_cast %n : index to i64
  %size = arith.index_cast %n64 : i64 to index
  %is_free = arith.cmpi eq, %size, %free : index
  %rest = arith.divsi %size, %c4 : index
  %extent = arith.select %is_free, %rest, %size : index
  %y = onnx.Reshape %x to [%extent, 2, 4] : (tensor<?x8xf32>) -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}
