//===- BulkCopy.cpp - cp.async.bulk, with tensors and without -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads belong to the engine of the mbarrier that they report to, stores to two
// engines of the thread: one reads shared memory, one writes global memory. All
// of them are the async proxy: what a thread wrote must be fenced first.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "MBarriers.h"
#include "Machine.h"
#include "TensorMap.h"

#include <cstring>

using namespace ockham::emulator;

using Coordinates = std::array<int32_t, 5>;

/// Whether the async proxy sees the mbarrier as it was initialised.
static void checkInitializationFence(const MBarrierPlace &place,
                                     const uint64_t *address) {
  Thread &thread = current();
  if (!detectsRaces() || place.barrier->initFenced)
    return;
  report(Report::Kind::BarrierInitialization, thread.site, 0,
         "bulk loads need not see the initialisation of the mbarrier at " +
             describeAddress(reinterpret_cast<uint64_t>(address)) + " by " +
             grid().describeAgent(thread.block->cluster->domain,
                                  place.barrier->initAgent) +
             ": fence.mbarrier_init or fence.proxy.async is missing before " +
             grid().describeSite(thread.site));
}

static void enqueueLoad(MBarrierPlace place, uint32_t time, uint64_t bytes,
                        llvm::unique_function<void()> copy) {
  MBarrier *barrier = place.barrier;
  auto run = [barrier, time, bytes, copy = std::move(copy)]() mutable {
    copy();
    completeBulkLoad(*barrier, time, bytes);
  };
  ++worker().events;
  if (grid().options.completion == Completion::Eager)
    run();
  else
    current().block->cluster->work.push_back({std::move(run)});
}

/// The blocks that a load writes to: those of a multicast mask, or the one that
/// its destination lies in.
template <typename Function>
static void forEachDestination(uint8_t *destination, uint64_t *address,
                               uint64_t bytes, const char *name,
                               uint32_t multicast, Function function) {
  SharedPlace shared = locateShared(destination, bytes, name);
  MBarrierPlace place = checkMBarrier(address, name);
  if (!multicast) {
    checkInitializationFence(place, address);
    function(destination, place);
    return;
  }
  Cluster &cluster = *current().block->cluster;
  if (multicast >> cluster.blocks.size())
    fail(llvm::Twine(name) + ": the multicast mask 0x" +
         llvm::utohexstr(multicast) + " names blocks outside of a cluster of " +
         llvm::Twine(cluster.blocks.size()));
  for (unsigned rank = 0; rank < cluster.blocks.size(); ++rank) {
    if (!(multicast >> rank & 1))
      continue;
    uint8_t *window = cluster.blocks[rank]->shared;
    auto *remote = reinterpret_cast<uint64_t *>(window + place.offset);
    MBarrierPlace remotePlace = checkMBarrier(remote, name);
    checkInitializationFence(remotePlace, remote);
    function(window + shared.offset, remotePlace);
  }
}

static const TensorMap &checkTensorMap(const TensorMap *map, unsigned rank,
                                       const char *name) {
  if (reinterpret_cast<uint64_t>(map) % 64)
    fail(llvm::Twine(name) + ": the tensor map must be aligned to 64 bytes");
  if (map->magic != TensorMap::kMagic)
    fail(llvm::Twine(name) + ": this is no tensor map");
  if (map->rank != rank)
    fail(llvm::Twine(name) + " of rank " + llvm::Twine(rank) +
         " gets a tensor map of rank " + llvm::Twine(unsigned(map->rank)));
  return *map;
}

static const TensorMap &checkTensorMap(const TensorMap *map, unsigned rank,
                                       const uint8_t *shared,
                                       const char *name) {
  if (reinterpret_cast<uint64_t>(shared) % 128)
    fail(llvm::Twine(name) + " needs an address aligned to 128 bytes, got " +
         describeAddress(reinterpret_cast<uint64_t>(shared)));
  return checkTensorMap(map, rank, name);
}

//===----------------------------------------------------------------------===//
// Tensors
//===----------------------------------------------------------------------===//

