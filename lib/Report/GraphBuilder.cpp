//===- GraphBuilder.cpp - IR as a graph without names ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphBuilder.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using llvm::json::Object;

namespace ockham::report {

static bool isRowsOfFloats(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 3 && isa<FloatType>(type.getElementType());
}

llvm::DenseSet<Operation *> findStream(Operation *function) {
  llvm::DenseSet<Operation *> stream;
  function->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (op == function)
      return;
    bool carries = isa<tfm::EmbeddingOp, tfm::BlockOp, tfm::ParallelOp>(op);
    for (Value operand : op->getOperands()) {
      if (Operation *source = operand.getDefiningOp())
        carries |= stream.contains(source);
      else
        carries |= isRowsOfFloats(operand);
    }
    // Sizes do not carry values.
    if (carries && !isa<tensor::DimOp, onnx::ShapeOp>(op))
      stream.insert(op);
  });
  return stream;
}

/// A number as a description has it: what went through float32, or was split
/// into factors, differs behind the sixth digit.
static double roundForText(double value) {
  if (value == 0.0 || !std::isfinite(value))
    return value;
  double scale = std::pow(10.0, 5.0 - std::floor(std::log10(std::fabs(value))));
  double rounded = std::round(value * scale) / scale;
  // The decimal that is nearest, not the product's last bits.
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", rounded);
  return std::strtod(text, nullptr);
}

/// Sets an attribute to an extent that is known.
static void setExtent(Object &object, StringRef key, Value value, int64_t dim,
                      int64_t factor = 1) {
  auto type = cast<RankedTensorType>(value.getType());
  if (dim >= 0 && dim < type.getRank() && !type.isDynamicDim(dim))
    object[key] = type.getDimSize(dim) * factor;
}

/// The same of the last dimension.
static void setWidth(Object &object, StringRef key, Value value) {
  setExtent(object, key, value,
            cast<RankedTensorType>(value.getType()).getRank() - 1);
}

/// A number where it is one for good; else what kind of parameter it is:
/// "scalar" or "channel".
static llvm::json::Value describeGain(Value gain) {
  auto type = cast<RankedTensorType>(gain.getType());
  if (!type.hasStaticShape() || type.getNumElements() != 1)
    return "channel";
  if (!gain.getDefiningOp<LoadWeightOp>())
    if (std::optional<ConstantData> data = ConstantData::get(gain))
      if (double value = data->getFloat(0); std::isfinite(value))
        return roundForText(value);
  return "scalar";
}

static Object describeNorm(tfm::NormOp op) {
  Object result{{"kind", tfm::stringifyNormKind(op.getKind())}};
  setWidth(result, "width", op.getInput());
  if (op.getScale())
    result["scale"] = true;
  if (op.getShift())
    result["shift"] = true;
  if (op.getKind() == tfm::NormKind::Layer ||
      op.getKind() == tfm::NormKind::RMS) {
    result["eps"] = roundForText(op.getEps().convertToDouble());
    if (op.getEpsOutside())
      result["eps_outside"] = true;
  }
  if (op.getKind() == tfm::NormKind::Fixed) {
    result["std"] = tfm::stringifyStdAxis(op.getStdAxis());
    if (op.getUncentred())
      result["uncentred"] = true;
  }
  if (op.getAlpha())
    result["alpha"] = describeGain(op.getAlpha());
  if (op.getOffset())
    result["offset"] = describeGain(op.getOffset());
  return result;
}

/// Whether the weight is also the table of an embedding.
static bool isTied(tfm::LinearOp op) {
  auto load = op.getWeight().getDefiningOp<LoadWeightOp>();
  if (!load)
    return false;
  auto function = op->getParentOfType<func::FuncOp>();
  bool found = false;
  function.walk([&](tfm::EmbeddingOp embedding) {
    auto table = embedding.getTable().getDefiningOp<LoadWeightOp>();
    found |= table && table.getWeight() == load.getWeight();
  });
  return found;
}

