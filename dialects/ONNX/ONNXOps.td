//===- ONNXOps.td - ONNX operators ------------------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXOPS
#define OCKHAM_ONNXOPS

include "dialects/ONNX/ONNXDialect.td"
include "dialects/ONNX/ONNXInterfaces.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

defvar ONNX_Floats = [F16, BF16, F32, F64];
defvar ONNX_Ints = [I8, I16, I32, I64, UI8, UI16, UI32, UI64];

def ONNX_FloatTensor : RankedTensorOf<ONNX_Floats>;
def ONNX_IntTensor : RankedTensorOf<ONNX_Ints>;
def ONNX_UnsignedTensor : RankedTensorOf<[UI8, UI16, UI32, UI64]>;
def ONNX_BoolTensor : RankedTensorOf<[I1]>;
def ONNX_NumberTensor : RankedTensorOf<ONNX_Floats # ONNX_Ints>;
def ONNX_Tensor : RankedTensorOf<ONNX_Floats # [I1] # ONNX_Ints>;

/// Every operator: pure, its result type checked against what the operands
/// imply, its dims reified as functions of the operands' dims. All of that
/// follows from one function, `inferTensors`, that the operator defines.
class ONNX_PureOp<string mnemonic, list<Trait> traits = []>
    : ONNX_Op<mnemonic, traits # [Pure,
        DeclareOpInterfaceMethods<InferShapedTypeOpInterface,
            ["inferReturnTypeComponents"]>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
            ["reifyResultShapes"]>,
        DeclareOpInterfaceMethods<ONNX_SymbolicShapeOpInterface>]> {
  let hasVerifier = 1;
  string inferTensorsDeclaration = [{
    /// The shapes (and element types, where implied) of the results in terms of
    /// the operands' extents. Says what is wrong with the operator and fails
    /// where it does not verify.
    static ::llvm::LogicalResult
    inferTensors(Adaptor adaptor, ::ockham::onnx::ShapeScope &scope,
                 const ::ockham::onnx::ShapeErrors &error,
                 ::llvm::SmallVectorImpl<::ockham::onnx::InferredTensor> &results);
  }];
  let extraClassDeclaration = inferTensorsDeclaration;
  string sharedDefinition = [{
    ::llvm::LogicalResult $cppClass::verify() {
      ::ockham::onnx::ShapeScope scope;
      ::ockham::onnx::ShapeErrors error(getLoc(), getOperationName());
      ::llvm::SmallVector<::ockham::onnx::InferredTensor, 1> results;
      if (::mlir::failed(inferTensors(Adaptor(*this), scope, error, results)))
        return ::mlir::failure();
      return ::ockham::onnx::detail::verifyResultTypes(getOperation(), error,
                                                       results);
    }
    ::llvm::LogicalResult $cppClass::inferReturnTypeComponents(
        ::mlir::MLIRContext *, ::std::optional<::mlir::Location> location,
        ::mlir::ValueShapeRange operands, ::mlir::DictionaryAttr attributes,
        ::mlir::OpaqueProperties properties, ::mlir::RegionRange regions,
        ::llvm::SmallVectorImpl<::mlir::ShapedTypeComponents> &components) {
      ::ockham::onnx::ShapeScope scope;
      ::ockham::onnx::ShapeErrors error(location, getOperationName());
      ::llvm::SmallVector<::ockham::onnx::InferredTensor, 1> results;
      Adaptor adaptor(operands.getValues(), attributes, properties, regions);
      if (::mlir::failed(inferTensors(adaptor, scope, error, results)))
        return ::mlir::failure();
      ::ockham::onnx::detail::getComponents(results, components);
      return ::mlir::success();
    }
    ::llvm::LogicalResult $cppClass::inferResults(
        ::ockham::onnx::ShapeScope &scope,
        ::llvm::SmallVectorImpl<::ockham::onnx::InferredTensor> &results) {
      return inferTensors(Adaptor(*this), scope, ::ockham::onnx::ShapeErrors(),
                          results);
    }
    ::llvm::LogicalResult $cppClass::reifyResultShapes(
        ::mlir::OpBuilder &builder,
        ::mlir::ReifiedRankedShapedTypeDims &reified) {
      return ::ockham::onnx::detail::reifyResultShapes(getOperation(), builder,
                                                       reified);
    }
  }];
  let extraClassDefinition = sharedDefinition;
}

include "dialects/ONNX/ONNXElementwiseOps.td"
include "dialects/ONNX/ONNXLinearAlgebraOps.td"
include "dialects/ONNX/ONNXShapeOps.td"
include "dialects/ONNX/ONNXIndexingOps.td"
include "dialects/ONNX/ONNXContractionOps.td"

#endif // OCKHAM_ONNXOPS
