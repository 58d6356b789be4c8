//===- Shuffles.cpp - Shuffles, votes and reductions of warps -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// None of these orders memory: what one lane wrote before a shuffle, another
// may not read after it.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "Machine.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cstring>

using namespace ockham::emulator;

namespace {
enum class ShuffleKind { Butterfly, Up, Down, Index };

struct Shuffle {
  uint32_t value, operand, clamp;
  uint32_t result = 0;
  bool inRange = false;
};

constexpr const char *kShuffleNames[] = {"shfl.sync.bfly", "shfl.sync.up",
                                         "shfl.sync.down", "shfl.sync.idx"};

/// PTX's definition: the clamp operand holds a bound and a mask that splits the
/// warp into segments.
template <ShuffleKind kind>
void exchange(Warp &warp, Meeting &meeting) {
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!meeting.has(lane))
      continue;
    Shuffle &shuffle = meeting.get<Shuffle>(lane);
    uint32_t distance = shuffle.operand & 31, bound = shuffle.clamp & 31;
    uint32_t segment = shuffle.clamp >> 8 & 31;
    uint32_t maxLane = (lane & segment) | (bound & ~segment);
    uint32_t minLane = lane & segment;
    int source = 0;
    if (kind == ShuffleKind::Butterfly)
      source = lane ^ distance;
    else if (kind == ShuffleKind::Up)
      source = int(lane) - int(distance);
    else if (kind == ShuffleKind::Down)
      source = lane + distance;
    else
      source = minLane | (distance & ~segment);
    shuffle.inRange = kind == ShuffleKind::Up ? source >= int(maxLane)
                                              : source <= int(maxLane);
    if (!shuffle.inRange)
      source = lane;
    if (!meeting.has(source))
      fail(llvm::Twine(meeting.name) + ": lane " + llvm::Twine(lane) +
           " reads lane " + llvm::Twine(source) +
           ", which does not take part (mask 0x" +
           llvm::utohexstr(meeting.mask) + ")");
    shuffle.result = meeting.get<Shuffle>(source).value;
  }
}

template <ShuffleKind kind>
Shuffle shuffle(uint32_t mask, uint32_t value, uint32_t operand,
                uint32_t clamp) {
  Shuffle shuffle{value, operand, clamp};
  meetInWarp(kShuffleNames[int(kind)], mask, &shuffle, exchange<kind>);
  return shuffle;
}

template <ShuffleKind kind>
uint32_t shuffleInt(uint32_t mask, uint32_t value, uint32_t operand,
                    uint32_t clamp) {
  return shuffle<kind>(mask, value, operand, clamp).result;
}

template <ShuffleKind kind>
float shuffleFloat(uint32_t mask, float value, uint32_t operand,
                   uint32_t clamp) {
  uint32_t result =
      shuffle<kind>(mask, llvm::bit_cast<uint32_t>(value), operand, clamp)
          .result;
  return llvm::bit_cast<float>(result);
}

struct ValueAndPredicate {
  uint32_t value;
  bool predicate;
};

template <ShuffleKind kind>
void shuffleIntPredicate(ResultSlot *slot, uint32_t mask, uint32_t value,
                         uint32_t operand, uint32_t clamp) {
  Shuffle done = shuffle<kind>(mask, value, operand, clamp);
  *reinterpret_cast<ValueAndPredicate *>(slot) = {done.result, done.inRange};
}

template <ShuffleKind kind>
void shuffleFloatPredicate(ResultSlot *slot, uint32_t mask, float value,
                           uint32_t operand, uint32_t clamp) {
  shuffleIntPredicate<kind>(slot, mask, llvm::bit_cast<uint32_t>(value),
                            operand, clamp);
}

/// A value of each lane, and what all of them get.
struct Vote {
  uint32_t value;
  uint32_t result = 0;
};

template <typename Function>
void forEachLane(const Meeting &meeting, Function function) {
  for (unsigned lane = 0; lane < 32; ++lane)
    if (meeting.has(lane))
      function(lane, meeting.get<Vote>(lane));
}

void ballot(Warp &, Meeting &meeting) {
  uint32_t votes = 0;
  forEachLane(meeting, [&](unsigned lane, Vote &vote) {
    votes |= (vote.value & 1) << lane;
  });
  forEachLane(meeting, [&](unsigned, Vote &vote) { vote.result = votes; });
}

uint32_t voteBallot(uint32_t mask, uint32_t predicate) {
  Vote vote{predicate};
  meetInWarp("vote.sync", mask, &vote, ballot);
  return vote.result;
}
uint32_t voteAny(uint32_t mask, uint32_t predicate) {
  return voteBallot(mask, predicate) != 0;
}
uint32_t voteAll(uint32_t mask, uint32_t predicate) {
  return voteBallot(mask, !(predicate & 1)) == 0;
}
uint32_t voteUniform(uint32_t mask, uint32_t predicate) {
  uint32_t votes = voteBallot(mask, predicate);
  return votes == 0 || votes == (mask & current().warp->alive);
}