static Object describeLinear(tfm::LinearOp op) {
  Object result;
  setWidth(result, "in", op.getInput());
  setWidth(result, "out", op.getResult());
  if (op.getBias())
    result["bias"] = true;
  if (op.getSkipGain())
    result["skip_gain"] = describeGain(op.getSkipGain());
  if (op.getResidGain())
    result["resid_gain"] = describeGain(op.getResidGain());
  if (op.getRowScale())
    result["row_scale"] = true;
  if (op.getInit())
    result["accumulates"] = true;
  if (isTied(op))
    result["tied"] = true;
  return result;
}

static Object describeAttention(tfm::AttentionOp op) {
  Object result{{"heads", static_cast<int64_t>(op.getNumHeads())},
                {"scale", roundForText(op.getScale().convertToDouble())}};
  if (op.getNumKvHeads() != op.getNumHeads())
    result["kv_heads"] = static_cast<int64_t>(op.getNumKvHeads());
  auto hasWidth = [](Value rows) {
    return !cast<RankedTensorType>(rows.getType()).isDynamicDim(2);
  };
  if (hasWidth(op.getQuery()))
    result["head_width"] = op.getQueryHeadDim();
  if (hasWidth(op.getQuery()) && hasWidth(op.getValue()) &&
      op.getValueHeadDim() != op.getQueryHeadDim())
    result["value_head_width"] = op.getValueHeadDim();
  if (op.getCausal())
    result["causal"] = true;
  if (op.getPast())
    result["past"] = true;
  if (op.getKeyLengths())
    result["key_lengths"] = true;
  if (Value mask = op.getMask())
    result["mask"] =
        isa<FloatType>(getElementTypeOrSelf(mask)) ? "added" : "boolean";
  if (op.isShaped()) {
    llvm::json::Array gains;
    if (op.getAlpha())
      gains.push_back("alpha");
    if (op.getBeta())
      gains.push_back("beta");
    if (op.getGamma())
      gains.push_back("gamma");
    result["shape"] = std::move(gains);
    if (op.getGamma())
      result["centre"] = tfm::stringifyCentre(op.getCentre());
  }
  if (op.getSoftCap())
    result["soft_cap"] = roundForText(op.getSoftCap()->convertToDouble());
  if (op.getQkNorm())
    result["qk_norm"] = tfm::stringifyNormKind(*op.getQkNorm());
  if (op.getCos()) {
    result["rotary"] = true;
    setExtent(result, "rotary", op.getCos(), 1, /*factor=*/2);
    if (op.getInterleaved())
      result["interleaved"] = true;
  }
  return result;
}

/// What an op is, without names; operators that were not recognised are their
/// result's type.
static Object describeOp(Operation *op) {
  return llvm::TypeSwitch<Operation *, Object>(op)
      .Case([](tfm::NormOp norm) { return describeNorm(norm); })
      .Case([](tfm::LinearOp linear) { return describeLinear(linear); })
      .Case([](tfm::AttentionOp attention) {
        return describeAttention(attention);
      })
      .Case([](tfm::ActivationOp activation) {
        Object result{
            {"kind", tfm::stringifyActivationKind(activation.getKind())}};
        setWidth(result, "width", activation->getResult(0));
        if (activation.getSlope())
          result["slope"] = describeGain(activation.getSlope());
        return result;
      })
      .Case([](tfm::EmbeddingOp embedding) {
        Object result;
        setExtent(result, "vocabulary", embedding.getTable(), 0);
        setExtent(result, "width", embedding.getTable(), 1);
        if (Value positions = embedding.getPositionTable())
          setExtent(result, "positions", positions, 0);
        if (embedding.getPast())
          result["past"] = true;
        return result;
      })
      .Case<tfm::AddScaledOp, tfm::GateOp, tfm::CastOp>([](auto both) {
        Object result;
        setWidth(result, "width", both.getResult());
        return result;
      })
      .Case([](tfm::ScaleOp scale) {
        Object result{{"gain", describeGain(scale.getGain())}};
        setWidth(result, "width", scale.getResult());
        return result;
      })
      .Case([](tfm::CrossEntropyOp loss) {
        Object result;
        setWidth(result, "classes", loss.getLogits());
        return result;
      })
      .Case([](tfm::SplitOp split) {
        llvm::json::Array widths;
        for (Value part : split.getResults()) {
          Object one;
          setWidth(one, "width", part);
          widths.push_back(one.getInteger("width"));
        }
        return Object{{"widths", std::move(widths)}};
      })
      .Case([](tfm::BlockOp block) {
        return Object{{"kind", tfm::stringifyBlockKind(block.getKind())}};
      })
      .Default([](Operation *other) {
        Object result;
        if (other->getNumResults() == 1)
          if (auto type =
                  dyn_cast<RankedTensorType>(other->getResult(0).getType()))
            result["rank"] = type.getRank();
        return result;
      });
}

