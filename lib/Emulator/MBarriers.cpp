//===- MBarriers.cpp - mbarrier: arrivals, transactions, waits ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A phase is complete when no arrivals and no bytes are pending. It passes on
// what those who arrived knew, and the loads whose bytes have been counted.
//
//===----------------------------------------------------------------------===//

#include "MBarriers.h"
#include "Handlers.h"
#include "llvm/Support/raw_ostream.h"

using namespace ockham::emulator;

/// PTX's bounds.
static constexpr uint32_t kMaxCount = (1 << 20) - 1;
static constexpr int64_t kMaxBytes = (1 << 20) - 1;

MBarrierPlace ockham::emulator::checkMBarrier(const uint64_t *address,
                                              const char *instruction) {
  SharedPlace place = locateShared(address, 8, instruction);
  auto it = place.block->mbarriers.find(place.offset);
  if (it == place.block->mbarriers.end())
    fail(llvm::Twine(instruction) + ": there is no initialised mbarrier at " +
         describeAddress(reinterpret_cast<uint64_t>(address)));
  MBarrier &barrier = it->second;
  const Thread &thread = current();
  if (detectsRaces() && barrier.initAgent != thread.agent &&
      thread.clock.own.get(barrier.initAgent) < barrier.initTime)
    report(
        Report::Kind::BarrierInitialization, thread.site, 0,
        "the mbarrier at " +
            describeAddress(reinterpret_cast<uint64_t>(address)) +
            " is used by " +
            grid().describeAgent(thread.block->cluster->domain, thread.agent) +
            " at " + grid().describeSite(thread.site) +
            " without synchronisation with its initialisation by " +
            grid().describeAgent(thread.block->cluster->domain,
                                 barrier.initAgent));
  return {place.block, place.offset, &barrier};
}

static void completePhaseIfDone(MBarrier &barrier) {
  if (barrier.pendingCount || barrier.pendingBytes)
    return;
  ++barrier.phase;
  barrier.pendingCount = barrier.expectedCount;
  barrier.lastClock = std::move(barrier.clock);
  barrier.lastProxy = std::move(barrier.proxy);
  barrier.clock.clear();
  barrier.proxy.clear();
  // Loads that are still on their way have not been counted by anybody.
  uint32_t done =
      barrier.inFlight.empty() ? barrier.issued : *barrier.inFlight.begin() - 1;
  barrier.lastClock.own.raise(barrier.agent, done);
  barrier.lastClock.share();
  barrier.lastProxy.share();
  for (Thread *thread : barrier.waiting)
    wake(*thread);
  barrier.waiting.clear();
}

static void expectBytes(MBarrier &barrier, int64_t bytes) {
  barrier.pendingBytes += bytes;
  if (barrier.pendingBytes > kMaxBytes || barrier.pendingBytes < -kMaxBytes)
    recordFailure("an mbarrier counts at most " + llvm::Twine(kMaxBytes) +
                  " pending bytes, got " + llvm::Twine(barrier.pendingBytes));
}

static void countArrivals(MBarrier &barrier, uint32_t count) {
  if (count > barrier.pendingCount)
    recordFailure("an mbarrier whose phase waits for " +
                  llvm::Twine(barrier.pendingCount) + " of " +
                  llvm::Twine(barrier.expectedCount) + " arrivals gets " +
                  llvm::Twine(count));
  barrier.pendingCount -= count;
}

/// Returns the phase that the arrival belongs to. A relaxed arrival, one that
/// is not `ordered`, passes on nothing.
static uint64_t arrive(const uint64_t *address, uint32_t count, int64_t bytes,
                       const char *instruction, bool ordered) {
  Thread &thread = current();
  MBarrier &barrier = *checkMBarrier(address, instruction).barrier;
  ++worker().events;
  uint64_t phase = barrier.phase;
  expectBytes(barrier, bytes);
  countArrivals(barrier, count);
  endIfFailed();
  if (detectsRaces() && count && ordered)
    release(thread, barrier.clock, barrier.proxy);
  completePhaseIfDone(barrier);
  return phase;
}

void ockham::emulator::addPendingArrival(const uint64_t *address) {
  MBarrier &barrier =
      *checkMBarrier(address, "cp.async.mbarrier.arrive").barrier;
  if (barrier.pendingCount == kMaxCount)
    fail("an mbarrier counts at most " + llvm::Twine(kMaxCount) + " arrivals");
  ++barrier.pendingCount;
}

void ockham::emulator::arriveFromEngine(const Thread &issuer,
                                        const uint64_t *address, uint32_t agent,
                                        uint32_t time) {
  uint32_t offset =
      reinterpret_cast<const uint8_t *>(address) - issuer.block->shared;
  auto it = issuer.block->mbarriers.find(offset);
  if (it == issuer.block->mbarriers.end())
    return;
  MBarrier &barrier = it->second;
  countArrivals(barrier, 1);
  if (detectsRaces())
    barrier.clock.own.raise(agent, time);
  completePhaseIfDone(barrier);
}

