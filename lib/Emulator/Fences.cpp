//===- Fences.cpp - Fences, and hints that change nothing -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "Machine.h"

using namespace ockham::emulator;

namespace {
/// The mbarriers that the thread has initialised become visible to all.
void fenceInitialization() {
  Thread &thread = current();
  for (auto &[offset, barrier] : thread.block->mbarriers)
    if (barrier.initAgent == thread.agent)
      barrier.initFenced = true;
}

/// What the thread knows becomes visible to the async proxy.
void fenceProxy() {
  fenceInitialization();
  if (!detectsRaces())
    return;
  Thread &thread = current();
  thread.proxy.join(thread.clock);
  thread.proxy.own.raise(thread.agent, thread.time);
  ++thread.time;
}

/// A fence publishes with the next relaxed write, and acquires what relaxed
/// reads have seen.
void fence(bool narrow) {
  if (!detectsRaces())
    return;
  Thread &thread = current();
  if (thread.hasSeen) {
    thread.clock.join(thread.seen);
    thread.seen.clear();
    thread.hasSeen = false;
  }
  thread.fenced = thread.clock;
  thread.fenced.own.raise(thread.agent, thread.time);
  thread.fenced.share();
  thread.hasFenced = true;
  thread.fencedNarrow = narrow;
  ++thread.time;
}
void fenceDevice() { fence(false); }
/// For the block, or its cluster.
void fenceBlock() { fence(true); }

void setRegisters(uint32_t count) {
  if (count < 24 || count > 256 || count % 8)
    fail("setmaxnreg takes a multiple of 8 from 24 to 256, got " +
         llvm::Twine(count));
}

/// Grids that depend on each other run one after another here.
void waitForGrids() {}
void launchDependents() {}
void sleep(uint32_t) { poll({"time to pass (nanosleep)", 0, 0}); }
void trap() { fail("trap"); }

void prefetch(void *) {}

uint8_t *mapToRank(uint8_t *address, uint32_t rank) {
  const Block &block = *current().block;
  SharedPlace place = locateShared(address, 0, "mapa");
  if (rank >= block.cluster->blocks.size())
    fail("mapa to rank " + llvm::Twine(rank) + " of a cluster of " +
         llvm::Twine(block.cluster->blocks.size()) + " blocks");
  return block.cluster->blocks[rank]->shared + place.offset;
}
uint32_t getRank(uint8_t *address) {
  return locateShared(address, 0, "getctarank").block->rank;
}
} // namespace

void ockham::emulator::addFenceHandlers(HandlerTable &table) {
  const std::string prefix = "llvm.nvvm.";
  for (const char *name :
       {"fence.proxy.async", "fence.proxy.async_shared_cta",
        "fence.proxy.async.shared_cta", "fence.proxy.async.shared_cluster",
        "fence.proxy.async.global", "fence.proxy.async_generic",
        "fence.proxy.alias"})
    table.add(prefix + name, fenceProxy);
  table.add(prefix + "fence.mbarrier_init.release.cluster",
            fenceInitialization);
  table.add(prefix + "membar.cta", fenceBlock);
  table.add(prefix + "membar.gl", fenceDevice);
  table.add(prefix + "membar.sys", fenceDevice);
  table.add(prefix + "fence.sc.cluster", fenceBlock);
  table.add("ockham.fence.device", fenceDevice);
  table.add("ockham.fence.block", fenceBlock);
  table.add(prefix + "setmaxnreg.inc.sync.aligned.u32", setRegisters);
  table.add(prefix + "setmaxnreg.dec.sync.aligned.u32", setRegisters);
  table.add(prefix + "griddepcontrol.wait", waitForGrids);
  table.add(prefix + "griddepcontrol.launch.dependents", launchDependents);
  table.add(prefix + "nanosleep", sleep);
  table.add("llvm.trap", trap);
  for (const char *name :
       {"prefetch.tensormap", "prefetch.L1", "prefetch.L2",
        "prefetch.global.L1", "prefetch.global.L2", "prefetch.local.L1",
        "prefetch.local.L2", "prefetchu.L1"})
    table.add(prefix + name, prefetch);
  table.addPure(prefix + "mapa.shared.cluster", mapToRank);
  table.addPure(prefix + "mapa", mapToRank);
  table.addPure(prefix + "getctarank", getRank);
  table.addPure(prefix + "getctarank.shared.cluster", getRank);

  table.addPTX("fence.proxy.async",
               [](const PTXInstruction &instruction, PTXBuilder &builder) {
                 return translateToCall("llvm.nvvm.fence.proxy.async", 0,
                                        instruction, builder);
               });
  table.addPTX("prefetch", [](const PTXInstruction &, PTXBuilder &) {
    return llvm::Error(llvm::Error::success());
  });
}