static std::string getOpName(Operation *op) {
  if (isa<tfm::AddScaledOp>(op))
    return "add";
  if (isa_and_nonnull<tfm::TfmDialect>(op->getDialect()))
    return op->getName().stripDialect().str();
  return op->getName().getStringRef().str();
}

namespace {
class GraphBuilder {
public:
  GraphBuilder(Region &region, const llvm::DenseSet<Operation *> &stream)
      : region(region), stream(stream) {}

  Graph run(ValueRange outputs);

private:
  /// The op whose result a value is, through branches and casts; none if it
  /// comes from outside.
  Value resolve(Value value) const;
  bool isOutside(Value value) const {
    Operation *op = value.getDefiningOp();
    return !op || !region.isAncestor(op->getParentRegion());
  }
  bool carriesActivations(Value value) const {
    Operation *op = value.getDefiningOp();
    return op ? stream.contains(op) : isRowsOfFloats(value);
  }
  /// The activations that an op reads, in the order of the description.
  SmallVector<Value, 4> getInputs(Operation *op);
  /// The operands of a sum with their gains, in the order of the description.
  std::pair<std::pair<Value, Value>, std::pair<Value, Value>>
  getTerms(tfm::AddScaledOp sum);
  /// The ops behind a value that are not listed yet, readers last.
  void list(Value value, SmallVectorImpl<Operation *> &order);
  Node makeNode(Operation *op);
  Edge getEdge(Value value);
  /// Sums of the same things look alike, whatever stands left and right.
  const std::string &describe(Value value);

  Region &region;
  const llvm::DenseSet<Operation *> &stream;
  Graph graph;
  llvm::DenseMap<Operation *, int> nodes;
  llvm::DenseSet<Operation *> listed;
  llvm::DenseMap<Value, int> outside;
  llvm::DenseMap<Value, std::string> descriptions;
};
} // namespace

Value GraphBuilder::resolve(Value value) const {
  while (Operation *op = value.getDefiningOp()) {
    if (auto cast = dyn_cast<tensor::CastOp>(op)) {
      value = cast.getSource();
      continue;
    }
    auto parallel = dyn_cast<tfm::ParallelOp>(op);
    if (!parallel)
      break;
    unsigned number = cast<OpResult>(value).getResultNumber();
    Value inner;
    for (Region &branch : parallel.getBranches()) {
      Operation *yield = branch.front().getTerminator();
      if (number < yield->getNumOperands()) {
        inner = yield->getOperand(number);
        break;
      }
      number -= yield->getNumOperands();
    }
    value = inner;
  }
  return value;
}

const std::string &GraphBuilder::describe(Value value) {
  value = resolve(value);
  auto found = descriptions.find(value);
  if (found != descriptions.end())
    return found->second;
  if (isOutside(value))
    return descriptions[value] = "000000 input";
  Operation *op = value.getDefiningOp();
  std::vector<std::string> parts;
  for (Value operand : op->getOperands())
    if (carriesActivations(operand))
      parts.push_back(describe(operand));
  if (isa<tfm::AddScaledOp>(op))
    llvm::sort(parts);
  // The number of ops behind stands in front: a skip comes before its branch.
  unsigned depth = 0;
  size_t hash = std::hash<std::string>()(getOpName(op));
  auto mix = [&](const std::string &text) {
    hash = hash * 1000003 + std::hash<std::string>()(text);
  };
  for (const std::string &part : parts) {
    unsigned below = 0;
    if (!StringRef(part).take_front(6).getAsInteger(10, below))
      depth = std::max(depth, below);
    mix(part);
  }
  std::string attributes;
  llvm::raw_string_ostream(attributes) << llvm::json::Value(describeOp(op));
  mix(attributes);
  char front[16];
  std::snprintf(front, sizeof(front), "%06u", (depth + 1) % 1000000);
  return descriptions[value] =
             front + (" " + getOpName(op)) + " " + std::to_string(hash);
}

