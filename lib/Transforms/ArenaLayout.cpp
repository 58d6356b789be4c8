//===- ArenaLayout.cpp - Offsets of buffers of symbolic sizes -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every way to place buffers gives an order: by offset. Turned round, every
// order gives a placement: each buffer begins where the last of those ends that
// come before it in the order and are in use at the same time. The placement is
// right whatever the sizes are, and no larger than the one that the order was
// taken from. So only the order is chosen when compiling, by placing the
// buffers for some values of the extents and comparing; offsets are maxima of
// sums of sizes.
//
//===----------------------------------------------------------------------===//

#include "ArenaLayout.h"

#include "llvm/ADT/STLExtras.h"

#include <numeric>
#include <set>
#include <tuple>

namespace ockham {
namespace {

/// Sums that were compared once are not compared again.
class SumTable {
public:
  SumTable(const ExtentFormulas &formulas, const std::vector<Polynomial> &sizes)
      : formulas(formulas), sizes(sizes) {}

  unsigned intern(const SizeSum &sum) {
    auto [entry, isNew] = numbers.try_emplace(sum, sums.size());
    if (!isNew)
      return entry->second;
    Polynomial bytes;
    for (auto [size, count] : sum)
      bytes += Polynomial(static_cast<double>(count)) * sizes[size];
    sums.push_back(sum);
    values.push_back(std::move(bytes));
    return entry->second;
  }
  const SizeSum &operator[](unsigned number) const { return sums[number]; }

  bool isAtMost(unsigned a, unsigned b) {
    auto [entry, isNew] = order.try_emplace({a, b}, false);
    if (isNew)
      entry->second = formulas.isAtMost(values[a], values[b]);
    return entry->second;
  }

  /// Adds a sum to a maximum.
  void add(std::vector<unsigned> &maximum, unsigned sum) {
    for (unsigned other : maximum)
      if (isAtMost(sum, other))
        return;
    llvm::erase_if(maximum,
                   [&](unsigned other) { return isAtMost(other, sum); });
    maximum.push_back(sum);
  }

private:
  const ExtentFormulas &formulas;
  const std::vector<Polynomial> &sizes;
  std::map<SizeSum, unsigned> numbers;
  std::vector<SizeSum> sums;
  std::vector<Polynomial> values;
  std::map<std::pair<unsigned, unsigned>, bool> order;
};

class Layouter {
public:
  Layouter(const ExtentFormulas &formulas, llvm::ArrayRef<Polynomial> sizes,
           llvm::ArrayRef<ArenaItem> items)
      : formulas(formulas), items(items) {
    layout.sizes.assign(sizes.begin(), sizes.end());
    findConflicts();
    sample();
  }
  ArenaLayout run();

private:
  using Sizes = std::vector<double>; ///< By number.
  using Order = std::vector<unsigned>;

  void findConflicts();
  void sample();
  double getLowerBound(const Sizes &sizes) const;
  /// Places in the order of `sequence`, each into the smallest gap that it fits
  /// into; gives the order of the offsets.
  Order placeBestFit(const Order &sequence, const Sizes &sizes) const;
  Order sortBySize(const Sizes &sizes, bool longLivedFirst) const;
  double getTotal(const Order &order, const Sizes &sizes,
                  Order *last = nullptr) const;
  /// The mean over the samples, and the largest, of total to lower bound.
  std::pair<double, double> rate(const Order &order) const;
  void improve();
  void writeFormulas(const Order &order);

