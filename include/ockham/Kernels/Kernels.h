//===- Kernels.h - The bodies of kernels ------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function builds one `tile.kernel` at the builder's insertion point. What
// a kernel computes is in its options; how large its blocks are comes from the
// target that will run it. Nothing here knows a target.
//
// Element types are those of memory, and may differ from argument to argument.
// Floats of 16 bits are extended when they are loaded and rounded when they are
// stored (to the nearest, ties to even): between the two, and in sums of
// products, everything is f32.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_KERNELS_KERNELS_H
#define OCKHAM_KERNELS_KERNELS_H

#include "dialects/Tile/TileDialect.h"
#include "dialects/Transformer/TransformerDialect.h"

#include <optional>

namespace ockham::kernels {

/// The type that a kernel computes in, where memory holds `element`.
mlir::Type getArithmeticType(mlir::Type element);

/// What happens to a block of a product or of rows, in registers, before it is
/// stored. Every step but a simple activation takes one more argument of the
/// kernel.
struct EpilogueStep {
  enum Kind {
    Bias,      ///< + view 1 x N, or 1 x 1 if it is a scalar
    Gain,      ///< * view 1 x N, or 1 x 1
    Divide,    ///< / view 1 x N, or 1 x 1
    RowScale,  ///< * view M x 1
    Add,       ///< + view M x N: a residual, what is accumulated onto
    AddScaled, ///< + gain * view M x N: two arguments, gain first
    Multiply,  ///< * view M x N: the other half of a gated MLP
    Activate,
    Erf, ///< The error function.
  };
  Kind kind;
  bool isScalar = false; ///< The vector of columns is one number.
  tfm::ActivationKind activation = tfm::ActivationKind::ReLU;
  bool hasSlope = false; ///< A leaky ReLU takes its slope, a view 1 x 1.
  /// Element types of the step's vector (or number, or number per row) and of
  /// its matrix, where they are not those of the rows.
  mlir::Type vector = {}, matrix = {};
  /// The columns on which the step runs: all, or those from `begin` to `end`
  /// where end is not 0. Only for steps that read no vector and no matrix.
  int64_t begin = 0, end = 0;
};

/// C = epilogue(A B) with A `[?, depth]`, C `[?, columns]` and B in panels, or
/// in rows as its transpose. Arguments: A, B, those of the epilogue's steps in
/// order, C. Grid: rows, columns.
///
/// With a gate B has `2 * columns` columns, in whole panels, and C is
/// `epilogue(gate(left) * right)`, where left and right are the halves of
/// `halves(A B)`: both blocks are in registers. Which half goes through the
/// gate's steps, which read no vector and no matrix, is said by `gateFirst`.
/// Arguments: A, B, those of `halves`, of the gate, of the epilogue, C.
struct GemmOptions {
  mlir::Type element; ///< Of A.
  mlir::Type weight;  ///< Of B.
  mlir::Type result;  ///< Of C.
  int64_t depth = 0, columns = 0;
  /// Columns of a panel of B; 0 for a B that is the transposed of a matrix in
  /// rows, `[columns, depth]`. Such a product has no gate.
  int64_t panel = 48;
  llvm::SmallVector<EpilogueStep> epilogue;
  bool isGated = false, gateFirst = true;
  llvm::SmallVector<EpilogueStep> halves, gate;
  int64_t interleave = 1; ///< Rows of B that lie together in its panels.
  int64_t blockRows = 8, blockColumns = 48, blockDepth = 2;
};
tile::KernelOp buildGemm(mlir::OpBuilder &builder, mlir::Location loc,
                         llvm::StringRef name, const GemmOptions &options);

/// What happens to queries and keys, head by head, before they are multiplied:
/// a norm, then a rotation by position (tfm.attention, step 1). Takes a scale
/// `[1, headDim]` if there is one, and cos and sin `[positions, columns]` if
/// there are columns.
struct HeadPreparation {
  std::optional<tfm::NormKind> norm;
  double eps = 0;
  bool epsOutside = false;
  mlir::Type scale;          ///< Its element type; null if there is none.
  int64_t rotaryColumns = 0; ///< Half of the columns that are rotated.
  mlir::Type cos, sin;
  bool interleaved = false;

