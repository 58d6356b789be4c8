//===- ONNXFunctionShapes.h - Shapes followed through a function -*- C++ -*-==//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_ONNXFUNCTIONSHAPES_H
#define OCKHAM_LIB_TRANSFORMS_ONNXFUNCTIONSHAPES_H

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/ONNX/ShapeScope.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "ockham/Support/ConstantData.h"

namespace ockham::onnx {

/// The weights of a module by name, so that a lookup is no search.
class WeightTable {
public:
  explicit WeightTable(mlir::ModuleOp module);
  void add(WeightOp weight);
  /// The elements of a constant or of a weight whose bytes are here.
  std::optional<ConstantData> getConstant(mlir::Value value) const;
  WeightOp lookup(LoadWeightOp load) const;

private:
  llvm::DenseMap<mlir::StringAttr, WeightOp> weights;
};

/// Expressions beyond this are not followed any further. Sensible extents have
/// a handful of atoms; ones that nest from layer to layer would grow without
/// bound.
inline constexpr unsigned kMaxComplexity = 64;

/// An integer or boolean tensor whose element at position x is
/// offset + sum of slopes[k] * x[k]. Slopes of dimensions of extent 1 are 0.
struct IndexForm {
  ShapeExpr offset;
  llvm::SmallVector<ShapeExpr, 4> slopes;

  /// Whether all elements are the same.
  bool isUniform() const;
};

/// Extents of all tensors of a function, and elements of its small integer
/// tensors, in terms of the extents of the arguments. Arguments that
/// `ockham.dims` gives the same name share an extent. Operators are visited in
/// order; what an operator computes is remembered for the ones after it.
///
/// Values are remembered by address: operators may be replaced, but must not be
/// erased while this lives.
class FunctionShapes : public ShapeScope {
public:
  FunctionShapes(mlir::FunctionOpInterface function,
                 const WeightTable &weights);

  mlir::FunctionOpInterface getFunction() const { return function; }

  ShapeExpr getDim(mlir::Value tensor, int64_t position) override;
  ShapeExpr getElement(mlir::Value tensor, int64_t position) override;
  ShapeExpr getScalar(mlir::Value value) override;
  ShapeExpr getRangeLength(mlir::Value start, mlir::Value limit,
                           mlir::Value delta) override;
  using ShapeScope::getRangeLength;

  /// Works out what `op` computes, from what is known about its operands. For
  /// an operator with symbolic shapes gives those.
  llvm::SmallVector<InferredTensor, 1> visit(mlir::Operation *op);

  /// The elements of a small integer or boolean tensor, if they are known.
  std::optional<llvm::ArrayRef<ShapeExpr>>
  getElements(mlir::Value tensor) const;
  /// What the elements of an integer or boolean tensor of any extents are, if
  /// they are affine in their position.
  std::optional<IndexForm> getIndexForm(mlir::Value tensor);
  /// The same for each index of lists that are the last dimension of a tensor,
  /// as in GatherND.
  std::optional<llvm::SmallVector<IndexForm, 4>>
  getIndexComponents(mlir::Value indices);
  /// Whether an integer or index is known to be more than itself.
  bool isKnownScalar(mlir::Value value) const;

  /// Whether an expression is made of the arguments' extents alone.
  bool dependsOnArgumentsOnly(const ShapeExpr &expr) const;
  /// Builds an expression: at the start of the function if it depends on the
  /// arguments' extents only, otherwise before `user`.
  mlir::Value build(const ShapeExpr &expr, mlir::Operation *user);

  std::optional<ConstantData> getConstant(mlir::Value value) const {
    return weights.getConstant(value);
  }

private:
  void nameDims();
  void visitElements(mlir::Operation *op);
  void visitScalar(mlir::Operation *op);
  void visitIndexForm(mlir::Operation *op);

  mlir::FunctionOpInterface function;
  const WeightTable &weights;
  /// The extents that share a name, under the place where they are used.
  llvm::DenseMap<std::pair<mlir::Value, int64_t>, ShapeExpr> argumentDims;
  llvm::DenseMap<mlir::Value, SymbolicShape> shapes;
  llvm::DenseMap<mlir::Value, llvm::SmallVector<ShapeExpr, 4>> elements;
  llvm::DenseMap<mlir::Value, ShapeExpr> scalars;
  llvm::DenseMap<mlir::Value, IndexForm> indexForms;
  std::map<ShapeExpr, mlir::Value> built;
  /// Where the next value at the start of the function goes.
  mlir::Operation *lastBuilt = nullptr;
};

} // namespace ockham::onnx

#endif // OCKHAM_LIB_TRANSFORMS_ONNXFUNCTIONSHAPES_H