void matchAnyInMeeting(Warp &, Meeting &meeting) {
  forEachLane(meeting, [&](unsigned, Vote &vote) {
    forEachLane(meeting, [&](unsigned other, Vote &otherVote) {
      if (otherVote.value == vote.value)
        vote.result |= 1u << other;
    });
  });
}

uint32_t matchAny(uint32_t mask, uint32_t value) {
  Vote vote{value};
  meetInWarp("match.any.sync", mask, &vote, matchAnyInMeeting);
  return vote.result;
}

void matchAll(ResultSlot *slot, uint32_t mask, uint32_t value) {
  uint32_t same = matchAny(mask, value), all = mask & current().warp->alive;
  *reinterpret_cast<ValueAndPredicate *>(slot) = {same == all ? all : 0,
                                                  same == all};
}

enum class Reduction { Add, UMin, UMax, Min, Max, And, Or, Xor };

template <Reduction kind>
uint32_t combine(uint32_t a, uint32_t b) {
  switch (kind) {
  case Reduction::Add:
    return a + b;
  case Reduction::UMin:
    return std::min(a, b);
  case Reduction::UMax:
    return std::max(a, b);
  case Reduction::Min:
    return std::min(int32_t(a), int32_t(b));
  case Reduction::Max:
    return std::max(int32_t(a), int32_t(b));
  case Reduction::And:
    return a & b;
  case Reduction::Or:
    return a | b;
  case Reduction::Xor:
    return a ^ b;
  }
}

template <Reduction kind>
void reduceInMeeting(Warp &, Meeting &meeting) {
  bool first = true;
  uint32_t result = 0;
  forEachLane(meeting, [&](unsigned, Vote &vote) {
    result = first ? vote.value : combine<kind>(result, vote.value);
    first = false;
  });
  forEachLane(meeting, [&](unsigned, Vote &vote) { vote.result = result; });
}

template <Reduction kind>
uint32_t reduce(uint32_t value, uint32_t mask) {
  Vote vote{value};
  meetInWarp("redux.sync", mask, &vote, reduceInMeeting<kind>);
  return vote.result;
}

void electInMeeting(Warp &, Meeting &meeting) {
  uint32_t leader = llvm::countr_zero(meeting.mask);
  forEachLane(meeting, [&](unsigned, Vote &vote) { vote.result = leader; });
}

/// The hardware may elect any lane; here it is the lowest one.
void elect(ResultSlot *slot, uint32_t mask) {
  Vote vote{0};
  meetInWarp("elect.sync", mask, &vote, electInMeeting);
  *reinterpret_cast<ValueAndPredicate *>(slot) = {
      vote.result, vote.result == current().lane};
}

/// Lanes run on their own between collectives, so each is active alone.
uint32_t getActiveMask() { return 1u << current().lane; }
} // namespace

template <ShuffleKind kind>
static void addShuffle(HandlerTable &table, const std::string &name) {
  std::string prefix = "llvm.nvvm.shfl.sync." + name;
  table.add(prefix + ".i32", shuffleInt<kind>);
  table.add(prefix + ".f32", shuffleFloat<kind>);
  table.add(prefix + ".i32p", shuffleIntPredicate<kind>);
  table.add(prefix + ".f32p", shuffleFloatPredicate<kind>);
}

void ockham::emulator::addShuffleHandlers(HandlerTable &table) {
  addShuffle<ShuffleKind::Butterfly>(table, "bfly");
  addShuffle<ShuffleKind::Up>(table, "up");
  addShuffle<ShuffleKind::Down>(table, "down");
  addShuffle<ShuffleKind::Index>(table, "idx");
  table.add("llvm.nvvm.vote.ballot.sync", voteBallot);
  table.add("llvm.nvvm.vote.any.sync", voteAny);
  table.add("llvm.nvvm.vote.all.sync", voteAll);
  table.add("llvm.nvvm.vote.uni.sync", voteUniform);
  table.add("llvm.nvvm.match.any.sync.i32", matchAny);
  table.add("llvm.nvvm.match.all.sync.i32p", matchAll);
  std::string redux = "llvm.nvvm.redux.sync.";
  table.add(redux + "add", reduce<Reduction::Add>);
  table.add(redux + "umin", reduce<Reduction::UMin>);
  table.add(redux + "umax", reduce<Reduction::UMax>);
  table.add(redux + "min", reduce<Reduction::Min>);
  table.add(redux + "max", reduce<Reduction::Max>);
  table.add(redux + "and", reduce<Reduction::And>);
  table.add(redux + "or", reduce<Reduction::Or>);
  table.add(redux + "xor", reduce<Reduction::Xor>);
  table.add("llvm.nvvm.elect.sync", elect);
  table.add("llvm.nvvm.activemask", getActiveMask);
}
