//===- Grid.cpp - Runs the blocks of a grid -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <cstring>
#include <thread>

using namespace ockham::emulator;

/// Of the GPU that blocks are imagined to be resident on.
static constexpr unsigned kMultiprocessors = 132;
static constexpr unsigned kThreadsPerMultiprocessor = 2048;
static constexpr unsigned kBlocksPerMultiprocessor = 32;
static constexpr uint64_t kSharedBytesPerMultiprocessor = 228 << 10;
/// What the driver reserves of it for each block.
static constexpr uint64_t kReservedSharedBytes = 1 << 10;
static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

static std::string format(const Dim3 &dim) {
  return llvm::formatv("({0},{1},{2})", dim[0], dim[1], dim[2]).str();
}

static uint64_t product(const Dim3 &dim) {
  return uint64_t(dim[0]) * dim[1] * dim[2];
}

static Dim3 delinearize(uint64_t index, const Dim3 &dim) {
  return {uint32_t(index % dim[0]), uint32_t(index / dim[0] % dim[1]),
          uint32_t(index / dim[0] / dim[1])};
}

//===----------------------------------------------------------------------===//
// Agents: for each block of the cluster its threads; then their cp.async
// engines, what reads and what writes for their bulk copies, the tensor cores
// of warp groups; and then mbarriers, as they are initialised.
//===----------------------------------------------------------------------===//

uint64_t Grid::getThreadsPerBlock() const { return product(config.block); }

uint64_t Grid::getBlocksPerCluster() const { return product(config.cluster); }

uint32_t Cluster::getThreadsPerBlock() const {
  return grid->getThreadsPerBlock();
}

uint32_t Cluster::getAsyncCopyAgent(const Thread &thread) const {
  return blocks.size() * getThreadsPerBlock() + thread.agent;
}

uint32_t Cluster::getBulkReadAgent(const Thread &thread) const {
  return 2 * blocks.size() * getThreadsPerBlock() + thread.agent;
}

uint32_t Cluster::getBulkWriteAgent(const Thread &thread) const {
  return 3 * blocks.size() * getThreadsPerBlock() + thread.agent;
}

uint32_t Cluster::getTensorCoreAgent(const Block &block,
                                     unsigned warpGroup) const {
  return 4 * blocks.size() * getThreadsPerBlock() +
         block.rank * block.warpGroups.size() + warpGroup;
}

std::string Grid::describeAgent(uint32_t domain, uint32_t agent) const {
  uint64_t threads = product(config.block), blocks = product(config.cluster);
  Dim3 first = delinearize(domain - 1, clusterCount);
  auto nameBlock = [&](uint64_t rank) {
    Dim3 block = delinearize(rank, config.cluster);
    for (int i = 0; i < 3; ++i)
      block[i] += first[i] * config.cluster[i];
    return " of block " + format(block);
  };
  uint64_t kind = agent / (threads * blocks);
  uint64_t rest = agent % (threads * blocks);
  if (kind < 4) {
    static const char *const names[] = {"", "cp.async of ", "bulk copies of ",
                                        "bulk copies of "};
    return names[kind] +
           ("thread " + format(delinearize(rest % threads, config.block))) +
           nameBlock(rest / threads);
  }
  uint64_t groups = (threads + 127) / 128;
  rest = agent - 4 * threads * blocks;
  if (rest < groups * blocks)
    return llvm::formatv("tensor cores of warp group {0}", rest % groups)
               .str() +
           nameBlock(rest / groups);
  return "bulk loads" + nameBlock(0);
}

