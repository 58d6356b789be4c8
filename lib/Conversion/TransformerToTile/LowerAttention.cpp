//===- LowerAttention.cpp - Attention as one kernel -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys are packed by a kernel in front, unless there are so few queries that
// each key is looked at once or twice: then another kernel reads them as they
// are. Where the number of queries is only known at run time both are launched,
// one of them on an empty grid.
//
// On a target that wants keys in rows there is one kernel for any number of
// queries. Norms and rotation of queries and keys are then kernels in front, so
// that nothing but products and the softmax is left to it.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "lib/Conversion/TransformerToLinalg/Patterns.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

/// With more queries than these, packing the keys pays.
static constexpr int64_t kFewQueries = 2;

namespace {
class AttentionConversion {
public:
  AttentionConversion(tfm::AttentionOp op, KernelCache &kernels,
                      const tfm_to_tile::Preferences &preferences)
      : op(op), kernels(kernels), preferences(preferences), b(op),
        loc(op.getLoc()) {}

  /// Why there is no kernel; empty if there is one.
  std::string findProblem();
  void convert();

private:
  Value getDim(Value tensor, int64_t axis) {
    return b.createOrFold<tensor::DimOp>(loc, tensor, axis);
  }
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value multiply(Value lhs, Value rhs) {
    return b.createOrFold<arith::MulIOp>(loc, lhs, rhs);
  }
  /// `value` if the kernel with packed keys runs, else 0; or the other way
  /// round.
  Value onlyIf(bool packed, Value value);
  bool runs(bool packed) const {
    if (preferences.keysInRows)
      return packed;
    return !knownQueries || packed == (*knownQueries > kFewQueries);
  }
  Value launch(tile::KernelOp kernel, ValueRange extents, ValueRange inputs,
               Value output) {
    return tile::LaunchOp::create(b, loc, TypeRange{output.getType()},
                                  kernel.getSymName(), extents, inputs,
                                  ValueRange{output})
        .getResult(0);
  }

  void emitChecks();
  AttentionOptions getOptions(bool packed);
  HeadPreparation getPreparation(Value scale);
  std::string getName(const AttentionOptions &options);
  Value createPreparedHeads(Value rows, Value scale, int64_t heads, Value past);
  Value createPackedKeys(const AttentionOptions &options);
  Value createPackedValues(const AttentionOptions &options);
  Value createPrefixMeans(bool always);
  Value createMean(Value perQuery);
  void launchAttention(bool packed, Value means);
  void replace(Value from, Value with);

  tfm::AttentionOp op;
  KernelCache &kernels;
  const tfm_to_tile::Preferences &preferences;
  OpBuilder b;
  Location loc;
  Value batch, queries, keys;
  Value few; ///< Whether there are few queries, if that is not known.
  std::optional<int64_t> knownQueries;
  SmallVector<Value> outputs; ///< Output, logsumexp, entropy of each query.
};
} // namespace

//===----------------------------------------------------------------------===//
// What there is a kernel for
//===----------------------------------------------------------------------===//

std::string AttentionConversion::findProblem() {
  std::string text;
  llvm::raw_string_ostream os(text);
  SmallVector<std::pair<StringRef, Value>> operands{
      {"query", op.getQuery()},
      {"key", op.getKey()},
      {"value", op.getValue()},
      {"output", op.getOutput()},
      {"logsumexp", op.getLogsumexp()},
      {"entropy", op.getEntropy()},
      {"alpha", op.getAlpha()},
      {"beta", op.getBeta()},
      {"gamma", op.getGamma()},
      {"query scale", op.getQueryScale()},
      {"key scale", op.getKeyScale()},
      {"cos", op.getCos()},
      {"sin", op.getSin()}};
  for (auto [what, value] : operands) {
    if (!value || isKernelFloat(getElementTypeOrSelf(value)))
      continue;
    os << "the attention's " << what << " is " << value.getType()
       << ", expected f32, bf16 or f16";
    return text;
  }
  if (Value mask = op.getMask()) {
    Type element = getElementTypeOrSelf(mask);
    if (!isKernelFloat(element) && !element.isInteger(1))
      os << "the attention's mask is " << mask.getType()
         << ", expected i1, f32, bf16 or f16";
  }
  if (op.getValueHeadDim() < 2)
    os << "a head's values have " << op.getValueHeadDim()
       << " columns, expected at least 2";
  return text;
}

