//===- DeviceImages.h - Code for devices in a model's table -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_DEVICEIMAGES_H
#define OCKHAM_RUNTIME_CORE_DEVICEIMAGES_H

#include "Status.h"
#include <vector>

namespace ockham::runtime {

/// Code in an image: all of it, or a member of a fatbin.
struct DeviceCode {
  int32_t kind; ///< Bitcode, PTX or cubin.
  int major, minor;
  char suffix; ///< 0 where there is none.

  /// e.g. "cubin for sm_90a".
  std::string describe() const;
};

/// What an image of a checked table has.
std::vector<DeviceCode> listCode(const ockham_device_image &image);

/// Whether the bytes are of the kind, and as many as they say themselves.
Status checkImageBytes(const ockham_device_image &image,
                       const std::string &where);

/// Reads the name of a GPU's architecture: "sm_90a" is 9, 0 and 'a'. The suffix
/// is 0 where there is none.
bool parseArch(const char *arch, int &major, int &minor, char &suffix);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_DEVICEIMAGES_H
