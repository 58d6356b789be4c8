//===- ONNXElementwiseOps.td - Point-wise operators -------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXELEMENTWISEOPS
#define OCKHAM_ONNXELEMENTWISEOPS

//===----------------------------------------------------------------------===//
// Binary, with NumPy broadcasting
//===----------------------------------------------------------------------===//

// What is shared by operators whose definitions differ in nothing but the name.
class ONNX_ElementwiseDefinitions<string kind> {
  string infer = [{
    ::llvm::LogicalResult $cppClass::inferTensors(
        Adaptor adaptor, ::ockham::onnx::ShapeScope &scope,
        const ::ockham::onnx::ShapeErrors &error,
        ::llvm::SmallVectorImpl<::ockham::onnx::InferredTensor> &results) {
      return ::ockham::onnx::detail::infer}] # kind # [{(adaptor.getOperands(),
          scope, error, results);
    }
  }];
  string fold = [{
    ::mlir::OpFoldResult $cppClass::fold(FoldAdaptor adaptor) {
      return ::ockham::onnx::detail::foldConstants(getOperation(),
                                                   adaptor.getOperands());
    }
  }];
}

class ONNX_BinaryOp<string mnemonic, TypeConstraint operand,
                    TypeConstraint output, string what, list<Trait> traits,
                    string inElement, string outElement>
    : ONNX_PureOp<mnemonic, traits> {
  let summary = what;
  let description = [{
    Elementwise with NumPy broadcasting: }] # what # [{.

    ```mlir
    %c = onnx.}] # mnemonic # [{ %a, %b : (tensor<?x4x}] # inElement # [{>, tensor<4x}] # inElement # [{>) -> tensor<?x4x}] # outElement # [{>
    ```
  }];
  let arguments = (ins operand:$lhs, operand:$rhs);
  let results = (outs output:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

class ONNX_ArithmeticOp<string mnemonic, string what, list<Trait> traits = []>
    : ONNX_BinaryOp<mnemonic, ONNX_NumberTensor, ONNX_NumberTensor, what, traits,
                    "f32", "f32"> {
  let extraClassDefinition = sharedDefinition #
      ONNX_ElementwiseDefinitions<"Binary">.infer;
}
class ONNX_CompareOp<string mnemonic, string what, list<Trait> traits = []>
    : ONNX_BinaryOp<mnemonic, ONNX_Tensor, ONNX_BoolTensor, what, traits,
                    "f32", "i1"> {
  let extraClassDefinition = sharedDefinition #
      ONNX_ElementwiseDefinitions<"Comparison">.infer #
      ONNX_ElementwiseDefinitions<"Comparison">.fold;
}
class ONNX_LogicalOp<string mnemonic, string what>
    : ONNX_BinaryOp<mnemonic, ONNX_BoolTensor, ONNX_BoolTensor, what,
                    [Commutative], "i1", "i1"> {
  let extraClassDefinition = sharedDefinition #
      ONNX_ElementwiseDefinitions<"Binary">.infer #
      ONNX_ElementwiseDefinitions<"Binary">.fold;
}

class ONNX_BitwiseOp<string mnemonic, string what>
    : ONNX_BinaryOp<mnemonic, ONNX_IntTensor, ONNX_IntTensor, what,
                    [Commutative], "i32", "i32"> {
  let extraClassDefinition = sharedDefinition #
      ONNX_ElementwiseDefinitions<"Binary">.infer #
      ONNX_ElementwiseDefinitions<"Binary">.fold;
}
class ONNX_ExtremumOp<string mnemonic, string what>
    : ONNX_BinaryOp<mnemonic, ONNX_NumberTensor, ONNX_NumberTensor, what,
                    [Commutative], "f32", "f32"> {
  let extraClassDefinition = sharedDefinition #
      ONNX_ElementwiseDefinitions<"Binary">.infer #
      ONNX_ElementwiseDefinitions<"Binary">.fold;
}

def ONNX_AddOp : ONNX_ArithmeticOp<"Add", "lhs + rhs", [Commutative]>;
def ONNX_SubOp : ONNX_ArithmeticOp<"Sub", "lhs - rhs">;
def ONNX_MulOp : ONNX_ArithmeticOp<"Mul", "lhs * rhs", [Commutative]>;
def ONNX_DivOp : ONNX_ArithmeticOp<"Div", "lhs / rhs; integers truncate towards zero">;
def ONNX_MaxOp : ONNX_ExtremumOp<"Max", "the larger of lhs and rhs; NaN if either is">;
def ONNX_MinOp : ONNX_ExtremumOp<"Min", "the smaller of lhs and rhs; NaN if either is">;
def ONNX_ModOp : ONNX_PureOp<"Mod"> {
  let summary = "Remainder of lhs / rhs";
  let description = [{
    Elementwise with NumPy broadcasting. The remainder has the sign of the
    divisor, as in Python; with `fmod` that of the dividend, as in C. Floats
    need `fmod`. The remainder of a division by the integer 0 is not defined; a
    compiled model gives 0.

    ```mlir
    %c = onnx.Mod %a, %b : (tensor<?x4xi64>, tensor<i64>) -> tensor<?x4xi64>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$lhs, ONNX_NumberTensor:$rhs,
                       UnitAttr:$fmod);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}
def ONNX_PowOp : ONNX_PureOp<"Pow"> {
  let summary = "lhs to the power of rhs";
  let description = [{
    Elementwise with NumPy broadcasting. The result has the base's element
    type; the exponent may have another.

    ```mlir
    %c = onnx.Pow %x, %two : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$lhs, ONNX_NumberTensor:$rhs);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}
def ONNX_EqualOp : ONNX_CompareOp<"Equal", "lhs == rhs", [Commutative]>;
def ONNX_LessOp : ONNX_CompareOp<"Less", "lhs < rhs">;
def ONNX_LessOrEqualOp : ONNX_CompareOp<"LessOrEqual", "lhs <= rhs">;
def ONNX_GreaterOp : ONNX_CompareOp<"Greater", "lhs > rhs">;
def ONNX_GreaterOrEqualOp : ONNX_CompareOp<"GreaterOrEqual", "lhs >= rhs">;
def ONNX_AndOp : ONNX_LogicalOp<"And", "lhs and rhs">;
def ONNX_OrOp : ONNX_LogicalOp<"Or", "lhs or rhs">;
def ONNX_BitwiseAndOp : ONNX_BitwiseOp<"BitwiseAnd", "bits of lhs and rhs">;
def ONNX_BitwiseOrOp : ONNX_BitwiseOp<"BitwiseOr", "bits of lhs or rhs">;
def ONNX_BitwiseXorOp : ONNX_BitwiseOp<"BitwiseXor", "bits of either lhs or rhs">;
def ONNX_BitShiftOp : ONNX_PureOp<"BitShift"> {
  let summary = "lhs shifted by rhs bits";
  let description = [{
    Elementwise with NumPy broadcasting: towards the high bits with `left`,
    else towards the low ones. What is shifted in are zeros, so that a shift by
    the type's width or more gives 0.

    ```mlir
    %c = onnx.BitShift %a, %b {left} : (tensor<?x4xui8>, tensor<ui8>) -> tensor<?x4xui8>
    ```
  }];
  let arguments = (ins ONNX_UnsignedTensor:$lhs, ONNX_UnsignedTensor:$rhs,
                       UnitAttr:$left);
  let results = (outs ONNX_UnsignedTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
  let extraClassDefinition = sharedDefinition #
      ONNX_ElementwiseDefinitions<"Binary">.infer #
      ONNX_ElementwiseDefinitions<"Binary">.fold;
}

def ONNX_WhereOp : ONNX_PureOp<"Where"> {
  let summary = "Elements of one tensor or the other";
  let description = [{
    `condition ? lhs : rhs`, elementwise with NumPy broadcasting of all three.

    ```mlir
    %y = onnx.Where %mask, %scores, %minus
        : (tensor<1x1x?x?xi1>, tensor<?x4x?x?xf32>, tensor<f32>) -> tensor<?x4x?x?xf32>
    ```
  }];
  let arguments = (ins ONNX_BoolTensor:$condition, ONNX_Tensor:$lhs, ONNX_Tensor:$rhs);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $condition `,` $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

class ONNX_UnaryOp<string mnemonic, TypeConstraint operand, TypeConstraint output,
                   string what, string element = "f32">
    : ONNX_PureOp<mnemonic> {
  let summary = what;
  let description = [{
    Elementwise: }] # what # [{.

    ```mlir
    %y = onnx.}] # mnemonic # [{ %x : (tensor<?x4x}] # element # [{>) -> tensor<?x4x}] # element # [{>
    ```
  }];
  let arguments = (ins operand:$input);
  let results = (outs output:$result);
  let assemblyFormat = [{
    $input attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
  let extraClassDefinition = sharedDefinition #
      ONNX_ElementwiseDefinitions<"Unary">.infer #
      ONNX_ElementwiseDefinitions<"Unary">.fold;
}
class ONNX_FloatUnaryOp<string mnemonic, string what>
    : ONNX_UnaryOp<mnemonic, ONNX_FloatTensor, ONNX_FloatTensor, what>;

def ONNX_NegOp : ONNX_UnaryOp<"Neg", ONNX_NumberTensor, ONNX_NumberTensor, "-x">;
def ONNX_AbsOp : ONNX_UnaryOp<"Abs", ONNX_NumberTensor, ONNX_NumberTensor, "|x|">;
def ONNX_ReluOp : ONNX_UnaryOp<"Relu", ONNX_NumberTensor, ONNX_NumberTensor, "max(x, 0)">;
def ONNX_ExpOp : ONNX_FloatUnaryOp<"Exp", "e to the power of x">;
def ONNX_LogOp : ONNX_FloatUnaryOp<"Log", "natural logarithm">;
def ONNX_SqrtOp : ONNX_FloatUnaryOp<"Sqrt", "square root">;
def ONNX_ReciprocalOp : ONNX_FloatUnaryOp<"Reciprocal", "1 / x">;
def ONNX_ErfOp : ONNX_FloatUnaryOp<"Erf", "error function">;
def ONNX_SinOp : ONNX_FloatUnaryOp<"Sin", "sine">;
def ONNX_CosOp : ONNX_FloatUnaryOp<"Cos", "cosine">;
def ONNX_TanOp : ONNX_FloatUnaryOp<"Tan", "tangent">;
def ONNX_AsinOp : ONNX_FloatUnaryOp<"Asin", "arc sine">;
def ONNX_AcosOp : ONNX_FloatUnaryOp<"Acos", "arc cosine">;
def ONNX_AtanOp : ONNX_FloatUnaryOp<"Atan", "arc tangent">;
def ONNX_SinhOp : ONNX_FloatUnaryOp<"Sinh", "hyperbolic sine">;
def ONNX_CoshOp : ONNX_FloatUnaryOp<"Cosh", "hyperbolic cosine">;
def ONNX_AsinhOp : ONNX_FloatUnaryOp<"Asinh", "inverse hyperbolic sine">;
def ONNX_AcoshOp : ONNX_FloatUnaryOp<"Acosh", "inverse hyperbolic cosine">;
def ONNX_AtanhOp : ONNX_FloatUnaryOp<"Atanh", "inverse hyperbolic tangent">;
def ONNX_TanhOp : ONNX_FloatUnaryOp<"Tanh", "hyperbolic tangent">;
def ONNX_SigmoidOp : ONNX_FloatUnaryOp<"Sigmoid", "1 / (1 + exp(-x))">;
def ONNX_FloorOp : ONNX_FloatUnaryOp<"Floor", "the largest whole number not above x">;
def ONNX_CeilOp : ONNX_FloatUnaryOp<"Ceil", "the smallest whole number not below x">;
def ONNX_RoundOp : ONNX_FloatUnaryOp<"Round", "the nearest whole number, the even one of two">;
def ONNX_NotOp : ONNX_UnaryOp<"Not", ONNX_BoolTensor, ONNX_BoolTensor, "logical not", "i1">;

def ONNX_IdentityOp : ONNX_PureOp<"Identity"> {
  let summary = "The operand";
  let description = [{
    ```mlir
    %y = onnx.Identity %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def ONNX_CastOp : ONNX_PureOp<"Cast"> {
  let summary = "Conversion to the result's element type";
  let description = [{
    Float to integer truncates towards zero; to bool is `x != 0`; float to a
    narrower float rounds to nearest even, to infinity where it is too large; an
    integer to a narrower one, or to one of other signedness, keeps the low
    bits.

    A float that the integer type cannot hold is not defined by ONNX. Here it
    becomes the nearest signed integer of 32 bits (of 64 where the type is wider
    than `i32`; NaN the lowest one), whose low bits are kept. A value of 2^63 or
    more becomes the nearest `ui64` if that is the type.

    ```mlir
    %y = onnx.Cast %x : (tensor<?xi64>) -> tensor<?xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

#endif // OCKHAM_ONNXELEMENTWISEOPS
