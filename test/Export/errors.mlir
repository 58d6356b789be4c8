// What cannot be written: one line, exit code 1, and no file.

// RUN: rm -rf %t && mkdir %t && split-file %s %t && cd %t
// RUN: mkdir folder
// RUN: not ockham-translate --export-onnx unknown.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=UNKNOWN --match-full-lines
// UNKNOWN: ockham-translate: error: /h.0/Linear: 'tfm.linear' has no operator in opset 17; run --convert-tfm-to-onnx first
// RUN: not ockham-translate --export-onnx other.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=OTHER --match-full-lines
// OTHER: ockham-translate: error: here: 'math.exp' has no ONNX operator; lower to onnx ops first
// RUN: not ockham-translate --export-onnx later.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=LATER --match-full-lines
// LATER: ockham-translate: error: /And: the operator BitwiseAnd as it is used here needs opset 18 or later, got 17
// RUN: ockham-translate --export-onnx later.mlir -o later.onnx --opset 18
// RUN: not ockham-translate --export-onnx declared.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=DECLARED --match-full-lines
// DECLARED: ockham-translate: error: the bytes of 'w.weight' are not here: the weight is only declared
// RUN: not ockham-translate --export-onnx names.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=NAMES --match-full-lines
// NAMES: ockham-translate: error: two outputs are called 'y'
// RUN: not ockham-translate --export-onnx both.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=BOTH --match-full-lines
// BOTH: ockham-translate: error: an input and an output that is another value are both called 'x'
// RUN: not ockham-translate --export-onnx empty.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=EMPTY --match-full-lines
// EMPTY: ockham-translate: error: the module has no entry point
// RUN: not ockham-translate --export-onnx position.mlir -o x.onnx 2>&1 | FileCheck %s --check-prefix=POSITION --match-full-lines
// POSITION: ockham-translate: error: 'tensor.extract' at a position that the model computes has no ONNX operator
// RUN: not ockham-translate --export-onnx later.mlir -o x.onnx --opset 24 2>&1 | FileCheck %s --check-prefix=OPSET --match-full-lines
// OPSET: ockham-translate: error: opset 24 is not written, expected 17 to 23
// RUN: not ockham-translate --export-onnx later.mlir -o missing/x.onnx --opset 18 2>&1 | FileCheck %s --check-prefix=PATH --match-full-lines
// PATH: ockham-translate: error: cannot write 'missing/x.onnx': No such file or directory
// RUN: not ockham-translate --export-onnx later.mlir -o folder --opset 18 2>&1 | FileCheck %s --check-prefix=FOLDER --match-full-lines
// FOLDER: ockham-translate: error: cannot write 'folder': Is a directory

// The second file cannot be written: the first does not appear.
// RUN: mkdir y.onnx.data
// RUN: not ockham-translate --export-onnx later.mlir -o y.onnx --opset 18 --max-embedded-bytes 0 2>&1 | FileCheck %s --check-prefix=DATA --match-full-lines
// DATA: ockham-translate: error: cannot write 'y.onnx.data': Is a directory
// RUN: ls -A | FileCheck %s --check-prefix=FILES
// FILES-NOT: x.onnx
// FILES: later.onnx
// FILES-NOT: {{^}}y.onnx{{$}}
// FILES-NOT: {{^\.}}

//--- unknown.mlir
func.func @forward(%x: tensor<?x?x4xf32> {ockham.name = "x"}, %w: tensor<4x4xf32> {ockham.name = "w"}) -> (tensor<?x?x4xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %y = tfm.linear %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/h.0/Linear")
  return %y : tensor<?x?x4xf32>
}
//--- other.mlir
func.func @forward(%x: tensor<?xf32> {ockham.name = "x"}) -> (tensor<?xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %y = math.exp %x : tensor<?xf32> loc("here")
  return %y : tensor<?xf32>
}
//--- later.mlir
ockham.weight @w : tensor<300xi32> = dense<1> : tensor<300xi32>
func.func @forward(%x: tensor<300xi32> {ockham.name = "x"}) -> (tensor<300xi32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %w = ockham.load_weight @w : tensor<300xi32>
  %y = onnx.BitwiseAnd %x, %w : (tensor<300xi32>, tensor<300xi32>) -> tensor<300xi32> loc("/And")
  return %y : tensor<300xi32>
}
//--- declared.mlir
ockham.weight @w : tensor<4xf32> from "w.weight"
func.func @forward() -> (tensor<4xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %w = ockham.load_weight @w : tensor<4xf32>
  return %w : tensor<4xf32>
}
//--- names.mlir
func.func @forward(%x: tensor<?xf32> {ockham.name = "x"}) -> (tensor<?xf32> {ockham.name = "y"}, tensor<?xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %y = onnx.Relu %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y, %x : tensor<?xf32>, tensor<?xf32>
}
//--- both.mlir
func.func @forward(%x: tensor<?xf32> {ockham.name = "x"}) -> (tensor<?xf32> {ockham.name = "x"}) attributes {ockham.entry = "forward"} {
  %y = onnx.Relu %x : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
//--- empty.mlir
func.func @f() {
  return
}
//--- position.mlir
func.func @forward(%x: tensor<4xi64> {ockham.name = "x"}, %f: tensor<?xf32> {ockham.name = "f"}) -> (tensor<?xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %f, %c0 : tensor<?xf32>
  %e = tensor.extract %x[%n] : tensor<4xi64>
  %i = arith.index_cast %e : i64 to index
  %y = onnx.ConstantOfShape [%i] value 1.0 : f32 -> tensor<?xf32>
  return %y : tensor<?xf32>
}
