//===- LowerLinear.cpp - Linears as products with an epilogue -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"
#include "RowLaunch.h"
#include "Steps.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Kernels/Kernels.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;
using namespace ockham::tfm_to_tile;

namespace {
/// The kernel of a linear and of what follows it.
class LinearConversion {
public:
  LinearConversion(const KernelGroup &group, KernelCache &kernels,
                   const tfm_to_tile::Preferences &preferences)
      : group(group), op(cast<tfm::LinearOp>(group.getRoot())),
        kernels(kernels), preferences(preferences), b(group.getOp()),
        loc(op.getLoc()) {}

  std::string findProblem();
  void convert();

private:
  void describe();
  /// What the linear itself does behind its product.
  void addOwnSteps(StepList &list);
  void addParts(tfm::SplitOp split);
  void addGated(tfm::SplitOp split, tfm::GateOp product);
  /// Of the weight in memory.
  Type getWeightElement() const;
  /// True if the product reads the rows of a transposed weight where they are.
  bool keepsRows() const;
  std::string getName() const;
  void replaceResults(Value result);

  const KernelGroup &group;
  /// Accessors of ops are not const.
  mutable tfm::LinearOp op;
  KernelCache &kernels;
  const tfm_to_tile::Preferences &preferences;
  OpBuilder b;
  Location loc;
  int64_t depth, columns; ///< Of the weight.
  Value input;
  GemmOptions options;
  SmallVector<Value> inputs; ///< Of all steps, in the order of the kernel.
  std::string steps;         ///< Their names.
  /// Members that others read, and the columns of the result that they are.
  struct Part {
    Value value;
    int64_t begin;
  };
  SmallVector<Part> parts;
};
} // namespace

/// The linear's split, if the group has one.
static tfm::SplitOp findSplit(const KernelGroup &group) {
  for (Operation *step : group.getSteps())
    if (auto split = dyn_cast<tfm::SplitOp>(step))
      return split;
  return {};
}

/// The gate that multiplies both halves; another one reads its other factor
/// from memory.
static tfm::GateOp findGate(const KernelGroup &group) {
  auto isMember = [&](Value value) {
    return llvm::is_contained(group.getSteps(), value.getDefiningOp());
  };
  for (Operation *step : group.getSteps())
    if (auto gate = dyn_cast<tfm::GateOp>(step))
      if (isMember(gate.getLhs()) && isMember(gate.getRhs()))
        return gate;
  return {};
}

std::string LinearConversion::findProblem() {
  auto weightType = op.getWeight().getType();
  Type element = op.getInput().getType().getElementType();
  std::string text;
  llvm::raw_string_ostream os(text);
  for (Type type : {element, weightType.getElementType()})
    if (!isKernelFloat(type)) {
      os << "the linear is of " << element << " and " << weightType
         << ", expected f32, bf16 or f16";
      return text;
    }
  for (Operation *step : group.getSteps())
    if (std::string problem = checkElements(step); !problem.empty())
      return problem;
  if (std::string problem = checkElements(op); !problem.empty())
    return problem;
  bool transposed = op.getTransposed();
  depth = weightType.getDimSize(transposed ? 1 : 0);
  columns = weightType.getDimSize(transposed ? 0 : 1);
  if (columns < 2) {
    os << "the linear has " << columns << " columns, expected at least 2";
    return text;
  }
  if (keepsRows())
    return "";
  auto load = op.getWeight().getDefiningOp<LoadWeightOp>();
  auto weight = load ? SymbolTable::lookupNearestSymbolFrom<WeightOp>(
                           op, load.getWeightAttr())
                     : WeightOp();
  if (!weight || !(weight.getInit() || ConstantData::get(weight))) {
    os << "the bytes of the weight, " << weightType
       << ", are not known when compiling";
    return text;
  }
  return "";
}

Type LinearConversion::getWeightElement() const {
  Type have = op.getWeight().getType().getElementType();
  bool narrows = preferences.weights.getIntOrFloatBitWidth() <
                 have.getIntOrFloatBitWidth();
  return narrows ? preferences.weights : have;
}

bool LinearConversion::keepsRows() const {
  return preferences.tablesInRows && op.getTransposed() && !findGate(group) &&
         getWeightElement() == op.getWeight().getType().getElementType();
}

void LinearConversion::addOwnSteps(StepList &list) {
  list.addGain(op.getResidGain());
  if (op.getSkipGain())
    list.addScaled(op.getSkipGain(), input);
  if (op.getRowScale())
    list.addRowScale(toColumn(b, loc, op.getRowScale()));
  list.addBias(op.getBias());
  if (op.getInit())
    list.addSummand(b, loc, Value(), op.getInit());
}