static void loadTensor(uint8_t *destination, uint64_t *barrier,
                       const TensorMap *pointer, unsigned rank,
                       const Coordinates &coordinates, uint32_t multicast) {
  const char *name = "cp.async.bulk.tensor load";
  const TensorMap map = checkTensorMap(pointer, rank, destination, name);
  uint64_t bytes = getBoxBytes(map);
  forEachDestination(
      destination, barrier, bytes, name, multicast,
      [&](uint8_t *shared, const MBarrierPlace &place) {
        uint32_t time = beginBulkLoad(*place.barrier);
        if (detectsRaces()) {
          Actor actor = getEngineActor(place.barrier->agent, time);
          forEachRow(map, coordinates, [&](const BoxRow &row) {
            accessMemoryAs(actor, row.global, row.validBytes,
                           kRead | kAsyncProxy);
          });
          accessMemoryAs(actor, shared, bytes, kWrite | kAsyncProxy);
        }
        enqueueLoad(place, time, bytes, [map, coordinates, shared] {
          loadBox(map, coordinates, shared);
        });
      });
}

static void enqueueStore(llvm::unique_function<void()> run) {
  BulkCopyQueue &queue = current().bulkCopies;
  Completion completion = grid().options.completion;
  if (completion == Completion::Eager ||
      (completion == Completion::Random && worker().nextRandom() % 2))
    run();
  else
    queue.pending.push_back({std::move(run), queue.time});
}

static void storeTensor(const uint8_t *source, const TensorMap *pointer,
                        unsigned rank, const Coordinates &coordinates,
                        StoreKind kind) {
  const char *name = "cp.async.bulk.tensor store";
  const TensorMap map = checkTensorMap(pointer, rank, source, name);
  if (kind != StoreKind::Copy && !canReduce(map.type))
    fail("cp.reduce.async.bulk.tensor of data type " +
         llvm::Twine(unsigned(map.type)) + " is not modelled");
  uint64_t bytes = getBoxBytes(map);
  locateShared(source, bytes, name);
  Thread &thread = current();
  Cluster &cluster = *thread.block->cluster;
  uint32_t time = ++thread.bulkCopies.time;
  if (detectsRaces()) {
    Actor reader = getEngineActor(cluster.getBulkReadAgent(thread), time);
    accessMemoryAs(reader, source, bytes, kRead | kAsyncProxy);
    Actor writer = getEngineActor(cluster.getBulkWriteAgent(thread), time);
    uint8_t flags =
        kWrite | kAsyncProxy | (kind == StoreKind::Copy ? 0 : kAtomic);
    forEachRow(map, coordinates, [&](const BoxRow &row) {
      accessMemoryAs(writer, row.global, row.validBytes, flags);
    });
  }
  enqueueStore([map, coordinates, source, kind] {
    storeBox(map, coordinates, source, kind);
  });
}

namespace {
/// The handlers of one rank: coordinates are that many arguments.
template <typename... Axes>
struct TensorHandlers {
  static constexpr unsigned rank = sizeof...(Axes);

  static void load(uint8_t *destination, uint64_t *barrier,
                   const TensorMap *map, Axes... axes, uint32_t mask, uint64_t,
                   uint32_t hasMask, uint32_t, uint32_t) {
    loadTensor(destination, barrier, map, rank, {int32_t(axes)...},
               hasMask & 1 ? mask & 0xffff : 0);
  }
  static void loadToBlock(uint8_t *destination, uint64_t *barrier,
                          const TensorMap *map, Axes... axes, uint64_t,
                          uint32_t) {
    loadTensor(destination, barrier, map, rank, {int32_t(axes)...}, 0);
  }
  static void store(const uint8_t *source, const TensorMap *map, Axes... axes,
                    uint64_t, uint32_t) {
    storeTensor(source, map, rank, {int32_t(axes)...}, StoreKind::Copy);
  }
  template <StoreKind kind>
  static void reduce(const uint8_t *source, const TensorMap *map, Axes... axes,
                     uint64_t, uint32_t) {
    storeTensor(source, map, rank, {int32_t(axes)...}, kind);
  }
  /// Caches are not modelled, but a wrong map would be an error.
  static void prefetch(const TensorMap *map, Axes..., uint64_t, uint32_t) {
    checkTensorMap(map, rank, "cp.async.bulk.prefetch.tensor");
  }