uint32_t ockham::emulator::beginBulkLoad(MBarrier &barrier) {
  barrier.inFlight.insert(++barrier.issued);
  return barrier.issued;
}

void ockham::emulator::completeBulkLoad(MBarrier &barrier, uint32_t time,
                                        uint64_t bytes) {
  barrier.inFlight.erase(time);
  expectBytes(barrier, -int64_t(bytes));
  completePhaseIfDone(barrier);
}

void ockham::emulator::describeMBarrier(const Block &block, uint32_t offset,
                                        llvm::raw_ostream &os) {
  os << "at shared memory + 0x" << llvm::utohexstr(offset);
  auto it = block.mbarriers.find(offset);
  if (it == block.mbarriers.end())
    return;
  const MBarrier &barrier = it->second;
  os << ", whose phase " << barrier.phase << " lacks " << barrier.pendingCount
     << " of " << barrier.expectedCount << " arrivals and "
     << barrier.pendingBytes << " bytes";
}

namespace {
void initialize(uint64_t *address, uint32_t count) {
  const char *name = "mbarrier.init";
  Thread &thread = current();
  SharedPlace place = locateShared(address, 8, name);
  if (place.offset % 8)
    fail("an mbarrier must be aligned to 8 bytes, got " +
         describeAddress(reinterpret_cast<uint64_t>(address)));
  if (!count || count > kMaxCount)
    fail("an mbarrier takes 1 to " + llvm::Twine(kMaxCount) +
         " arrivals, got " + llvm::Twine(count));
  if (place.block->mbarriers.count(place.offset))
    fail("there is an mbarrier at " +
         describeAddress(reinterpret_cast<uint64_t>(address)) +
         " already, which has not been invalidated");
  accessMemory(address, 8, kWrite);
  MBarrier &barrier = place.block->mbarriers[place.offset];
  barrier.expectedCount = barrier.pendingCount = count;
  barrier.agent = thread.block->cluster->agents++;
  barrier.initAgent = thread.agent;
  barrier.initTime = thread.time;
  *address = 0;
}

void invalidate(uint64_t *address) {
  MBarrierPlace place = checkMBarrier(address, "mbarrier.inval");
  place.block->mbarriers.erase(place.offset);
}

uint64_t arriveOnce(uint64_t *address) {
  return arrive(address, 1, 0, "mbarrier.arrive", true);
}
template <bool ordered>
uint64_t arriveSeveral(uint64_t *address, uint32_t count) {
  return arrive(address, count, 0, "mbarrier.arrive", ordered);
}
template <bool ordered>
void arriveAtCluster(uint64_t *address, uint32_t count) {
  arriveSeveral<ordered>(address, count);
}
template <bool ordered>
uint64_t arriveExpecting(uint64_t *address, uint32_t bytes) {
  return arrive(address, 1, bytes, "mbarrier.arrive.expect_tx", ordered);
}
template <bool ordered>
void arriveExpectingAtCluster(uint64_t *address, uint32_t bytes) {
  arriveExpecting<ordered>(address, bytes);
}
void expectOnly(uint64_t *address, uint32_t bytes) {
  arrive(address, 0, bytes, "mbarrier.expect_tx", false);
}
void completeOnly(uint64_t *address, uint32_t bytes) {
  arrive(address, 0, -int64_t(bytes), "mbarrier.complete_tx", false);
}

enum class PhaseName { Parity, State };

/// How a wait names the phase, and whether it acquires what that passes on.
template <PhaseName name, bool ordered>
struct Wait {
  using Phase =
      std::conditional_t<name == PhaseName::Parity, uint32_t, uint64_t>;

  static bool isOver(const MBarrier &barrier, Phase phase) {
    bool over = name == PhaseName::Parity ? (barrier.phase & 1) != (phase & 1)
                                          : barrier.phase != uint32_t(phase);
    if (over && ordered && detectsRaces()) {
      Thread &thread = current();
      thread.clock.join(barrier.lastClock);
      thread.proxy.join(barrier.lastProxy);
    }
    return over;
  }

  static uint32_t test(uint64_t *address, Phase phase) {
    MBarrierPlace place = checkMBarrier(address, "mbarrier.test_wait");
    if (isOver(*place.barrier, phase))
      return true;
    poll({"an mbarrier", place.offset, 0});
    return isOver(*place.barrier, phase);
  }

  static uint32_t tryWait(uint64_t *address, Phase phase) {
    MBarrierPlace place = checkMBarrier(address, "mbarrier.try_wait");
    if (isOver(*place.barrier, phase))
      return true;
    Grid &running = grid();
    // The hardware may give up early: who does not try again is wrong.
    if (running.options.schedule == Schedule::Random &&
        worker().nextRandom() % 4 == 0) {
      poll({"an mbarrier", place.offset, 0});
    } else {
      place.barrier->waiting.push_back(&current());
      block({"an mbarrier", place.offset, 0});
    }
    return isOver(*place.barrier, phase);
  }