std::string Grid::describeSite(uint32_t site) const {
  const Site &found = (*sites)[site];
  return found.location + ": " + found.instruction;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

std::unique_ptr<Cluster> Grid::makeCluster(uint32_t index, Worker &worker) {
  auto cluster = std::make_unique<Cluster>();
  cluster->grid = this;
  cluster->worker = &worker;
  cluster->domain = index + 1;
  uint64_t threads = product(config.block), count = product(config.cluster);
  cluster->alive = threads * count;
  cluster->stacks = worker.stacks.acquire();
  // Aligned so that the low bits of addresses are offset and rank.
  if (worker.freeWindows.empty())
    worker.freeWindows.push_back(static_cast<uint8_t *>(std::aligned_alloc(
        kMaxClusterBlocks * kSharedWindow, kMaxClusterBlocks * kSharedWindow)));
  cluster->window = worker.freeWindows.back();
  if (!cluster->stacks || !cluster->window)
    return nullptr;
  worker.freeWindows.pop_back();
  Dim3 first = delinearize(index, clusterCount);
  for (uint64_t rank = 0; rank < count; ++rank) {
    auto block = std::make_unique<Block>();
    Dim3 inside = delinearize(rank, config.cluster);
    for (int i = 0; i < 3; ++i)
      block->index[i] = first[i] * config.cluster[i] + inside[i];
    block->cluster = cluster.get();
    block->rank = rank;
    block->shared = cluster->window + rank * kSharedWindow;
    // NaNs for who reads what was never written.
    std::memset(block->shared, 0xff, sharedBytes);
    if (options.detectRaces) {
      if (!worker.freeShadows.empty()) {
        block->shadow = std::move(worker.freeShadows.back());
        worker.freeShadows.pop_back();
      }
      block->shadow.resize(sharedBytes);
    }
    addThreads(*this, *cluster, *block, worker.stacks);
    cluster->blocks.push_back(std::move(block));
  }
  cluster->agents =
      4 * threads * count + count * cluster->blocks[0]->warpGroups.size();
  return cluster;
}

/// Warps whose threads stand at the same place take one line.
void Grid::describeDeadlock(const Cluster &cluster,
                            llvm::raw_ostream &os) const {
  for (const auto &block : cluster.blocks) {
    for (const Warp &warp : block->warps) {
      for (uint32_t left = warp.alive; left;) {
        const Thread &first = *warp.threads[llvm::countr_zero(left)];
        uint32_t lanes = 0;
        for (unsigned lane = 0; lane < 32; ++lane)
          if ((left >> lane & 1) && warp.threads[lane]->site == first.site &&
              warp.threads[lane]->waiting.what == first.waiting.what &&
              warp.threads[lane]->waiting.address == first.waiting.address)
            lanes |= 1u << lane;
        left &= ~lanes;
        os << "\n  block " << format(block->index) << " warp " << warp.index;
        if (lanes != ~0u)
          os << " lanes " << llvm::format_hex(lanes, 10);
        os << ": " << describeSite(first.site) << ", waits for "
           << first.waiting.what;
        llvm::StringRef what = first.waiting.what;
        if (what == "an mbarrier") {
          os << ' ';
          describeMBarrier(*block, first.waiting.address, os);
        } else if (what == "a barrier") {
          const NamedBarrier &barrier = block->barriers[first.waiting.number];
          os << ' ' << first.waiting.number << ", where "
             << barrier.waiting.size() + barrier.arrivedOnly << " of "
             << (barrier.expected ? barrier.expected : block->alive)
             << " threads are";
        } else if (what == "the cluster's barrier") {
          os << ", where " << cluster.barrier.arrived << " of " << cluster.alive
             << " threads have arrived";
        }
      }
    }
  }
}

void Grid::describeResidents(llvm::raw_ostream &os) {
  std::lock_guard<std::mutex> lock(mutex);
  if (nextCluster < totalClusters)
    os << " (" << residentClusters * getBlocksPerCluster() << " of "
       << totalClusters * getBlocksPerCluster()
       << " blocks are resident, no more fit)";
}

/// Whether the grid can run at all, and how much of it at once.
llvm::Error Grid::check() {
  uint64_t threads = product(config.block), count = product(config.cluster);
  if (!threads || threads > kMaxThreads)
    return makeError(llvm::Twine("a block has 1 to 1024 threads, got ") +
                     llvm::Twine(threads));
  if (kernel->maxThreads && threads > kernel->maxThreads)
    return makeError(llvm::Twine("the kernel was compiled for blocks of at "
                                 "most ") +
                     llvm::Twine(kernel->maxThreads) + " threads, got " +
                     llvm::Twine(threads));
  if (!count || count > kMaxClusterBlocks)
    return makeError(llvm::Twine("a cluster has 1 to 16 blocks, got ") +
                     llvm::Twine(count));
  for (int i = 0; i < 3; ++i) {
    if (config.grid[i] == 0 || config.grid[i] % config.cluster[i])
      return makeError("the grid " + format(config.grid) +
                       " is not a multiple of the cluster " +
                       format(config.cluster));
    clusterCount[i] = config.grid[i] / config.cluster[i];
  }
  sharedBytes = kernel->staticSharedBytes;
  if (config.dynamicSharedBytes)
    sharedBytes = kernel->dynamicOffset + config.dynamicSharedBytes;
  if (sharedBytes > kMaxSharedBytes)
    return makeError(
        llvm::Twine("a block has at most ") + llvm::Twine(kMaxSharedBytes) +
        " bytes of shared memory, got " + llvm::Twine(sharedBytes));
  // As many as a GPU would hold at once.
  Occupancy &occupancy = result->statistics.occupancy;
  occupancy.sharedBytes = sharedBytes;
  occupancy.byThreads = kThreadsPerMultiprocessor / llvm::alignTo(threads, 32);
  occupancy.byShared =
      kSharedBytesPerMultiprocessor / (sharedBytes + kReservedSharedBytes);
  occupancy.byBlocks = kBlocksPerMultiprocessor;
  uint64_t maxBlocks = options.maxResidentBlocks
                           ? options.maxResidentBlocks
                           : occupancy.getBlocks() * kMultiprocessors;
  maxClusters = std::max<uint64_t>(1, maxBlocks / count);
  totalClusters = product(clusterCount);
  // Domain 0 is nobody's.
  constexpr uint64_t domains = uint64_t(1) << kDomainBits;
  if (options.detectRaces && totalClusters >= domains)
    return makeError(
        llvm::Twine("the race detector tells ") + llvm::Twine(domains - 1) +
        " clusters of blocks apart, got " + llvm::Twine(totalClusters) +
        "; run a smaller grid, or without it");
  return llvm::Error::success();
}

llvm::Error Grid::run() {
  if (llvm::Error error = check())
    return error;
  uint64_t jobs = options.jobs
                      ? options.jobs
                      : llvm::hardware_concurrency().compute_thread_count();
  jobs = std::min({jobs, maxClusters, totalClusters});
  for (uint64_t i = 0; i < jobs; ++i)
    workers.push_back(std::make_unique<Worker>(*this, i));
  std::vector<std::thread> threads;
  for (const auto &worker : llvm::ArrayRef(workers).drop_front())
    threads.emplace_back([&worker] { worker->run(); });
  workers.front()->run();
  for (std::thread &thread : threads)
    thread.join();
  return failed ? makeError(failure) : llvm::Error::success();
}
