//===- Safetensors.cpp - Reading safetensors files ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Safetensors.h"
#include "Json.h"
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ockham::runtime {

static const struct {
  const char *name;
  int32_t dtype;
} typeNames[] = {
    {"BOOL", OCKHAM_BOOL}, {"U8", OCKHAM_U8},     {"I8", OCKHAM_I8},
    {"I16", OCKHAM_I16},   {"I32", OCKHAM_I32},   {"I64", OCKHAM_I64},
    {"F16", OCKHAM_F16},   {"BF16", OCKHAM_BF16}, {"F32", OCKHAM_F32},
    {"F64", OCKHAM_F64},   {"U16", OCKHAM_U16},   {"U32", OCKHAM_U32},
    {"U64", OCKHAM_U64}};

SafetensorsFile::~SafetensorsFile() {
  if (mapping)
    munmap(mapping, fileBytes);
  if (descriptor >= 0)
    close(descriptor);
}

Status SafetensorsFile::bad(const std::string &text) const {
  return {OCKHAM_BAD_MODEL,
          format("weight file '%s': %s", file.c_str(), text.c_str())};
}

Status SafetensorsFile::open(const std::string &path) {
  file = path;
  descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (descriptor < 0 || fstat(descriptor, &info) != 0)
    return {errno == ENOENT ? OCKHAM_NOT_FOUND : OCKHAM_INVALID_ARGUMENT,
            format("cannot open the weight file '%s': %s", path.c_str(),
                   std::strerror(errno))};
  if (!S_ISREG(info.st_mode))
    return bad("it is not a file");
  fileBytes = static_cast<uint64_t>(info.st_size);
  if (fileBytes < 8)
    return bad(
        format("a safetensors file starts with 8 bytes of header length, "
               "but it has %" PRIu64 " bytes",
               fileBytes));
  void *mapped =
      mmap(nullptr, fileBytes, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (mapped == MAP_FAILED)
    return bad(format("cannot map it: %s", std::strerror(errno)));
  mapping = static_cast<char *>(mapped);
  uint64_t headerBytes = 0;
  for (int i = 7; i >= 0; --i)
    headerBytes = headerBytes << 8 | static_cast<unsigned char>(mapping[i]);
  if (headerBytes > fileBytes - 8)
    return bad(format("its header should have %" PRIu64
                      " bytes, but only %" PRIu64
                      " follow; it is cut off or not a safetensors file",
                      headerBytes, fileBytes - 8));
  dataStart = 8 + headerBytes;
  return parseHeader(mapping + 8, headerBytes);
}

Status SafetensorsFile::parseEntry(JsonReader &json, const std::string &name,
                                   SafetensorsEntry &entry) {
  bool hasType = false, hasShape = false;
  int offsets = 0;
  json.readObject([&](const std::string &key) {
    if (key == "dtype") {
      hasType = true;
      if (!json.readString(entry.typeName))
        return false;
      for (const auto &type : typeNames)
        if (entry.typeName == type.name)
          entry.dtype = type.dtype;
      return true;
    }
    if (key == "shape") {
      hasShape = true;
      entry.shape.clear();
      return json.readArray([&] {
        uint64_t extent;
        if (!json.readUnsigned(extent))
          return false;
        entry.shape.push_back(static_cast<int64_t>(extent));
        return entry.shape.size() <= static_cast<size_t>(maxRank) ||
               json.fail("a shape of too many axes");
      });
    }
    if (key == "data_offsets")
      return json.readArray([&] {
        uint64_t extra, &to = offsets == 0   ? entry.begin
                              : offsets == 1 ? entry.end
                                             : extra;
        ++offsets;
        return json.readUnsigned(to);
      });
    return json.fail("unknown key '" + key + "'");
  });
  if (json.failed())
    return bad(
        format("tensor '%s': header: %s", name.c_str(), json.error().c_str()));
  if (!hasType || !hasShape || offsets != 2)
    return bad(format("tensor '%s': dtype, shape and two data_offsets are "
                      "expected, %s missing",
                      name.c_str(),
                      !hasType    ? "dtype is"
                      : !hasShape ? "shape is"
                                  : "data_offsets are"));
  return checkEntry(name, entry);
}

Status SafetensorsFile::checkEntry(const std::string &name,
                                   const SafetensorsEntry &entry) {
  const char *tensor = name.c_str();
  uint64_t dataBytes = fileBytes - dataStart;
  if (entry.begin > entry.end)
    return bad(format("tensor '%s': data_offsets [%" PRIu64 ", %" PRIu64
                      "] end before they begin",
                      tensor, entry.begin, entry.end));
  if (entry.end > dataBytes)
    return bad(format("tensor '%s': data_offsets [%" PRIu64 ", %" PRIu64
                      "] go beyond the data of %" PRIu64
                      " bytes; is the file cut off?",
                      tensor, entry.begin, entry.end, dataBytes));
  if (!entry.dtype)
    return Status::ok(); // Only wrong if the model wants this tensor.
  int32_t rank = static_cast<int32_t>(entry.shape.size());
  auto bytes = denseBytes(entry.dtype, entry.shape.data(), rank);
  if (!bytes || *bytes != entry.end - entry.begin)
    return bad(format("tensor '%s': %s takes %s bytes, but its data_offsets "
                      "[%" PRIu64 ", %" PRIu64 "] span %" PRIu64,
                      tensor,
                      formatType(entry.dtype, entry.shape.data(), rank).c_str(),
                      bytes ? std::to_string(*bytes).c_str() : "too many",
                      entry.begin, entry.end, entry.end - entry.begin));
  return Status::ok();
}

Status SafetensorsFile::checkOverlaps() const {
  std::vector<const std::pair<const std::string, SafetensorsEntry> *> order;
  for (const auto &entry : entries)
    if (entry.second.begin != entry.second.end)
      order.push_back(&entry);
  std::sort(order.begin(), order.end(), [](const auto *a, const auto *b) {
    return a->second.begin < b->second.begin;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const SafetensorsEntry &a = order[i - 1]->second, &b = order[i]->second;
    if (b.begin < a.end)
      return bad(format("tensors '%s' and '%s' overlap: data_offsets [%" PRIu64
                        ", %" PRIu64 "] and [%" PRIu64 ", %" PRIu64 "]",
                        order[i - 1]->first.c_str(), order[i]->first.c_str(),
                        a.begin, a.end, b.begin, b.end));
  }
  return Status::ok();
}

Status SafetensorsFile::parseHeader(const char *text, uint64_t bytes) {
  JsonReader json(text, bytes);
  Status inner = Status::ok();
  json.readObject([&](const std::string &name) {
    if (name == "__metadata__")
      return json.readObject([&](const std::string &) {
        std::string ignored;
        return json.readString(ignored);
      });
    SafetensorsEntry entry;
    inner = parseEntry(json, name, entry);
    if (inner.failed())
      return false;
    if (!entries.emplace(name, std::move(entry)).second) {
      inner = bad(format("there are two tensors '%s'", name.c_str()));
      return false;
    }
    return true;
  });
  OCKHAM_RETURN_IF_FAILED(inner);
  json.expectEnd();
  if (json.failed())
    return bad("header: " + json.error());
  return checkOverlaps();
}

const SafetensorsEntry *SafetensorsFile::find(const std::string &name) const {
  auto found = entries.find(name);
  return found == entries.end() ? nullptr : &found->second;
}

std::string SafetensorsFile::listNames() const {
  constexpr size_t shown = 8;
  std::string text;
  size_t count = 0;
  for (const auto &[name, entry] : entries) {
    if (count++ == shown)
      return text + format(" and %zu more", entries.size() - shown);
    text += (count > 1 ? ", '" : "'") + name + "'";
  }
  return text.empty() ? "none" : text;
}

const void *SafetensorsFile::data(const SafetensorsEntry &entry) const {
  return mapping + dataStart + entry.begin;
}

Status SafetensorsFile::read(const SafetensorsEntry &entry,
                             void *memory) const {
  uint64_t done = 0, bytes = entry.end - entry.begin;
  while (done < bytes) {
    ssize_t got = pread(descriptor, static_cast<char *>(memory) + done,
                        std::min<uint64_t>(bytes - done, 1 << 30),
                        static_cast<off_t>(dataStart + entry.begin + done));
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      return bad(format("cannot read it: %s",
                        got < 0 ? std::strerror(errno) : "it became shorter"));
    done += static_cast<uint64_t>(got);
  }
  return Status::ok();
}

} // namespace ockham::runtime
