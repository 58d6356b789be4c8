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
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

namespace ockham::runtime {

static uint64_t roundUp(uint64_t bytes) {
  constexpr uint64_t mask = OCKHAM_ALIGNMENT - 1;
  return (bytes + mask) & ~mask;
}

Status WeightSet::allocate(const ockham_weight_spec &weight, void *&memory) {
  if (!block)
    block.reset(allocateAligned(blockBytes));
  if (!block)
    return {OCKHAM_OUT_OF_MEMORY,
            format("weight '%s' needs %s and the system has no more memory",
                   weight.name, formatBytes(weight.bytes).c_str())};
  memory = static_cast<char *>(block.get()) + blockUsed;
  blockUsed += roundUp(weight.bytes);
  return Status::ok();
}

/// True if `address` is in a part of a loaded library that nobody may write:
/// what is there is what the file has.
static bool isReadOnly(const void *address) {
  struct Search {
    uintptr_t address;
    bool found;
  } search = {reinterpret_cast<uintptr_t>(address), false};
  dl_iterate_phdr(
      [](dl_phdr_info *info, size_t, void *argument) {
        Search &search = *static_cast<Search *>(argument);
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto &segment = info->dlpi_phdr[i];
          uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
          if (segment.p_type == PT_LOAD && !(segment.p_flags & PF_W) &&
              search.address - begin < segment.p_filesz)
            search.found = true;
        }
        return 0;
      },
      &search);
  return search.found;
}

/// Tells the system that the pages in `[from, from + bytes)` of a mapped file
/// are not needed; they would come again from the file.
static void forget(const char *from, uint64_t bytes) {
  const uintptr_t page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  uintptr_t begin = (reinterpret_cast<uintptr_t>(from) + page - 1) & -page;
  uintptr_t end = (reinterpret_cast<uintptr_t>(from) + bytes) & -page;
  if (begin < end)
    madvise(reinterpret_cast<void *>(begin), end - begin, MADV_DONTNEED);
}

/// Runs `body(begin, end)` on pieces of `[0, count)`, on as many threads as are
/// worth it for the bytes that it writes.
template <typename Body>
static void shareWork(int64_t count, int64_t grain, uint64_t bytes,
                      const Body &body) {
  constexpr uint64_t smallBytes = 1 << 20;
  TeamLease lease(bytes > smallBytes ? defaultThreadCount() : 1);
  lease.team().parallelFor(
      lease.team().size(), count, grain,
      [](void *argument, int64_t begin, int64_t end, int32_t) {
        (*static_cast<const Body *>(argument))(begin, end);
      },
      const_cast<Body *>(&body));
}

/// Copies what the library has into the block. Pages are given back as they
/// have been copied, so that the process never holds the weights twice.
Status WeightSet::copyEmbedded(const ockham_model &model) {
  const auto *embedded = static_cast<const char *>(model.weight_data);
  uint64_t end = 0;
  for (int32_t i = 0; i < model.weight_count; ++i) {
    const ockham_weight_spec &weight = model.weights[i];
    if (weight.init != OCKHAM_INIT_STORED)
      continue;
    void *memory;
    OCKHAM_RETURN_IF_FAILED(allocate(weight, memory));
    data[i] = memory;
    end = std::max(end, weight.offset + weight.bytes);
  }
  bool forgets =
      end > 0 && isReadOnly(embedded) && isReadOnly(embedded + end - 1);
  shareWork(model.weight_count, /*grain=*/1, blockUsed,
            [&](int64_t begin, int64_t end) {
              constexpr uint64_t chunk = 4 << 20;
              for (int64_t i = begin; i < end; ++i) {
                const ockham_weight_spec &weight = model.weights[i];
                if (!data[i])
                  continue;
                auto *to = static_cast<char *>(const_cast<void *>(data[i]));
                const char *from = embedded + weight.offset;
                for (uint64_t at = 0; at < weight.bytes; at += chunk) {
                  uint64_t bytes = std::min(chunk, weight.bytes - at);
                  std::memcpy(to + at, from + at, bytes);
                  if (forgets)
                    forget(from + at, bytes);
                }
              }
            });
  return Status::ok();
}

static void packShared(void *to, const void *from, const PanelLayout &panels) {
  shareWork(panels.countPanels(), /*grain=*/1, panels.countBytes(),
            [&](int64_t begin, int64_t end) {
              packPanels(static_cast<char *>(to),
                         static_cast<const char *>(from), panels, begin, end);
            });
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
    packShared(memory, from, panels);
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
  WeightRecipe recipe = {weight.init, weight.mean, weight.std, weight.seed};
  uint64_t bytes = *denseBytes(weight.dtype, weight.shape, weight.rank);
  PanelLayout panels;
  bool packed = parsePanels(weight.layout, weight.shape, weight.rank,
                            dtypeBytes(weight.dtype), panels);
  AlignedMemory dense(packed ? allocateAligned(bytes) : nullptr);
  if (packed && !dense)
    return {OCKHAM_OUT_OF_MEMORY,
            format("weight '%s' needs %s to be packed and the system has no "
                   "more memory",
                   weight.name, formatBytes(bytes).c_str())};
  void *to = packed ? dense.get() : memory;
  shareWork(static_cast<int64_t>(bytes / dtypeBytes(weight.dtype)),
            /*grain=*/1 << 16, bytes, [&](int64_t begin, int64_t end) {
              initializeWeight(to, weight.dtype, recipe, begin, end);
            });
  if (packed)
    packShared(memory, dense.get(), panels);
  return Status::ok();
}

