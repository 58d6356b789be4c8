//===- ONNXDialect.h - The onnx dialect -===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_ONNX_ONNXDIALECT_H
#define OCKHAM_DIALECTS_ONNX_ONNXDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

#include "dialects/ONNX/ShapeScope.h"

#include "dialects/ONNX/ONNXDialect.h.inc"

#include "dialects/ONNX/ONNXOpInterfaces.h.inc"

#include "dialects/ONNX/ONNXEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/ONNX/ONNXAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/ONNX/ONNXOps.h.inc"

#endif // OCKHAM_DIALECTS_ONNX_ONNXDIALECT_H
