//===- SparseTensor.cpp - Tensors stored by their elements ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SparseTensor.h"

#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::importer {

FailureOr<pb::TensorProto> densify(pb::SparseTensorProto &sparse,
                                   TensorReader &reader, uint64_t &budget,
                                   Messages &messages) {
  pb::TensorProto &values = *sparse.mutable_values();
  std::string what = "sparse tensor " + quote(values.name());
  pb::TensorProto dense;
  dense.set_name(values.name());
  dense.set_data_type(values.data_type());
  *dense.mutable_dims() = sparse.dims();
  auto type = reader.getType(dense, what);
  if (failed(type))
    return failure();
  uint64_t size = getStorageBytes(*type);
  if (size > budget)
    return messages.error(what + " of shape " + formatShape(type->getShape()) +
                          " has " + count(size, "byte") +
                          " with its zeros, expected at most " +
                          llvm::Twine(budget));
  budget -= size;

  auto valuesType = reader.getType(values, what);
  if (failed(valuesType))
    return failure();
  int64_t stored = valuesType->getNumElements();
  auto bytes = reader.takeBytes(values, *valuesType, what);
  auto indices =
      reader.readConstant(*sparse.mutable_indices(), "the indices of " + what);
  if (failed(bytes) || failed(indices))
    return failure();
  // Each index is a position in row-major order, or one per dimension.
  int64_t rank = type->getRank();
  RankedTensorType indicesType = cast<RankedTensorType>((*indices).getType());
  ArrayRef<int64_t> shape = indicesType.getShape();
  bool isLinear = shape.size() == 1;
  if (!indicesType.getElementType().isSignlessInteger(64) || shape.empty() ||
      shape.size() > 2 || shape[0] != stored ||
      (shape.size() == 2 && shape[1] != rank))
    return messages.error(
        "the indices of " + what + " are " + print(indicesType) +
        ", expected 64-bit integers of shape [" + llvm::Twine(stored) +
        "] or [" + llvm::Twine(stored) + ", " + llvm::Twine(rank) + "]");
  unsigned width = getStorageBytes(type->getElementType());
  std::string raw(size, '\0');
  auto index = (*indices).getValues<int64_t>().begin();
  for (int64_t i = 0; i < stored; ++i) {
    int64_t position = 0;
    for (int64_t dim = isLinear ? rank - 1 : 0; dim < rank; ++dim) {
      int64_t limit = isLinear ? type->getNumElements() : type->getDimSize(dim);
      int64_t entry = *index++;
      if (entry < 0 || entry >= limit)
        return messages.error("the indices of " + what + " have " +
                              llvm::Twine(entry) + " for element " +
                              llvm::Twine(i) + ", outside [0, " +
                              llvm::Twine(limit) + ")");
      position = isLinear ? entry : position * limit + entry;
    }
    std::memcpy(&raw[position * width], bytes->getData().data() + i * width,
                width);
  }
  dense.set_raw_data(std::move(raw));
  return dense;
}

} // namespace ockham::importer