/// Whether embedded weights stay where the library is mapped.
static Status readPlacement(bool &mapped) {
  const char *text = std::getenv("OCKHAM_WEIGHTS");
  mapped = text && std::strcmp(text, "mapped") == 0;
  if (!text || mapped || std::strcmp(text, "copied") == 0)
    return Status::ok();
  return {
      OCKHAM_INVALID_ARGUMENT,
      format("OCKHAM_WEIGHTS: expected 'copied' or 'mapped', got '%s'", text)};
}

Status WeightSet::loadOne(const ockham_model &model, int32_t index,
                          const void *&pointer) {
  const ockham_weight_spec &weight = model.weights[index];
  bool hasFile = !safetensors.path().empty();
  if (hasFile &&
      (weight.init == OCKHAM_INIT_STORED || safetensors.find(weight.name)))
    return loadStored(weight, pointer);
  if (weight.init != OCKHAM_INIT_STORED)
    return initialize(weight, pointer);
  if (!pointer)
    pointer = static_cast<const char *>(model.weight_data) + weight.offset;
  return Status::ok();
}

Status WeightSet::loadHost(const ockham_model &model, bool mapped) {
  data.assign(model.weight_count, nullptr);
  for (int32_t i = 0; i < model.weight_count; ++i)
    blockBytes += roundUp(model.weights[i].bytes);
  if (safetensors.path().empty() && !mapped)
    OCKHAM_RETURN_IF_FAILED(copyEmbedded(model));
  for (int32_t i = 0; i < model.weight_count; ++i)
    OCKHAM_RETURN_IF_FAILED(loadOne(model, i, data[i]));
  return Status::ok();
}

/// Copies weights to a device, from where they are mapped; those that are made
/// or packed on the host are so one at a time.
Status WeightSet::loadDevice(const ockham_model &model, const std::string &file,
                             const std::shared_ptr<Device> &device) {
  WeightSet host;
  if (!file.empty())
    OCKHAM_RETURN_IF_FAILED(host.safetensors.open(file));
  constexpr uint64_t mask = 255; // As a device's allocations are aligned.
  uint64_t needed = 0;
  for (int32_t i = 0; i < model.weight_count; ++i)
    needed += (model.weights[i].bytes + mask) & ~mask;
  if (!deviceBlock.allocate(device, needed))
    return {OCKHAM_OUT_OF_MEMORY,
            format("the weights of the model '%s' need %s and %s", model.name,
                   formatBytes(needed).c_str(),
                   device->describeFree().c_str())};
  std::unique_ptr<Stream> stream;
  OCKHAM_RETURN_IF_FAILED(device->createStream(nullptr, stream));
  const auto *embedded = static_cast<const char *>(model.weight_data);
  uint64_t at = 0;
  for (int32_t i = 0; i < model.weight_count; ++i) {
    const ockham_weight_spec &weight = model.weights[i];
    void *to = static_cast<char *>(deviceBlock.get()) + at;
    data.push_back(to);
    at += (weight.bytes + mask) & ~mask;
    const void *pointer = nullptr;
    host.blockBytes = roundUp(weight.bytes);
    host.blockUsed = 0;
    OCKHAM_RETURN_IF_FAILED(host.loadOne(model, i, pointer));
    if (weight.bytes > 0) {
      TensorView from;
      from.data = static_cast<char *>(const_cast<void *>(pointer));
      from.dtype = OCKHAM_U8;
      from.shape = {static_cast<int64_t>(weight.bytes)};
      OCKHAM_RETURN_IF_FAILED(stream->copyIn(to, from));
      if (embedded && from.data == embedded + weight.offset &&
          isReadOnly(from.data) && isReadOnly(from.data + weight.bytes - 1))
        forget(from.data, weight.bytes);
    }
    host.block.reset();
  }
  return stream->finish("copying the weights");
}

Status WeightSet::load(const ockham_model &model, const std::string &file,
                       const std::shared_ptr<Device> &device,
                       std::shared_ptr<const WeightSet> &result) {
  auto set = std::make_shared<WeightSet>();
  for (int32_t i = 0; i < model.weight_count; ++i)
    set->total += model.weights[i].bytes;
  if (device->isHost()) {
    bool mapped;
    OCKHAM_RETURN_IF_FAILED(readPlacement(mapped));
    if (!file.empty())
      OCKHAM_RETURN_IF_FAILED(set->safetensors.open(file));
    OCKHAM_RETURN_IF_FAILED(set->loadHost(model, mapped));
  } else {
    OCKHAM_RETURN_IF_FAILED(set->loadDevice(model, file, device));
  }
  result = std::move(set);
  return Status::ok();
}

} // namespace ockham::runtime
