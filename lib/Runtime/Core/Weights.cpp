//===- Weights.cpp - The weights of a model in memory ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Weights.h"
#include "../CPU/ThreadTeam.h"
#include "ModelTable.h"
#include "Types.h"
#include "ockham/Runtime/PackPanels.h"
#include "ockham/Runtime/WeightInit.h"
#include <cstring>

namespace ockham::runtime {

Status WeightSet::allocate(const ockham_weight_spec &weight, void *&memory) {
  owned.emplace_back(allocateAligned(weight.bytes));
  memory = owned.back().get();
  if (memory)
    return Status::ok();
  return {OCKHAM_OUT_OF_MEMORY,
          format("weight '%s' needs %s and the system has no more memory",
                 weight.name, formatBytes(weight.bytes).c_str())};
}

/// Packs with as many threads as are worth it.
static void pack(void *to, const char *from, const PanelLayout &panels) {
  struct Work {
    char *to;
    const char *from;
    const PanelLayout &panels;
  } work = {static_cast<char *>(to), from, panels};
  constexpr int64_t smallBytes = 1 << 20;
  TeamLease lease(panels.countBytes() > smallBytes ? defaultThreadCount() : 1);
  lease.team().parallelFor(
      lease.team().size(), panels.countPanels(), /*grain=*/1,
      [](void *argument, int64_t begin, int64_t end, int32_t) {
        Work &work = *static_cast<Work *>(argument);
        packPanels(work.to, work.from, work.panels, begin, end);
      },
      &work);
}

/// Checks that the file's tensor is the weight and finds memory for it.
Status WeightSet::loadStored(const ockham_weight_spec &weight,
                             const void *&pointer) {
  const SafetensorsEntry *entry = safetensors.find(weight.name);
  const char *file = safetensors.path().c_str();
  if (!entry)
    return {OCKHAM_BAD_MODEL,
            format("'%s' has no tensor '%s', expected %s; it has: %s", file,
                   weight.name,
                   formatType(weight.dtype, weight.shape, weight.rank).c_str(),
                   safetensors.listNames().c_str())};
  PanelLayout panels;
  bool packed = parsePanels(weight.layout, weight.shape, weight.rank,
                            dtypeBytes(weight.dtype), panels);
  if (!packed && std::strcmp(weight.layout, rowMajorLayout) != 0)
    return {OCKHAM_UNSUPPORTED,
            format("weight '%s': the model wants the layout '%s', which this "
                   "runtime cannot make from a tensor of a file; compile with "
                   "embedded weights",
                   weight.name, weight.layout)};
  if (entry->dtype != weight.dtype ||
      entry->shape != Shape(weight.shape, weight.shape + weight.rank))
    return {
        OCKHAM_BAD_MODEL,
        format("'%s', tensor '%s': expected %s, got %s %s", file, weight.name,
               formatType(weight.dtype, weight.shape, weight.rank).c_str(),
               entry->dtype ? dtypeName(entry->dtype) : entry->typeName.c_str(),
               formatShape(entry->shape.data(),
                           static_cast<int32_t>(entry->shape.size()))
                   .c_str())};
  pointer = safetensors.data(*entry);
  if (packed) {
    void *memory;
    const char *from = static_cast<const char *>(pointer);
    OCKHAM_RETURN_IF_FAILED(allocate(weight, memory));
    pointer = memory;
    pack(memory, from, panels);
    return Status::ok();
  }
  if (reinterpret_cast<uintptr_t>(pointer) % OCKHAM_ALIGNMENT == 0)
    return Status::ok();
  // Read rather than copied, so that the mapped pages do not count twice.
  void *memory;
  OCKHAM_RETURN_IF_FAILED(allocate(weight, memory));
  pointer = memory;
  return safetensors.read(*entry, memory);
}

Status WeightSet::initialize(const ockham_weight_spec &weight,
                             const void *&pointer) {
  void *memory;
  OCKHAM_RETURN_IF_FAILED(allocate(weight, memory));
  pointer = memory;
  struct Fill {
    void *memory;
    int32_t dtype;
    WeightRecipe recipe;
  } fill = {memory,
            weight.dtype,
            {weight.init, weight.mean, weight.std, weight.seed}};
  constexpr int64_t grain = 1 << 16;
  int64_t count = static_cast<int64_t>(weight.bytes / dtypeBytes(weight.dtype));
  TeamLease lease(count > grain ? defaultThreadCount() : 1);
  lease.team().parallelFor(
      lease.team().size(), count, grain,
      [](void *argument, int64_t begin, int64_t end, int32_t) {
        Fill &fill = *static_cast<Fill *>(argument);
        initializeWeight(fill.memory, fill.dtype, fill.recipe, begin, end);
      },
      &fill);
  return Status::ok();
}

Status WeightSet::load(const ockham_model &model, const std::string &file,
                       std::shared_ptr<const WeightSet> &result) {
  auto set = std::make_shared<WeightSet>();
  if (!file.empty())
    OCKHAM_RETURN_IF_FAILED(set->safetensors.open(file));
  set->data.assign(model.weight_count, nullptr);
  for (int32_t i = 0; i < model.weight_count; ++i) {
    const ockham_weight_spec &weight = model.weights[i];
    const void *&pointer = set->data[i];
    bool inFile = !file.empty() && (weight.init == OCKHAM_INIT_STORED ||
                                    set->safetensors.find(weight.name));
    if (inFile)
      OCKHAM_RETURN_IF_FAILED(set->loadStored(weight, pointer));
    else if (weight.init == OCKHAM_INIT_STORED)
      pointer = static_cast<const char *>(model.weight_data) + weight.offset;
    else
      OCKHAM_RETURN_IF_FAILED(set->initialize(weight, pointer));
    set->total += weight.bytes;
  }
  result = std::move(set);
  return Status::ok();
}

} // namespace ockham::runtime