  static void add(HandlerTable &table) {
    const std::string prefix = "llvm.nvvm.cp.async.bulk.tensor.";
    const std::string suffix = "tile." + std::to_string(rank) + "d";
    table.add(prefix + "g2s." + suffix, load);
    table.add(prefix + "g2s.cta." + suffix, loadToBlock);
    table.add(prefix + "s2g." + suffix, store);
    table.add(prefix + "reduce.add." + suffix, reduce<StoreKind::Add>);
    table.add(prefix + "reduce.min." + suffix, reduce<StoreKind::Min>);
    table.add(prefix + "reduce.max." + suffix, reduce<StoreKind::Max>);
    table.add(prefix + "prefetch." + suffix, prefetch);
  }
};

//===----------------------------------------------------------------------===//
// Contiguous bytes
//===----------------------------------------------------------------------===//

void checkBulk(const void *a, const void *b, uint32_t bytes, const char *name) {
  for (const void *pointer : {a, b})
    if (reinterpret_cast<uint64_t>(pointer) % 16)
      fail(llvm::Twine(name) + " needs addresses aligned to 16 bytes, got " +
           describeAddress(reinterpret_cast<uint64_t>(pointer)));
  if (bytes % 16)
    fail(llvm::Twine(name) + " copies a multiple of 16 bytes, got " +
         llvm::Twine(bytes));
}

void loadBytes(uint8_t *destination, uint64_t *barrier, const uint8_t *source,
               uint32_t bytes, const char *name, uint32_t multicast) {
  checkBulk(destination, source, bytes, name);
  forEachDestination(
      destination, barrier, bytes, name, multicast,
      [&](uint8_t *shared, const MBarrierPlace &place) {
        uint32_t time = beginBulkLoad(*place.barrier);
        Actor actor = getEngineActor(place.barrier->agent, time);
        accessMemoryAs(actor, source, bytes, kRead | kAsyncProxy);
        accessMemoryAs(actor, shared, bytes, kWrite | kAsyncProxy);
        enqueueLoad(place, time, bytes,
                    [=] { std::memcpy(shared, source, bytes); });
      });
}

void loadBytesToCluster(uint8_t *destination, uint64_t *barrier,
                        const uint8_t *source, uint32_t bytes, uint32_t mask,
                        uint64_t, uint32_t hasMask, uint32_t) {
  loadBytes(destination, barrier, source, bytes, "cp.async.bulk load",
            hasMask & 1 ? mask & 0xffff : 0);
}
void loadBytesToBlock(uint8_t *destination, uint64_t *barrier,
                      const uint8_t *source, uint32_t bytes, uint64_t,
                      uint32_t) {
  loadBytes(destination, barrier, source, bytes, "cp.async.bulk load", 0);
}
void copyToCluster(uint8_t *destination, uint64_t *barrier,
                   const uint8_t *source, uint32_t bytes) {
  locateShared(source, bytes, "cp.async.bulk within a cluster");
  loadBytes(destination, barrier, source, bytes,
            "cp.async.bulk within a cluster", 0);
}

void storeBytes(uint8_t *destination, const uint8_t *source, uint32_t bytes,
                uint64_t, uint32_t) {
  const char *name = "cp.async.bulk store";
  checkBulk(destination, source, bytes, name);
  locateShared(source, bytes, name);
  Thread &thread = current();
  Cluster &cluster = *thread.block->cluster;
  uint32_t time = ++thread.bulkCopies.time;
  Actor reader = getEngineActor(cluster.getBulkReadAgent(thread), time);
  accessMemoryAs(reader, source, bytes, kRead | kAsyncProxy);
  Actor writer = getEngineActor(cluster.getBulkWriteAgent(thread), time);
  accessMemoryAs(writer, destination, bytes, kWrite | kAsyncProxy);
  enqueueStore([=] { std::memcpy(destination, source, bytes); });
}

void prefetchBytes(const uint8_t *source, uint32_t bytes, uint64_t, uint32_t) {
  checkBulk(source, source, bytes, "cp.async.bulk.prefetch");
}

//===----------------------------------------------------------------------===//
// Groups of stores
//===----------------------------------------------------------------------===//

void commitGroup() {
  BulkCopyQueue &queue = current().bulkCopies;
  queue.groups.push_back(queue.time);
}

void runUntil(BulkCopyQueue &queue, uint32_t time) {
  while (!queue.pending.empty() && queue.pending.front().time <= time) {
    queue.pending.front().run();
    queue.pending.pop_front();
  }
}

/// Waits until at most `left` groups are not done, or have not read.
template <bool onlyRead>
void waitForGroups(uint32_t left) {
  Thread &thread = current();
  BulkCopyQueue &queue = thread.bulkCopies;
  Cluster &cluster = *thread.block->cluster;
  ++worker().events;
  if (queue.groups.size() <= left)
    return;
  uint32_t time = queue.groups[queue.groups.size() - left - 1];
  runUntil(queue, time);
  queue.readTime = std::max(queue.readTime, time);
  if (detectsRaces())
    thread.clock.own.raise(cluster.getBulkReadAgent(thread), time);
  if (onlyRead)
    return;
  while (queue.groups.size() > left)
    queue.groups.pop_front();
  if (detectsRaces())
    thread.clock.own.raise(cluster.getBulkWriteAgent(thread), time);
}
} // namespace