std::pair<std::pair<Value, Value>, std::pair<Value, Value>>
GraphBuilder::getTerms(tfm::AddScaledOp sum) {
  std::pair<Value, Value> first(sum.getLhs(), sum.getLhsGain());
  std::pair<Value, Value> second(sum.getRhs(), sum.getRhsGain());
  // Copies: describing one may move the other.
  std::string left = describe(first.first), right = describe(second.first);
  // Gains decide where the operands do not differ.
  if (std::pair(right, !!second.second) < std::pair(left, !!first.second))
    std::swap(first, second);
  return {first, second};
}

SmallVector<Value, 4> GraphBuilder::getInputs(Operation *op) {
  SmallVector<Value, 4> inputs;
  if (auto sum = dyn_cast<tfm::AddScaledOp>(op)) {
    auto [first, second] = getTerms(sum);
    return {first.first, second.first};
  }
  for (Value operand : op->getOperands())
    if (carriesActivations(operand))
      inputs.push_back(operand);
  // A block reads what its body reads from around it.
  if (auto block = dyn_cast<tfm::BlockOp>(op))
    block.getBody().walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (!block.getBody().isAncestor(operand.getParentRegion()) &&
            carriesActivations(operand) && !llvm::is_contained(inputs, operand))
          inputs.push_back(operand);
    });
  return inputs;
}

void GraphBuilder::list(Value value, SmallVectorImpl<Operation *> &order) {
  struct Frame {
    Operation *op;
    SmallVector<Value, 4> inputs;
    unsigned next = 0;
  };
  SmallVector<Frame> stack;
  auto push = [&](Value input) {
    input = resolve(input);
    if (!isOutside(input) && listed.insert(input.getDefiningOp()).second)
      stack.push_back(
          {input.getDefiningOp(), getInputs(input.getDefiningOp())});
  };
  push(value);
  while (!stack.empty()) {
    Frame &frame = stack.back();
    if (frame.next < frame.inputs.size()) {
      push(frame.inputs[frame.next++]);
      continue;
    }
    order.push_back(frame.op);
    stack.pop_back();
  }
}

Edge GraphBuilder::getEdge(Value value) {
  value = resolve(value);
  if (isOutside(value)) {
    int number = outside.size();
    return {-1 - outside.try_emplace(value, number).first->second, 0};
  }
  return {nodes.lookup(value.getDefiningOp()),
          cast<OpResult>(value).getResultNumber()};
}

Node GraphBuilder::makeNode(Operation *op) {
  Node node;
  node.op = getOpName(op);
  node.attributes = describeOp(op);
  for (Value operand : op->getOperands())
    if (auto load = operand.getDefiningOp<LoadWeightOp>())
      node.parameters +=
          cast<ShapedType>(load.getResult().getType()).getNumElements();
  if (auto sum = dyn_cast<tfm::AddScaledOp>(op)) {
    auto [first, second] = getTerms(sum);
    auto describe = [](Value gain) {
      return gain ? describeGain(gain) : llvm::json::Value("none");
    };
    if (first.second || second.second)
      node.attributes["gains"] =
          llvm::json::Array{describe(first.second), describe(second.second)};
  }
  for (Value input : getInputs(op))
    node.inputs.push_back(getEdge(input));
  return node;
}

Graph GraphBuilder::run(ValueRange outputs) {
  // In the order of the program, so that nothing recurses deeply.
  region.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (stream.contains(op) && !isa<tfm::BlockOp, tfm::ParallelOp>(op))
      for (Value result : op->getResults())
        describe(result);
  });
  SmallVector<Operation *> order;
  for (Value output : outputs)
    list(output, order);
  for (Operation *op : order) {
    nodes[op] = graph.nodes.size();
    graph.nodes.push_back(makeNode(op));
  }
  for (Value output : outputs)
    graph.outputs.push_back(getEdge(output));
  graph.inputs = outside.size();
  return std::move(graph);
}

Graph buildGraph(Region &region, ValueRange outputs,
                 const llvm::DenseSet<Operation *> &stream) {
  return GraphBuilder(region, stream).run(outputs);
}

} // namespace ockham::report
