//===- OckhamDeviceOps.h - What the host table has for kernels --*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Apart from the dialect's other ops, since few sources use them.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_OCKHAM_OCKHAMDEVICEOPS_H
#define OCKHAM_DIALECTS_OCKHAM_OCKHAMDEVICEOPS_H

#include "dialects/Ockham/OckhamDialect.h"

#define GET_OP_CLASSES
#include "dialects/Ockham/OckhamDeviceOps.h.inc"

#endif // OCKHAM_DIALECTS_OCKHAM_OCKHAMDEVICEOPS_H
