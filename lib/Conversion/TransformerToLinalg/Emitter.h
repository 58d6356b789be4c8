//===- Emitter.h - Writing linalg ops with few words ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the lowerings of the tfm ops share: tensors of a size, views, and
// `linalg.generic` with scalar bodies that compute in f32 (f64 for f64 data)
// whatever the element types around them are.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_EMITTER_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_EMITTER_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"

#include <string>

namespace ockham::tfm_to_linalg {

using Extent = mlir::OpFoldResult;
using Extents = llvm::SmallVector<mlir::OpFoldResult>;
using Loops = llvm::ArrayRef<unsigned>;

/// The type that the arithmetic on elements of `type` is done in.
mlir::Type computeType(mlir::Type type);

/// Scalar arithmetic at one place.
class Scalars {
public:
  Scalars(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  mlir::Value constant(mlir::Type type, double value);
  /// The constant in the type of `like`.
  mlir::Value constant(mlir::Value like, double value) {
    return constant(like.getType(), value);
  }
  mlir::Value index(int64_t value);
  mlir::Value index(mlir::OpFoldResult value);
  /// The iteration of a loop of the `linalg.generic` around.
  mlir::Value loop(unsigned loop);

  /// A float of another width.
  mlir::Value floatCast(mlir::Value value, mlir::Type type);
  /// An index or integer as an index, and as a float.
  mlir::Value toIndex(mlir::Value value);
  mlir::Value toFloat(mlir::Value value, mlir::Type type);

  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  mlir::Value div(mlir::Value lhs, mlir::Value rhs);
  mlir::Value max(mlir::Value lhs, mlir::Value rhs);
  mlir::Value select(mlir::Value condition, mlir::Value lhs, mlir::Value rhs);
  mlir::Value sqrt(mlir::Value value);
  mlir::Value exp(mlir::Value value);
  mlir::Value log(mlir::Value value);
  mlir::Value tanh(mlir::Value value);
  mlir::Value erf(mlir::Value value);
  /// 1 / (1 + exp(-x)).
  mlir::Value sigmoid(mlir::Value value);
  /// lhs > rhs, lhs >= rhs, lhs == rhs of floats.
  mlir::Value greater(mlir::Value lhs, mlir::Value rhs);
  mlir::Value atLeast(mlir::Value lhs, mlir::Value rhs);
  mlir::Value equal(mlir::Value lhs, mlir::Value rhs);

  /// Index arithmetic.
  mlir::Value less(mlir::Value lhs, mlir::Value rhs);
  mlir::Value lessOrEqual(mlir::Value lhs, mlir::Value rhs);
  mlir::Value sameIndex(mlir::Value lhs, mlir::Value rhs);
  mlir::Value minIndex(mlir::Value lhs, mlir::Value rhs);
  mlir::Value maxIndex(mlir::Value lhs, mlir::Value rhs);
  mlir::Value addIndex(mlir::Value lhs, mlir::Value rhs);
  mlir::Value subIndex(mlir::Value lhs, mlir::Value rhs);
  mlir::Value both(mlir::Value lhs, mlir::Value rhs);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

/// Tensors and views at one place.
class Emitter : public Scalars {
public:
  using Scalars::Scalars;

  Extents extents(mlir::Value tensor);
  Extent extent(mlir::Value tensor, unsigned dim);
  /// The product of extents.
  Extent product(llvm::ArrayRef<Extent> factors);
  Extent fixed(int64_t extent) { return builder.getIndexAttr(extent); }

  mlir::Value empty(llvm::ArrayRef<Extent> extents, mlir::Type element);
  mlir::Value filled(llvm::ArrayRef<Extent> extents, mlir::Type element,
                     double value);

  /// Views of the same elements. `groups` lists how many dimensions of the
  /// longer shape form each dimension of the shorter one.
  mlir::Value collapse(mlir::Value tensor, llvm::ArrayRef<unsigned> groups);
  mlir::Value expand(mlir::Value tensor, llvm::ArrayRef<unsigned> groups,
                     llvm::ArrayRef<Extent> extents);
  /// The range [offset, offset + size) of one dimension.
  mlir::Value slice(mlir::Value tensor, unsigned dim, Extent offset,
                    Extent size, int64_t stride = 1);
  mlir::Value insert(mlir::Value part, mlir::Value whole, unsigned dim,
                     Extent offset, int64_t stride = 1);
  mlir::Value transpose(mlir::Value tensor,
                        llvm::ArrayRef<int64_t> permutation);
  /// A rank-0 tensor of a tensor with one element.
  mlir::Value scalarTensor(mlir::Value tensor);

  /// [B, M, K] x [B, K, N], accumulated in the compute type.
  mlir::Value batchMatmul(mlir::Value lhs, mlir::Value rhs);
  /// [M, K] x [K, N], or x [N, K] when `transposed`; accumulated onto `init`
  /// (in the compute type) if there is one.
  mlir::Value matmul(mlir::Value lhs, mlir::Value rhs, bool transposed,
                     mlir::Value init = {});

  /// The value in the type that an op's result must have.
  mlir::Value castTo(mlir::Value tensor, mlir::Type type);
};

/// Builds one `linalg.generic`: first its inputs, then one of the endings.
class Generic {
public:
  /// The body gets the inputs' elements in the order in which they were added
  /// (floats in the compute type) and gives the result's.
  using Body =
      llvm::function_ref<mlir::Value(Scalars &, mlir::ValueRange args)>;

  Generic(Emitter &emitter, llvm::ArrayRef<Extent> loops, mlir::Type compute)
      : e(emitter), extents(loops), compute(compute) {}

  /// Adds an input whose dimensions run with the given loops; the number of its
  /// body argument.
  unsigned in(mlir::Value tensor, Loops loops);
  /// Adds an input that runs with all loops.
  unsigned in(mlir::Value tensor);
  /// Adds a gain: one number, or one per iteration of `loop`.
  unsigned gain(mlir::Value tensor, unsigned loop);

  /// One element for each iteration, in a new tensor.
  mlir::Value map(mlir::Type element, Body body);
  /// Overwrites `tensor`; its old element is the body's last argument.
  mlir::Value update(mlir::Value tensor, Body body);
  /// Reduces the loops that `kept` does not list, starting from `initial`; the
  /// partial result is the body's last argument.
  mlir::Value reduce(mlir::Type element, Loops kept, double initial, Body body);

private:
  mlir::Value emit(mlir::Value out, Loops outLoops, Body body);

  Emitter &e;
  Extents extents;
  mlir::Type compute;
  llvm::SmallVector<mlir::Value> inputs;
  llvm::SmallVector<mlir::AffineMap> maps;
};

/// The name of an op for messages at run time: the name of its location (the
/// node that it came from), or else the op's own name.
std::string nameOf(mlir::Operation *op);

} // namespace ockham::tfm_to_linalg

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_EMITTER_H
