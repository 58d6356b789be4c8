//===- Machine.h - The state of a running grid ------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Threads, warps, blocks, clusters, and what the instruction families may do
// with them: find the running thread, meet with others, wait, access memory.
//
// An instruction that fails ends the grid and never returns: its fiber is
// abandoned as it stands. So nothing that owns memory may live across a call
// that can block or fail, other than in the structures below.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_MACHINE_H
#define OCKHAM_LIB_EMULATOR_MACHINE_H

#include "Fiber.h"
#include "Profile.h"
#include "Shadow.h"
#include "VectorClock.h"
#include "ockham/Emulator/Emulator.h"
#include "llvm/ADT/FunctionExtras.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

#include <atomic>
#include <mutex>
#include <set>

namespace ockham::emulator {

struct Block;
struct Cluster;
struct Grid;
struct Warp;
struct Worker;

/// Where an instruction of a kernel came from.
struct Site {
  std::string instruction;
  /// "file:line:column", or the function without debug information.
  std::string location;
};

/// The blocks' windows of shared memory lie side by side, so that the low bits
/// of an address are what the GPU has in its 18-bit matrix descriptors, and
/// those above the rank in the cluster.
constexpr uint64_t kSharedWindow = uint64_t(1) << 18;
constexpr unsigned kMaxClusterBlocks = 16;
/// What a block may have, on sm_80 and later.
constexpr uint64_t kMaxSharedBytes = 227 << 10;
constexpr unsigned kMaxThreads = 1024;

/// What a thread is waiting for, for reports of deadlocks.
struct Waiting {
  const char *what = "";
  /// Further facts: the meaning depends on `what`.
  uint64_t address = 0;
  uint32_t number = 0;
};

/// First in, first out. Unlike std::deque it allocates nothing as long as it is
/// empty, which most threads' queues always are.
template <typename T>
class Queue {
public:
  bool empty() const { return first == elements.size(); }
  size_t size() const { return elements.size() - first; }
  T &front() { return elements[first]; }
  T &operator[](size_t i) { return elements[first + i]; }
  void push_back(T element) { elements.push_back(std::move(element)); }
  void pop_front() {
    // What has been taken goes in large pieces.
    if (++first == elements.size() || first == 64) {
      elements.erase(elements.begin(), elements.begin() + first);
      first = 0;
    }
  }

private:
  std::vector<T> elements;
  size_t first = 0;
};

/// One cp.async that has been issued but not done.
struct AsyncCopy {
  uint8_t *destination;
  const uint8_t *source;
  /// The rest of `bytes` is filled with zeros.
  uint32_t sourceBytes, bytes;
  uint32_t time;
};

/// The cp.async of one thread.
struct AsyncCopyQueue {
  Queue<AsyncCopy> pending;
  /// The time of the last copy of each committed group that has not been
  /// waited for.
  Queue<uint32_t> groups;
  uint32_t time = 0, committed = 0; ///< Of the last copy, and of a group's.
};

/// The bulk stores of one thread, which it waits for in groups.
struct BulkCopyQueue {
  struct Copy {
    llvm::unique_function<void()> run;
    uint32_t time;
  };
  Queue<Copy> pending;
  /// The time of the last copy of each committed group that has not been
  /// waited for.
  Queue<uint32_t> groups;
  uint32_t time = 0;
  /// Up to where the thread knows that shared memory has been read.
  uint32_t readTime = 0;
};

/// What is remembered of an instance of wgmma until it is waited for.
struct WarpGroupProgress {
  uint32_t issued = 0, committed = 0, waited = 0;
  llvm::SmallVector<uint32_t, 4> groups;
  /// wgmma.fence since the last commit.
  bool fenced = false;
};

struct Thread {
  /// The instruction that is running; compiled code stores it here.
  uint32_t site = 0;
  bool done = false;
  uint8_t lane = 0;
  /// In the block, and in its cluster, which is also its agent.
  uint32_t linear = 0;
  uint32_t agent = 0;
  Dim3 index = {};
  Block *block = nullptr;
  Warp *warp = nullptr;
  Fiber fiber;
  Waiting waiting;

  /// The thread's own time, and what it knows of others.
  uint32_t time = 1;
  VectorClock clock;
  /// What of that the async proxy sees.
  VectorClock proxy;
  /// What the last fence for the whole GPU has made ready to be published by a
  /// relaxed write, and what relaxed reads have seen that a fence would
  /// acquire.
  VectorClock fenced, seen;
  bool hasFenced = false, fencedNarrow = false, hasSeen = false;

