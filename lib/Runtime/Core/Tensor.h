//===- Tensor.h - Tensors of the caller -------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_TENSOR_H
#define OCKHAM_RUNTIME_CORE_TENSOR_H

#include "Status.h"
#include "Types.h"
#include "ockham-c/Runtime.h"

namespace ockham::runtime {

/// What an ockham_argument holds, whichever of its fields is set. Borrows the
/// data, owns the shape.
struct TensorView {
  char *data = nullptr; ///< First element; null when `given` is false.
  int32_t dtype = 0;    ///< 0 for a type that Ockham does not have.
  Shape shape;
  std::vector<int64_t> strides; ///< In elements; empty when dense.
  DLDevice device = {kDLCPU, 0};
  DLDataType dlType = {};
  bool readOnly = false;
  bool given = false; ///< Whether the argument holds a tensor at all.

  int32_t rank() const { return static_cast<int32_t>(shape.size()); }

  /// e.g. "float32 [2, 8]", also for types that Ockham does not have.
  std::string format() const;

  /// Bytes of the tensor when made dense; `shape` and `dtype` were checked.
  uint64_t bytes() const;
};

/// Whether the CPU reads the tensor's memory.
bool isOnHost(const TensorView &view);
bool isAt(const TensorView &view, DLDevice place);

/// Reads an argument. `what` names it in messages, e.g. "input 'x'".
Status readArgument(const ockham_argument &argument, const std::string &what,
                    TensorView &view);

/// Copies a strided tensor to dense memory, or dense memory to a strided
/// tensor.
void copyToDense(const TensorView &from, void *to);
void copyFromDense(const void *from, const TensorView &to);

/// Calls the deleters of an argument that owns its tensor.
void releaseArgument(ockham_argument &argument);

/// A tensor that the caller has handed over, and that is to be given back.
struct RetiredTensor {
  DLManagedTensor *managed = nullptr;
  DLManagedTensorVersioned *versioned = nullptr;

  /// Takes over what an argument owns.
  static RetiredTensor take(ockham_argument &argument);
  bool empty() const { return !managed && !versioned; }
  void release();
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_TENSOR_H
