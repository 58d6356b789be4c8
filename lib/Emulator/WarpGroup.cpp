//===- WarpGroup.cpp - wgmma: tensor cores of a warp group ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product is computed when it is issued, from what shared memory holds then.
// That the operands were there, and stay there until the product is waited for,
// is up to the race detector, for which the tensor cores are an agent that
// reads at the same time. Accumulators carry the time of the product that last
// wrote them; compiled code checks it where anything else uses them.
//
//===----------------------------------------------------------------------===//

#include "WarpGroup.h"
#include "Handlers.h"
#include "Machine.h"
#include "NumberFormats.h"
#include "TensorMap.h"

#include <cstring>
#include <memory>

using namespace ockham::emulator;

namespace {
/// Where a matrix lies in shared memory, from its 64-bit descriptor.
struct MatrixDescriptor {
  explicit MatrixDescriptor(uint64_t bits)
      : start((bits & 0x3fff) << 4), leading((bits >> 16 & 0x3fff) << 4),
        stride((bits >> 32 & 0x3fff) << 4), baseOffset(bits >> 49 & 7) {
    // 128, 64 and 32 bytes are 1, 2 and 3.
    using Swizzle = TensorMap::Swizzle;
    static constexpr Swizzle modes[] = {Swizzle::None, Swizzle::Bytes128,
                                        Swizzle::Bytes64, Swizzle::Bytes32};
    mode = modes[bits >> 62];
  }

  /// The offset in shared memory of the 16 bytes that hold k-bytes `kChunk` *
  /// 16 to +15 of row `row`.
  uint32_t getKMajor(uint32_t row, uint32_t kChunk) const {
    uint32_t offset = start + row / 8 * stride;
    if (mode == TensorMap::Swizzle::None)
      offset += row % 8 * 16 + kChunk * leading;
    else
      offset += row % 8 * getAtomBytes() + kChunk * 16;
    return wrap(offset);
  }
  /// The same for eight rows, `rowChunk` * 8 to +7, at one k.
  uint32_t getRowMajor(uint32_t rowChunk, uint32_t k) const {
    uint32_t offset = start;
    if (mode == TensorMap::Swizzle::None) {
      offset += rowChunk * stride + k / 8 * leading + k % 8 * 16;
    } else {
      uint32_t chunks = getAtomBytes() / 16;
      offset += rowChunk % chunks * 16 + rowChunk / chunks * leading +
                k / 8 * stride + k % 8 * getAtomBytes();
    }
    return wrap(offset);
  }

  uint32_t start, leading, stride, baseOffset;
  TensorMap::Swizzle mode;

private:
  uint32_t getAtomBytes() const { return 16u << unsigned(mode); }
  uint32_t wrap(uint32_t offset) const {
    return swizzle(offset % kSharedWindow, mode);
  }
};

/// The operands as f32.
struct Operands {
  float a[64][kMaxWarpGroupK];
  float b[kMaxWarpGroupK][kMaxWarpGroupN];
  float c[64][kMaxWarpGroupN];
};
} // namespace

static float getElement(const uint8_t *bytes, WarpGroupType type) {
  uint16_t half;
  uint32_t word;
  switch (type) {
  case WarpGroupType::BF16:
    std::memcpy(&half, bytes, 2);
    return BFloat16Format::get(half, 0);
  case WarpGroupType::F16:
    std::memcpy(&half, bytes, 2);
    return HalfFormat::get(half, 0);
  case WarpGroupType::TF32:
    std::memcpy(&word, bytes, 4);
    return TF32Format::get(word, 0);
  case WarpGroupType::E4M3:
    return getFloat8(*bytes, 4);
  case WarpGroupType::E5M2:
    return getFloat8(*bytes, 5);
  }
  llvm_unreachable("unknown type");
}

static uint32_t getTypeBytes(WarpGroupType type) {
  return kWarpGroupKBytes / getWarpGroupK(type);
}

/// Threads of the group that know different things: each must know of what the
/// tensor cores read.
static void
findDistinctThreads(const Block &block, uint32_t first,
                    llvm::SmallVectorImpl<const Thread *> &distinct) {
  for (uint32_t i = 0; i < 128; ++i) {
    const Thread &thread = block.threads[first + i];
    if (llvm::none_of(distinct, [&](const Thread *other) {
          return thread.clock.isSame(other->clock) &&
                 thread.proxy.isSame(other->proxy);
        }))
      distinct.push_back(&thread);
  }
}