/// Columns of the product, some of which go through steps of their own.
void LinearConversion::addParts(tfm::SplitOp split) {
  StepList list(columns);
  addOwnSteps(list);
  Value whole = list.addChain(b, group.getSteps(), op.getResult());
  if (!split)
    parts.push_back({whole, 0});
  int64_t begin = 0;
  for (Value part : split ? ValueRange(split.getResults()) : ValueRange()) {
    int64_t end =
        begin + cast<RankedTensorType>(part.getType()).getShape().back();
    if (group.isResult(part))
      parts.push_back({part, begin});
    size_t first = list.steps.size();
    Value last = list.addChain(b, group.getSteps(), part);
    if (last != part) {
      list.restrictTo(first, begin, end);
      parts.push_back({last, begin});
    }
    begin = end;
  }
  options.epilogue = list.steps;
  llvm::append_range(inputs, list.inputs);
  steps = list.name;
}

/// The halves of the product, multiplied while they are in registers.
void LinearConversion::addGated(tfm::SplitOp split, tfm::GateOp product) {
  StepList halves(columns), gate(columns / 2), epilogue(columns / 2);
  addOwnSteps(halves);
  halves.addChain(b, group.getSteps(), op.getResult());
  for (unsigned half : {0u, 1u}) {
    Value part = split->getResult(half);
    if (gate.addChain(b, group.getSteps(), part, product) != part)
      options.gateFirst = half == 0;
  }
  parts.push_back(
      {epilogue.addChain(b, group.getSteps(), product.getResult()), 0});
  options.isGated = true;
  options.halves = halves.steps;
  options.gate = gate.steps;
  options.epilogue = epilogue.steps;
  for (StepList *list : {&halves, &gate, &epilogue})
    llvm::append_range(inputs, list->inputs);
  steps = halves.name + "_gate" + (options.gateFirst ? "" : "_second") +
          gate.name + "_mul" + epilogue.name;
}

void LinearConversion::describe() {
  options.element = op.getInput().getType().getElementType();
  options.weight = getWeightElement();
  options.depth = depth;
  options.columns = columns;
  options.panel = options.blockColumns = preferences.panel;
  if (keepsRows())
    options.panel = 0;
  input = toMatrix(b, loc, op.getInput());
  tfm::SplitOp split = findSplit(group);
  if (tfm::GateOp product = findGate(group)) {
    addGated(split, product);
    options.columns = columns / 2;
    options.panel = options.blockColumns = preferences.gatePanel;
    options.blockRows = preferences.gateRows;
  } else {
    options.blockRows = preferences.productRows;
    addParts(split);
  }
  options.result = getElementTypeOrSelf(parts.front().value);
  if (preferences.pairsOfRows && options.panel && depth % 2 == 0 &&
      options.element.isBF16() && options.weight.isBF16()) {
    options.interleave = 2;
    options.blockDepth = depth % 4 == 0 ? 4 : 2;
  }
}

std::string LinearConversion::getName() const {
  std::string name;
  llvm::raw_string_ostream os(name);
  os << "linear_" << depth << "x" << columns;
  if (options.weight != options.element)
    os << "_" << options.weight;
  if (options.panel == 0)
    os << "_rows";
  os << steps;

  return name;
}

void LinearConversion::replaceResults(Value result) {
  OpFoldResult one = b.getIndexAttr(1);
  for (const Part &part : parts) {
    auto type = cast<RankedTensorType>(part.value.getType());
    int64_t width = type.getShape().back();
    Value matrix = result;
    if (width != options.columns) {
      SmallVector<OpFoldResult> offsets{b.getIndexAttr(0),
                                        b.getIndexAttr(part.begin)},
          sizes{tensor::getMixedSize(b, loc, result, 0), b.getIndexAttr(width)},
          strides{one, one};
      matrix = tensor::ExtractSliceOp::create(b, loc, result, offsets, sizes,
                                              strides);
    }
    group.replace(part.value, fromMatrix(b, loc, matrix, op.getInput(), type));
  }
}

void LinearConversion::convert() {
  describe();
  Value weight = op.getWeight();
  if (int64_t panel = options.panel) {
    auto packedType = RankedTensorType::get({(columns + panel - 1) / panel,
                                             depth / options.interleave,
                                             panel * options.interleave},
                                            options.weight);
    weight = tile::PackOp::create(b, loc, packedType, weight, panel,
                                  op.getTransposed(), options.interleave);
  }
  SmallVector<Value> operands{input, weight};
  llvm::append_range(operands, inputs);
  tile::KernelOp kernel = kernels.get(
      getName(), /*numbers=*/{}, options.element, options.result,
      getElementTypes(operands), [&](OpBuilder &builder, StringRef name) {
        return buildGemm(builder, loc, name, options);
      });
  Value empty =
      createEmptyMatrix(b, loc, input, options.columns, options.result);
  Value extents[] = {b.createOrFold<tensor::DimOp>(loc, input, 0),
                     arith::ConstantIndexOp::create(b, loc, options.columns)};
  auto launch = tile::LaunchOp::create(b, loc, TypeRange{empty.getType()},
                                       kernel.getSymName(), extents, operands,
                                       ValueRange{empty});
  replaceResults(launch.getResult(0));
}

std::string
tfm_to_tile::convertLinear(KernelGroup group, KernelCache &kernels,
                           const tfm_to_tile::Preferences &preferences) {
  LinearConversion conversion(group, kernels, preferences);
  std::string problem = conversion.findProblem();
  if (!problem.empty())
    return problem;
  conversion.convert();
  group.erase();
  return "";
}