  AsyncCopyQueue asyncCopies;
  BulkCopyQueue bulkCopies;
  WarpGroupProgress matrices;
  /// The thread's last atomic access: where, of what, and what it found there.
  uint32_t pollSite = 0;
  uint64_t pollAddress = 0, pollValue = 0;
  /// How often it has arrived at its cluster's barrier, and waited there.
  uint32_t clusterArrivals = 0, clusterWaits = 0;
};

/// Lanes that execute one instruction together.
struct Meeting {
  const char *name;
  uint32_t mask;
  uint32_t arrived = 0;
  void (*body)(Warp &, Meeting &);
  void *arguments[32];

  template <typename T>
  T &get(unsigned lane) const {
    return *static_cast<T *>(arguments[lane]);
  }
  bool has(unsigned lane) const { return mask >> lane & 1; }
};

struct Warp {
  Block *block = nullptr;
  uint32_t index = 0;
  uint32_t alive = 0, ready = 0, polling = 0;
  Thread *threads[32] = {};
  llvm::SmallVector<Meeting, 1> meetings;
};

/// 128 threads at an instruction of wgmma.
struct WarpGroupMeeting {
  const char *name = nullptr;
  uint32_t arrived = 0;
  void *arguments[128];
};

/// One of the sixteen barriers of a block.
struct NamedBarrier {
  llvm::SmallVector<Thread *, 0> waiting;
  /// Threads that arrived without waiting.
  uint32_t arrivedOnly = 0;
  /// Threads that complete it, or 0 for all that have not exited.
  uint32_t expected = 0;
  VectorClock clock, proxy;
  /// Of barrier.red: the number of threads with a true predicate.
  uint32_t trueCount = 0;
  uint32_t lastTrueCount = 0, lastCount = 0;
};

/// The barrier of a cluster. Threads arrive and wait in two instructions.
struct ClusterBarrier {
  uint32_t arrived = 0;
  uint32_t completed = 0;
  VectorClock clock, proxy, lastClock, lastProxy;
  llvm::SmallVector<Thread *, 0> waiting;
};

/// What is known about an mbarrier besides its 64 bits.
struct MBarrier {
  uint32_t expectedCount = 0, pendingCount = 0;
  int64_t pendingBytes = 0;
  uint32_t phase = 0;
  /// What completing the current phase, and the last completed one, passes on.
  VectorClock clock, proxy, lastClock, lastProxy;
  llvm::SmallVector<Thread *, 0> waiting;
  /// The engine of the bulk loads that report to this barrier. Loads have times
  /// 1 to `issued`; those in `inFlight` are not complete.
  uint32_t agent = 0, issued = 0;
  std::set<uint32_t> inFlight;
  /// Who initialised it, and when.
  uint32_t initAgent = 0, initTime = 0;
  /// Whether a fence has made that visible to the async proxy.
  bool initFenced = false;
};

struct Block {
  Cluster *cluster = nullptr;
  Dim3 index = {};
  uint32_t rank = 0;
  uint32_t alive = 0;
  uint8_t *shared = nullptr;
  std::vector<Thread> threads;
  std::vector<Warp> warps;
  std::vector<WarpGroupMeeting> warpGroups;
  std::vector<uint32_t> tensorCoreTimes;
  NamedBarrier barriers[16];
  /// By offset in shared memory.
  std::map<uint32_t, MBarrier> mbarriers;
  ShadowCells shadow;
  /// What the threads that have exited knew.
  VectorClock exitClock;
};

/// Asynchronous work that no thread waits for by itself: bulk loads.
struct ClusterWork {
  llvm::unique_function<void()> run;
};

/// What synchronises threads through a word of memory.
struct SyncVariable {
  /// What has been published, as somebody of `domain` knows it.
  VectorClock clock;
  uint32_t domain = 0;
  /// Published for the block only.
  bool narrow = false;

  /// A copy whose clock shares nothing with this one.
  SyncVariable clone() const { return {clock.clone(), domain, narrow}; }
};

struct Cluster {
  Grid *grid = nullptr;
  Worker *worker = nullptr;
  /// One more than its linear index: the domain of its agents.
  uint32_t domain = 0;
  uint32_t alive = 0;
  /// Agents without those of mbarriers, and with them.
  uint32_t agents = 0;
  char *stacks = nullptr;
  uint8_t *window = nullptr;
  std::vector<std::unique_ptr<Block>> blocks;
  std::vector<Warp *> warps;
  size_t lastWarp = 0;
  std::vector<ClusterWork> work;
  ClusterBarrier barrier;
  /// Of words in its shared memory.
  std::map<uint64_t, SyncVariable> syncVariables;

