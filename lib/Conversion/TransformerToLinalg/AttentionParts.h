//===- AttentionParts.h - The pieces of lowering attention ------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_ATTENTIONPARTS_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_ATTENTIONPARTS_H

#include "Patterns.h"

namespace ockham::tfm_to_linalg {

/// Rotates the heads of `x` `[B, T, heads, width]`; row t has the absolute
/// position `past[b] + t` (`past` null: t).
mlir::Value emitRotary(Emitter &e, tfm::AttentionOp op, mlir::Value x,
                       mlir::Value past);

/// v_i for each query, `[B, Tq, kv heads * dv]`: row `past[b] + t` of the
/// value. A run-time check refuses queries beyond the keys when alpha reads
/// them; otherwise their rows are zero.
mlir::Value emitDiagonal(Emitter &e, tfm::AttentionOp op);

/// The centre of shaped attention when the keys that it averages are the first
/// n of a sequence: the sum over them, and n.
class PrefixCentre {
public:
  /// True if the centre of `op` has this form, which only a boolean mask
  /// together with `centre = visible` prevents.
  static bool covers(tfm::AttentionOp op);

  /// Emits the sums. `diagonal` is the result of emitDiagonal.
  PrefixCentre(Emitter &e, tfm::AttentionOp op, mlir::Value diagonal);

  /// The sums: `[B, Tq, kv heads * dv]` if `perQuery`, else `[B, kv heads *
  /// dv]`.
  mlir::Value sums;
  bool perQuery;

  /// n of query t of sequence b, as an index; `past` and `length` are those of
  /// the sequence, null where the op has none.
  static mlir::Value count(Scalars &s, tfm::AttentionOp op, mlir::Value t,
                           mlir::Value past, mlir::Value length, Extent keys);
};

} // namespace ockham::tfm_to_linalg

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_ATTENTIONPARTS_H
