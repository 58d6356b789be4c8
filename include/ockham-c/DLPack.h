//===- DLPack.h - The DLPack exchange structs ---------------------*- C -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// DLPack is the memory layout in which array libraries hand tensors to each
// other. These declarations follow its published binary interface: version 1.0
// and, for DLManagedTensor, the layout from before versions. Where a program
// uses the original dlpack.h as well, it includes that one first; this header
// then declares nothing.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_C_DLPACK_H
#define OCKHAM_C_DLPACK_H

#ifndef DLPACK_DLPACK_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Kinds of memory that Ockham knows by name; others are only printed.
typedef enum DLDeviceType {
  kDLCPU = 1,
  kDLCUDA = 2,
  kDLCUDAHost = 3,
  kDLROCM = 10,
  kDLExtDev = 12, ///< Of Ockham: memory of the emulated GPU.
  kDLCUDAManaged = 13
} DLDeviceType;

typedef struct DLDevice {
  int32_t device_type; ///< DLDeviceType
  int32_t device_id;
} DLDevice;

typedef enum DLDataTypeCode {
  kDLInt = 0,
  kDLUInt = 1,
  kDLFloat = 2,
  kDLBfloat = 4,
  kDLComplex = 5,
  kDLBool = 6
} DLDataTypeCode;

/// An element: `lanes` numbers of `bits` bits. Ockham takes one lane.
typedef struct DLDataType {
  uint8_t code; ///< DLDataTypeCode
  uint8_t bits;
  uint16_t lanes;
} DLDataType;

/// A tensor without ownership. Strides count elements; null means dense and
/// row-major. The first element lies at data + byte_offset.
typedef struct DLTensor {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;
  int64_t *strides;
  uint64_t byte_offset;
} DLTensor;

/// A tensor with its owner. Who holds it last calls deleter(self), once; a null
/// deleter means that there is nothing to free.
typedef struct DLManagedTensor {
  DLTensor dl_tensor;
  void *manager_ctx;
  void (*deleter)(struct DLManagedTensor *self);
} DLManagedTensor;

/// Equal major versions have equal layouts.
typedef struct DLPackVersion {
  uint32_t major;
  uint32_t minor;
} DLPackVersion;

/// A tensor with its owner, since version 1.0.
typedef struct DLManagedTensorVersioned {
  DLPackVersion version;
  void *manager_ctx;
  void (*deleter)(struct DLManagedTensorVersioned *self);
  uint64_t flags; ///< Bit 0: read only. Bit 1: a copy was made.
  DLTensor dl_tensor;
} DLManagedTensorVersioned;

#ifdef __cplusplus
}
#endif

#endif // DLPACK_DLPACK_H_

#endif // OCKHAM_C_DLPACK_H