namespace {
/// Reads operands in chunks of 16 bytes, under the eyes of the race detector.
class OperandReader {
public:
  OperandReader(uint32_t agent, uint32_t time) {
    const Thread &thread = current();
    if (!detectsRaces())
      return;
    llvm::SmallVector<const Thread *, 4> distinct;
    findDistinctThreads(*thread.block, thread.linear / 128 * 128, distinct);
    for (const Thread *other : distinct) {
      Actor &actor = actors.emplace_back(getActor(*other));
      actor.agent = agent;
      actor.time = time;
    }
  }

  const uint8_t *read(uint32_t offset) {
    Block &block = *current().block;
    if (offset + 16 > grid().sharedBytes)
      fail("wgmma.mma_async reads shared memory + 0x" +
           llvm::utohexstr(offset) + ", outside of the block's " +
           llvm::Twine(grid().sharedBytes) + " bytes");
    for (Actor &actor : actors)
      accessSharedAs(actor, {&block, offset}, 16, kRead | kAsyncProxy);
    return block.shared + offset;
  }

private:
  llvm::SmallVector<Actor, 4> actors;
};
} // namespace

/// Calls `set` with row, k and value for all elements of a matrix of `rows`.
template <WarpGroupType type, typename Set>
static void readMatrix(OperandReader &reader, const MatrixDescriptor &matrix,
                       uint32_t rows, bool rowMajor, Set set) {
  if (matrix.baseOffset)
    fail("wgmma.mma_async: a base offset of " + llvm::Twine(matrix.baseOffset) +
         " in a matrix descriptor is not modelled");
  constexpr uint32_t bytes = kWarpGroupKBytes / getWarpGroupK(type);
  if (rowMajor) {
    for (uint32_t k = 0; k < getWarpGroupK(type); ++k)
      for (uint32_t chunk = 0; chunk < rows / 8; ++chunk) {
        const uint8_t *data = reader.read(matrix.getRowMajor(chunk, k));
        for (uint32_t i = 0; i < 8; ++i)
          set(chunk * 8 + i, k, getElement(data + i * bytes, type));
      }
    return;
  }
  constexpr uint32_t perChunk = 16 / bytes;
  for (uint32_t row = 0; row < rows; ++row)
    for (uint32_t chunk = 0; chunk < kWarpGroupKBytes / 16; ++chunk) {
      const uint8_t *data = reader.read(matrix.getKMajor(row, chunk));
      for (uint32_t i = 0; i < perChunk; ++i)
        set(row, chunk * perChunk + i, getElement(data + i * bytes, type));
    }
}

template <typename Set>
static void readMatrix(OperandReader &reader, const MatrixDescriptor &matrix,
                       uint32_t rows, WarpGroupType type, bool rowMajor,
                       Set set) {
  switch (type) {
  case WarpGroupType::BF16:
    return readMatrix<WarpGroupType::BF16>(reader, matrix, rows, rowMajor, set);
  case WarpGroupType::F16:
    return readMatrix<WarpGroupType::F16>(reader, matrix, rows, rowMajor, set);
  case WarpGroupType::TF32:
    return readMatrix<WarpGroupType::TF32>(reader, matrix, rows, rowMajor, set);
  case WarpGroupType::E4M3:
    return readMatrix<WarpGroupType::E4M3>(reader, matrix, rows, rowMajor, set);
  case WarpGroupType::E5M2:
    return readMatrix<WarpGroupType::E5M2>(reader, matrix, rows, rowMajor, set);
  }
  llvm_unreachable("unknown type");
}

/// A from registers: as for mma.sync, per warp 16 rows, and per register the
/// 4 bytes of one row from 4 * (lane % 4) on.
static void readRegisters(const WarpGroupMeeting &meeting, WarpGroupType type,
                          Operands &operands) {
  uint32_t perRegister = 4 / getTypeBytes(type);
  for (uint32_t i = 0; i < 128; ++i) {
    const auto &call = *static_cast<WarpGroupCall *>(meeting.arguments[i]);
    uint32_t row = i / 32 * 16 + i % 32 / 4;
    for (uint32_t reg = 0; reg < 4; ++reg)
      for (uint32_t e = 0; e < perRegister; ++e) {
        uint8_t word[4];
        std::memcpy(word, &call.words[call.n / 2 + reg], 4);
        operands.a[row + reg % 2 * 8]
                  [reg / 2 * 4 * perRegister + i % 4 * perRegister + e] =
            getElement(word + e * getTypeBytes(type), type);
      }
  }
}