/// What shapes and positions may get wrong that only a run can tell.
void AttentionConversion::emitChecks() {
  tfm_to_linalg::Emitter e(b, loc);
  OpFoldResult numQueries = e.extent(op.getQuery(), 1);
  OpFoldResult numKeys = e.extent(op.getKey(), 1);
  if (op.getAlpha())
    tfm_to_linalg::emitPositionCheck(e, op, op.getPast(), numQueries, numKeys,
                                     "the value");
  if (op.getCos()) {
    OpFoldResult rows = e.extent(op.getCos(), 0);
    tfm_to_linalg::emitPositionCheck(e, op, op.getPast(), numQueries, rows,
                                     "the rotary table");
    tfm_to_linalg::emitPositionCheck(e, op, /*past=*/Value(), numKeys, rows,
                                     "the rotary table");
  }
  tfm_to_linalg::emitMaskCheck(e, op);
}

//===----------------------------------------------------------------------===//
// Options
//===----------------------------------------------------------------------===//

HeadPreparation AttentionConversion::getPreparation(Value scale) {
  HeadPreparation prepare;
  prepare.norm = op.getQkNorm();
  prepare.eps = op.getQkNormEps().convertToDouble();
  prepare.epsOutside = op.getQkNormEpsOutside();
  if (scale)
    prepare.scale = getElementTypeOrSelf(scale);
  if (op.getCos()) {
    prepare.rotaryColumns = op.getCos().getType().getDimSize(1);
    prepare.cos = getElementTypeOrSelf(op.getCos());
    prepare.sin = getElementTypeOrSelf(op.getSin());
  }
  prepare.interleaved = op.getInterleaved() && prepare.rotaryColumns > 0;
  return prepare;
}

AttentionOptions AttentionConversion::getOptions(bool packed) {
  AttentionOptions options;
  options.element = op.getOutput().getType().getElementType();
  options.heads = op.getNumHeads();
  options.kvHeads = op.getNumKvHeads();
  options.headDim = op.getQueryHeadDim();
  options.valueDim = op.getValueHeadDim();
  options.scale = op.getScale().convertToDouble();
  options.causal = op.getCausal();
  if (op.getSoftCap())
    options.softCap = op.getSoftCap()->convertToDouble();
  if (!preferences.keysInRows) {
    options.prepareQuery = getPreparation(op.getQueryScale());
    options.prepareKey = getPreparation(op.getKeyScale());
  }
  auto elementOf = [](Value value) {
    return value ? getElementTypeOrSelf(value) : Type();
  };
  options.past = elementOf(op.getPast());
  options.keyLengths = elementOf(op.getKeyLengths());
  options.mask = elementOf(op.getMask());
  bool hides = options.mask && options.mask.isInteger(1);
  if (Value mask = op.getMask())
    for (unsigned axis = 0; axis < 3; ++axis)
      options.maskRepeats[axis] =
          cast<RankedTensorType>(mask.getType()).getDimSize(axis) == 1;
  options.alpha = elementOf(op.getAlpha());
  options.beta = elementOf(op.getBeta());
  options.gamma = elementOf(op.getGamma());
  if (op.getGamma()) {
    options.centreVisible = op.getCentre() == tfm::Centre::Visible;
    // Few queries read all values anyway, so they can sum them up too: if they
    // see all that the centre has in it.
    bool isSum = options.centreVisible
                     ? hides || !packed
                     : !packed && !hides && !op.getKeyLengths();
    options.centre =
        isSum ? AttentionOptions::Centre::Sum : AttentionOptions::Centre::Means;
  }
  options.logsumexp = elementOf(op.getLogsumexp());
  // Of each query; what the op gives is their mean.
  if (op.getEntropy())
    options.entropy = b.getF32Type();
  options.pairs = packed && preferences.pairsOfRows &&
                  !preferences.keysInRows && options.element.isBF16() &&
                  canPairComponents(options.prepareQuery, options.headDim);
  options.narrowFactors = preferences.narrowFactors || options.pairs;
  options.keysInRows = preferences.keysInRows;
  options.blockQueries = preferences.queryBlock;
  options.blockKeys = preferences.keyBlock;
  options.blockRest = preferences.keyRest;
  if (!packed) {
    options.keysInRows = true;
    options.blockQueries = 1;
    options.blockKeys = options.blockRest = 16;
  }
  return options;
}

