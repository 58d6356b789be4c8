//===- Signature.h - Checking arguments against a signature -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_SIGNATURE_H
#define OCKHAM_RUNTIME_CORE_SIGNATURE_H

#include "Tensor.h"
#include <map>

namespace ockham::runtime {

/// Extents of symbolic dimensions, with where each was seen first.
class SymbolTable {
public:
  /// Binds or compares. `where` says where this extent comes from, e.g.
  /// "input 'x' (axis 0)".
  Status bind(const std::string &symbol, int64_t extent,
              const std::string &where);

  /// Null when not bound.
  const int64_t *find(const std::string &symbol) const;

private:
  struct Binding {
    int64_t extent;
    std::string where;
  };
  std::map<std::string, Binding> bindings;
};

/// Checks that the tensor lies on the host or at `place`, its type, rank, fixed
/// and symbolic extents, and that it has memory unless `shapeOnly`. Binds
/// symbols. `what` names the tensor in
/// messages, e.g. "input 'x'".
Status checkTensor(const std::string &what, const ockham_tensor_spec &spec,
                   const TensorView &view, DLDevice place, bool shapeOnly,
                   SymbolTable &symbols);

/// Checks the extents of a tensor whose type and rank were checked.
Status checkExtents(const std::string &what, const ockham_tensor_spec &spec,
                    const Shape &shape, SymbolTable &symbols);

/// For each spec, the index of the argument of its name; -1 for those that are
/// not given. `kind` is "input" or "output".
Status matchNames(const ockham_entry &entry, const char *kind,
                  const ockham_tensor_spec *specs, int32_t specCount,
                  const ockham_argument *arguments, size_t argumentCount,
                  std::vector<int64_t> &indices);

/// e.g. "'a' float32 [n], 'b' float32 [n]".
std::string listSpecs(const ockham_tensor_spec *specs, int32_t count);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_SIGNATURE_H