__attribute__((target_clones("arch=skylake-avx512", "arch=haswell",
                             "default"))) static void
multiply(Operands &operands, uint32_t n, uint32_t k) {
  for (uint32_t row = 0; row < 64; ++row)
    for (uint32_t i = 0; i < k; ++i) {
      float factor = operands.a[row][i];
      for (uint32_t column = 0; column < n; ++column)
        operands.c[row][column] += factor * operands.b[i][column];
    }
}

/// Moves accumulators between the threads' registers and the matrix, where two
/// that follow each other are neighbours.
template <typename Move>
static void forEachPair(const WarpGroupMeeting &meeting, Operands &operands,
                        uint32_t n, Move move) {
  for (uint32_t i = 0; i < 128; ++i) {
    auto &call = *static_cast<WarpGroupCall *>(meeting.arguments[i]);
    uint32_t row = i / 32 * 16 + i % 32 / 4;
    for (uint32_t pair = 0; pair < n / 4; ++pair)
      move(call, pair,
           &operands.c[row + pair % 2 * 8][i % 4 * 2 + pair / 2 * 8]);
  }
}

static void loadAccumulators(const WarpGroupMeeting &meeting,
                             Operands &operands, const WarpGroupCall &first) {
  using Call = const WarpGroupCall;
  if (!first.accumulate)
    forEachPair(meeting, operands, first.n,
                [](Call &, uint32_t, float *sums) { sums[0] = sums[1] = 0; });
  else if (first.halfAccumulators)
    forEachPair(meeting, operands, first.n,
                [](Call &call, uint32_t pair, float *sums) {
                  sums[0] = HalfFormat::get(call.words[pair], 0);
                  sums[1] = HalfFormat::get(call.words[pair], 1);
                });
  else
    forEachPair(meeting, operands, first.n,
                [](Call &call, uint32_t pair, float *sums) {
                  std::memcpy(sums, &call.words[2 * pair], 8);
                });
}

static void storeAccumulators(const WarpGroupMeeting &meeting,
                              Operands &operands, const WarpGroupCall &first) {
  if (first.halfAccumulators)
    forEachPair(meeting, operands, first.n,
                [](WarpGroupCall &call, uint32_t pair, float *sums) {
                  call.words[pair] = packHalves(sums[0], sums[1]);
                });
  else
    forEachPair(meeting, operands, first.n,
                [](WarpGroupCall &call, uint32_t pair, float *sums) {
                  std::memcpy(&call.words[2 * pair], sums, 8);
                });
}

static void compute(const WarpGroupMeeting &meeting, uint32_t agent,
                    uint32_t time) {
  const auto &first = *static_cast<WarpGroupCall *>(meeting.arguments[0]);
  for (unsigned i = 1; i < 128; ++i) {
    const auto &other = *static_cast<WarpGroupCall *>(meeting.arguments[i]);
    if (other.n != first.n || other.descriptorB != first.descriptorB ||
        (!first.aInRegisters && other.descriptorA != first.descriptorA) ||
        other.accumulate != first.accumulate)
      fail("wgmma.mma_async: descriptors or flags of thread " + llvm::Twine(i) +
           " of the warp group are not those of thread 0");
  }
  // Not in thread-local memory itself, of which there is little where the
  // emulator is opened as a library.
  static thread_local std::unique_ptr<Operands> memory;
  if (!memory)
    memory = std::make_unique<Operands>();
  Operands &operands = *memory;
  uint32_t k = getWarpGroupK(first.typeA);
  {
    OperandReader reader(agent, time);
    if (first.aInRegisters)
      readRegisters(meeting, first.typeA, operands);
    else
      readMatrix(reader, MatrixDescriptor(first.descriptorA), 64, first.typeA,
                 first.transposeA, [&](uint32_t row, uint32_t i, float value) {
                   operands.a[row][i] = value;
                 });
    readMatrix(reader, MatrixDescriptor(first.descriptorB), first.n,
               first.typeB, first.transposeB,
               [&](uint32_t row, uint32_t i, float value) {
                 operands.b[i][row] = value;
               });
  }
  if (first.negate)
    for (auto &row : operands.a)
      for (uint32_t i = 0; i < k; ++i)
        row[i] = -row[i];
  loadAccumulators(meeting, operands, first);
  multiply(operands, first.n, k);
  storeAccumulators(meeting, operands, first);
}