  const ExtentFormulas &formulas;
  llvm::ArrayRef<ArenaItem> items;
  std::vector<std::vector<unsigned>> conflicts;
  size_t pairs = 0; ///< Of items that conflict, both ways, and items.
  std::vector<std::vector<unsigned>> inUse; ///< When each item begins.
  std::vector<Sizes> samples;
  std::vector<double> lowerBounds; ///< One per sample.
  /// The best so far: in which sequence what was placed with which sizes.
  Order sequence, order;
  size_t sampleOfBest = 0;
  ArenaLayout layout;
};

} // namespace

void Layouter::findConflicts() {
  conflicts.resize(items.size());
  std::vector<unsigned> byStart(items.size());
  std::iota(byStart.begin(), byStart.end(), 0u);
  llvm::stable_sort(byStart, [&](unsigned a, unsigned b) {
    return items[a].firstStep < items[b].firstStep;
  });
  std::vector<unsigned> active;
  for (unsigned item : byStart) {
    llvm::erase_if(active, [&](unsigned other) {
      return items[other].lastStep < items[item].firstStep;
    });
    for (unsigned other : active) {
      conflicts[item].push_back(other);
      conflicts[other].push_back(item);
    }
    active.push_back(item);
    inUse.push_back(active);
  }
  pairs = items.size();
  for (const std::vector<unsigned> &others : conflicts)
    pairs += others.size();
}

/// Extents of one, a few, some hundred and a thousand, in all combinations of
/// the first three, or in 64 of more.
void Layouter::sample() {
  static constexpr int64_t extents[] = {1, 8, 128, 1024};
  std::vector<std::string> names = formulas.getInputExtents();
  unsigned count = 1;
  for (size_t i = 0; i < std::min<size_t>(names.size(), 3); ++i)
    count *= 4;
  // Every sample gives orders, which are tried at every sample; together about
  // a second for thousands of buffers.
  while (count > 4 && 2 * pairs * count * count > 200000000)
    count /= 2;
  uint64_t random = 1;
  for (unsigned number = 0; number < count; ++number) {
    std::map<std::string, int64_t> values;
    unsigned digits = number;
    for (const std::string &name : names) {
      // Beyond the third, from a generator, the same in every run.
      random = random * 6364136223846793005u + 1442695040888963407u;
      bool isCounted = values.size() < 3;
      values[name] = extents[isCounted ? digits % 4 : (random >> 33) % 4];
      digits /= 4;
    }
    Sizes sizes;
    for (const Polynomial &size : layout.sizes)
      sizes.push_back(formulas.evaluate(size, values));
    lowerBounds.push_back(getLowerBound(sizes));
    samples.push_back(std::move(sizes));
  }
}

double Layouter::getLowerBound(const Sizes &sizes) const {
  double most = 0;
  for (const std::vector<unsigned> &active : inUse) {
    double sum = 0;
    for (unsigned item : active)
      sum += sizes[items[item].size];
    most = std::max(most, sum);
  }
  return most;
}

/// The largest first, or those that are in use for long.
Layouter::Order Layouter::sortBySize(const Sizes &sizes,
                                     bool longLivedFirst) const {
  Order sequence(items.size());
  std::iota(sequence.begin(), sequence.end(), 0u);
  llvm::stable_sort(sequence, [&](unsigned a, unsigned b) {
    auto key = [&](unsigned item) {
      const ArenaItem &it = items[item];
      int64_t steps = longLivedFirst ? it.lastStep - it.firstStep : 0;
      return std::tuple(-steps, -sizes[it.size], it.firstStep);
    };
    return key(a) < key(b);
  });
  return sequence;
}

Layouter::Order Layouter::placeBestFit(const Order &sequence,
                                       const Sizes &sizes) const {
  auto sizeOf = [&](unsigned item) { return sizes[items[item].size]; };
  std::vector<double> offsets(items.size(), -1.0);
  std::vector<std::pair<double, double>> taken;
  for (unsigned item : sequence) {
    taken.clear();
    for (unsigned other : conflicts[item])
      if (offsets[other] >= 0)
        taken.push_back({offsets[other], offsets[other] + sizeOf(other)});
    llvm::sort(taken);
    double best = -1, bestGap = 0, end = 0;
    for (auto [from, to] : taken) {
      double gap = from - end;
      if (gap >= sizeOf(item) && (best < 0 || gap < bestGap)) {
        best = end;
        bestGap = gap;
      }
      end = std::max(end, to);
    }
    offsets[item] = best < 0 ? end : best;
  }
  Order order(items.size());
  std::iota(order.begin(), order.end(), 0u);
  llvm::stable_sort(
      order, [&](unsigned a, unsigned b) { return offsets[a] < offsets[b]; });
  return order;
}

double Layouter::getTotal(const Order &order, const Sizes &sizes,
                          Order *last) const {
  std::vector<double> ends(items.size(), 0.0);
  double total = 0;
  for (unsigned item : order) {
    double offset = 0;
    for (unsigned other : conflicts[item])
      offset = std::max(offset, ends[other]);
    ends[item] = offset + sizes[items[item].size];
    total = std::max(total, ends[item]);
  }
  if (last)
    for (unsigned item : order)
      if (ends[item] == total)
        last->push_back(item);
  return total;
}

std::pair<double, double> Layouter::rate(const Order &order) const {
  double sum = 0, worst = 1;
  for (size_t i = 0; i < samples.size(); ++i) {
    double ratio = lowerBounds[i] == 0
                       ? 1.0
                       : getTotal(order, samples[i]) / lowerBounds[i];
    sum += ratio;
    worst = std::max(worst, ratio);
  }
  return {sum / samples.size(), worst};
}

/// Moves what ends highest, or what it shares time with, to the front of the
/// sequence, where it finds room before others do; keeps what is not worse.
void Layouter::improve() {
  // About a second at most; for most models no limit.
  size_t tries =
      std::min<size_t>(2000, 100000000 / (pairs * samples.size() + 1));
  uint64_t random = 1; // The same in every run.
  auto choose = [&](size_t count) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % count;
  };
  for (size_t i = 0; i < tries && layout.meanRatio > 1.0; ++i) {
    // Where the plan is too large.
    std::vector<size_t> wasteful;
    for (size_t sample = 0; sample < samples.size(); ++sample)
      if (getTotal(order, samples[sample]) > lowerBounds[sample])
        wasteful.push_back(sample);
    size_t sample = wasteful[choose(wasteful.size())];
    Order last;
    getTotal(order, samples[sample], &last);
    unsigned moved = last[choose(last.size())];
    if (choose(2) && !conflicts[moved].empty())
      moved = conflicts[moved][choose(conflicts[moved].size())];
    Order changed = sequence;
    auto from = llvm::find(changed, moved);
    auto to = changed.begin() + choose(from - changed.begin() + 1);
    std::rotate(to, from, std::next(from));
    size_t with = choose(4) ? sampleOfBest : sample;
    Order placed = placeBestFit(changed, samples[with]);
    auto [mean, worst] = rate(placed);
    if (mean > layout.meanRatio ||
        (mean == layout.meanRatio && worst > layout.worstRatio))
      continue;
    sequence = std::move(changed);
    order = std::move(placed);
    sampleOfBest = with;
    layout.meanRatio = mean;
    layout.worstRatio = worst;
  }
}

