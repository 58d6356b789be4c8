//===- ONNXNormalize.h - The parts of --onnx-normalize ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_ONNXNORMALIZE_H
#define OCKHAM_LIB_TRANSFORMS_ONNXNORMALIZE_H

#include "ONNXFunctionShapes.h"
#include "llvm/ADT/StringSet.h"

namespace ockham::onnx {

/// Replaces operators whose operands are constants or weights by their results.
class ConstantFolder {
public:
  /// Results of more than `maxBytes` bytes are left to run time, and so are
  /// inverses of weights unless `foldsInverses`.
  ConstantFolder(mlir::ModuleOp module, WeightTable &weights, uint64_t maxBytes,
                 bool foldsInverses);

  /// The results of `op` as new constants or weights before it, or nothing if
  /// one of them cannot be had.
  llvm::SmallVector<mlir::Value> fold(mlir::Operation *op);

  /// Whether `op` could be folded if its operand `index` were `data`: the
  /// result as a new constant or weight of the given type, before `op`.
  mlir::Value foldAs(mlir::Operation *op, mlir::RankedTensorType type,
                     llvm::ArrayRef<mlir::Value> operands);

  /// A constant before `user`: an attribute if it is small, else a weight whose
  /// name says that it is `of` some weight, if not empty.
  mlir::Value makeConstant(mlir::Operation *user, mlir::RankedTensorType type,
                           std::string bytes, llvm::StringRef of);

private:
  mlir::ModuleOp module;
  WeightTable &weights;
  uint64_t maxBytes;
  bool foldsInverses;
  llvm::StringSet<> sources;
};

/// Normalises one function: types, sizes, constants, data movement that does
/// nothing.
void normalizeFunction(mlir::FunctionOpInterface function,
                       const WeightTable &weights, ConstantFolder &folder);

/// A Gemm or MatMul of rows that a Reshape has flattened, as a MatMul (and an
/// Add) of the tensor before that: exporters write the same linear in both
/// forms. The result, flattened again, for uses that want it so; nothing if
/// `op` is no such linear.
mlir::Value unflattenLinear(mlir::Operation *op, FunctionShapes &shapes);

/// The same for a point-wise operator on such rows whose other operands are
/// numbers or one row: a bias, a gain, an activation.
mlir::Value unflattenPointwise(mlir::Operation *op, FunctionShapes &shapes);

/// One spelling of differences, means and choices: a + (-b), a sum times 1 / n
/// and Where(not c, ...). Nothing if `op` is none of these.
mlir::Value respell(mlir::Operation *op, FunctionShapes &shapes);

/// Slices that together are all of a row become a Split; neighbouring parts of a
/// Split that nobody reads are one.
void formSplits(mlir::FunctionOpInterface function);

/// Whether the operator computes each element of its result from the elements
/// at the same place, with broadcasting.
bool isPointwise(mlir::Operation *op);

/// What replaces a tensor of integers or booleans that is affine in the
/// position (one value, or a sum of Ranges), a gathering of elements at their
/// own places, and a logical operation that decides nothing. Nothing if `op` is
/// none.
mlir::Value simplifyIndices(mlir::Operation *op, FunctionShapes &shapes);

/// A point-wise operator of expanded tensors, before they are expanded: what
/// other operands broadcast against anyway need not be written out. The result,
/// expanded if it must be; nothing if there is nothing to gain.
mlir::Value sinkExpand(mlir::Operation *op, FunctionShapes &shapes);

/// Hashes of values that have been read already.
using WeightHashes = llvm::DenseMap<mlir::Attribute, uint64_t>;

/// Lets equal weights (type, layout and bytes) be one symbol, the first.
void shareEqualWeights(mlir::ModuleOp module, WeightHashes &hashes);

/// Lets a matrix that is another one transposed (the head of an exported model
/// is a copy of its embedding) be read from that one, where only products read
/// it.
void shareTransposedWeights(mlir::ModuleOp module);

} // namespace ockham::onnx

#endif // OCKHAM_LIB_TRANSFORMS_ONNXNORMALIZE_H
