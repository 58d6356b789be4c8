//===- ExtentFormulas.h - Index values as functions of shapes ---*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_EXTENTFORMULAS_H
#define OCKHAM_LIB_TRANSFORMS_EXTENTFORMULAS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "ockham/Support/Polynomial.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace ockham {

/// Follows index values of a function on buffers back to the extents of its
/// arguments. What a polynomial cannot say (a minimum, a quotient) is a symbol
/// of its own, named by its formula, so that equal formulas are equal symbols.
class ExtentFormulas {
public:
  explicit ExtentFormulas(mlir::func::FuncOp function) : function(function) {}

  /// The value as a polynomial in symbols; nothing if it depends on more than
  /// the extents of the arguments.
  std::optional<Polynomial> getFormula(mlir::Value index);
  /// An extent of a buffer.
  std::optional<Polynomial> getExtent(mlir::Value buffer, int64_t dim);

  /// Why the last request was answered with nothing, e.g. "memref.load".
  llvm::StringRef getObstacle() const { return obstacle; }

  /// Bytes that a dense buffer takes of an arena: what ockham.byte_count
  /// computes, below its limit.
  Polynomial countBytes(mlir::MemRefType type,
                        llvm::ArrayRef<Polynomial> dynamicExtents);
  /// Whether the value is at least 0, whatever the inputs.
  bool isNonNegative(const Polynomial &value) const;
  /// Whether a <= b for all inputs, as far as coefficients and known bounds
  /// tell.
  bool isAtMost(const Polynomial &a, const Polynomial &b) const;

  /// Extents of the arguments that occurred so far, by name.
  std::vector<std::string> getInputExtents() const;
  /// The value where the extents of the arguments are `inputs`.
  double evaluate(const Polynomial &value,
                  const std::map<std::string, int64_t> &inputs) const;

  /// Builds the value from the extents of `arguments`. Equal formulas are built
  /// once per builder.
  class Builder {
  public:
    Builder(ExtentFormulas &formulas, mlir::OpBuilder &b, mlir::Location loc,
            mlir::ValueRange arguments)
        : formulas(formulas), b(b), loc(loc), arguments(arguments) {}
    mlir::Value build(const Polynomial &value);
    mlir::Value constant(int64_t value);

  private:
    mlir::Value buildSymbol(llvm::StringRef name);

    ExtentFormulas &formulas;
    mlir::OpBuilder &b;
    mlir::Location loc;
    mlir::ValueRange arguments;
    llvm::StringMap<mlir::Value> symbols;
    llvm::DenseMap<int64_t, mlir::Value> constants;
    llvm::StringMap<mlir::Value> built;
  };

private:
  struct Symbol {
    /// An extent of an argument,
    int64_t argument = -1, dim = -1;
    /// or the result of this op, whose operands are such,
    mlir::Operation *op = nullptr;
    llvm::SmallVector<Polynomial, 3> operands;
    /// or, for sizes only, `operands[0]` rounded up or with 0 for less.
    bool isAlignment = false, isClamp = false;
    bool isNonNegative = true;
    std::optional<Polynomial> lower, upper;
  };

  std::optional<Polynomial> compute(mlir::Value index);
  std::optional<Polynomial> computeAffine(mlir::AffineExpr expression,
                                          mlir::AffineMap map,
                                          llvm::ArrayRef<Polynomial> operands);
  std::optional<Polynomial> nothing(const llvm::Twine &reason) {
    obstacle = reason.str();
    return std::nullopt;
  }
  Polynomial makeSymbol(const llvm::Twine &name, Symbol symbol);
  /// The formula of what an op computes: equal ones are equal numbers.
  std::string getName(mlir::Operation *op, llvm::ArrayRef<Polynomial> operands);
  Polynomial makeOpSymbol(mlir::Operation *op,
                          llvm::ArrayRef<Polynomial> operands);
  Polynomial replaceBounded(const Polynomial &value) const;
  double evaluateSymbol(const Symbol &symbol,
                        const std::map<std::string, int64_t> &inputs) const;

  mlir::func::FuncOp function;
  llvm::StringMap<Symbol> symbols;
  llvm::DenseMap<mlir::Value, std::optional<Polynomial>> known;
  std::string obstacle;
};

/// What a symbol is called in a text.
using SymbolNames = llvm::function_ref<std::string(llvm::StringRef)>;
/// The formula with the names of extents, all coefficients exact.
std::string formatBytes(const Polynomial &value);
std::string formatBytes(const Polynomial &value, SymbolNames names);

} // namespace ockham

#endif // OCKHAM_LIB_TRANSFORMS_EXTENTFORMULAS_H
