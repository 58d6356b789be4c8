//===- ShapeScope.h - Extents as expressions --------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every operator states its result shapes once, as expressions over the extents
// of its operands. Shape inference takes those that are constant, reification
// turns them into index arithmetic, and `--onnx-normalize` follows them through
// the whole function, where equal extents become equal expressions.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_ONNX_SHAPESCOPE_H
#define OCKHAM_DIALECTS_ONNX_SHAPESCOPE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <array>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

namespace ockham::onnx {

/// An integer polynomial over atoms, in canonical form: two expressions are
/// known to be equal exactly when they compare equal. An atom is an extent, an
/// element of an integer tensor, an index value, or an operation that is no
/// polynomial; it belongs to the ShapeScope that made it.
class ShapeExpr {
public:
  struct Term {
    /// Atom numbers, ascending, repeated for powers.
    llvm::SmallVector<unsigned, 2> atoms;
    int64_t coefficient;
    bool operator==(const Term &other) const {
      return coefficient == other.coefficient && atoms == other.atoms;
    }
    bool operator<(const Term &other) const {
      return std::tie(atoms, coefficient) <
             std::tie(other.atoms, other.coefficient);
    }
  };

  /// Zero.
  ShapeExpr() = default;
  ShapeExpr(int64_t constant);
  static ShapeExpr atom(unsigned number);

  /// The value, if the expression is constant.
  std::optional<int64_t> getConstant() const;
  bool isConstant(int64_t value) const { return getConstant() == value; }
  llvm::ArrayRef<Term> getTerms() const { return terms; }

  friend ShapeExpr operator+(const ShapeExpr &lhs, const ShapeExpr &rhs);
  friend ShapeExpr operator-(const ShapeExpr &lhs, const ShapeExpr &rhs);
  friend ShapeExpr operator*(const ShapeExpr &lhs, const ShapeExpr &rhs);
  bool operator==(const ShapeExpr &other) const { return terms == other.terms; }
  bool operator!=(const ShapeExpr &other) const { return !(*this == other); }
  bool operator<(const ShapeExpr &other) const { return terms < other.terms; }

  /// lhs / rhs where rhs is a single term that divides every term of lhs.
  static std::optional<ShapeExpr> divideExactly(const ShapeExpr &lhs,
                                                const ShapeExpr &rhs);

private:
  void addTerm(llvm::ArrayRef<unsigned> atoms, int64_t coefficient);

  /// Ascending by atoms, no zero coefficients.
  llvm::SmallVector<Term, 1> terms;
};

/// The extents of a tensor.
using SymbolicShape = llvm::SmallVector<ShapeExpr, 4>;

/// What an operator says about one result. The element type is null where the
/// operands do not determine it.
struct InferredTensor {
  SymbolicShape dims;
  mlir::Type elementType;
};

/// Where expressions live: owns their atoms and answers what an extent or an
/// element is. The base class knows constants and types; a pass overrides the
/// queries to look through operations.
class ShapeScope {
public:
  enum class AtomKind {
    Dim,       ///< extent `position` of a tensor value
    Element,   ///< row-major element `position` of an integer tensor value
    Index,     ///< an index or integer value
    FloorDiv,  ///< operands[0] / operands[1], rounded down
    Max,       ///< the larger one
    Min,       ///< the smaller one
    Broadcast, ///< operands[0] unless that is 1, else operands[1]
    FromBack,  ///< operands[0], plus operands[1] if it is negative
    FloatRange ///< length of a Range between the floats `values`
  };

  ShapeScope() = default;
  ShapeScope(const ShapeScope &) = delete;
  virtual ~ShapeScope();

  /// Extent `position` of a ranked tensor.
  virtual ShapeExpr getDim(mlir::Value tensor, int64_t position);
  /// Row-major element `position` of an integer tensor.
  virtual ShapeExpr getElement(mlir::Value tensor, int64_t position);
  /// An index or integer scalar.
  virtual ShapeExpr getScalar(mlir::Value value);
  /// The number of elements of a Range between three scalar tensors.
  virtual ShapeExpr getRangeLength(mlir::Value start, mlir::Value limit,
                                   mlir::Value delta);

