//===- CompareResults.cpp - What rounding explains ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/verification.md has the reasons for the bounds.
//
//===----------------------------------------------------------------------===//

#include "CompareResults.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using ockham::interpreter::Tensor;

namespace ockham::verify {

/// How many times the noise of a value, in root mean squares, a rewrite may
/// move it: in float64, where only weights that were rounded once more differ,
/// and in float32, where sums may be in a less fortunate order.
static constexpr double kExactFactor = 4.0;
static constexpr double kRoundedFactor = 8.0;
/// How many times the largest noise of one element the largest difference may
/// be. One element of few that is wrong drowns in a mean.
static constexpr double kLargestFactor = 2.0;

/// Half a unit in the last place, relative.
static double getUnit(ockham_dtype dtype) {
  switch (dtype) {
  case OCKHAM_F16:
    return 0x1p-11;
  case OCKHAM_BF16:
    return 0x1p-8;
  case OCKHAM_F64:
    return 0x1p-53;
  default:
    return 0x1p-24;
  }
}

namespace {
/// Distance of two float tensors over the elements that are finite in both.
struct Distance {
  double rms = 0.0, largest = 0.0;
  /// Where the largest is.
  int64_t index = 0;
};
} // namespace

static Distance getDistances(const Tensor &from, const Tensor &to) {
  Distance distance;
  double squares = 0.0;
  int64_t count = 0;
  for (int64_t i = 0; i < from.size(); ++i) {
    double difference = std::abs(from.getFloat(i) - to.getFloat(i));
    if (!std::isfinite(from.getFloat(i)) || !std::isfinite(to.getFloat(i)))
      continue;
    squares += difference * difference;
    ++count;
    if (difference > distance.largest) {
      distance.largest = difference;
      distance.index = i;
    }
  }
  distance.rms = count ? std::sqrt(squares / static_cast<double>(count)) : 0.0;
  return distance;
}

/// Root of the mean square and largest of the finite elements.
static Distance getMagnitude(const Tensor &tensor) {
  Distance magnitude;
  double squares = 0.0;
  int64_t count = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) {
    double value = std::abs(tensor.getFloat(i));
    if (!std::isfinite(value))
      continue;
    squares += value * value;
    ++count;
    magnitude.largest = std::max(magnitude.largest, value);
  }
  magnitude.rms = count ? std::sqrt(squares / static_cast<double>(count)) : 0.0;
  return magnitude;
}

/// e.g. "[0, 3, 17]".
static std::string formatIndex(const Tensor &tensor, int64_t position) {
  std::string text;
  for (int64_t axis = tensor.getRank() - 1; axis >= 0; --axis) {
    text = std::to_string(position % tensor.getDim(axis)) +
           (text.empty() ? "" : ", ") + text;
    position /= tensor.getDim(axis);
  }
  return "[" + text + "]";
}

static std::string format(const char *pattern, double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(pattern, value);
  return text;
}

static std::string describeElement(const Tensor &before, const Tensor &after,
                                   int64_t index) {
  auto value = [&](const Tensor &tensor) {
    return tensor.isFloat() ? format("%.9g", tensor.getFloat(index))
                            : std::to_string(tensor.getInt(index));
  };
  return "at " + formatIndex(before, index) + " it was " + value(before) +
         ", is " + value(after);
}

/// The first element that is an integer, an infinity or NaN in one of the
/// tensors and not the same in the other.
static std::optional<int64_t> findUnequal(const Tensor &before,
                                          const Tensor &after) {
  for (int64_t i = 0; i < before.size(); ++i) {
    if (!before.isFloat()) {
      if (before.getInt(i) != after.getInt(i))
        return i;
      continue;
    }
    double was = before.getFloat(i), is = after.getFloat(i);
    if (std::isfinite(was) && std::isfinite(is))
      continue;
    if (!(std::isnan(was) && std::isnan(is)) && was != is)
      return i;
  }
  return std::nullopt;
}

std::optional<Difference> compare(const Evaluation &before,
                                  const Evaluation &after) {
  const Tensor &exact = before.exact;
  if (exact.getShape() != after.exact.getShape() ||
      exact.getDType() != after.exact.getDType())
    return Difference{"was " +
                      interpreter::getDTypeName(exact.getDType()).str() + " " +
                      interpreter::formatShape(exact.getShape()) + ", is " +
                      interpreter::getDTypeName(after.exact.getDType()).str() +
                      " " + interpreter::formatShape(after.exact.getShape())};
  // What overflows in the model's own precision says nothing in that precision.
  if (auto index = findUnequal(exact, after.exact))
    return Difference{"in float64, " +
                      describeElement(exact, after.exact, *index)};
  if (!exact.isFloat())
    return std::nullopt;

  // What rounding does to the value: measured, and at least that of its own
  // last operation, since one sample may be lucky.
  Distance noise = getDistances(exact, before.rounded);
  Distance magnitude = getMagnitude(exact);
  double unit = getUnit(exact.getDType());
  noise.rms = std::max(noise.rms, unit * magnitude.rms);
  noise.largest = std::max(noise.largest, unit * magnitude.largest);

  struct Check {
    const char *precision;
    const Tensor &result;
    double factor;
  };
  for (const Check &check :
       {Check{"float64", after.exact, kExactFactor},
        Check{"the model's precision", after.rounded, kRoundedFactor}}) {
    Distance distance = getDistances(exact, check.result);
    bool isMeanFine = distance.rms <= check.factor * noise.rms;
    bool isLargestFine =
        distance.largest <= kLargestFactor * check.factor * noise.largest;
    if (isMeanFine && isLargestFine)
      continue;
    return Difference{
        std::string("in ") + check.precision + ", " +
        format("%.2g", isMeanFine ? distance.largest : distance.rms) +
        (isMeanFine ? " at most" : " in the mean square") +
        ", where rounding explains " +
        format("%.2g", isMeanFine
                           ? kLargestFactor * check.factor * noise.largest
                           : check.factor * noise.rms) +
        "; " + describeElement(exact, check.result, distance.index)};
  }
  return std::nullopt;
}

double getDistance(const Tensor &before, const Tensor &after) {
  if (before.getShape() != after.getShape() || !before.isFloat() ||
      !after.isFloat())
    return std::numeric_limits<double>::infinity();
  double magnitude = getMagnitude(before).rms;
  double distance = getDistances(before, after).rms;
  return magnitude > 0.0 ? distance / magnitude : distance;
}

} // namespace ockham::verify