  explicit operator bool() const { return norm || rotaryColumns > 0; }
};

/// Attention, with memory that grows with the sequence and not with its square:
/// for each head and query i, `alpha v_i + beta softmax(scale q_i K^T) V -
/// gamma c_i` (tfm.attention). Keys come in panels, as buildPackKeys writes
/// them, or as they are (`keysInRows`): for few queries, because then packing
/// costs more than it gains, and on targets whose products read rows of them as
/// well. With `pairs`, both K and V come in panels whose rows lie in pairs.
/// Arguments, those with a condition only where it holds:
///  - Q `[batch * queries, heads * headDim]`, K, V `[batch * keys, kvHeads *
///    valueDim]`;
///  - V in rows, for alpha, if V itself comes in panels;
///  - past, key lengths: one integer per sequence, `[1, batch]`;
///  - mask: its first three extents together are the rows;
///  - the prefix means of V, like V, for a centre that is not summed up here;
///  - the gains that there are, each `[1, heads]`;
///  - scale of the queries; of the keys, if they are not packed; cos, sin;
///  - the number of keys of a sequence;
///  - O, logsumexp `[batch * heads, queries]`, the entropy of each query, which
///    is of the same shape.
/// Grid: batch * heads, queries.
struct AttentionOptions {
  /// Where what gamma subtracts comes from: from means of all values before, or
  /// from a sum of those that are visible.
  enum class Centre { None, Means, Sum };