  /// A time limit only says how long it may take.
  static uint32_t tryWaitFor(uint64_t *address, Phase phase, uint32_t) {
    return tryWait(address, phase);
  }
};

} // namespace

//===----------------------------------------------------------------------===//
// Inline PTX: the first operand is what arrive returns or `_`, or the predicate
// of a wait; then the address.
//===----------------------------------------------------------------------===//

static llvm::Error translateArrive(const PTXInstruction &instruction,
                                   PTXBuilder &builder) {
  bool expects = llvm::StringRef(instruction.opcode).contains("expect_tx");
  PTXInstruction call = instruction;
  if (!call.operands.empty() && call.operands[0].kind == PTXOperand::Address) {
    // Without a destination.
    call.operands.insert(call.operands.begin(), PTXOperand());
    call.operands[0].kind = PTXOperand::Sink;
  }
  const char *handler = "llvm.nvvm.mbarrier.arrive.shared";
  if (expects)
    handler = "llvm.nvvm.mbarrier.arrive.expect.tx.scope.cta.space.cta";
  else if (call.operands.size() == 3)
    handler = "llvm.nvvm.mbarrier.arrive.scope.cta.space.cta";
  return translateToCall(handler, 1, call, builder);
}

static llvm::Error translateWait(const PTXInstruction &instruction,
                                 PTXBuilder &builder) {
  llvm::StringRef opcode = instruction.opcode;
  bool parity = opcode.contains(".parity");
  std::string handler = opcode.contains("try_wait")
                            ? "llvm.nvvm.mbarrier.try.wait."
                            : "llvm.nvvm.mbarrier.test.wait.";
  handler += parity ? "parity.scope.cta.space.cta" : "scope.cta.space.cta";
  PTXInstruction call = instruction;
  // A time limit only says how long it may take.
  if (call.operands.size() == 4)
    call.operands.pop_back();
  return translateToCall(handler, 1, call, builder);
}

template <bool ordered>
static void addScopedHandlers(HandlerTable &table) {
  const std::string prefix = "llvm.nvvm.mbarrier.";
  const std::string order = ordered ? "." : ".relaxed.";
  for (const char *scope : {"cta", "cluster"}) {
    std::string own = order + "scope." + scope + ".space.cta";
    std::string any = order + "scope." + scope + ".space.cluster";
    table.add(prefix + "arrive" + own, arriveSeveral<ordered>);
    table.add(prefix + "arrive" + any, arriveAtCluster<ordered>);
    table.add(prefix + "arrive.expect.tx" + own, arriveExpecting<ordered>);
    table.add(prefix + "arrive.expect.tx" + any,
              arriveExpectingAtCluster<ordered>);
    using State = Wait<PhaseName::State, ordered>;
    using Parity = Wait<PhaseName::Parity, ordered>;
    table.add(prefix + "test.wait" + own, State::test);
    table.add(prefix + "test.wait.parity" + own, Parity::test);
    table.add(prefix + "try.wait" + own, State::tryWait);
    table.add(prefix + "try.wait.parity" + own, Parity::tryWait);
    table.add(prefix + "try.wait.tl" + own, State::tryWaitFor);
    table.add(prefix + "try.wait.parity.tl" + own, Parity::tryWaitFor);
  }
}

void ockham::emulator::addMBarrierHandlers(HandlerTable &table) {
  const std::string prefix = "llvm.nvvm.mbarrier.";
  for (const char *space : {"", ".shared"}) {
    table.add(prefix + "init" + space, initialize);
    table.add(prefix + "inval" + space, invalidate);
    table.add(prefix + "arrive" + space, arriveOnce);
    table.add(prefix + "test.wait" + space, Wait<PhaseName::State, true>::test);
  }
  for (const char *scope : {"cta", "cluster"})
    for (const char *space : {"cta", "cluster"}) {
      std::string suffix = std::string(".scope.") + scope + ".space." + space;
      table.add(prefix + "expect.tx" + suffix, expectOnly);
      table.add(prefix + "complete.tx" + suffix, completeOnly);
    }
  addScopedHandlers<true>(table);
  addScopedHandlers<false>(table);

  table.addPTX("mbarrier.arrive", translateArrive);
  table.addPTX("mbarrier.arrive.expect_tx", translateArrive);
  table.addPTX("mbarrier.try_wait", translateWait);
  table.addPTX("mbarrier.test_wait", translateWait);
  table.addPTX("mbarrier.init",
               [](const PTXInstruction &instruction, PTXBuilder &builder) {
                 return translateToCall("llvm.nvvm.mbarrier.init.shared", 0,
                                        instruction, builder);
               });
  table.addPTX("mbarrier.expect_tx", [](const PTXInstruction &instruction,
                                        PTXBuilder &builder) {
    return translateToCall("llvm.nvvm.mbarrier.expect.tx.scope.cta.space.cta",
                           0, instruction, builder);
  });
}
