//===- Result.cpp - Memory that is handed to the caller -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Result.h"

namespace ockham::runtime {

namespace {
struct Result {
  DLManagedTensor tensor;
  std::shared_ptr<MemoryPool> pool;
  void *memory;
  Shape shape, strides;
};
} // namespace

static void deleteResult(DLManagedTensor *tensor) {
  Result *result = static_cast<Result *>(tensor->manager_ctx);
  result->pool->release(result->memory);
  delete result;
}

DLManagedTensor *createResult(std::shared_ptr<MemoryPool> pool, void *memory,
                              int32_t dtype, const Shape &shape) {
  Result *result = new Result;
  result->pool = std::move(pool);
  result->memory = memory;
  result->shape = shape;
  // Strides are optional in DLPack, but some libraries insist.
  result->strides.assign(shape.size(), 1);
  for (size_t axis = shape.size(); axis-- > 1;)
    result->strides[axis - 1] = result->strides[axis] * shape[axis];
  DLTensor &tensor = result->tensor.dl_tensor;
  tensor = {memory,
            result->pool->getDevice().place(),
            static_cast<int32_t>(shape.size()),
            dtypeToDLPack(dtype),
            result->shape.data(),
            result->strides.data(),
            0};
  result->tensor.manager_ctx = result;
  result->tensor.deleter = deleteResult;
  return &result->tensor;
}

} // namespace ockham::runtime
