//===- Fatbin.cpp - One image for several architectures -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The container has no specification; this is what NVIDIA's `fatbinary` writes
// without compression, which a test compares. That one leaves comments and
// indentation of PTX out.
//
//===----------------------------------------------------------------------===//

#include "Fatbin.h"

#include "ockham-c/ModelABI.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace ockham {

namespace {
/// Appends numbers, the low bytes first.
struct Writer {
  std::string &bytes;

  template <typename Int>
  void number(Int value) {
    char buffer[sizeof(Int)];
    support::endian::write<Int>(buffer, value, endianness::little);
    bytes.append(buffer, sizeof(Int));
  }
};
} // namespace

/// e.g. 8 and 3 of ".version 8.3".
static std::pair<uint16_t, uint16_t> getVersion(const GPUArch &arch) {
  return {static_cast<uint16_t>(arch.ptxVersion / 10),
          static_cast<uint16_t>(arch.ptxVersion % 10)};
}

static void appendMember(std::string &bytes, const DeviceImage &image,
                         const GPUArch &arch) {
  constexpr uint16_t ofPTX = 1, ofELF = 2, version = 0x0101;
  // Of code with 64-bit addresses, made on Linux; of one chip alone.
  constexpr uint64_t plainFlags = 0x11, specificFlag = 0x100000;
  constexpr uint32_t headerBytes = 64, extraBytes = 16;
  bool isPTX = image.kind == OCKHAM_IMAGE_PTX;
  StringRef data(image.bytes);
  if (isPTX)
    data.consume_back(StringRef("\0", 1));
  uint64_t padded = alignTo(data.size() + (isPTX ? 1 : 0), 8);
  auto [major, minor] =
      isPTX ? getVersion(arch) : std::pair<uint16_t, uint16_t>(1, 8);
  Writer out{bytes};
  out.number(isPTX ? ofPTX : ofELF);
  out.number(version);
  out.number(isPTX ? headerBytes + extraBytes : headerBytes);
  out.number(padded);
  out.number(uint32_t(0)); // bytes when compressed
  out.number(isPTX ? headerBytes : uint32_t(0));
  out.number(minor);
  out.number(major);
  out.number(uint32_t(arch.version));
  out.number(uint32_t(0)); // where its name is
  out.number(uint32_t(0)); // how long that is
  out.number(plainFlags | (arch.isSpecific ? specificFlag : 0));
  out.number(uint64_t(0));
  out.number(uint64_t(0)); // bytes before it was compressed
  if (isPTX) {
    // Where options for its compiler are in the header, and no options.
    out.number(headerBytes + 8);
    out.number(uint32_t(0));
    out.number(uint64_t(0));
  }
  bytes.append(data.begin(), data.end());
  bytes.append(padded - data.size(), '\0');
}

std::string makeFatbin(ArrayRef<DeviceImage> members, ArrayRef<GPUArch> archs) {
  constexpr uint32_t magic = 0xba55ed50;
  constexpr uint16_t version = 1, headerBytes = 16;
  std::string bytes;
  for (const DeviceImage &image : members)
    appendMember(bytes, image, *llvm::find_if(archs, [&](const GPUArch &arch) {
                   return arch.name == image.arch;
                 }));
  std::string header;
  Writer out{header};
  out.number(magic);
  out.number(version);
  out.number(headerBytes);
  out.number(static_cast<uint64_t>(bytes.size()));
  return header + bytes;
}

} // namespace ockham