  SymbolicShape getDims(mlir::Value tensor);
  /// The sizes of a mixed list of integers and index values, as ops with a
  /// DynamicIndexList keep them.
  SymbolicShape getSizes(llvm::ArrayRef<int64_t> staticSizes,
                         mlir::ValueRange sizes);
  /// The product of extents.
  static ShapeExpr getProduct(llvm::ArrayRef<ShapeExpr> dims);

  ShapeExpr floorDiv(const ShapeExpr &lhs, const ShapeExpr &rhs);
  ShapeExpr ceilDiv(const ShapeExpr &lhs, const ShapeExpr &rhs);
  ShapeExpr max(const ShapeExpr &lhs, const ShapeExpr &rhs);
  ShapeExpr min(const ShapeExpr &lhs, const ShapeExpr &rhs);
  /// The extent of the result where two extents broadcast: one of them if it
  /// is known not to be 1 or both are the same.
  ShapeExpr broadcast(const ShapeExpr &lhs, const ShapeExpr &rhs);
  /// The extent e, if `prefix` is that of a prefix of a buffer: min(e,
  /// capacity) with a constant capacity.
  std::optional<ShapeExpr> getPrefixed(const ShapeExpr &prefix) const;
  /// A position that counts from the back of `dim` when it is negative.
  ShapeExpr fromBack(const ShapeExpr &position, const ShapeExpr &dim);

  /// Calls `fn(kind, value, position)` for the extents, elements and index
  /// values that the expression is made of.
  void forEachLeaf(
      const ShapeExpr &expr,
      llvm::function_ref<void(AtomKind, mlir::Value, int64_t)> fn) const;

  /// The number of atoms that the expression is made of, all the way down: the
  /// cost of building it.
  unsigned getComplexity(const ShapeExpr &expr) const;

  /// Whether the expression is certainly not negative.
  bool isNonNegative(const ShapeExpr &expr) const;

  /// Builds the expression, as an index value.
  mlir::Value materializeValue(mlir::OpBuilder &builder, mlir::Location loc,
                               const ShapeExpr &expr);

protected:
  ShapeExpr getLeaf(AtomKind kind, mlir::Value value, int64_t position);
  /// max(0, ceil((limit - start) / delta))
  ShapeExpr getRangeLength(const ShapeExpr &start, const ShapeExpr &limit,
                           const ShapeExpr &delta);

private:
  struct Atom {
    AtomKind kind;
    mlir::Value value;
    int64_t position = 0;
    llvm::SmallVector<ShapeExpr, 2> operands;
    std::array<mlir::Value, 3> values;
    bool nonNegative = false;
    /// With everything below it.
    unsigned complexity = 1;
  };

  /// Something simpler that is positive exactly where `expr`, which is not
  /// negative, is.
  ShapeExpr getSupport(const ShapeExpr &expr);
  /// What both have in common, if nothing negative is left of either.
  std::optional<ShapeExpr> getCommonPart(const ShapeExpr &lhs,
                                         const ShapeExpr &rhs) const;
  ShapeExpr getCompound(AtomKind kind, ShapeExpr lhs, ShapeExpr rhs,
                        bool nonNegative);
  mlir::Value materializeAtom(mlir::OpBuilder &builder, mlir::Location loc,
                              unsigned number);

  std::vector<Atom> atoms;
  std::map<std::tuple<AtomKind, void *, int64_t>, unsigned> leaves;
  std::map<std::tuple<AtomKind, ShapeExpr, ShapeExpr>, unsigned> compounds;
  std::map<std::array<void *, 3>, unsigned> floatRanges;
};

/// Reports what is wrong with an operator, prefixed with its name; silent
/// without a location.
class ShapeErrors {
public:
  ShapeErrors() = default;
  ShapeErrors(std::optional<mlir::Location> loc, llvm::StringRef opName)
      : loc(loc), opName(opName) {}

  template <typename... Args>
  llvm::LogicalResult operator()(Args &&...args) const {
    if (!loc)
      return mlir::failure();
    mlir::InFlightDiagnostic diag = mlir::emitError(*loc);
    diag << "'" << opName << "' op ";
    (diag << ... << std::forward<Args>(args));
    return diag;
  }

private:
  std::optional<mlir::Location> loc;
  llvm::StringRef opName;
};

} // namespace ockham::onnx

#endif // OCKHAM_DIALECTS_ONNX_SHAPESCOPE_H
