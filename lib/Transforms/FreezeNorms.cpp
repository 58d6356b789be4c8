//===- FreezeNorms.cpp - Norms with the std of a calibration --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NormNames.h"
#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "ockham/Calibration/Calibration.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"

namespace ockham {
#define GEN_PASS_DEF_FREEZENORMS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

static constexpr llvm::StringLiteral kFreezeNorms = "tfm-freeze-norms";

namespace {

struct FreezeNorms : ockham::impl::FreezeNormsBase<FreezeNorms> {
  using FreezeNormsBase::FreezeNormsBase;
  void runOnOperation() override;

private:
  LogicalResult check(const NamedNorm &named,
                      const NormCalibration &calibrated);
};

} // namespace

static std::string formatStd(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.4g", value);
  return text;
}

/// Whether the statistics can be those of this norm; says why not.
LogicalResult FreezeNorms::check(const NamedNorm &named,
                                 const NormCalibration &calibrated) {
  tfm::NormOp norm = named.norm;
  auto fail = [&](const Twine &text) {
    norm.emitError("norm '" + named.name + "': " + text + " in " +
                   StringRef(calibration) + "; is that of another model?");
    return failure();
  };
  int64_t width = norm.getInput().getType().getShape().back();
  if (calibrated.width != width)
    return fail("expected width " + Twine(width) + ", got " +
                Twine(calibrated.width));
  StringRef kind = stringifyEnum(norm.getKind());
  if (calibrated.kind != kind)
    return fail("expected kind '" + kind + "', got '" + calibrated.kind + "'");
  return success();
}

/// Why a std that differs by position cannot be used, or nothing.
static std::string findPositionProblem(tfm::NormOp norm) {
  int64_t rank = norm.getInput().getType().getRank();
  if (rank != 3)
    return "its rows have no positions (rank " + std::to_string(rank) +
           ", expected 3)";
  bool hasPast = false;
  norm->getParentOfType<ModuleOp>().walk(
      [&](tfm::AttentionOp attention) { hasPast |= !!attention.getPast(); });
  return hasPast ? "positions begin behind a cache here" : "";
}

static void freeze(tfm::NormOp norm, const NormCalibration &calibrated) {
  std::vector<double> values;
  for (const StdStatistics &statistics : calibrated.classes)
    values.push_back(statistics.mean);
  bool perPosition = !llvm::all_equal(values);
  if (!perPosition)
    values.resize(1);
  OpBuilder builder(norm);
  auto element = cast<FloatType>(norm.getInput().getType().getElementType());
  double smallest =
      llvm::APFloat::getSmallestNormalized(element.getFloatSemantics())
          .convertToDouble();
  for (double std : values)
    if (!areStorable(std, element) || std < smallest) {
      emitRewriteRemark(norm.getLoc(), kFreezeNorms, RewriteOutcome::Kept)
          << "stays live: a std of " << formatStd(std) << " is no number in "
          << element;
      return;
    }
  std::string name = norm.getScale() ? getWeightName(norm.getScale()) : "norm";
  Value std = writeFloats(
      builder, norm.getLoc(), name + ".std",
      RankedTensorType::get({static_cast<int64_t>(values.size())}, element),
      values);
  bool isCentred = norm.getKind() == tfm::NormKind::Layer;
  norm.setKind(tfm::NormKind::Fixed);
  norm.getStdMutable().assign(std);
  norm.setUncentred(!isCentred);
  norm.setStdAxis(perPosition ? tfm::StdAxis::Position : tfm::StdAxis::None);
  norm.setEps(APFloat(0.0));
  norm.setEpsOutside(false);

  auto remark =
      emitRewriteRemark(norm.getLoc(), kFreezeNorms, RewriteOutcome::Done);
  remark << "frozen, which changes the results: ";
  for (auto [i, statistics] : llvm::enumerate(calibrated.classes)) {
    remark << (i ? ", then " : "") << "std " << formatStd(statistics.mean);
    if (statistics.rows)
      remark << " (live " << formatStd(statistics.least) << " to "
             << formatStd(statistics.most) << " in " << statistics.rows
             << " rows)";
  }
}

void FreezeNorms::runOnOperation() {
  ModuleOp module = getOperation();
  if (calibration.empty()) {
    module.emitError("tfm-freeze-norms: expected calibration=FILE; 'ockham "
                     "calibrate' makes one");
    return signalPassFailure();
  }
  llvm::Expected<Calibration> file = readCalibration(calibration);
  if (!file) {
    module.emitError(llvm::toString(file.takeError()));
    return signalPassFailure();
  }
  SmallVector<NamedNorm> norms = getLiveNorms(module);
  llvm::StringSet<> names;
  for (const NamedNorm &named : norms)
    names.insert(named.name);
  for (const NormCalibration &calibrated : file->norms)
    if (!names.contains(calibrated.name)) {
      module.emitError(
          "norm '" + calibrated.name + "' in " + StringRef(calibration) +
          " is none of the model's live norms (" +
          (norms.empty() ? std::string("it has none")
                         : "the first is '" + norms[0].name + "'") +
          "); is that the calibration of another model?");
      return signalPassFailure();
    }
  for (const NamedNorm &named : norms) {
    tfm::NormOp norm = named.norm;
    const NormCalibration *calibrated = file->find(named.name);
    if (!calibrated) {
      emitRewriteRemark(norm.getLoc(), kFreezeNorms, RewriteOutcome::Kept)
          << "stays live: norm '" << named.name << "' is not in "
          << StringRef(calibration);
      continue;
    }
    if (failed(check(named, *calibrated)))
      return signalPassFailure();
    std::string problem = calibrated->classes.size() > 1
                              ? findPositionProblem(norm)
                              : std::string();
    if (!problem.empty()) {
      emitRewriteRemark(norm.getLoc(), kFreezeNorms, RewriteOutcome::Kept)
          << "stays live: its std is given per position, but " << problem
          << "; calibrate with --positions 1";
      continue;
    }
    freeze(norm, *calibrated);
  }
}