namespace {
/// `words` holds the accumulators and then the registers of A. Returns the
/// product's time; `token` is that of the product that wrote the accumulators,
/// or 0 if something else did.
uint32_t issue(uint32_t *words, uint32_t n, uint32_t types, uint64_t a,
               uint64_t b, uint32_t accumulate, uint32_t scaleA,
               uint32_t scaleB, uint32_t token) {
  Thread &thread = current();
  Block &block = *thread.block;
  WarpGroupProgress &progress = thread.matrices;
  WarpGroupCall call = decodeWarpGroupTypes(types);
  call.words = words;
  call.n = n;
  call.descriptorA = a;
  call.descriptorB = b;
  call.accumulate = accumulate & 1;
  call.negate = (int32_t(scaleA) < 0) != (int32_t(scaleB) < 0);
  if (detectsRaces() && !progress.fenced && (call.aInRegisters || !token))
    report(Report::Kind::Accumulator, thread.site, 0,
           "wgmma.fence is missing between the registers' last use and " +
               grid().describeSite(thread.site) + " by " +
               grid().describeAgent(block.cluster->domain, thread.agent));
  WarpGroupMeeting *meeting;
  uint32_t group = thread.linear / 128;
  if (meetInWarpGroup("wgmma.mma_async", &call, meeting)) {
    uint32_t time = ++block.tensorCoreTimes[group];
    compute(*meeting, block.cluster->getTensorCoreAgent(block, group), time);
    for (uint32_t i = 0; i < 128; ++i)
      block.threads[group * 128 + i].matrices.issued = time;
    releaseWarpGroup(*meeting);
  }
  return progress.issued;
}

void fence() { current().matrices.fenced = true; }

void commit() {
  WarpGroupProgress &progress = current().matrices;
  progress.groups.push_back(progress.issued);
  progress.fenced = false;
}

void waitForGroups(uint64_t left) {
  Thread &thread = current();
  Block &block = *thread.block;
  WarpGroupProgress &progress = thread.matrices;
  ++worker().events;
  if (progress.groups.size() <= left)
    return;
  auto end = progress.groups.end() - left;
  progress.waited = end[-1];
  progress.groups.erase(progress.groups.begin(), end);
  if (detectsRaces())
    thread.clock.own.raise(
        block.cluster->getTensorCoreAgent(block, thread.linear / 128),
        progress.waited);
}

/// Accumulators are used by something else than wgmma.
void checkAccumulator(uint32_t token) {
  Thread &thread = current();
  if (token <= thread.matrices.waited || !detectsRaces())
    return;
  report(Report::Kind::Accumulator, thread.site, 0,
         "accumulators are used before wgmma.wait_group: " +
             grid().describeSite(thread.site) + " by " +
             grid().describeAgent(thread.block->cluster->domain, thread.agent));
}
} // namespace

//===----------------------------------------------------------------------===//
// Inline PTX: d, a, b, scale-d{, scale-a, scale-b{, trans-a}{, trans-b}}
//===----------------------------------------------------------------------===//

