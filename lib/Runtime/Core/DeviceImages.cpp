//===- DeviceImages.cpp - Code for devices in a model's table -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceImages.h"
#include <algorithm>
#include <cstring>

namespace ockham::runtime {

static Status bad(const std::string &where, const std::string &text) {
  return {OCKHAM_BAD_MODEL, where + ": " + text};
}

//===----------------------------------------------------------------------===//
// Fatbins
//===----------------------------------------------------------------------===//

/// Goes through the members; false where they do not fill the bytes. Members of
/// other kinds are the driver's business.
static bool readFatbin(const unsigned char *bytes, uint64_t size,
                       std::vector<DeviceCode> &codes) {
  struct {
    uint16_t kind, version;
    uint32_t headerBytes;
    uint64_t bytes;
    uint32_t compressedBytes, options;
    uint16_t minor, major;
    uint32_t arch;
    uint32_t nameOffset, nameBytes;
    uint64_t flags;
    uint64_t none, originalBytes;
  } member;
  static_assert(sizeof(member) == 64, "as in the file");
  constexpr uint16_t ofPTX = 1, ofELF = 2;
  constexpr uint64_t specificFlag = 0x100000;
  for (uint64_t at = 0; at < size;) {
    if (size - at < sizeof(member))
      return false;
    std::memcpy(&member, bytes + at, sizeof(member));
    uint64_t left = size - at;
    if (member.headerBytes < sizeof(member) || member.headerBytes > left ||
        member.bytes > left - member.headerBytes)
      return false;
    if (member.kind == ofPTX || member.kind == ofELF)
      codes.push_back(
          {member.kind == ofPTX ? OCKHAM_IMAGE_PTX : OCKHAM_IMAGE_CUBIN,
           static_cast<int>(member.arch / 10),
           static_cast<int>(member.arch % 10),
           member.flags & specificFlag ? 'a' : '\0'});
    at += member.headerBytes + member.bytes;
  }
  return true;
}

std::vector<DeviceCode> listCode(const ockham_device_image &image) {
  std::vector<DeviceCode> codes;
  if (image.kind == OCKHAM_IMAGE_FATBIN) {
    const auto *bytes = static_cast<const unsigned char *>(image.data);
    uint16_t headerBytes;
    std::memcpy(&headerBytes, bytes + 6, sizeof(headerBytes));
    uint64_t members;
    std::memcpy(&members, bytes + 8, sizeof(members));
    readFatbin(bytes + headerBytes, members, codes);
    return codes;
  }
  DeviceCode code = {image.kind, 0, 0, 0};
  if (parseArch(image.arch, code.major, code.minor, code.suffix))
    codes.push_back(code);
  return codes;
}

std::string DeviceCode::describe() const {
  const char *name = kind == OCKHAM_IMAGE_BITCODE ? "bitcode"
                     : kind == OCKHAM_IMAGE_PTX   ? "PTX"
                                                  : "cubin";
  std::string text = format("%s for sm_%d%d", name, major, minor);
  if (suffix)
    text += suffix;
  return text;
}

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

/// How far the parts of an ELF file reach, as its header says; UINT64_MAX where
/// that is no header of 64-bit ELF.
static uint64_t measureELF(const unsigned char *bytes, uint64_t size) {
  struct {
    unsigned char magic[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, programs, sections;
    uint32_t flags;
    uint16_t headerBytes, programBytes, programCount, sectionBytes,
        sectionCount, names;
  } header;
  static_assert(sizeof(header) == 64, "as in the file");
  if (size < sizeof(header))
    return UINT64_MAX;
  std::memcpy(&header, bytes, sizeof(header));
  constexpr unsigned char is64Bit = 2;
  if (std::memcmp(header.magic, "\177ELF", 4) != 0 ||
      header.magic[4] != is64Bit)
    return UINT64_MAX;
  auto reach = [](uint64_t at, uint64_t more) {
    return at > UINT64_MAX - more ? UINT64_MAX : at + more;
  };
  uint64_t tables[] = {reach(header.programs, uint64_t(header.programBytes) *
                                                  header.programCount),
                       reach(header.sections, uint64_t(header.sectionBytes) *
                                                  header.sectionCount)};
  uint64_t end = std::max({uint64_t(sizeof(header)), tables[0], tables[1]});
  struct {
    uint32_t name, type;
    uint64_t flags, address, offset, bytes;
  } section;
  constexpr uint32_t withoutBytes = 8; // SHT_NOBITS
  if (end > size || header.sectionBytes < sizeof(section))
    return header.sectionCount ? std::max(end, size + 1) : end;
  for (uint64_t i = 0; i < header.sectionCount; ++i) {
    std::memcpy(&section, bytes + header.sections + i * header.sectionBytes,
                sizeof(section));
    if (section.type != withoutBytes)
      end = std::max(end, reach(section.offset, section.bytes));
  }
  return end;
}

Status checkImageBytes(const ockham_device_image &image,
                       const std::string &where) {
  const auto *bytes = static_cast<const unsigned char *>(image.data);
  auto word = [&](size_t index) {
    uint32_t value = 0;
    if (image.bytes >= (index + 1) * sizeof(value))
      std::memcpy(&value, bytes + index * sizeof(value), sizeof(value));
    return value;
  };
  switch (image.kind) {
  case OCKHAM_IMAGE_BITCODE: {
    constexpr uint32_t wrapper = 0x0b17c0de;
    uint64_t said = uint64_t(word(2)) + word(3);
    if (word(0) != wrapper || said > image.bytes)
      return bad(where, format("its %" PRIu64 " bytes are no LLVM bitcode in a "
                               "wrapper that says at most as many",
                               image.bytes));
    return Status::ok();
  }
  case OCKHAM_IMAGE_PTX:
    if (bytes[image.bytes - 1] != 0)
      return bad(where, "its text has no closing zero");
    return Status::ok();
  case OCKHAM_IMAGE_CUBIN:
    if (uint64_t said = measureELF(bytes, image.bytes); said == UINT64_MAX)
      return bad(where, "its bytes are no ELF file, as a cubin is");
    else if (said > image.bytes)
      return bad(where, format("its ELF file has %" PRIu64
                               " bytes, of which %" PRIu64 " are there",
                               said, image.bytes));
    return Status::ok();
  case OCKHAM_IMAGE_FATBIN: {
    // Magic; version and bytes of the header; bytes of all members.
    uint64_t header = word(1) >> 16;
    uint64_t members = uint64_t(word(3)) << 32 | word(2);
    if (word(0) != 0xba55ed50 || header < 16)
      return bad(where, "its bytes do not begin as a fatbin does");
    if (image.bytes < header || image.bytes - header < members)
      return bad(where, format("its fatbin has %" PRIu64 " bytes of members "
                               "behind a header of %" PRIu64
                               ", but there are %" PRIu64 " bytes in all",
                               members, header, image.bytes));
    std::vector<DeviceCode> codes;
    if (!readFatbin(bytes + header, members, codes))
      return bad(where, format("its fatbin's members do not add up to their "
                               "%" PRIu64 " bytes",
                               members));
    return Status::ok();
  }
  }
  return bad(where, format("%d is no value of ockham_image_kind", image.kind));
}

bool parseArch(const char *arch, int &major, int &minor, char &suffix) {
  if (std::strncmp(arch, "sm_", 3) != 0)
    return false;
  int number = 0, digits = 0;
  for (arch += 3; *arch >= '0' && *arch <= '9' && digits < 4; ++arch, ++digits)
    number = 10 * number + (*arch - '0');
  suffix = *arch;
  major = number / 10;
  minor = number % 10;
  bool ends = !suffix || ((suffix == 'a' || suffix == 'f') && !arch[1]);
  return digits >= 2 && ends;
}

} // namespace ockham::runtime