  mlir::Type element; ///< Of Q, K, V, the means and O.
  int64_t heads = 1, kvHeads = 1, headDim = 64, valueDim = 64;
  double scale = 1;
  bool causal = false;
  std::optional<double> softCap;
  bool keysInRows = false;
  /// Factors of products have the memory's element type, as units that multiply
  /// matrices want them: queries are not scaled but scores are, and weights are
  /// rounded.
  bool narrowFactors = false;
  /// Keys and values are panels of pairs of rows, as buildPackKeys and
  /// buildPackValues write them, for instructions that multiply pairs of bf16.
  /// Takes narrow factors.
  bool pairs = false;
  HeadPreparation prepareQuery, prepareKey;
  /// Element types; null if there are none.
  mlir::Type past, keyLengths, alpha, beta, gamma, logsumexp, entropy;
  /// Of the mask: i1 says which keys are visible, floats are added to scores.
  mlir::Type mask;
  /// Extents of the mask that are 1: batch, heads, queries.
  bool maskRepeats[3] = {false, false, false};
  Centre centre = Centre::None;
  bool centreVisible = false; ///< Means end with the last visible key.
  int64_t panel = 64;
  int64_t blockQueries = 6, blockKeys = 64, blockRest = 16;
};
tile::KernelOp buildAttention(mlir::OpBuilder &builder, mlir::Location loc,
                              llvm::StringRef name,
                              const AttentionOptions &options);

/// Keys as columns, which is how a product with queries reads them, prepared.
/// Arguments: K `[batch * keys, kvHeads * headDim]`, scale, cos and sin if
/// there are any, the number of keys of a sequence, and the panels, of which
/// each head of each sequence has whole ones. Grid: batch * kvHeads, the keys
/// with those that fill up the last panel.
struct PackKeysOptions {
  mlir::Type element;
  int64_t kvHeads = 1, headDim = 64, panel = 64;
  bool pairs = false; ///< Two components of a key lie together.
  HeadPreparation prepare;
  int64_t blockKeys = 16;
};
tile::KernelOp buildPackKeys(mlir::OpBuilder &builder, mlir::Location loc,
                             llvm::StringRef name,
                             const PackKeysOptions &options);
/// True if pairs of components do not cross the parts of a prepared head.
bool canPairComponents(const HeadPreparation &prepare, int64_t headDim);

/// Values with two rows together: each head of each sequence is a panel of its
/// own. Arguments: V `[batch * keys, kvHeads * valueDim]`, the number of keys
/// of a sequence, and the panels. Grid: batch * kvHeads, the keys with one that
/// fills up the last pair.
struct PackValuesOptions {
  mlir::Type element;
  int64_t kvHeads = 1, valueDim = 64;
  int64_t blockKeys = 16;
};
tile::KernelOp buildPackValues(mlir::OpBuilder &builder, mlir::Location loc,
                               llvm::StringRef name,
                               const PackValuesOptions &options);

/// Heads in rows, prepared: what buildAttention takes as they are. Arguments: X
/// `[batch * rows, heads * headDim]`, scale, cos and sin if there are any, the
/// positions in front of each sequence `[1, batch]` if there are any, the
/// number of rows of a sequence, and Y, like X. Grid: batch * heads, rows.
struct PrepareHeadsOptions {
  mlir::Type element;
  int64_t heads = 1, headDim = 64;
  HeadPreparation prepare;
  mlir::Type past; ///< Null: there are none.
  int64_t blockRows = 16;
};
tile::KernelOp buildPrepareHeads(mlir::OpBuilder &builder, mlir::Location loc,
                                 llvm::StringRef name,
                                 const PrepareHeadsOptions &options);

/// Row i of each sequence becomes the mean of its rows 0 to i: what a shape
/// centre subtracts when attention is causal. Arguments: X and Y
/// `[batch * rows, columns]`, the number of rows of a sequence. Grid: batch,
/// columns.
struct PrefixMeanOptions {
  mlir::Type element;
  int64_t columns = 0, blockColumns = 64;
};
tile::KernelOp buildPrefixMean(mlir::OpBuilder &builder, mlir::Location loc,
                               llvm::StringRef name,
                               const PrefixMeanOptions &options);

/// The mean of each row: of `[batch * heads, n]` of `element` as `[batch,
/// heads]` of `result`. Grid: batch, heads.
tile::KernelOp buildRowMean(mlir::OpBuilder &builder, mlir::Location loc,
                            llvm::StringRef name, mlir::Type element,
                            mlir::Type result, int64_t heads);

/// What a norm divides each row by.
enum class Divisor {
  Statistic, ///< The root of the mean of squares, around the mean if centred.
  Scalar,    ///< A view 1 x 1.
  Channel,   ///< A view 1 x N.
  Position,  ///< A view P x 1: the row of the sequence; the last one serves all
             ///< positions beyond.
};

/// A norm of each row, live or fixed (tfm.norm), and what follows it, scale and
/// shift included. Arguments: X; the divisor's view unless it is a statistic;
/// with `past`, a view of integers `[batch, 1]`, the positions in front of each
/// sequence; those of the steps, Y. Grid: rows; for a divisor per position
/// batch, rows of a sequence.
struct NormOptions {
  mlir::Type element, result; ///< Of X and of Y.
  int64_t columns = 0;
  bool centred = true; ///< The mean of the row is taken off.
  Divisor divisor = Divisor::Statistic;
  mlir::Type divisorElement; ///< Of the divisor's view.
  double eps = 0;            ///< Of a statistic.
  bool epsOutside = false;   ///< Added to the root.
  mlir::Type past;           ///< Null, or the type of `past`, i32 or i64.
  llvm::SmallVector<EpilogueStep> steps;
  int64_t blockRows = 1, blockColumns = 128;
};
tile::KernelOp buildNorm(mlir::OpBuilder &builder, mlir::Location loc,
                         llvm::StringRef name, const NormOptions &options);

/// Each element of rows after the steps. Arguments: X, those of the steps, Y.
/// Grid: rows.
struct RowMapOptions {
  mlir::Type element, result; ///< Of X and of Y.
  int64_t columns = 0;
  llvm::SmallVector<EpilogueStep> steps;
  int64_t blockRows = 1, blockColumns = 128;
};
tile::KernelOp buildRowMap(mlir::OpBuilder &builder, mlir::Location loc,
                           llvm::StringRef name, const RowMapOptions &options);

/// The sum of rows of tables. Arguments: for each table ids `[batch * rows,
/// 1]`, the table `[?, N]`, or its columns in panels `[N, ?]`, and, as it has
/// them, positions `[?, N]` and the positions in front of each sequence
/// `[batch, 1]`; then Y. Ids and positions are inside of their tables: who
/// launches the kernel checks that. Grid: batch, rows of a sequence.
struct EmbeddingTable {
  mlir::Type ids, element;
  int64_t rows = mlir::ShapedType::kDynamic;
  int64_t panel = 0; ///< Rows of the table side by side; 0: it is not packed.
  int64_t interleave = 1; ///< Numbers of a row that lie together in a panel.
  mlir::Type positionElement; ///< Null: there are no positions.
  int64_t positions = mlir::ShapedType::kDynamic;
  mlir::Type past; ///< Null: there are none.
};
struct EmbeddingOptions {
  mlir::Type result; ///< Of Y.
  int64_t columns = 0;
  llvm::SmallVector<EmbeddingTable> tables;
  int64_t blockRows = 1, blockColumns = 128;
};
tile::KernelOp buildEmbedding(mlir::OpBuilder &builder, mlir::Location loc,
                              llvm::StringRef name,
                              const EmbeddingOptions &options);

/// The loss of each row of logits: log(sum(exp(x))) - x[label]. Arguments:
/// logits `[rows, N]`, the same as `[rows * N, 1]`, labels `[rows, 1]`, the
/// loss `[rows, 1]`. Labels are columns: who launches the kernel checks that.
/// Grid: rows.
struct CrossEntropyOptions {
  mlir::Type element, result; ///< Of the logits and of the loss.
  int64_t columns = 0;
  mlir::Type labels;
  int64_t blockRows = 1, blockColumns = 128;
};
tile::KernelOp buildCrossEntropy(mlir::OpBuilder &builder, mlir::Location loc,
                                 llvm::StringRef name,
                                 const CrossEntropyOptions &options);

} // namespace ockham::kernels

#endif // OCKHAM_KERNELS_KERNELS_H
