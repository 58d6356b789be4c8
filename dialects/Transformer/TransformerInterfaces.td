//===- TransformerInterfaces.td - What passes ask of ops --*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TRANSFORMERINTERFACES
#define OCKHAM_TRANSFORMERINTERFACES

include "mlir/IR/OpBase.td"

def Tfm_TransformerOpInterface : OpInterface<"TransformerOpInterface"> {
  let cppNamespace = "::ockham::tfm";
  let description = [{
    The questions that simplification, differentiation and kernel forming ask,
    so that no pass switches over the ops.
  }];
  let methods = [
    InterfaceMethod<[{
        The operands that hold parameters of the model (weights, biases, gains,
        tables), as opposed to activations.
      }],
      "::llvm::SmallVector<::mlir::OpOperand *>", "getParameterOperands", (ins),
      "", "return {};">,
    InterfaceMethod<[{
        True if the results are a linear function (without a constant term) of
        this operand while the others stay fixed.
      }],
      "bool", "isLinearIn", (ins "::mlir::OpOperand &":$operand),
      "", "return false;">,
    InterfaceMethod<[{
        True if row (b, t) of every result depends only on row (b, t) of the
        activations: such ops can be fused into the kernel that writes or reads
        the row.
      }],
      "bool", "hasIndependentRows", (ins), "", "return true;">
  ];
}

def Tfm_KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::ockham::tfm";
  let description = [{
    What an op offers to those that share a kernel with it
    (`--tfm-form-kernels`). The default is nothing: a kernel of its own.
  }];
  let methods = [
    InterfaceMethod<[{
        True if the kernel of the op holds blocks of its result in registers
        before it stores them: point-wise ops may follow there.
      }],
      "bool", "keepsResultInRegisters", (ins), "", "return false;">,
    InterfaceMethod<[{
        The operands that may be such a result. The op reads each element of
        them once, for one element of its own result; all other operands come
        from memory, where the op runs.
      }],
      "::llvm::SmallVector<::mlir::OpOperand *>", "getRegisterOperands", (ins),
      "", "return {};">,
    InterfaceMethod<[{
        True if the results are ranges of the columns of the register operand:
        what follows one of them runs on some columns only.
      }],
      "bool", "dividesColumns", (ins), "", "return false;">
  ];
}

#endif // OCKHAM_TRANSFORMERINTERFACES
