//===- SpecialRegisters.cpp - Indices of threads and blocks ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "Machine.h"

#include <chrono>

using namespace ockham::emulator;

namespace {
template <int axis>
uint32_t getThreadIndex() {
  return current().index[axis];
}
template <int axis>
uint32_t getBlockSize() {
  return grid().config.block[axis];
}
template <int axis>
uint32_t getBlockIndex() {
  return current().block->index[axis];
}
template <int axis>
uint32_t getGridSize() {
  return grid().config.grid[axis];
}
template <int axis>
uint32_t getClusterIndex() {
  return current().block->index[axis] / grid().config.cluster[axis];
}
template <int axis>
uint32_t getClusterCount() {
  return grid().clusterCount[axis];
}
template <int axis>
uint32_t getBlockInCluster() {
  return current().block->index[axis] % grid().config.cluster[axis];
}
template <int axis>
uint32_t getClusterSize() {
  return grid().config.cluster[axis];
}
uint32_t getClusterRank() { return current().block->rank; }
uint32_t getClusterBlocks() { return current().block->cluster->blocks.size(); }

uint32_t getLane() { return current().lane; }
uint32_t getWarp() { return current().warp->index; }
uint32_t getWarpSize() { return 32; }
uint32_t getLaneMaskEq() { return 1u << current().lane; }
uint32_t getLaneMaskLt() { return (1u << current().lane) - 1; }
uint32_t getLaneMaskLe() { return getLaneMaskLt() | getLaneMaskEq(); }
uint32_t getLaneMaskGt() { return ~getLaneMaskLe(); }
uint32_t getLaneMaskGe() { return ~getLaneMaskLt(); }
uint32_t getDynamicSharedSize() { return grid().config.dynamicSharedBytes; }

uint64_t getTime() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
uint32_t getTime32() { return getTime(); }

/// The base of the block's shared memory.
uint8_t *getSharedBase() { return current().block->shared; }
/// What an instruction was given as a 32-bit address.
uint8_t *getSharedPointer(uint64_t address) {
  return getSharedAddress(address);
}
/// Where compiled code stores its site.
uint32_t *getSitePlace() { return &current().site; }
uint64_t *getInstructionCounts() { return worker().instructionCounts.data(); }

uint32_t isClusterExplicit() {
  return current().block->cluster->blocks.size() > 1;
}
} // namespace

template <int axis>
static void addAxis(HandlerTable &table, llvm::StringRef letter) {
  const std::string prefix = "llvm.nvvm.read.ptx.sreg.";
  table.addPure(prefix + ("tid." + letter).str(), getThreadIndex<axis>);
  table.addPure(prefix + ("ntid." + letter).str(), getBlockSize<axis>);
  table.addPure(prefix + ("ctaid." + letter).str(), getBlockIndex<axis>);
  table.addPure(prefix + ("nctaid." + letter).str(), getGridSize<axis>);
  table.addPure(prefix + ("clusterid." + letter).str(), getClusterIndex<axis>);
  table.addPure(prefix + ("nclusterid." + letter).str(), getClusterCount<axis>);
  table.addPure(prefix + ("cluster.ctaid." + letter).str(),
                getBlockInCluster<axis>);
  table.addPure(prefix + ("cluster.nctaid." + letter).str(),
                getClusterSize<axis>);
}

void ockham::emulator::addSpecialRegisterHandlers(HandlerTable &table) {
  addAxis<0>(table, "x");
  addAxis<1>(table, "y");
  addAxis<2>(table, "z");
  const std::string prefix = "llvm.nvvm.read.ptx.sreg.";
  table.addPure(prefix + "cluster.ctarank", getClusterRank);
  table.addPure(prefix + "cluster.nctarank", getClusterBlocks);
  table.addPure("llvm.nvvm.is_explicit_cluster", isClusterExplicit);
  table.addPure(prefix + "laneid", getLane);
  table.addPure(prefix + "warpid", getWarp);
  table.addPure(prefix + "warpsize", getWarpSize);
  table.addPure(prefix + "lanemask.eq", getLaneMaskEq);
  table.addPure(prefix + "lanemask.lt", getLaneMaskLt);
  table.addPure(prefix + "lanemask.le", getLaneMaskLe);
  table.addPure(prefix + "lanemask.gt", getLaneMaskGt);
  table.addPure(prefix + "lanemask.ge", getLaneMaskGe);
  table.addPure(prefix + "dynamic_smem_size", getDynamicSharedSize);
  table.add(prefix + "clock", getTime32);
  table.add(prefix + "clock64", getTime);
  table.add(prefix + "globaltimer", getTime);
  table.addPure("ockham.shared.base", getSharedBase);
  table.addPure("ockham.shared.address", getSharedPointer);
  table.addPure("ockham.site", getSitePlace);
  table.addPure("ockham.counts", getInstructionCounts);
}
