//===- Tensor.cpp - Tensors of the caller ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Tensor.h"
#include <cstring>

namespace ockham::runtime {

std::string TensorView::format() const {
  std::string type = dtype ? dtypeName(dtype) : formatDLPackType(dlType);
  return type + " " + formatShape(shape.data(), rank());
}

uint64_t TensorView::bytes() const {
  return denseBytes(dtype, shape.data(), rank()).value_or(0);
}

bool isOnHost(const TensorView &view) {
  return view.device.device_type == kDLCPU ||
         view.device.device_type == kDLCUDAHost;
}

bool isAt(const TensorView &view, DLDevice place) {
  return view.device.device_type == place.device_type &&
         view.device.device_id == place.device_id;
}

static Status checkRank(int32_t rank, const int64_t *shape,
                        const std::string &what) {
  if (rank < 0 || rank > maxRank)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: a rank from 0 to %d is expected, got %d", what.c_str(),
                   maxRank, rank)};
  if (rank > 0 && !shape)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: its rank is %d, but its shape is a null pointer",
                   what.c_str(), rank)};
  for (int32_t axis = 0; axis < rank; ++axis)
    if (shape[axis] < 0)
      return {OCKHAM_INVALID_ARGUMENT,
              format("%s: extents are at least 0, got %s", what.c_str(),
                     formatShape(shape, rank).c_str())};
  return Status::ok();
}

static Status readDLTensor(const DLTensor &tensor, const std::string &what,
                           TensorView &view) {
  OCKHAM_RETURN_IF_FAILED(checkRank(tensor.ndim, tensor.shape, what));
  view.given = true;
  view.shape.assign(tensor.shape, tensor.shape + tensor.ndim);
  view.dlType = tensor.dtype;
  view.dtype = dtypeFromDLPack(tensor.dtype);
  view.device = tensor.device;
  if (tensor.data)
    view.data = static_cast<char *>(tensor.data) + tensor.byte_offset;
  if (!tensor.strides)
    return Status::ok();
  // Axes of extent 1 may have any stride; so may all axes of an empty tensor.
  int64_t expected = 1;
  bool dense = true, empty = false;
  for (int32_t axis = tensor.ndim - 1; axis >= 0; --axis) {
    if (tensor.shape[axis] == 0)
      empty = true;
    if (tensor.shape[axis] != 1 && tensor.strides[axis] != expected)
      dense = false;
    if (__builtin_mul_overflow(expected, tensor.shape[axis], &expected))
      expected = -1;
  }
  if (!dense && !empty)
    view.strides.assign(tensor.strides, tensor.strides + tensor.ndim);
  return Status::ok();
}

Status readArgument(const ockham_argument &argument, const std::string &what,
                    TensorView &view) {
  int set = !!argument.tensor + !!argument.view + !!argument.managed +
            !!argument.versioned;
  if (set > 1)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: one of the fields tensor, view, managed and versioned "
                   "is to be set, got %d; zero the argument before use",
                   what.c_str(), set)};
  if (argument.view)
    return readDLTensor(*argument.view, what, view);
  if (argument.managed)
    return readDLTensor(argument.managed->dl_tensor, what, view);
  if (argument.versioned) {
    if (argument.versioned->version.major != 1)
      return {OCKHAM_INVALID_ARGUMENT,
              format("%s: DLPack major version 1 is expected, got %u.%u",
                     what.c_str(), argument.versioned->version.major,
                     argument.versioned->version.minor)};
    view.readOnly = argument.versioned->flags & 1;
    return readDLTensor(argument.versioned->dl_tensor, what, view);
  }
  if (!argument.tensor)
    return Status::ok();
  const ockham_tensor &tensor = *argument.tensor;
  OCKHAM_RETURN_IF_FAILED(checkRank(tensor.rank, tensor.shape, what));
  view.given = true;
  view.data = static_cast<char *>(tensor.data);
  view.shape.assign(tensor.shape, tensor.shape + tensor.rank);
  view.dlType = dtypeToDLPack(tensor.dtype);
  if (dtypeBytes(tensor.dtype) == 0)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: %d is no value of ockham_dtype", what.c_str(),
                   tensor.dtype)};
  view.dtype = tensor.dtype;
  return Status::ok();
}

/// Visits the rows (innermost axis) of a strided tensor in dense order with the
/// address of their first element.
template <typename Visit>
static void forEachRow(const TensorView &view, Visit visit) {
  int32_t outer = view.rank() - 1;
  int64_t elementBytes = dtypeBytes(view.dtype);
  Shape index(view.rank(), 0);
  char *row = view.data;
  for (;;) {
    visit(row);
    int32_t axis = outer - 1;
    for (; axis >= 0; --axis) {
      row += view.strides[axis] * elementBytes;
      if (++index[axis] < view.shape[axis])
        break;
      row -= view.strides[axis] * elementBytes * view.shape[axis];
      index[axis] = 0;
    }
    if (axis < 0)
      return;
  }
}

/// Elements `bytes` wide from and to memory of any alignment; a width that is
/// known when compiling makes a move of it.
template <size_t bytes>
static void copyRow(char *to, int64_t toStep, const char *from,
                    int64_t fromStep, int64_t length) {
  for (int64_t i = 0; i < length; ++i)
    std::memcpy(to + i * toStep, from + i * fromStep, bytes);
}

using RowCopier = void (*)(char *, int64_t, const char *, int64_t, int64_t);

static RowCopier rowCopier(int64_t elementBytes) {
  switch (elementBytes) {
  case 1:
    return copyRow<1>;
  case 2:
    return copyRow<2>;
  case 4:
    return copyRow<4>;
  default:
    return copyRow<8>;
  }
}

void copyToDense(const TensorView &from, void *to) {
  uint64_t bytes = from.bytes();
  if (bytes == 0)
    return;
  if (from.strides.empty()) {
    std::memcpy(to, from.data, bytes);
    return;
  }
  char *next = static_cast<char *>(to);
  int64_t elementBytes = dtypeBytes(from.dtype), length = from.shape.back();
  int64_t step = from.strides.back() * elementBytes;
  RowCopier copy = rowCopier(elementBytes);
  forEachRow(from, [&](const char *row) {
    copy(next, elementBytes, row, step, length);
    next += length * elementBytes;
  });
}

void copyFromDense(const void *from, const TensorView &to) {
  uint64_t bytes = to.bytes();
  if (bytes == 0)
    return;
  if (to.strides.empty()) {
    std::memcpy(to.data, from, bytes);
    return;
  }
  const char *next = static_cast<const char *>(from);
  int64_t elementBytes = dtypeBytes(to.dtype), length = to.shape.back();
  int64_t step = to.strides.back() * elementBytes;
  RowCopier copy = rowCopier(elementBytes);
  forEachRow(to, [&](char *row) {
    copy(row, step, next, elementBytes, length);
    next += length * elementBytes;
  });
}

RetiredTensor RetiredTensor::take(ockham_argument &argument) {
  RetiredTensor tensor = {argument.managed, argument.versioned};
  argument.managed = nullptr;
  argument.versioned = nullptr;
  return tensor;
}

void RetiredTensor::release() {
  if (managed && managed->deleter)
    managed->deleter(managed);
  if (versioned && versioned->deleter)
    versioned->deleter(versioned);
  managed = nullptr;
  versioned = nullptr;
}

void releaseArgument(ockham_argument &argument) {
  RetiredTensor::take(argument).release();
}

} // namespace ockham::runtime
