// Every mistake is one message that says where and what; the exit code is 1.

// RUN: not ockham-interpret %s --entry nothing 2>&1 | FileCheck %s --check-prefix ENTRY
// ENTRY: error: the module has no function 'nothing'; it has 'gather', 'embedding',

// RUN: not ockham-interpret %s --entry gather 2>&1 | FileCheck %s --check-prefix GATHER
// GATHER: error: {{.*}}errors.mlir:{{[0-9]+:[0-9]+}}: 'onnx.Gather': index -4 is outside of axis 0, which has 3 elements
func.func @gather() -> tensor<2xf32> {
  %x = onnx.Constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %i = onnx.Constant dense<[0, -4]> : tensor<2xi64>
  %y = onnx.Gather %x, %i {axis = 0} : (tensor<3xf32>, tensor<2xi64>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// RUN: not ockham-interpret %s --entry embedding 2>&1 | FileCheck %s --check-prefix EMBEDDING
// EMBEDDING: 'tfm.embedding': id 2 is outside of the table, which has 2 rows
func.func @embedding() -> tensor<1x1x2xf32> {
  %ids = onnx.Constant dense<2> : tensor<1x1xi64>
  %table = onnx.Constant dense<0.0> : tensor<2x2xf32>
  %x = tfm.embedding %ids, %table : tensor<1x1xi64>, tensor<2x2xf32> -> tensor<1x1x2xf32>
  return %x : tensor<1x1x2xf32>
}

// RUN: not ockham-interpret %s --entry position 2>&1 | FileCheck %s --check-prefix POSITION
// POSITION: 'tfm.embedding': position 2 is outside of the position table, which has 2 rows
func.func @position() -> tensor<1x1x2xf32> {
  %ids = onnx.Constant dense<1> : tensor<1x1xi64>
  %past = onnx.Constant dense<2> : tensor<1xi64>
  %table = onnx.Constant dense<0.0> : tensor<2x2xf32>
  %x = tfm.embedding %ids, %table positions %table past %past
      : tensor<1x1xi64>, tensor<2x2xf32>, tensor<2x2xf32> past tensor<1xi64> -> tensor<1x1x2xf32>
  return %x : tensor<1x1x2xf32>
}

// RUN: not ockham-interpret %s --entry past 2>&1 | FileCheck %s --check-prefix PAST
// PAST: 'tfm.embedding': past of sequence 0 is -1, expected 0 to 2147483648
func.func @past() -> tensor<1x1x2xf32> {
  %ids = onnx.Constant dense<1> : tensor<1x1xi64>
  %past = onnx.Constant dense<-1> : tensor<1xi64>
  %table = onnx.Constant dense<0.0> : tensor<2x2xf32>
  %x = tfm.embedding %ids, %table positions %table past %past
      : tensor<1x1xi64>, tensor<2x2xf32>, tensor<2x2xf32> past tensor<1xi64> -> tensor<1x1x2xf32>
  return %x : tensor<1x1x2xf32>
}

// RUN: not ockham-interpret %s --entry broadcast 2>&1 | FileCheck %s --check-prefix BROADCAST
// BROADCAST: 'onnx.Add': shapes [2] and [3] do not broadcast
func.func @broadcast() -> tensor<?xf32> {
  %a = onnx.Constant dense<0.0> : tensor<2xf32>
  %b = onnx.Constant dense<0.0> : tensor<3xf32>
  %x = tensor.cast %a : tensor<2xf32> to tensor<?xf32>
  %y = onnx.Add %x, %b : (tensor<?xf32>, tensor<3xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// The error is that of the op inside, not of the block around it.
// RUN: not ockham-interpret %s --entry inner 2>&1 | FileCheck %s --check-prefix INNER
// INNER: error: {{[^']*}}'tensor.cast': result #0 is float32 [2], expected tensor<3xf32>
func.func @inner() -> tensor<3xf32> {
  %a = onnx.Constant dense<0.0> : tensor<2xf32>
  %x = tensor.cast %a : tensor<2xf32> to tensor<?xf32>
  %y = tfm.block other index 0 "h.0" {
    %z = tensor.cast %x : tensor<?xf32> to tensor<3xf32>
    tfm.yield %z : tensor<3xf32>
  } : tensor<3xf32>
  return %y : tensor<3xf32>
}

// RUN: not ockham-interpret %s --entry divide 2>&1 | FileCheck %s --check-prefix DIVIDE
// DIVIDE: 'onnx.Div': integer division of 7 by zero
func.func @divide() -> tensor<i64> {
  %a = onnx.Constant dense<7> : tensor<i64>
  %b = onnx.Constant dense<0> : tensor<i64>
  %y = onnx.Div %a, %b : (tensor<i64>, tensor<i64>) -> tensor<i64>
  return %y : tensor<i64>
}

// RUN: not ockham-interpret %s --entry reshape 2>&1 | FileCheck %s --check-prefix RESHAPE
// RESHAPE: 'onnx.Reshape': cannot reshape [2, 3] to [4, -1]
func.func private @four() -> index {
  %four = arith.constant 4 : index
  return %four : index
}
func.func @reshape() -> tensor<?x?xf32> {
  %a = onnx.Constant dense<0.0> : tensor<2x3xf32>
  %four = func.call @four() : () -> index
  %y = onnx.Reshape %a to [%four, -1] : (tensor<2x3xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// RUN: not ockham-interpret %s --entry huge 2>&1 | FileCheck %s --check-prefix HUGE
// HUGE: 'onnx.ConstantOfShape': a tensor of shape [1099511627776, 1099511627776] has more than 2147483648 elements
func.func @huge() -> tensor<?x?xf32> {
  %n = arith.constant 1099511627776 : index
  %y = onnx.ConstantOfShape [%n, %n] value 0.0 : f32 -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// RUN: not ockham-interpret %s --entry negative 2>&1 | FileCheck %s --check-prefix NEGATIVE
// NEGATIVE: 'onnx.ConstantOfShape': a tensor of shape [-1] has a negative extent
func.func private @minus_one() -> index {
  %minus = arith.constant -1 : index
  return %minus : index
}
func.func @negative() -> tensor<?xf32> {
  %n = func.call @minus_one() : () -> index
  %y = onnx.ConstantOfShape [%n] value 0.0 : f32 -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// RUN: not ockham-interpret %s --entry check 2>&1 | FileCheck %s --check-prefix CHECK-OP
// CHECK-OP: 'ockham.check': largest value is 97, must be below 5
func.func @check() {
  %n = arith.constant 97 : index
  %m = arith.constant 5 : i64
  %no = arith.constant false
  ockham.check %no, "largest value is {}, must be below {}"(%n, %m) : index, i64
  return
}

// RUN: not ockham-interpret %s --entry attention 2>&1 | FileCheck %s --check-prefix ATTENTION
// ATTENTION: 'tfm.attention': the query at position 4 of sequence 0 has no value of its own: there are 2 keys
func.func @attention() -> tensor<1x2x1xf32> {
  %x = onnx.Constant dense<1.0> : tensor<1x2x1xf32>
  %past = onnx.Constant dense<3> : tensor<1xi64>
  %g = onnx.Constant dense<1.0> : tensor<1xf32>
  %y = tfm.attention %x, %x, %x past %past shape(%g, none, none) heads 1 scale 1.0
      : tensor<1x2x1xf32>, tensor<1x2x1xf32>, tensor<1x2x1xf32>, past tensor<1xi64>,
        shape(tensor<1xf32>, none, none) -> tensor<1x2x1xf32>
  return %y : tensor<1x2x1xf32>
}

// RUN: not ockham-interpret %s --entry recursive 2>&1 | FileCheck %s --check-prefix RECURSIVE
// RECURSIVE: 'func.call': calls are nested more than 64 deep
func.func @recursive() {
  func.call @recursive() : () -> ()
  return
}

// RUN: not ockham-interpret %s --entry declared 2>&1 | FileCheck %s --check-prefix DECLARED
// DECLARED: 'ockham.load_weight': weight '@nowhere' has no content: neither a value nor a recipe
ockham.weight @nowhere : tensor<2xf32> from "w"
func.func @declared() -> tensor<2xf32> {
  %w = ockham.load_weight @nowhere : tensor<2xf32>
  return %w : tensor<2xf32>
}

// RUN: not ockham-interpret %s --entry unsupported 2>&1 | FileCheck %s --check-prefix UNKNOWN
// UNKNOWN: 'tensor.pad': the interpreter does not support this op
func.func @unsupported() -> tensor<3xf32> {
  %x = onnx.Constant dense<1.0> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %y = tensor.pad %x low[0] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<2xf32> to tensor<3xf32>
  return %y : tensor<3xf32>
}