/// Without the numbers, which are not part of a symbol.
std::string AttentionConversion::getName(const AttentionOptions &options) {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "attention_" << options.heads << 'x' << options.headDim;
  if (options.keysInRows)
    os << (preferences.keysInRows ? "_rows" : "_few");
  if (options.kvHeads != options.heads)
    os << "_kv" << options.kvHeads;
  if (options.valueDim != options.headDim)
    os << "_v" << options.valueDim;
  if (options.causal)
    os << "_causal";
  if (options.past)
    os << "_past_" << options.past;
  if (options.keyLengths)
    os << "_lengths_" << options.keyLengths;
  if (options.mask) {
    os << (options.mask.isInteger(1) ? "_mask_" : "_bias_");
    for (auto [repeats, letter] : llvm::zip(options.maskRepeats, "bhq"))
      os << (repeats ? '1' : letter);
  }
  if (options.alpha || options.beta || options.gamma) {
    os << "_shaped" << (options.alpha ? "a" : "") << (options.beta ? "b" : "");
    if (options.centre != AttentionOptions::Centre::None)
      os << 'c' << (options.centreVisible ? "_visible" : "");
  }
  const HeadPreparation &prepare = options.prepareQuery;
  if (prepare.norm)
    os << '_' << tfm::stringifyNormKind(*prepare.norm)
       << (prepare.epsOutside ? "_eps_outside" : "")
       << (prepare.scale ? "_q" : "") << (options.prepareKey.scale ? "_k" : "");
  if (prepare.rotaryColumns)
    os << "_rotary" << prepare.rotaryColumns
       << (prepare.interleaved ? "_interleaved" : "");
  if (options.softCap)
    os << "_soft_cap";
  if (options.logsumexp)
    os << "_logsumexp";
  if (options.entropy)
    os << "_entropy";
  return name;
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

Value AttentionConversion::onlyIf(bool packed, Value value) {
  if (!few)
    return value;
  Value none = constant(0);
  return packed ? arith::SelectOp::create(b, loc, few, none, value)
                : arith::SelectOp::create(b, loc, few, value, none);
}

static std::string describe(const HeadPreparation &prepare) {
  std::string name;
  if (prepare.norm)
    name += "_" + tfm::stringifyNormKind(*prepare.norm).str() +
            (prepare.epsOutside ? "_eps_outside" : "") +
            (prepare.scale ? "_scale" : "");
  if (prepare.rotaryColumns)
    name += "_rotary" + std::to_string(prepare.rotaryColumns) +
            (prepare.interleaved ? "_interleaved" : "");
  return name;
}

/// Queries or keys in rows, prepared; as they are if there is nothing to do.
Value AttentionConversion::createPreparedHeads(Value rows, Value scale,
                                               int64_t heads, Value past) {
  Value matrix = toMatrix(b, loc, rows);
  HeadPreparation prepare = getPreparation(scale);
  if (!prepare)
    return matrix;
  SmallVector<Value> inputs{matrix};
  for (Value extra : {scale, Value(op.getCos()), Value(op.getSin())})
    if (extra)
      inputs.push_back(extra);
  PrepareHeadsOptions options;
  options.element = getElementTypeOrSelf(rows);
  options.heads = heads;
  options.headDim = op.getQueryHeadDim();
  options.prepare = prepare;
  std::string name = "prepare_heads_" + std::to_string(heads) + "x" +
                     std::to_string(options.headDim) + describe(prepare);
  // Without a rotation no position matters.
  if (past && prepare.rotaryColumns) {
    options.past = getElementTypeOrSelf(past);
    llvm::raw_string_ostream(name) << "_past_" << options.past;
    inputs.push_back(toMatrix(b, loc, past));
  }
  tile::KernelOp kernel = kernels.get(
      name, prepare.eps, options.element, options.element,
      getElementTypes(inputs), [&](OpBuilder &builder, StringRef symbol) {
        return buildPrepareHeads(builder, loc, symbol, options);
      });
  Value count = getDim(rows, 1);
  inputs.push_back(count);
  Value number = multiply(batch, constant(heads));
  Value empty = createEmptyMatrix(b, loc, matrix, heads * options.headDim,
                                  options.element);
  return launch(kernel, ValueRange{number, count}, inputs, empty);
}

/// The keys as columns, in panels of their own for each head of each sequence.
Value AttentionConversion::createPackedKeys(const AttentionOptions &options) {
  const HeadPreparation &prepare = options.prepareKey;
  std::string name = "pack_keys_" + std::to_string(options.kvHeads) + "x" +
                     std::to_string(options.headDim) + describe(prepare);
  SmallVector<Value> inputs{toMatrix(b, loc, op.getKey())};
  for (Value extra :
       {Value(op.getKeyScale()), Value(op.getCos()), Value(op.getSin())})
    if (extra)
      inputs.push_back(extra);
  tile::KernelOp kernel = kernels.get(
      name, prepare.eps, options.element, options.element,
      getElementTypes(inputs), [&](OpBuilder &builder, StringRef symbol) {
        PackKeysOptions pack;
        pack.element = options.element;
        pack.kvHeads = options.kvHeads;
        pack.headDim = options.headDim;
        pack.panel = options.panel;
        pack.pairs = options.pairs;
        pack.prepare = prepare;
        return buildPackKeys(builder, loc, symbol, pack);
      });
  Value number = multiply(batch, constant(options.kvHeads));
  int64_t together = options.pairs ? 2 : 1;
  Value panel = constant(options.panel);
  Value panels = b.createOrFold<arith::DivUIOp>(
      loc,
      b.createOrFold<arith::AddIOp>(loc, keys, constant(options.panel - 1)),
      panel);
  OpFoldResult sizes[] = {
      getAsOpFoldResult(onlyIf(/*packed=*/true, multiply(number, panels))),
      b.getIndexAttr(options.headDim / together),
      b.getIndexAttr(options.panel * together)};
  Value empty = tensor::EmptyOp::create(b, loc, sizes, options.element);
  inputs.push_back(keys);
  Value padded = onlyIf(/*packed=*/true, multiply(panels, panel));
  return launch(kernel, ValueRange{number, padded}, inputs, empty);
}

/// The values with two rows together, each head of each sequence a panel.
Value AttentionConversion::createPackedValues(const AttentionOptions &options) {
  SmallVector<Value> inputs{toMatrix(b, loc, op.getValue())};
  std::string name = "pack_values_" + std::to_string(options.kvHeads) + "x" +
                     std::to_string(options.valueDim);
  tile::KernelOp kernel = kernels.get(
      name, /*numbers=*/{}, options.element, options.element,
      getElementTypes(inputs), [&](OpBuilder &builder, StringRef symbol) {
        PackValuesOptions pack;
        pack.element = options.element;
        pack.kvHeads = options.kvHeads;
        pack.valueDim = options.valueDim;
        return buildPackValues(builder, loc, symbol, pack);
      });
  Value number = multiply(batch, constant(options.kvHeads)), two = constant(2);
  Value pairs = b.createOrFold<arith::CeilDivUIOp>(loc, keys, two);
  OpFoldResult sizes[] = {getAsOpFoldResult(onlyIf(/*packed=*/true, number)),
                          getAsOpFoldResult(pairs),
                          b.getIndexAttr(2 * options.valueDim)};
  Value empty = tensor::EmptyOp::create(b, loc, sizes, options.element);
  inputs.push_back(keys);
  Value padded = onlyIf(/*packed=*/true, multiply(pairs, two));
  return launch(kernel, ValueRange{number, padded}, inputs, empty);
}

/// The means of the values up to each position; with few queries they may not
/// be needed.
Value AttentionConversion::createPrefixMeans(bool always) {
  Value value = op.getValue();
  auto type = cast<RankedTensorType>(value.getType());
  int64_t columns = type.getDimSize(2);
  tile::KernelOp kernel =
      kernels.get("prefix_mean_" + std::to_string(columns), /*numbers=*/{},
                  type.getElementType(), type.getElementType(), /*others=*/{},
                  [&](OpBuilder &builder, StringRef name) {
                    PrefixMeanOptions options;
                    options.element = type.getElementType();
                    options.columns = columns;
                    return buildPrefixMean(builder, loc, name, options);
                  });
  Value rows = toMatrix(b, loc, value);
  Value empty = createEmptyMatrix(b, loc, rows, columns, type.getElementType());
  Value sequences = always ? batch : onlyIf(/*packed=*/true, batch);
  return launch(kernel, ValueRange{sequences, constant(columns)},
                ValueRange{rows, keys}, empty);
}

/// The mean over the queries, `[batch, heads]`.
Value AttentionConversion::createMean(Value perQuery) {
  int64_t heads = op.getNumHeads();
  Type element = getElementTypeOrSelf(perQuery);
  Type result = getElementTypeOrSelf(op.getEntropy());
  tile::KernelOp kernel = kernels.get(
      "row_mean_" + std::to_string(heads), /*numbers=*/{}, element, result,
      /*others=*/{}, [&](OpBuilder &builder, StringRef name) {
        return buildRowMean(builder, loc, name, element, result, heads);
      });
  OpFoldResult sizes[] = {getAsOpFoldResult(batch), b.getIndexAttr(heads)};
  Value empty = tensor::EmptyOp::create(b, loc, sizes, result);
  return launch(kernel, ValueRange{batch, constant(heads)},
                ValueRange{perQuery, queries}, empty);
}

void AttentionConversion::launchAttention(bool packed, Value means) {
  AttentionOptions options = getOptions(packed);
  double numbers[] = {options.scale, options.softCap.value_or(0),
                      options.prepareQuery.eps};
  SmallVector<Value> inputs;
  if (preferences.keysInRows)
    inputs = {createPreparedHeads(op.getQuery(), op.getQueryScale(),
                                  options.heads, op.getPast()),
              createPreparedHeads(op.getKey(), op.getKeyScale(),
                                  options.kvHeads, /*past=*/Value())};
  else
    inputs = {toMatrix(b, loc, op.getQuery()),
              packed ? createPackedKeys(options)
                     : toMatrix(b, loc, op.getKey())};
  if (options.pairs)
    inputs.push_back(createPackedValues(options));
  if (!options.pairs || options.alpha)
    inputs.push_back(toMatrix(b, loc, op.getValue()));
  auto add = [&](Value input) {
    if (input)
      inputs.push_back(input);
  };
  // As matrices too: they may be windows of something larger.
  for (Value extra :
       {Value(op.getPast()), Value(op.getKeyLengths()), Value(op.getMask())})
    if (extra)
      add(toMatrix(b, loc, extra));
  if (options.centre == AttentionOptions::Centre::Means)
    add(means);
  add(op.getAlpha());
  add(op.getBeta());
  add(op.getGamma());
  if (!preferences.keysInRows) {
    add(op.getQueryScale());
    if (!packed)
      add(op.getKeyScale());
    add(op.getCos());
    add(op.getSin());
  }
  SmallVector<Type> types = getElementTypes(inputs);
  llvm::append_range(types, getElementTypes(outputs));
  tile::KernelOp kernel =
      kernels.get(getName(options), numbers, options.element, options.element,
                  types, [&](OpBuilder &builder, StringRef symbol) {
                    return buildAttention(builder, loc, symbol, options);
                  });
  add(keys);
  Value extents[] = {multiply(batch, constant(options.heads)),
                     onlyIf(packed, queries)};
  auto launch =
      tile::LaunchOp::create(b, loc, ValueRange(outputs).getTypes(),
                             kernel.getSymName(), extents, inputs, outputs);
  ValueRange results = launch.getResults();
  outputs.assign(results.begin(), results.end());
}

void AttentionConversion::replace(Value from, Value with) {
  if (from.getType() != with.getType())
    with = tensor::CastOp::create(b, loc, from.getType(), with);
  from.replaceAllUsesWith(with);
}

void AttentionConversion::convert() {
  emitChecks();
  batch = getDim(op.getQuery(), 0);
  queries = getDim(op.getQuery(), 1);
  keys = getDim(op.getKey(), 1);
  knownQueries = getConstantIntValue(queries);
  if (!knownQueries && !preferences.keysInRows)
    few = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, queries,
                                constant(kFewQueries));

  int64_t heads = op.getNumHeads();
  outputs.push_back(createEmptyMatrix(b, loc, toMatrix(b, loc, op.getQuery()),
                                      heads * op.getValueHeadDim(),
                                      getElementTypeOrSelf(op.getOutput())));
  OpFoldResult sizes[] = {getAsOpFoldResult(batch), b.getIndexAttr(heads),
                          getAsOpFoldResult(queries)};
  if (op.getLogsumexp())
    outputs.push_back(tensor::EmptyOp::create(
        b, loc, sizes, getElementTypeOrSelf(op.getLogsumexp())));
  if (op.getEntropy())
    outputs.push_back(tensor::EmptyOp::create(b, loc, sizes, b.getF32Type()));

  Value means;
  auto needsMeans = [&](bool packed) {
    return runs(packed) &&
           getOptions(packed).centre == AttentionOptions::Centre::Means;
  };
  if (needsMeans(true) || needsMeans(false))
    means = createPrefixMeans(/*always=*/needsMeans(false));
  for (bool packed : {true, false})
    if (runs(packed))
      launchAttention(packed, means);

  ArrayRef<Value> results(outputs);
  replace(op.getOutput(), fromMatrix(b, loc, results.front(), op.getQuery(),
                                     op.getOutput().getType()));
  results = results.drop_front();
  if (op.getLogsumexp()) {
    replace(op.getLogsumexp(), results.front());
    results = results.drop_front();
  }
  if (op.getEntropy())
    replace(op.getEntropy(), createMean(results.front()));
  op.erase();
}

std::string
tfm_to_tile::convertAttention(tfm::AttentionOp op, KernelCache &kernels,
                              const tfm_to_tile::Preferences &preferences) {
  AttentionConversion conversion(op, kernels, preferences);
  std::string problem = conversion.findProblem();
  if (problem.empty())
    conversion.convert();
  return problem;
}
