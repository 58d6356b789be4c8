//===- Features.cpp - Instruction sets of this machine --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Features.h"
#include <cstdint>
#include <cstdlib>
#include <sstream>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ockham::runtime {

namespace {
enum class Answer { Present, Absent, Unknown, Hidden };
} // namespace

/// Without the marks in which spellings differ: avx512_vnni, avx512vnni;
/// sse4_1, sse4.1; amx_tile, amx-tile.
static std::string squeeze(const std::string &name) {
  std::string text;
  for (char c : name)
    if (c != '_' && c != '.' && c != '-' && c != '+')
      text += c;
  return text;
}

#if defined(__x86_64__)

const char *architectureName() { return "x86-64"; }

namespace {
enum Register : uint8_t { EAX, EBX, ECX, EDX };

/// Registers that the system must save for a feature to be usable, as bits of
/// XCR0.
enum SavedState : uint32_t {
  NoState = 0,
  AVXState = 0x6,
  AVX512State = 0xe6,
  AMXState = 0x60000
};

struct FeatureRow {
  const char *name; ///< Squeezed.
  uint32_t leaf, subleaf;
  Register reg;
  uint8_t bit;
  uint32_t state;
};
} // namespace

/// Bits as in Intel's and AMD's manuals for the CPUID instruction.
static const FeatureRow featureRows[] = {
    {"cx8", 1, 0, EDX, 8, NoState},
    {"cmov", 1, 0, EDX, 15, NoState},
    {"mmx", 1, 0, EDX, 23, NoState},
    {"fxsr", 1, 0, EDX, 24, NoState},
    {"sse", 1, 0, EDX, 25, NoState},
    {"sse2", 1, 0, EDX, 26, NoState},
    {"sse3", 1, 0, ECX, 0, NoState},
    {"pni", 1, 0, ECX, 0, NoState},
    {"pclmul", 1, 0, ECX, 1, NoState},
    {"pclmulqdq", 1, 0, ECX, 1, NoState},
    {"ssse3", 1, 0, ECX, 9, NoState},
    {"fma", 1, 0, ECX, 12, AVXState},
    {"cx16", 1, 0, ECX, 13, NoState},
    {"sse41", 1, 0, ECX, 19, NoState},
    {"sse42", 1, 0, ECX, 20, NoState},
    {"crc32", 1, 0, ECX, 20, NoState},
    {"movbe", 1, 0, ECX, 22, NoState},
    {"popcnt", 1, 0, ECX, 23, NoState},
    {"aes", 1, 0, ECX, 25, NoState},
    {"xsave", 1, 0, ECX, 26, NoState},
    {"avx", 1, 0, ECX, 28, AVXState},
    {"f16c", 1, 0, ECX, 29, AVXState},
    {"rdrnd", 1, 0, ECX, 30, NoState},
    {"rdrand", 1, 0, ECX, 30, NoState},
    {"fsgsbase", 7, 0, EBX, 0, NoState},
    {"bmi", 7, 0, EBX, 3, NoState},
    {"bmi1", 7, 0, EBX, 3, NoState},
    {"avx2", 7, 0, EBX, 5, AVXState},
    {"bmi2", 7, 0, EBX, 8, NoState},
    {"avx512f", 7, 0, EBX, 16, AVX512State},
    {"avx512dq", 7, 0, EBX, 17, AVX512State},
    {"rdseed", 7, 0, EBX, 18, NoState},
    {"adx", 7, 0, EBX, 19, NoState},
    {"avx512ifma", 7, 0, EBX, 21, AVX512State},
    {"clflushopt", 7, 0, EBX, 23, NoState},
    {"clwb", 7, 0, EBX, 24, NoState},
    {"avx512cd", 7, 0, EBX, 28, AVX512State},
    {"sha", 7, 0, EBX, 29, NoState},
    {"shani", 7, 0, EBX, 29, NoState},
    {"avx512bw", 7, 0, EBX, 30, AVX512State},
    {"avx512vl", 7, 0, EBX, 31, AVX512State},
    {"avx512vbmi", 7, 0, ECX, 1, AVX512State},
    {"avx512vbmi2", 7, 0, ECX, 6, AVX512State},
    {"gfni", 7, 0, ECX, 8, NoState},
    {"vaes", 7, 0, ECX, 9, AVXState},
    {"vpclmulqdq", 7, 0, ECX, 10, AVXState},
    {"avx512vnni", 7, 0, ECX, 11, AVX512State},
    {"avx512bitalg", 7, 0, ECX, 12, AVX512State},
    {"avx512vpopcntdq", 7, 0, ECX, 14, AVX512State},
    {"avx512vp2intersect", 7, 0, EDX, 8, AVX512State},
    {"amxbf16", 7, 0, EDX, 22, AMXState},
    {"avx512fp16", 7, 0, EDX, 23, AVX512State},
    {"amxtile", 7, 0, EDX, 24, AMXState},
    {"amxint8", 7, 0, EDX, 25, AMXState},
    {"avxvnni", 7, 1, EAX, 4, AVXState},
    {"avx512bf16", 7, 1, EAX, 5, AVX512State},
    {"amxfp16", 7, 1, EAX, 21, AMXState},
    {"avxifma", 7, 1, EAX, 23, AVXState},
    {"avxvnniint8", 7, 1, EDX, 4, AVXState},
    {"avxneconvert", 7, 1, EDX, 5, AVXState},
    {"xsaveopt", 13, 1, EAX, 0, NoState},
    {"xsavec", 13, 1, EAX, 1, NoState},
    {"xsaves", 13, 1, EAX, 3, NoState},
    {"lahflm", 0x80000001, 0, ECX, 0, NoState},
    {"sahf", 0x80000001, 0, ECX, 0, NoState},
    {"abm", 0x80000001, 0, ECX, 5, NoState},
    {"lzcnt", 0x80000001, 0, ECX, 5, NoState},
    {"sse4a", 0x80000001, 0, ECX, 6, NoState},
    {"prfchw", 0x80000001, 0, ECX, 8, NoState},
    {"3dnowprefetch", 0x80000001, 0, ECX, 8, NoState},
};