  bool hasReady() const;
  bool hasPolling() const;
  uint32_t getThreadsPerBlock() const;
  /// The engines of a thread.
  uint32_t getAsyncCopyAgent(const Thread &thread) const;
  /// Bulk copies read first and write later, which can be waited for apart.
  uint32_t getBulkReadAgent(const Thread &thread) const;
  uint32_t getBulkWriteAgent(const Thread &thread) const;
  uint32_t getTensorCoreAgent(const Block &block, unsigned warpGroup) const;
};

struct KernelCode {
  void (*entry)(void **arguments) = nullptr;
  uint64_t staticSharedBytes = 0;
  /// Where dynamic shared memory begins.
  uint64_t dynamicOffset = 0;
  /// Of one thread's stack.
  uint64_t stackBytes = 0;
  /// What the kernel was compiled for, or 0.
  uint32_t maxThreads = 0;
};

struct Grid {
  const KernelCode *kernel = nullptr;
  llvm::StringRef kernelName;
  const std::vector<Site> *sites = nullptr;
  /// Memory of the module's own variables, as begin and end.
  llvm::ArrayRef<std::pair<uint64_t, uint64_t>> variables;
  LaunchConfig config;
  Options options;
  DeviceMemory *memory = nullptr;
  void **arguments = nullptr;
  LaunchResult *result = nullptr;

  Dim3 clusterCount = {};
  uint64_t sharedBytes = 0;
  /// How many clusters there are, and how many may be resident.
  uint64_t totalClusters = 0, maxClusters = 0;
  std::atomic<bool> failed = false;
  GlobalShadow globalShadow;
  std::vector<std::unique_ptr<Worker>> workers;

  /// What the workers share otherwise is under this lock.
  std::mutex mutex;
  std::string failure;
  uint64_t nextCluster = 0, residentClusters = 0;
  std::set<std::tuple<int, uint32_t, uint32_t>> reported;
  /// Held from where an atomic access is announced until it has been made, if
  /// there are several workers.
  std::mutex atomicMutex;
  /// Nobody else refers to what these clocks consist of.
  std::map<uint64_t, SyncVariable> syncVariables;

  llvm::Error run();
  bool isParallel() const { return workers.size() > 1; }
  uint64_t getThreadsPerBlock() const;
  uint64_t getBlocksPerCluster() const;
  /// What a site is called in messages.
  std::string describeSite(uint32_t site) const;
  /// What an agent is called, e.g. "thread (3,0,0) of block (1,0,0)".
  std::string describeAgent(uint32_t domain, uint32_t agent) const;

private:
  friend struct Worker;
  friend void addThreads(Grid &, Cluster &, Block &, StackPool &);
  llvm::Error check();
  std::unique_ptr<Cluster> makeCluster(uint32_t index, Worker &worker);
  void describeDeadlock(const Cluster &cluster, llvm::raw_ostream &os) const;
  /// How many blocks are resident, if not all are.
  void describeResidents(llvm::raw_ostream &os);
};

/// A count that one thread increments and others may read.
class Counter {
public:
  void operator++() { count.store(get() + 1, std::memory_order_relaxed); }
  uint64_t get() const { return count.load(std::memory_order_relaxed); }

private:
  std::atomic<uint64_t> count = 0;
};

/// An OS thread that runs clusters, with what only it touches.
struct Worker {
  Worker(Grid &grid, unsigned index);
  ~Worker();

  Grid &grid;
  uint64_t random;
  /// Nothing is random: neither threads nor completions.
  bool inOrder;
  Fiber mainFiber;
  StackPool stacks;
  std::vector<std::unique_ptr<Cluster>> resident;
  /// Of clusters that have ended, for the next ones.
  std::vector<uint8_t *> freeWindows;
  std::vector<ShadowCells> freeShadows;
  Traffic shared, global;
  uint64_t switches = 0, blocks = 0;
  std::vector<uint64_t> instructionCounts;
  Profile profile;

  /// Things that happened other than polling.
  Counter events;
  /// For how many rounds all have done nothing but poll, and up to which of all
  /// events that is known.
  std::atomic<unsigned> idleRounds = 0;
  std::atomic<uint64_t> eventsSeen = 0;
  std::atomic<bool> done = false;

