//===- Calibration.h - What norms divide by on real data --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The file that `ockham calibrate` writes and `--tfm-freeze-norms` reads. Its
// form is described in docs/simplification.md.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_CALIBRATION_CALIBRATION_H
#define OCKHAM_CALIBRATION_CALIBRATION_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace ockham {

/// The numbers that one norm divided the rows of one position class by: the
/// square root with its epsilon.
struct StdStatistics {
  double mean = 0, least = 0, most = 0;
  int64_t rows = 0;
};

struct NormCalibration {
  std::string name; ///< Of its node; unique in the file.
  std::string kind; ///< "layer" or "rms".
  int64_t width = 0;
  /// Position i is class i; the last class is everything beyond.
  std::vector<StdStatistics> classes;
};

struct Calibration {
  std::string model; ///< The file that was calibrated.
  std::vector<NormCalibration> norms;

  const NormCalibration *find(llvm::StringRef name) const;
};

/// Reads a file and checks it: every std is finite and positive, every name is
/// there once. Messages name the file, the norm and the value.
llvm::Expected<Calibration> readCalibration(llvm::StringRef path);

/// Writes a file that readCalibration reads.
void writeCalibration(const Calibration &calibration, llvm::raw_ostream &os);

} // namespace ockham

#endif // OCKHAM_CALIBRATION_CALIBRATION_H
