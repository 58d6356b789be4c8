//===- ModelTable.cpp - Checking a model's table --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelTable.h"
#include "DeviceImages.h"
#include "Types.h"
#include "ockham/Runtime/PackPanels.h"
#include "ockham/Runtime/WeightInit.h"
#include <algorithm>
#include <cstring>
#include <set>

namespace ockham::runtime {

static Status bad(const std::string &where, const std::string &text) {
  return {OCKHAM_BAD_MODEL, where + ": " + text};
}

/// Counts and pointers of an array in the table.
static Status checkArray(const char *what, int32_t count, const void *array) {
  if (count < 0)
    return bad("model table", format("%s count is %d", what, count));
  if (count > 0 && !array)
    return bad("model table", format("%d %s are counted, but their table is a "
                                     "null pointer",
                                     count, what));
  return Status::ok();
}

static Status checkName(const char *what, int32_t index, const char *name,
                        std::set<std::string> &names) {
  if (!name || !*name)
    return bad("model table", format("%s %d has no name", what, index));
  if (!names.insert(name).second)
    return bad("model table",
               format("two are called '%s' among its %ss", name, what));
  return Status::ok();
}

static Status checkDtypeAndRank(const std::string &where, int32_t dtype,
                                int32_t rank, const void *extents) {
  if (dtypeBytes(dtype) == 0)
    return bad(where, format("%d is no value of ockham_dtype", dtype));
  if (rank < 0 || rank > maxRank)
    return bad(where, format("rank is %d, expected 0 to %d", rank, maxRank));
  if (rank > 0 && !extents)
    return bad(where,
               format("rank is %d, but its extents are a null pointer", rank));
  return Status::ok();
}

static Status checkSpec(const std::string &where,
                        const ockham_tensor_spec &spec) {
  OCKHAM_RETURN_IF_FAILED(
      checkDtypeAndRank(where, spec.dtype, spec.rank, spec.dims));
  for (int32_t axis = 0; axis < spec.rank; ++axis)
    if (spec.dims[axis].extent < -1)
      return bad(where, format("extent of axis %d is %" PRId64
                               ", expected -1 for dynamic or at least 0",
                               axis, spec.dims[axis].extent));
  return Status::ok();
}

static Status checkSpecs(const std::string &entry, const char *what,
                         int32_t count, const ockham_tensor_spec *specs) {
  OCKHAM_RETURN_IF_FAILED(checkArray(what, count, specs));
  std::set<std::string> names;
  for (int32_t i = 0; i < count; ++i) {
    OCKHAM_RETURN_IF_FAILED(checkName(what, i, specs[i].name, names));
    OCKHAM_RETURN_IF_FAILED(checkSpec(
        format("entry '%s', %s '%s'", entry.c_str(), what, specs[i].name),
        specs[i]));
  }
  return Status::ok();
}

static Status checkEntries(const ockham_model &table) {
  std::set<std::string> names;
  for (int32_t i = 0; i < table.entry_count; ++i) {
    const ockham_entry &entry = table.entries[i];
    OCKHAM_RETURN_IF_FAILED(checkName("entry", i, entry.name, names));
    if (!entry.run)
      return bad(format("entry '%s'", entry.name), "it has no run function");
    OCKHAM_RETURN_IF_FAILED(
        checkSpecs(entry.name, "input", entry.input_count, entry.inputs));
    OCKHAM_RETURN_IF_FAILED(
        checkSpecs(entry.name, "output", entry.output_count, entry.outputs));
  }
  return Status::ok();
}

static Status checkStored(const std::string &where, const ockham_model &table,
                          const ockham_weight_spec &weight) {
  if (!table.weight_data && !table.weight_file)
    return bad(where, "its bytes are stored, but the model has neither "
                      "embedded weights nor a weight file");
  if (!table.weight_data)
    return Status::ok();
  if (weight.offset % OCKHAM_ALIGNMENT)
    return bad(where, format("offset %" PRIu64 " is no multiple of %d",
                             weight.offset, OCKHAM_ALIGNMENT));
  if (weight.bytes > table.weight_bytes ||
      weight.offset > table.weight_bytes - weight.bytes)
    return bad(where,
               format("it takes %" PRIu64 " bytes at offset %" PRIu64
                      ", but the embedded weights have %" PRIu64 " bytes",
                      weight.bytes, weight.offset, table.weight_bytes));
  return Status::ok();
}

static Status checkWeights(const ockham_model &table) {
  std::set<std::string> names;
  for (int32_t i = 0; i < table.weight_count; ++i) {
    const ockham_weight_spec &weight = table.weights[i];
    OCKHAM_RETURN_IF_FAILED(checkName("weight", i, weight.name, names));
    std::string where = format("weight '%s'", weight.name);
    OCKHAM_RETURN_IF_FAILED(
        checkDtypeAndRank(where, weight.dtype, weight.rank, weight.shape));
    auto bytes = denseBytes(weight.dtype, weight.shape, weight.rank);
    if (!bytes)
      return bad(where, "no tensor has the shape " +
                            formatShape(weight.shape, weight.rank));
    if (!weight.layout)
      return bad(where, "it has no layout");
    bool rowMajor = std::strcmp(weight.layout, rowMajorLayout) == 0;
    PanelLayout panels;
    bool packed = parsePanels(weight.layout, weight.shape, weight.rank,
                              dtypeBytes(weight.dtype), panels);
    if (packed)
      bytes = static_cast<uint64_t>(panels.countBytes());
    if ((rowMajor || packed) && weight.bytes != *bytes)
      return bad(
          where,
          format("%s%s%s takes %" PRIu64 " bytes, but the table says %" PRIu64,
                 formatType(weight.dtype, weight.shape, weight.rank).c_str(),
                 packed ? " in the layout " : "", packed ? weight.layout : "",
                 *bytes, weight.bytes));
    if (weight.init == OCKHAM_INIT_STORED) {
      OCKHAM_RETURN_IF_FAILED(checkStored(where, table, weight));
      continue;
    }
    if (!rowMajor && !packed)
      return {OCKHAM_UNSUPPORTED,
              where + format(": this runtime cannot initialise the layout '%s' "
                             "from a recipe",
                             weight.layout)};
    if (!canInitialize(weight.dtype,
                       {weight.init, weight.mean, weight.std, weight.seed}))
      return bad(where, format("a recipe of kind %d with mean %g, std %g makes "
                               "no %s",
                               weight.init, weight.mean, weight.std,
                               dtypeName(weight.dtype)));
  }
  return Status::ok();
}

static Status checkStates(const ockham_model &table) {
  std::set<std::string> names;
  for (int32_t i = 0; i < table.state_count; ++i) {
    const ockham_state_spec &state = table.states[i];
    OCKHAM_RETURN_IF_FAILED(checkName("state", i, state.tensor.name, names));
    std::string where = format("state '%s'", state.tensor.name);
    OCKHAM_RETURN_IF_FAILED(checkSpec(where, state.tensor));
    for (int32_t axis = 0; axis < state.tensor.rank; ++axis)
      if (state.tensor.dims[axis].extent < 0 && !state.tensor.dims[axis].symbol)
        return bad(where, format("axis %d is dynamic but has no symbol to bind "
                                 "it by",
                                 axis));
    if (state.weight == -1)
      continue;
    if (state.weight < 0 || state.weight >= table.weight_count)
      return bad(where, format("it starts from weight %d, but the model has %s",
                               state.weight,
                               plural(table.weight_count, "weight").c_str()));
    const ockham_weight_spec &weight = table.weights[state.weight];
    bool same = weight.dtype == state.tensor.dtype &&
                weight.rank == state.tensor.rank &&
                std::strcmp(weight.layout, rowMajorLayout) == 0;
    for (int32_t axis = 0; same && axis < weight.rank; ++axis)
      same = weight.shape[axis] == state.tensor.dims[axis].extent;
    if (!same)
      return bad(
          where,
          format("it is %s, but the weight '%s' that it starts from is "
                 "%s, %s",
                 formatSpec(state.tensor).c_str(), weight.name,
                 formatType(weight.dtype, weight.shape, weight.rank).c_str(),
                 weight.layout));
  }
  return Status::ok();
}

static Status checkKernels(const ockham_model &table) {
  constexpr uint64_t mostThreads = 1024;
  std::set<std::string> names;
  for (int32_t i = 0; i < table.kernel_count; ++i) {
    const ockham_kernel &kernel = table.kernels[i];
    OCKHAM_RETURN_IF_FAILED(checkName("kernel", i, kernel.name, names));
    std::string where = format("kernel '%s'", kernel.name);
    uint64_t threads = 1;
    for (uint32_t extent : kernel.block)
      threads = std::min<uint64_t>(threads * std::min(extent, 1u << 16),
                                   mostThreads + 1);
    if (threads < 1 || threads > mostThreads)
      return bad(where, format("a block has %u x %u x %u threads, expected 1 "
                               "to %" PRIu64 " of them",
                               kernel.block[0], kernel.block[1],
                               kernel.block[2], mostThreads));
    if (kernel.parameter_count < 0)
      return bad(where, format("it has %d parameters, expected at least 0",
                               kernel.parameter_count));
  }
  return Status::ok();
}

static Status checkImages(const ockham_model &table) {
  for (int32_t i = 0; i < table.image_count; ++i) {
    const ockham_device_image &image = table.images[i];
    std::string where = format("device image %d", i);
    int major, minor;
    char suffix;
    if (!image.arch || !parseArch(image.arch, major, minor, suffix))
      return bad(where, format("its architecture is '%s', expected one as "
                               "'sm_80' or 'sm_90a'",
                               image.arch ? image.arch : "(null)"));
    if (!image.data || image.bytes == 0)
      return bad(where, "it has no bytes");
    OCKHAM_RETURN_IF_FAILED(checkImageBytes(image, where));
  }
  if (table.kernel_count > 0 && table.image_count == 0)
    return bad("model table",
               format("it has %s, but no device image with their code",
                      plural(table.kernel_count, "kernel").c_str()));
  return Status::ok();
}

Status checkModelTable(const ockham_model &table) {
  for (const char *text : {table.name, table.target, table.features,
                           table.producer, table.options})
    if (!text)
      return bad("model table", "name, target, features, producer or options "
                                "is a null pointer");
  OCKHAM_RETURN_IF_FAILED(
      checkArray("entries", table.entry_count, table.entries));
  OCKHAM_RETURN_IF_FAILED(
      checkArray("weights", table.weight_count, table.weights));
  OCKHAM_RETURN_IF_FAILED(
      checkArray("states", table.state_count, table.states));
  if (reinterpret_cast<uintptr_t>(table.weight_data) % OCKHAM_ALIGNMENT)
    return bad("model table", format("the embedded weights lie at %p, which is "
                                     "not aligned to %d bytes",
                                     table.weight_data, OCKHAM_ALIGNMENT));
  OCKHAM_RETURN_IF_FAILED(checkEntries(table));
  OCKHAM_RETURN_IF_FAILED(checkWeights(table));
  OCKHAM_RETURN_IF_FAILED(
      checkArray("kernels", table.kernel_count, table.kernels));
  OCKHAM_RETURN_IF_FAILED(
      checkArray("images", table.image_count, table.images));
  OCKHAM_RETURN_IF_FAILED(checkKernels(table));
  OCKHAM_RETURN_IF_FAILED(checkImages(table));
  return checkStates(table);
}

} // namespace ockham::runtime