static llvm::Error translateProduct(const PTXInstruction &instruction,
                                    PTXBuilder &builder) {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(instruction.text).split(parts, '.');
  // wgmma.mma_async.sync.aligned.m64nNkK.D.A.B
  llvm::StringRef shape, types[3];
  unsigned n = 0, found = 0;
  for (llvm::StringRef part : parts) {
    if (part.starts_with("m64n"))
      shape = part;
    else if (!shape.empty() && found < 3)
      types[found++] = part;
  }
  llvm::StringRef rest = shape;
  if (found < 3 || !rest.consume_front("m64n") || rest.consumeInteger(10, n) ||
      n % 8 || n == 0 || n > kMaxWarpGroupN)
    return llvm::createStringError("expected a shape m64nNkK and three types");
  std::optional<WarpGroupType> a = parseWarpGroupType(types[1]);
  std::optional<WarpGroupType> b = parseWarpGroupType(types[2]);
  if (!a || !b || getTypeBytes(*a) != getTypeBytes(*b) ||
      (types[0] != "f32" && types[0] != "f16"))
    return llvm::createStringError("wgmma of types " + types[0] + ", " +
                                   types[1] + ", " + types[2] +
                                   " is not modelled");
  if (rest != ("k" + llvm::Twine(getWarpGroupK(*a))).str())
    return llvm::createStringError("expected k" +
                                   llvm::Twine(getWarpGroupK(*a)) +
                                   " for these types, got " + rest);
  bool half = types[0] == "f16";
  const auto &operands = instruction.operands;
  if (operands.size() < 4 || operands[0].kind != PTXOperand::Vector)
    return llvm::createStringError("expected accumulators, a, b, scale-d");
  unsigned count = half ? n / 4 : n / 2;
  const std::vector<PTXOperand> &accumulators = operands[0].elements;
  if (accumulators.size() != count)
    return llvm::createStringError("expected " + llvm::Twine(count) +
                                   " accumulators, got " +
                                   llvm::Twine(accumulators.size()));
  bool inRegisters = operands[1].kind == PTXOperand::Vector;
  if (inRegisters && operands[1].elements.size() != 4)
    return llvm::createStringError("expected 4 registers of a, got " +
                                   llvm::Twine(operands[1].elements.size()));

  llvm::Value *words = builder.allocateWords(n / 2 + 4);
  llvm::SmallVector<llvm::Value *> inputs;
  for (unsigned i = 0; i < count; ++i) {
    inputs.push_back(builder.read(accumulators[i]));
    builder.storeWord(words, i, inputs.back());
  }
  if (inRegisters)
    for (unsigned i = 0; i < 4; ++i)
      builder.storeWord(words, n / 2 + i,
                        builder.read(operands[1].elements[i]));
  size_t next = 4;
  auto readFlag = [&](uint32_t otherwise) {
    return next < operands.size() ? builder.read(operands[next++])
                                  : builder.getInt32(otherwise);
  };
  llvm::Value *scaleA = readFlag(1), *scaleB = readFlag(1);
  // Which dimension is contiguous is part of the instruction.
  bool transposes[2] = {false, false};
  for (bool &transpose :
       llvm::MutableArrayRef(transposes).drop_front(inRegisters ? 1 : 0))
    if (next < operands.size()) {
      std::optional<int64_t> value = builder.getConstant(operands[next++]);
      if (!value)
        return llvm::createStringError("expected constants for transposition");
      transpose = *value;
    }
  if ((transposes[0] || transposes[1]) && getTypeBytes(*a) != 2)
    return llvm::createStringError("only 16-bit types can be transposed");
  WarpGroupCall call;
  call.typeA = *a;
  call.typeB = *b;
  call.aInRegisters = inRegisters;
  call.halfAccumulators = half;
  call.transposeA = transposes[0];
  call.transposeB = transposes[1];
  llvm::Expected<llvm::Value *> time = builder.call(
      "ockham.wgmma",
      {words, builder.getInt32(n), builder.getInt32(encodeWarpGroupTypes(call)),
       inRegisters ? builder.getInt64(0) : builder.read(operands[1]),
       builder.read(operands[2]), builder.read(operands[3]), scaleA, scaleB,
       builder.getInt32(0)});
  if (!time)
    return time.takeError();
  llvm::SmallVector<llvm::Value *> outputs;
  for (unsigned i = 0; i < count; ++i) {
    outputs.push_back(builder.loadWord(words, i, /*isFloat=*/!half));
    if (llvm::Error error = builder.write(accumulators[i], outputs.back()))
      return error;
  }
  builder.markAccumulators(*time, inputs, outputs);
  return llvm::Error::success();
}

void ockham::emulator::addWarpGroupHandlers(HandlerTable &table) {
  table.add("ockham.wgmma", issue);
  table.add("ockham.wgmma.check", checkAccumulator);
  table.add("llvm.nvvm.wgmma.fence.sync.aligned", fence);
  table.add("llvm.nvvm.wgmma.commit_group.sync.aligned", commit);
  table.add("llvm.nvvm.wgmma.wait_group.sync.aligned", waitForGroups);
  table.addPTX("wgmma.mma_async", translateProduct);
}