  void run();
  uint64_t nextRandom();

private:
  void runCluster(Cluster &cluster);
  bool beginCluster();
  void endCluster(size_t index);
  void fail(const llvm::Twine &message);
  bool isDeadlock(uint64_t events);
};

//===----------------------------------------------------------------------===//
// For instructions
//===----------------------------------------------------------------------===//

/// The running thread. The address of a fiber's thread-local variables is that
/// of the OS thread it stays on.
extern thread_local Thread *currentThread
    __attribute__((tls_model("initial-exec")));
inline Thread &current() { return *currentThread; }
inline Grid &grid() { return *current().block->cluster->grid; }
inline Worker &worker() { return *current().block->cluster->worker; }
inline bool detectsRaces() { return grid().options.detectRaces; }

/// Ends the grid with an error about the current instruction.
[[noreturn]] void fail(const llvm::Twine &message);

/// Ends the grid as soon as the current thread or engine gives way; for code
/// that runs on behalf of engines, outside of any thread.
void recordFailure(const llvm::Twine &message);
/// Leaves the thread for good if a failure has been recorded.
void endIfFailed();

/// Stops the current thread until it is woken.
void block(const Waiting &waiting);
void wake(Thread &thread);
/// Lets everybody else run, because the current thread looks at something again
/// and again that another must change.
void poll(const Waiting &waiting);

/// Meets all lanes of `mask` that have not exited at the instruction `name`;
/// the last of them runs `body`.
void meetInWarp(const char *name, uint32_t mask, void *arguments,
                void (*body)(Warp &, Meeting &));
/// Meets all threads of a warp group. Returns true for the last one, which does
/// what there is to do and then calls `releaseWarpGroup`; all others return
/// after that.
bool meetInWarpGroup(const char *name, void *arguments,
                     WarpGroupMeeting *&meeting);
void releaseWarpGroup(WarpGroupMeeting &meeting);

/// The thread's knowledge goes to a barrier, and the thread's time moves on.
void release(Thread &thread, VectorClock &clock, VectorClock &proxy);

/// Where an address of shared memory lies: in which block of the current
/// cluster, at which offset. Fails for other addresses.
struct SharedPlace {
  Block *block;
  uint32_t offset;
};
SharedPlace locateShared(const void *address, uint64_t bytes,
                         const char *instruction);
/// The host's address of what an instruction was given as a 32-bit or 64-bit
/// shared address.
uint8_t *getSharedAddress(uint64_t address);

/// Reports a finding once per pair of sites.
void report(Report::Kind kind, uint32_t site, uint32_t otherSite,
            const llvm::Twine &message);
/// Checks and records an access to shared or global memory by the current
/// thread, or by an engine of it.
void accessMemory(const void *address, uint64_t bytes, uint8_t flags);
void accessMemoryAs(Actor &actor, const void *address, uint64_t bytes,
                    uint8_t flags);
/// The same for shared memory that has been located, with the race detector on.
void accessSharedAs(Actor &actor, const SharedPlace &place, uint64_t bytes,
                    uint8_t flags);
/// Notes an access by a lane of a warp in the grid's profile.
void addToProfile(const Thread &thread, const void *address, uint64_t bytes);
inline void profileAccess(const Thread &thread, const void *address,
                          uint64_t bytes) {
  if (thread.block->cluster->grid->options.profile)
    addToProfile(thread, address, bytes);
}
/// A thread as an actor.
Actor getActor(const Thread &thread);
/// An engine that begins something on behalf of the current thread.
Actor getEngineActor(uint32_t agent, uint32_t time);
SyncVariable &getSyncVariable(uint64_t address);
/// "shared memory + 0x40 of block (0,0,0)" and the like.
std::string describeAddress(uint64_t address);

//===----------------------------------------------------------------------===//
// Between the families
//===----------------------------------------------------------------------===//

/// An exited thread no longer counts for barriers of its block and cluster.
void updateBarriersAfterExit(Thread &thread);
/// For reports of deadlocks.
void describeMBarrier(const Block &block, uint32_t offset,
                      llvm::raw_ostream &os);
/// Reports asynchronous work that nobody waited for.
void checkPendingAtExit(Thread &thread);
/// Reports what others may still do to the shared memory of a block that ends.
void checkBlockEnd(Block &block);

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_MACHINE_H