void ockham::emulator::checkPendingAtExit(Thread &thread) {
  BulkCopyQueue &queue = thread.bulkCopies;
  runUntil(queue, queue.time);
  if (detectsRaces() && queue.readTime < queue.time)
    report(
        Report::Kind::Race, thread.site, 0,
        "race at the end of " +
            grid().describeAgent(thread.block->cluster->domain, thread.agent) +
            ": its bulk stores may still read shared memory (their "
            "wait_group is missing)");
}

//===----------------------------------------------------------------------===//
// Inline PTX: loads are [dst], [map, {coordinates}], [mbarrier]{, mask}{,
// hint}; stores are [map, {coordinates}], [src]{, hint}.
//===----------------------------------------------------------------------===//

static llvm::Error translateTensor(const PTXInstruction &instruction,
                                   PTXBuilder &builder) {
  llvm::StringRef text = instruction.text;
  bool load = text.contains("mbarrier::complete_tx");
  bool multicast = text.contains(".multicast::cluster");
  const auto &operands = instruction.operands;
  size_t mapIndex = load ? 1 : 0;
  if (operands.size() < (load ? 3u : 2u) + multicast ||
      operands[mapIndex].elements.size() != 2)
    return llvm::createStringError("expected addresses and [map, {...}]");
  const PTXOperand &map = operands[mapIndex];
  llvm::SmallVector<llvm::Value *> arguments;
  if (load) {
    arguments.push_back(builder.read(operands[0]));
    arguments.push_back(builder.read(operands[2]));
  } else {
    arguments.push_back(builder.read(operands[1]));
  }
  arguments.push_back(builder.read(map.elements[0]));
  const std::vector<PTXOperand> &axes = map.elements[1].elements;
  for (const PTXOperand &axis : axes)
    arguments.push_back(builder.read(axis));
  if (load)
    arguments.push_back(multicast ? builder.read(operands[3])
                                  : builder.getInt32(0));
  arguments.push_back(builder.getInt64(0));
  if (load)
    arguments.push_back(builder.getInt32(multicast));
  arguments.push_back(builder.getInt32(0));
  if (load)
    arguments.push_back(builder.getInt32(0));
  std::string handler =
      (llvm::Twine("llvm.nvvm.cp.async.bulk.tensor.") + (load ? "g2s" : "s2g") +
       ".tile." + llvm::Twine(axes.size()) + "d")
          .str();
  return builder.call(handler, arguments).takeError();
}

void ockham::emulator::addBulkCopyHandlers(HandlerTable &table) {
  using Axis = uint32_t;
  TensorHandlers<Axis>::add(table);
  TensorHandlers<Axis, Axis>::add(table);
  TensorHandlers<Axis, Axis, Axis>::add(table);
  TensorHandlers<Axis, Axis, Axis, Axis>::add(table);
  TensorHandlers<Axis, Axis, Axis, Axis, Axis>::add(table);
  const std::string prefix = "llvm.nvvm.cp.async.bulk.";
  table.add(prefix + "global.to.shared.cluster", loadBytesToCluster);
  table.add(prefix + "global.to.shared.cta", loadBytesToBlock);
  table.add(prefix + "shared.cta.to.cluster", copyToCluster);
  table.add(prefix + "shared.cta.to.global", storeBytes);
  table.add(prefix + "prefetch.L2", prefetchBytes);
  table.add(prefix + "commit.group", commitGroup);
  table.add(prefix + "wait.group", waitForGroups<false>);
  table.add(prefix + "wait.group.read", waitForGroups<true>);
  table.addPTX("cp.async.bulk.tensor", translateTensor);
}