/// The levels of the x86-64 psABI.
static const struct {
  const char *name, *features;
} levels[] = {
    {"x8664", "cmov cx8 fxsr mmx sse sse2"},
    {"x8664v2", "x86-64 cx16 lahf_lm popcnt sse3 sse4_1 sse4_2 ssse3"},
    {"x8664v3", "x86-64-v2 avx avx2 bmi1 bmi2 f16c fma lzcnt movbe xsave"},
    {"x8664v4", "x86-64-v3 avx512f avx512bw avx512cd avx512dq avx512vl"},
};

static uint64_t savedStates() {
  uint32_t eax, ebx, ecx, edx;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & (1u << 27)))
    return 0;
  asm volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
  return (static_cast<uint64_t>(edx) << 32) | eax;
}

/// Linux gives the large AMX registers to processes that ask for them.
static bool requestAMX() {
  constexpr long requestPermission = 0x1023, tileData = 18;
  return syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

static const FeatureRow *findRow(const std::string &squeezed) {
  for (const FeatureRow &row : featureRows)
    if (squeezed == row.name)
      return &row;
  return nullptr;
}

static const char *levelFeatures(const std::string &squeezed);

/// True if `words` (features and levels) name the bit of `row`, under whatever
/// name.
static bool names(const std::string &words, const FeatureRow &row) {
  std::istringstream list(words);
  std::string word;
  while (list >> word) {
    word = squeeze(word);
    if (const char *level = levelFeatures(word)) {
      if (names(level, row))
        return true;
      continue;
    }
    const FeatureRow *other = findRow(word);
    if (other && other->leaf == row.leaf && other->subleaf == row.subleaf &&
        other->reg == row.reg && other->bit == row.bit)
      return true;
  }
  return false;
}

static bool knows(const std::string &squeezed) {
  return findRow(squeezed) != nullptr;
}

static Answer lookUp(const std::string &squeezed) {
  if (const FeatureRow *found = findRow(squeezed)) {
    const FeatureRow &row = *found;
    uint32_t regs[4] = {};
    if (!__get_cpuid_count(row.leaf, row.subleaf, &regs[EAX], &regs[EBX],
                           &regs[ECX], &regs[EDX]) ||
        !(regs[row.reg] & (1u << row.bit)) ||
        (savedStates() & row.state) != row.state)
      return Answer::Absent;
    // Every processor of 64 bits has what the lowest level asks for.
    if (const char *limits = std::getenv("OCKHAM_CPU");
        limits && *limits && !names(limits, row) && !names("x86-64", row))
      return Answer::Hidden;
    if (row.state == AMXState && !requestAMX())
      return Answer::Absent;
    return Answer::Present;
  }
  return Answer::Unknown;
}

static const char *levelFeatures(const std::string &squeezed) {
  for (const auto &level : levels)
    if (squeezed == level.name)
      return level.features;
  return nullptr;
}

#else

#if defined(__aarch64__)
const char *architectureName() { return "aarch64"; }
#else
const char *architectureName() { return "this architecture"; }
#endif

static bool knows(const std::string &squeezed) { return false; }
static Answer lookUp(const std::string &squeezed) { return Answer::Unknown; }

static const char *levelFeatures(const std::string &squeezed) {
  return squeezed == squeeze(architectureName()) ? "" : nullptr;
}

#endif

MissingFeatures findMissingFeatures(const std::string &features) {
  MissingFeatures missing;
  std::istringstream words(features);
  std::string word;
  while (words >> word) {
    std::string squeezed = squeeze(word);
    if (const char *level = levelFeatures(squeezed)) {
      MissingFeatures below = findMissingFeatures(level);
      missing.absent.insert(missing.absent.end(), below.absent.begin(),
                            below.absent.end());
      missing.hidden.insert(missing.hidden.end(), below.hidden.begin(),
                            below.hidden.end());
      continue;
    }
    switch (lookUp(squeezed)) {
    case Answer::Present:
      break;
    case Answer::Absent:
      missing.absent.push_back(word);
      break;
    case Answer::Unknown:
      missing.unknown.push_back(word);
      break;
    case Answer::Hidden:
      missing.hidden.push_back(word);
      break;
    }
  }
  return missing;
}

std::string findUnknownLimits() {
  const char *limits = std::getenv("OCKHAM_CPU");
  std::istringstream words(limits ? limits : "");
  std::string word, unknown;
  while (words >> word)
    if (!levelFeatures(squeeze(word)) && !knows(squeeze(word)))
      unknown += (unknown.empty() ? "" : " ") + word;
  return unknown;
}

} // namespace ockham::runtime
