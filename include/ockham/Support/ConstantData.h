//===- ConstantData.h - Elements of constants and weights -===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_CONSTANTDATA_H
#define OCKHAM_SUPPORT_CONSTANTDATA_H

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <memory>
#include <optional>

namespace llvm {
class MemoryBuffer;
} // namespace llvm

namespace ockham {

/// The elements of a constant tensor, wherever they lie: in an `onnx.Constant`
/// or `arith.constant`, or in a weight with mapped bytes. Reads convert;
/// nothing is copied. Row-major order.
class ConstantData {
public:
  /// The elements of `value` if it is a constant or a loaded weight whose bytes
  /// are here; nothing otherwise.
  static std::optional<ConstantData> get(mlir::Value value);
  static std::optional<ConstantData> get(mlir::ElementsAttr attribute);
  /// A weight without bytes (recipe or declaration) gives nothing.
  static std::optional<ConstantData> get(WeightOp weight);

  mlir::RankedTensorType getType() const { return type; }
  llvm::ArrayRef<int64_t> getShape() const { return type.getShape(); }
  mlir::Type getElementType() const { return type.getElementType(); }
  int64_t size() const { return type.getNumElements(); }

  /// Element `index` in row-major order, converted; an integer of the type
  /// ui64 as the bits that it has.
  double getFloat(int64_t index) const;
  int64_t getInt(int64_t index) const;

  /// The only value, if all elements are equal (or there is one element).
  std::optional<double> getSplatFloat() const;

  /// The bytes of all elements, or of one where a dense attribute stores only
  /// one (also of no elements): compare with getStorageBytes(getType()). Equal
  /// elements of a resource are all there, and booleans are one byte each.
  llvm::ArrayRef<char> getRawBytes() const { return bytes; }

  /// Copies the elements to `to`, expanding splats: size() elements of the
  /// element type's storage size (one byte for i1).
  void copyTo(char *to) const;

private:
  mlir::RankedTensorType type;
  /// Row-major bytes, or one element when `splat`.
  llvm::ArrayRef<char> bytes;
  bool splat = false;
  /// Owns expanded i1 data of dense attributes.
  std::shared_ptr<std::vector<char>> owned;
};

/// Bytes of one element as stored in weights and files: one byte for i1.
unsigned getStorageBytes(mlir::Type elementType);
/// Bytes of a whole static tensor.
uint64_t getStorageBytes(mlir::RankedTensorType type);

/// A blob that refers to `[offset, offset + size)` of a buffer (a mapped file)
/// and keeps the buffer alive.
mlir::AsmResourceBlob makeBufferBlob(std::shared_ptr<llvm::MemoryBuffer> buffer,
                                     uint64_t offset, uint64_t size);
/// A blob that takes over the bytes of a string.
mlir::AsmResourceBlob makeStringBlob(std::unique_ptr<std::string> bytes);

/// Adds weight symbols to a module. One that is kept for many weights knows
/// which names are taken; no others may add symbols meanwhile.
class WeightBuilder {
public:
  explicit WeightBuilder(mlir::ModuleOp module);

  /// The symbol's name is made unique from `name`. `source` is its name in the
  /// file that it came from.
  WeightOp create(mlir::Location loc, llvm::StringRef name,
                  mlir::RankedTensorType type, mlir::AsmResourceBlob blob,
                  llvm::StringRef source);
  /// The same for one that is made when the model is loaded.
  WeightOp create(mlir::Location loc, llvm::StringRef name,
                  mlir::RankedTensorType type, NormalInitAttr recipe,
                  llvm::StringRef source);

private:
  WeightOp add(mlir::Location loc, llvm::StringRef name,
               mlir::RankedTensorType type, mlir::ElementsAttr value,
               NormalInitAttr recipe, llvm::StringRef source);

  mlir::ModuleOp module;
  llvm::StringSet<> taken;
  /// The next number to try behind a name.
  llvm::StringMap<unsigned> suffixes;
  /// Weights stand at the head of the module, in the order of their creation.
  mlir::Operation *last = nullptr;
};

/// Adds one weight symbol.
WeightOp createWeight(mlir::ModuleOp module, mlir::Location loc,
                      llvm::StringRef name, mlir::RankedTensorType type,
                      mlir::AsmResourceBlob blob, llvm::StringRef source);

/// Erases weights that nothing refers to and frees their bytes.
void eraseUnusedWeights(mlir::ModuleOp module);

} // namespace ockham

#endif // OCKHAM_SUPPORT_CONSTANTDATA_H
