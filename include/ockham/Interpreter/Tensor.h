//===- Tensor.h - Values of the reference interpreter -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_INTERPRETER_TENSOR_H
#define OCKHAM_INTERPRETER_TENSOR_H

#include "mlir/IR/Types.h"
#include "ockham-c/ModelABI.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <vector>

namespace ockham {
class ConstantData;
} // namespace ockham

namespace ockham::interpreter {

/// A dense, row-major tensor. Floating-point elements of every width are held
/// in double, integers and booleans in int64_t: an element type says what a
/// value is rounded or wrapped to, never how it is stored. Scalars (also of
/// type `index`, as OCKHAM_I64) are tensors of rank 0. Copies share their
/// elements until one of them is written.
class Tensor {
public:
  /// A float32 zero of rank 0.
  Tensor();

  /// Zeros of `shape`. Fails on a negative extent and on more than kMaxElements
  /// elements.
  static llvm::Expected<Tensor> create(ockham_dtype dtype,
                                       llvm::ArrayRef<int64_t> shape);
  static Tensor makeInt(ockham_dtype dtype, int64_t value);
  static Tensor makeFloat(ockham_dtype dtype, double value);

  /// From dense row-major memory, elements as in the model ABI. Fails when the
  /// number of bytes is not that of `shape`.
  static llvm::Expected<Tensor> fromBytes(ockham_dtype dtype,
                                          llvm::ArrayRef<int64_t> shape,
                                          llvm::ArrayRef<char> bytes);
  static llvm::Expected<Tensor> fromConstant(const ConstantData &data);

  ockham_dtype getDType() const { return dtype; }
  bool isFloat() const { return dtype >= OCKHAM_F16 && dtype <= OCKHAM_F64; }
  bool isUnsigned() const { return dtype == OCKHAM_U8 || dtype >= OCKHAM_U16; }
  llvm::ArrayRef<int64_t> getShape() const { return shape; }
  int64_t getRank() const { return shape.size(); }
  int64_t getDim(int64_t axis) const { return shape[axis]; }
  /// Number of elements.
  int64_t size() const { return count; }

  /// Element `index` in row-major order, converted: float to integer truncates
  /// and saturates (NaN is 0). A uint64 as an integer is the bits it has.
  double getFloat(int64_t index) const;
  int64_t getInt(int64_t index) const;
  /// Stores a value converted to the element type's kind: integers wrap to
  /// their width, booleans become `value != 0`. Floats are not rounded here.
  void setFloat(int64_t index, double value);
  void setInt(int64_t index, int64_t value);
  /// Element `index` of `from` becomes element `to` of this tensor; both have
  /// the same element type.
  void copyElement(int64_t to, const Tensor &from, int64_t index);

  /// The elements of a floating-point tensor.
  llvm::ArrayRef<double> floats() const { return *floatData; }
  llvm::MutableArrayRef<double> mutableFloats();

  /// The same elements in another shape of the same size.
  Tensor reshaped(llvm::ArrayRef<int64_t> newShape) const;

  /// Rounds floating-point elements to the element type, ties to even.
  void roundToElementType();

  /// Dense row-major memory as in the model ABI; with `widenFloats` all
  /// floating-point elements as float64.
  std::vector<char> toBytes(bool widenFloats = false) const;

  /// Nested lists in brackets, `digits` significant digits for floats.
  void print(llvm::raw_ostream &os, unsigned digits = 6) const;

  /// 16 GiB of storage.
  static constexpr int64_t kMaxElements = int64_t(1) << 31;

private:
  llvm::MutableArrayRef<int64_t> mutableInts();

  ockham_dtype dtype = OCKHAM_F32;
  llvm::SmallVector<int64_t, 4> shape;
  int64_t count = 1;
  /// One of the two, by element type.
  std::shared_ptr<std::vector<double>> floatData;
  std::shared_ptr<std::vector<int64_t>> intData;
};

/// The ABI's element type for MLIR's (`index` is OCKHAM_I64), if it has one.
std::optional<ockham_dtype> getDType(mlir::Type elementType);

/// e.g. "float32", as NumPy calls it.
llvm::StringRef getDTypeName(ockham_dtype dtype);

/// Bytes of one element in memory.
unsigned getDTypeBytes(ockham_dtype dtype);

/// e.g. "[2, 8]".
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// Conversion of the ONNX Cast operator: truncates towards zero, saturates,
/// NaN is 0.
int64_t truncateToInt(double value);

/// `value` wrapped to the width of an integer type; `value != 0` for booleans.
int64_t wrapToType(ockham_dtype dtype, int64_t value);

/// `value` rounded to a floating-point type, ties to even.
double roundToType(ockham_dtype dtype, double value);

} // namespace ockham::interpreter

#endif // OCKHAM_INTERPRETER_TENSOR_H
