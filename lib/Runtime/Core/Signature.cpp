//===- Signature.cpp - Checking arguments against a signature -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Signature.h"
#include <cstring>

namespace ockham::runtime {

Status SymbolTable::bind(const std::string &symbol, int64_t extent,
                         const std::string &where) {
  auto [found, isNew] = bindings.try_emplace(symbol, Binding{extent, where});
  const Binding &known = found->second;
  if (isNew || known.extent == extent)
    return Status::ok();
  return {OCKHAM_INVALID_ARGUMENT,
          format("dimension '%s' is %" PRId64 " in %s but %" PRId64 " in %s",
                 symbol.c_str(), known.extent, known.where.c_str(), extent,
                 where.c_str())};
}

const int64_t *SymbolTable::find(const std::string &symbol) const {
  auto found = bindings.find(symbol);
  return found == bindings.end() ? nullptr : &found->second.extent;
}

static Status mismatch(const std::string &what, const ockham_tensor_spec &spec,
                       const std::string &got, const std::string &advice) {
  return {OCKHAM_INVALID_ARGUMENT,
          format("%s: expected %s, got %s; %s", what.c_str(),
                 formatSpec(spec).c_str(), got.c_str(), advice.c_str())};
}

Status checkExtents(const std::string &what, const ockham_tensor_spec &spec,
                    const Shape &shape, SymbolTable &symbols) {
  for (int32_t axis = 0; axis < spec.rank; ++axis) {
    const ockham_dim &dim = spec.dims[axis];
    if (dim.extent >= 0 && dim.extent != shape[axis])
      return mismatch(what, spec,
                      formatType(spec.dtype, shape.data(), spec.rank),
                      format("axis %d must be %" PRId64 ", not %" PRId64, axis,
                             dim.extent, shape[axis]));
  }
  for (int32_t axis = 0; axis < spec.rank; ++axis) {
    const ockham_dim &dim = spec.dims[axis];
    if (dim.extent < 0 && dim.symbol)
      OCKHAM_RETURN_IF_FAILED(symbols.bind(
          dim.symbol, shape[axis], format("%s (axis %d)", what.c_str(), axis)));
  }
  return Status::ok();
}

Status checkTensor(const std::string &what, const ockham_tensor_spec &spec,
                   const TensorView &view, DLDevice place, bool shapeOnly,
                   SymbolTable &symbols) {
  // Pinned host memory is the CPU's as well.
  if (!isOnHost(view) && !isAt(view, place)) {
    std::string there = formatDLPackDevice(place);
    bool isHost = place.device_type == kDLCPU;
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: expected memory of the CPU%s%s, got that of %s; copy "
                   "the tensor to %s first",
                   what.c_str(), isHost ? "" : " or of ",
                   isHost ? "" : there.c_str(),
                   formatDLPackDevice(view.device).c_str(),
                   isHost ? "the CPU" : "one of these")};
  }
  std::string got = view.format();
  if (view.dtype != spec.dtype)
    return mismatch(what, spec, got,
                    format("convert the values to %s", dtypeName(spec.dtype)));
  if (view.rank() != spec.rank)
    return mismatch(
        what, spec, got,
        format("the rank must be %d, not %d", spec.rank, view.rank()));
  OCKHAM_RETURN_IF_FAILED(checkExtents(what, spec, view.shape, symbols));
  auto bytes = denseBytes(view.dtype, view.shape.data(), view.rank());
  if (!bytes)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: %s has more bytes than can be addressed", what.c_str(),
                   got.c_str())};
  if (!shapeOnly && !view.data && *bytes > 0)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: %s has %" PRIu64 " bytes, but its data is a null "
                   "pointer",
                   what.c_str(), got.c_str(), *bytes)};
  return Status::ok();
}

std::string listSpecs(const ockham_tensor_spec *specs, int32_t count) {
  std::string text;
  for (int32_t i = 0; i < count; ++i)
    text += format("%s'%s' %s", i ? ", " : "", specs[i].name,
                   formatSpec(specs[i]).c_str());
  return text.empty() ? "none" : text;
}

Status matchNames(const ockham_entry &entry, const char *kind,
                  const ockham_tensor_spec *specs, int32_t specCount,
                  const ockham_argument *arguments, size_t argumentCount,
                  std::vector<int64_t> &indices) {
  indices.assign(specCount, -1);
  if (argumentCount > 0 && !arguments)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s are counted, but their array is a null pointer",
                   plural(argumentCount, kind).c_str())};
  for (size_t i = 0; i < argumentCount; ++i) {
    const char *name = arguments[i].name;
    if (!name)
      return {OCKHAM_INVALID_ARGUMENT,
              format("%s number %zu has no name; the entry point '%s' takes: "
                     "%s",
                     kind, i, entry.name, listSpecs(specs, specCount).c_str())};
    int32_t found = 0;
    while (found < specCount && std::strcmp(specs[found].name, name) != 0)
      ++found;
    if (found == specCount)
      return {OCKHAM_INVALID_ARGUMENT,
              format("the entry point '%s' has no %s '%s'; it has: %s",
                     entry.name, kind, name,
                     listSpecs(specs, specCount).c_str())};
    if (indices[found] >= 0)
      return {OCKHAM_INVALID_ARGUMENT,
              format("%s '%s' is given twice", kind, name)};
    indices[found] = static_cast<int64_t>(i);
  }
  return Status::ok();
}

} // namespace ockham::runtime
