//===- WeightMath.h - Arithmetic on weights at compile time -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Folds compute in float64 and round once, to the weight's element type.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_WEIGHTMATH_H
#define OCKHAM_LIB_TRANSFORMS_WEIGHTMATH_H

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/Builders.h"

#include <optional>
#include <string>
#include <vector>

namespace ockham {

/// The elements of a weight or float constant whose bytes are here.
std::optional<std::vector<double>> readFloats(mlir::Value value);

/// The elements of a gain or vector of `width` elements, an absent one or one
/// with a single element repeated; nothing if the bytes are not here.
std::optional<std::vector<double>> readGain(mlir::Value value, int64_t width,
                                            double absent);

/// Whether the bytes of a value are here, or the value is absent.
bool isKnownOrAbsent(mlir::Value value);

/// The name of the weight that a value loads; "constant" for others.
std::string getWeightName(mlir::Value value);

/// Whether all numbers are finite in a float type, once rounded.
bool areStorable(llvm::ArrayRef<double> elements, mlir::Type type);

/// The wider of two float types: what both can be written in.
mlir::Type getWiderType(mlir::Type a, mlir::Type b);

/// How many ops load the weight that `value` loads.
unsigned countLoads(mlir::Value value);

/// A new weight of the given type with rounded elements, loaded at the
/// builder's insertion point. It is in no file.
mlir::Value writeFloats(mlir::OpBuilder &builder, mlir::Location loc,
                        llvm::StringRef name, mlir::RankedTensorType type,
                        llvm::ArrayRef<double> elements);

/// The weight of a linear, `[in, out]` whatever the layout in memory.
class LinearWeights {
public:
  /// Nothing if the bytes of weight or bias are not here.
  static std::optional<LinearWeights> read(tfm::LinearOp linear);

  int64_t getInputWidth() const { return in; }
  int64_t getOutputWidth() const { return out; }
  double &at(int64_t i, int64_t j) {
    return weight[transposed ? j * in + i : i * out + j];
  }
  /// Calls `visit(i, j, element)` in the order in memory.
  template <typename Visit>
  void forEach(Visit visit) {
    double *element = weight.data();
    for (int64_t row = 0, rows = transposed ? out : in; row < rows; ++row)
      for (int64_t column = 0, columns = transposed ? in : out;
           column < columns; ++column, ++element)
        visit(transposed ? column : row, transposed ? row : column, *element);
  }
  /// Whether all elements are finite in the type that they are stored in.
  bool isFinite() const;

  /// Zeros if there is none.
  std::vector<double> bias;
  bool hasBias = false;

  /// Puts weight and bias back, as new weights named after the old ones, unless
  /// `keepWeight`: then only the bias is new.
  void write(mlir::OpBuilder &builder, tfm::LinearOp linear,
             bool keepWeight = false) const;

private:
  int64_t in = 0, out = 0;
  bool transposed = false;
  mlir::FloatType elementType;
  /// The bias may be stored in another type than the weight.
  mlir::FloatType biasType;
  std::vector<double> weight;
};

} // namespace ockham

#endif // OCKHAM_LIB_TRANSFORMS_WEIGHTMATH_H