void Layouter::writeFormulas(const Order &order) {
  // Beyond this, a maximum becomes a size of its own.
  constexpr size_t longest = 4;
  SumTable sums(formulas, layout.sizes);
  auto shorten = [&](std::vector<unsigned> &maximum) {
    if (maximum.size() <= longest)
      return;
    SizeMaximum parts;
    for (unsigned sum : maximum)
      parts.push_back(sums[sum]);
    layout.sizes.push_back(
        Polynomial::extent("m" + std::to_string(layout.shared.size())));
    layout.shared.push_back(std::move(parts));
    maximum = {
        sums.intern({{static_cast<unsigned>(layout.sizes.size()) - 1, 1u}})};
  };
  auto toMaximum = [&](const std::vector<unsigned> &maximum) {
    SizeMaximum result;
    for (unsigned sum : maximum)
      if (!sums[sum].empty())
        result.push_back(sums[sum]);
    return result;
  };
  std::vector<bool> isPlaced(items.size(), false);
  std::vector<std::vector<unsigned>> offsets(items.size()), ends(items.size());
  std::vector<unsigned> total;
  for (unsigned item : order) {
    std::vector<unsigned> &offset = offsets[item];
    std::set<unsigned> seen;
    for (unsigned other : conflicts[item])
      if (isPlaced[other])
        for (unsigned end : ends[other])
          if (seen.insert(end).second)
            sums.add(offset, end);
    if (offset.empty())
      offset.push_back(sums.intern({}));
    shorten(offset);
    for (unsigned sum : offset) {
      SizeSum end = sums[sum];
      ++end[items[item].size];
      sums.add(ends[item], sums.intern(end));
    }
    isPlaced[item] = true;
    layout.offsets[item] = toMaximum(offset);
  }
  // What something lies on does not end last.
  std::vector<unsigned> place(items.size());
  for (auto [number, item] : llvm::enumerate(order))
    place[item] = number;
  for (unsigned item : order)
    if (llvm::all_of(conflicts[item], [&](unsigned other) {
          return place[other] < place[item];
        }))
      for (unsigned end : ends[item])
        sums.add(total, end);
  layout.total = toMaximum(total);

  // For people, who read no more than some sums.
  std::vector<unsigned> most;
  for (const std::vector<unsigned> &active : inUse) {
    SizeSum sum;
    for (unsigned item : active)
      ++sum[items[item].size];
    sums.add(most, sums.intern(sum));
    if (most.size() > 4 * longest)
      return;
  }
  layout.lowerBound = toMaximum(most);
}

ArenaLayout Layouter::run() {
  layout.offsets.resize(items.size());
  std::set<Order> seen;
  for (bool longLivedFirst : {false, true})
    for (size_t sample = 0; sample < samples.size(); ++sample) {
      Order candidate = sortBySize(samples[sample], longLivedFirst);
      Order placed = placeBestFit(candidate, samples[sample]);
      if (!seen.insert(placed).second)
        continue;
      auto [mean, worst] = rate(placed);
      if (!order.empty() && mean >= layout.meanRatio)
        continue;
      sequence = std::move(candidate);
      order = std::move(placed);
      sampleOfBest = sample;
      layout.meanRatio = mean;
      layout.worstRatio = worst;
    }
  improve();
  writeFormulas(order);
  return std::move(layout);
}

ArenaLayout layoutArena(const ExtentFormulas &formulas,
                        llvm::ArrayRef<Polynomial> sizes,
                        llvm::ArrayRef<ArenaItem> items) {
  return Layouter(formulas, sizes, items).run();
}

std::string formatMaximum(const SizeMaximum &value, const ArenaLayout &layout,
                          SymbolNames names) {
  if (value.empty())
    return "0";
  std::string text;
  for (const SizeSum &sum : value) {
    Polynomial bytes;
    for (auto [size, count] : sum)
      bytes += Polynomial(static_cast<double>(count)) * layout.sizes[size];
    text += (text.empty() ? "" : ", ") + formatBytes(bytes, names);
  }
  return value.size() == 1 ? text : "max(" + text + ")";
}

} // namespace ockham
