//===- NormNames.h - Norms by the names of their nodes ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_NORMNAMES_H
#define OCKHAM_LIB_TRANSFORMS_NORMNAMES_H

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace ockham {

struct NamedNorm {
  tfm::NormOp norm;
  std::string name;
};

/// The live norms of a module (those with statistics of the row), in its order.
/// A name is that of the node that the norm came from; where two share one, the
/// later ones get a number. The same model gives the same names every time.
llvm::SmallVector<NamedNorm> getLiveNorms(mlir::ModuleOp module);

} // namespace ockham

#endif // OCKHAM_LIB_TRANSFORMS_NORMNAMES_H
