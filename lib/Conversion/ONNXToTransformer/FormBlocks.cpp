//===- FormBlocks.cpp - Ops of one transformer block become tfm.block -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The stream is what depends on the embedding (or on a float input) and leads
// to the result; caches and other results leave it on the way. It is cut
// wherever a single value carries all of it. Between two cuts lies a segment:
// an attention with its skip, an MLP, a norm. A block is a segment with an
// attention and the segments around it that belong to it. Names come from the
// locations, and only names do.
//
//===----------------------------------------------------------------------===//

#include "Raising.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"

#include <map>
#include <optional>

using namespace mlir;

namespace ockham::raising {

namespace {

/// The ops after one cut up to the next.
struct Segment {
  SmallVector<Operation *> ops;
  /// The values that carry the stream in and out.
  Value input;
  Value output;
  unsigned attentions = 0;
  unsigned norms = 0;
  unsigned linears = 0;
  unsigned activations = 0;
  unsigned others = 0;
  bool hasSkip = false;

  bool isOnlyNorm() const {
    return norms && !attentions && !linears && !activations && !others;
  }
  bool isOnlyScale() const {
    return !norms && !attentions && !linears && !activations && !others;
  }
};

/// A range of segments.
struct BlockRange {
  unsigned begin;
  unsigned attention;
  unsigned end;
  tfm::BlockKind kind;
};

class BlockFormer {
public:
  explicit BlockFormer(Raiser &raiser) : raiser(raiser) {}

  void run();

private:
  void collectStream();
  void dropSideBranches();
  void cut();
  unsigned findEnd(unsigned attention, unsigned limit) const;
  tfm::BlockKind classify(const BlockRange &range) const;
  void form(const BlockRange &range, unsigned index);
  Segment describe(ArrayRef<Operation *> ops, Value input) const;
  void reportContents(const BlockRange &range, StringRef name) const;
  /// Whether the segment's result leaves the model (a head).
  bool isReturned(const Segment &segment) const;

  Raiser &raiser;
  SmallVector<Operation *> stream;
  /// The argument that begins the stream where no embedding does.
  Value entry;
  llvm::SmallPtrSet<Operation *, 32> inStream;
  SmallVector<Segment> segments;
};

} // namespace

void BlockFormer::collectStream() {
  for (Operation &op : raiser.getFunction().getBody().front()) {
    if (op.hasTrait<OpTrait::IsTerminator>())
      continue;
    bool carries = isa<tfm::EmbeddingOp>(op);
    for (Value operand : op.getOperands()) {
      Operation *source = operand.getDefiningOp();
      if (source ? inStream.contains(source) : isRows(operand)) {
        carries = true;
        if (!source)
          entry = operand;
      }
    }
    if (carries) {
      stream.push_back(&op);
      inStream.insert(&op);
    }
  }
}

/// Keeps of the stream what leads to the returned value that most of it leads
/// to.
void BlockFormer::dropSideBranches() {
  llvm::SmallPtrSet<Operation *, 32> main;
  Operation *terminator =
      raiser.getFunction().getBody().front().getTerminator();
  for (Value result : terminator->getOperands()) {
    llvm::SmallPtrSet<Operation *, 32> sources;
    SmallVector<Operation *> worklist = {result.getDefiningOp()};
    while (!worklist.empty()) {
      Operation *op = worklist.pop_back_val();
      if (!op || !inStream.contains(op) || !sources.insert(op).second)
        continue;
      for (Value operand : op->getOperands())
        worklist.push_back(operand.getDefiningOp());
    }
    if (sources.size() > main.size())
      main = std::move(sources);
  }
  llvm::erase_if(stream, [&](Operation *op) { return !main.contains(op); });
}

/// The product of a gated MLP (SwiGLU): an activation times a linear.
static bool isGate(Operation *op) {
  return isa<onnx::MulOp>(op) &&
         llvm::any_of(op->getOperands(), [](Value operand) {
           return operand.getDefiningOp<tfm::ActivationOp>();
         });
}

/// Computes rows in a way that is not known. What is in between heads, such as
/// a cache that grows, belongs to the attention; what moves elements only
/// computes nothing.
static bool isUnknown(Operation *op) {
  if (isa<tfm::TfmDialect>(op->getDialect()) || isGate(op) ||
      isa<onnx::ReshapeOp, onnx::TransposeOp, onnx::ConcatOp, onnx::SliceOp,
          onnx::ExpandOp, onnx::UnsqueezeOp, onnx::SqueezeOp, onnx::SplitOp>(
          op) ||
      !isa<onnx::ONNXDialect>(op->getDialect()))
    return false;
  return llvm::any_of(op->getResults(), isRows);
}

Segment BlockFormer::describe(ArrayRef<Operation *> ops, Value input) const {
  Segment segment;
  segment.ops.assign(ops.begin(), ops.end());
  segment.input = input;
  segment.output = ops.back()->getResult(0);
  for (Operation *op : ops) {
    if (isa<tfm::AttentionOp>(op))
      ++segment.attentions;
    else if (isa<tfm::NormOp>(op))
      ++segment.norms;
    else if (isa<tfm::LinearOp>(op))
      ++segment.linears;
    else if (isa<tfm::ActivationOp>(op))
      ++segment.activations;
    else if (isUnknown(op))
      ++segment.others;
    if (isa<tfm::AddScaledOp>(op))
      segment.hasSkip |= llvm::is_contained(op->getOperands(), input);
  }
  return segment;
}

/// Cuts after every op whose one result is all of the stream that later ops
/// read.
void BlockFormer::cut() {
  llvm::DenseMap<Operation *, unsigned> order;
  for (auto [i, op] : llvm::enumerate(stream))
    order[op] = i;
  SmallVector<Operation *> ops;
  Value input = entry;
  // The last reader of any value that was written before the current op.
  unsigned reach = 0;
  auto extendReach = [&](Value value) {
    // What leaves the stream may read anything.
    for (Operation *user : value.getUsers())
      if (auto it = order.find(user); it != order.end())
        reach = std::max(reach, it->second);
  };
  if (entry)
    extendReach(entry);
  for (auto [i, op] : llvm::enumerate(stream)) {
    ops.push_back(op);
    bool isCut =
        reach <= i && op->getNumResults() == 1 && isRows(op->getResult(0));
    for (Value result : op->getResults())
      extendReach(result);
    if (!isCut && i + 1 != stream.size())
      continue;
    segments.push_back(describe(ops, input));
    input = op->getResult(0);
    ops.clear();
  }
}

bool BlockFormer::isReturned(const Segment &segment) const {
  return llvm::any_of(segment.output.getUsers(), [](Operation *user) {
    return user->hasTrait<OpTrait::IsTerminator>();
  });
}

/// The first segment after the block of `attention`, looking no further than
/// `limit`: its MLP, what scales the result, and, where norms follow their
/// branches, the last norm.
unsigned BlockFormer::findEnd(unsigned attention, unsigned limit) const {
  auto skipScales = [&](unsigned i) {
    while (i < limit && segments[i].isOnlyScale())
      ++i;
    return i;
  };
  auto isProjection = [&](unsigned i) {
    return i < limit && segments[i].linears && !segments[i].activations &&
           !segments[i].norms && !isReturned(segments[i]);
  };
  unsigned end = skipScales(attention + 1);
  if (isProjection(end))
    end = skipScales(end + 1);
  const Segment &core = segments[attention];
  unsigned mlp = end;
  while (mlp < limit && !segments[mlp].activations)
    ++mlp;
  bool isPost =
      core.hasSkip && !core.norms && end < limit && segments[end].isOnlyNorm();
  if (mlp < limit) {
    end = mlp + 1;
    if (segments[mlp].linears < 2 && isProjection(end))
      ++end;
    end = skipScales(end);
    if (isPost && end < limit && segments[end].isOnlyNorm())
      ++end;
  } else if (isPost) {
    ++end;
  }
  return end;
}

/// Whether a linear that is no MLP's first reads the attention's output.
static bool hasProjection(Value output) {
  return llvm::any_of(output.getUsers(), [](Operation *user) {
    if (auto scale = dyn_cast<tfm::ScaleOp>(user))
      return hasProjection(scale);
    return isa<tfm::LinearOp>(user) &&
           llvm::none_of(user->getUsers(), [](Operation *reader) {
             return isa<tfm::ActivationOp>(reader);
           });
  });
}

tfm::BlockKind BlockFormer::classify(const BlockRange &range) const {
  const Segment &core = segments[range.attention];
  unsigned normsBefore = 0, normsAfter = 0, activations = 0, others = 0;
  for (unsigned i = range.begin; i < range.end; ++i) {
    (i <= range.attention ? normsBefore : normsAfter) += segments[i].norms;
    activations += segments[i].activations;
    others += segments[i].others;
  }
  if (core.attentions != 1 || activations == 0 || others)
    return tfm::BlockKind::Other;
  tfm::AttentionOp attention;
  for (Operation *op : core.ops)
    if (auto found = dyn_cast<tfm::AttentionOp>(op))
      attention = found;
  bool isParallel = core.activations != 0;
  if (!core.hasSkip) {
    if (!attention.isShaped())
      return tfm::BlockKind::Other;
    // SAS has no projection, V-SkipInit keeps it.
    if (hasProjection(attention.getOutput()))
      return attention.getAlpha() && !isParallel ? tfm::BlockKind::VSkipInit
                                                 : tfm::BlockKind::Other;
    return isParallel ? tfm::BlockKind::SASP : tfm::BlockKind::SAS;
  }
  if (isParallel) {
    if (core.norms > 2)
      return tfm::BlockKind::Other;
    return core.norms == 2   ? tfm::BlockKind::ParallelTwoNorms
           : core.norms == 1 ? tfm::BlockKind::Parallel
                             : tfm::BlockKind::Other;
  }
  if (normsBefore == 0 && normsAfter == 0)
    return tfm::BlockKind::NormFree;
  if (normsBefore == 0)
    return tfm::BlockKind::PostNorm;
  return normsAfter ? tfm::BlockKind::PreNorm : tfm::BlockKind::Other;
}

/// Keeps of `common` what `parts` begin with too; a first name is all common.
static void intersect(std::optional<SmallVector<std::string>> &common,
                      ArrayRef<StringRef> parts) {
  if (!common) {
    common.emplace();
    for (StringRef part : parts)
      common->push_back(part.str());
    return;
  }
  size_t same = 0;
  while (same < std::min(common->size(), parts.size()) &&
         (*common)[same] == parts[same])
    ++same;
  common->resize(same);
}

/// The components that the names of all ops share: "h.0" for "/h.0/attn/MatMul"
/// and "/h.0/Add". Where nodes have no paths, those that the weights share
/// which only these ops read: "h.0" for "h.0.ln_1.weight" and "h.0.mlp.bias".
static std::string getCommonName(ArrayRef<Operation *> ops) {
  std::optional<SmallVector<std::string>> nodes, weights;
  llvm::SmallPtrSet<Operation *, 32> inside(ops.begin(), ops.end());
  for (Operation *op : ops) {
    SmallVector<StringRef> parts;
    std::string name = getNodeName(op);
    if (name != op->getName().getStringRef()) {
      StringRef(name).split(parts, '/', -1, /*KeepEmpty=*/false);
      // The last component is the operator.
      if (!parts.empty())
        parts.pop_back();
      intersect(nodes, parts);
    }
    for (Value operand : op->getOperands()) {
      auto load = operand.getDefiningOp<LoadWeightOp>();
      if (!load || !llvm::all_of(load->getUsers(), [&](Operation *user) {
            return inside.contains(user);
          }))
        continue;
      parts.clear();
      load.getWeight().split(parts, '.', -1, /*KeepEmpty=*/false);
      // The last component is the parameter; a name without a dot was made up.
      if (parts.size() > 1)
        intersect(weights, ArrayRef<StringRef>(parts).drop_back());
    }
  }
  if (nodes && !nodes->empty())
    return llvm::join(*nodes, "/");
  return weights ? llvm::join(*weights, ".") : "";
}

/// Says what is in a block that is none of the known ones.
void BlockFormer::reportContents(const BlockRange &range,
                                 StringRef name) const {
  unsigned attentions = 0, norms = 0, linears = 0, activations = 0;
  std::map<StringRef, unsigned> unknown;
  for (unsigned i = range.begin; i < range.end; ++i) {
    const Segment &segment = segments[i];
    attentions += segment.attentions;
    norms += segment.norms;
    linears += segment.linears;
    activations += segment.activations;
    for (Operation *op : segment.ops)
      if (isUnknown(op))
        ++unknown[op->getName().getStringRef()];
  }
  std::string text = "block " + name.str() + " is of no known kind:";
  bool isFirst = true;
  auto add = [&](StringRef what, unsigned count) {
    if (count == 0)
      return;
    text += (isFirst ? " " : ", ") + std::to_string(count) + " " + what.str();
    isFirst = false;
  };
  add("tfm.attention", attentions);
  add("tfm.norm", norms);
  add("tfm.linear", linears);
  add("tfm.activation", activations);
  for (auto [op, count] : unknown)
    add(op, count);
  if (!segments[range.attention].hasSkip)
    text += "; no skip around the attention";
  emitRemark(segments[range.attention].ops.front()->getLoc()) << text;
}

void BlockFormer::form(const BlockRange &range, unsigned index) {
  SmallVector<Operation *> ops;
  for (unsigned i = range.begin; i < range.end; ++i)
    llvm::append_range(ops, segments[i].ops);
  // One value, but for the last segment: a model may return more than the end
  // of its stream.
  llvm::SmallPtrSet<Operation *, 32> inside(ops.begin(), ops.end());
  auto isOutside = [&](OpOperand &use) {
    return !inside.contains(use.getOwner());
  };
  SmallVector<Value> outputs;
  for (Operation *op : ops)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUses(), isOutside))
        outputs.push_back(result);
  if (!llvm::all_of(ValueRange(outputs).getTypes(),
                    llvm::IsaPred<RankedTensorType>))
    return;
  std::string name = getCommonName(ops);
  if (name.empty())
    name = "block." + std::to_string(index);

  if (range.kind == tfm::BlockKind::Other)
    reportContents(range, name);

  // What leaves the stream in between follows the block.
  SmallVector<Operation *> followers;
  llvm::SmallPtrSet<Operation *, 32> behind = inside;
  for (Operation *op = ops.front(); op != ops.back(); op = op->getNextNode())
    if (!inside.contains(op) &&
        llvm::any_of(op->getOperands(), [&](Value operand) {
          return behind.contains(operand.getDefiningOp());
        })) {
      behind.insert(op);
      followers.push_back(op);
    }
  OpBuilder &builder = raiser.getBuilder();
  builder.setInsertionPoint(ops.back());
  auto block = tfm::BlockOp::create(builder, ops.back()->getLoc(),
                                    TypeRange(ValueRange(outputs)), range.kind,
                                    index, name);
  Operation *last = block;
  for (Operation *op : followers) {
    op->moveAfter(last);
    last = op;
  }
  // Parameters and constants that only this block reads move along.
  llvm::SetVector<Operation *> sources;
  for (Operation *op : ops)
    for (Value operand : op->getOperands())
      if (Operation *source = operand.getDefiningOp())
        if (!inside.contains(source) &&
            (isa<LoadWeightOp>(source) ||
             source->hasTrait<OpTrait::ConstantLike>()) &&
            llvm::all_of(source->getUsers(), [&](Operation *user) {
              return inside.contains(user);
            }))
          sources.insert(source);
  Block *body = builder.createBlock(&block.getBody());
  for (auto [output, result] : llvm::zip(outputs, block.getResults()))
    output.replaceUsesWithIf(result, isOutside);
  builder.setInsertionPointToEnd(body);
  auto yield = tfm::YieldOp::create(builder, block.getLoc(), outputs);
  for (Operation *op : ops) {
    for (Value operand : op->getOperands())
      if (Operation *source = operand.getDefiningOp())
        if (sources.remove(source))
          source->moveBefore(yield);
    op->moveBefore(yield);
  }
}

void BlockFormer::run() {
  collectStream();
  dropSideBranches();
  if (stream.empty())
    return;
  cut();

  SmallVector<BlockRange> blocks;
  unsigned claimed = 0;
  for (unsigned i = 0; i < segments.size(); ++i) {
    if (!segments[i].attentions)
      continue;
    unsigned limit = i + 1;
    while (limit < segments.size() && !segments[limit].attentions)
      ++limit;
    // Without a skip around it, the norm in front of the branches is a segment
    // of its own.
    unsigned begin = i;
    if (!segments[i].hasSkip)
      while (begin > claimed && segments[begin - 1].isOnlyNorm())
        --begin;
    BlockRange range{begin, i, findEnd(i, limit), tfm::BlockKind::Other};
    range.kind = classify(range);
    blocks.push_back(range);
    claimed = range.end;
  }
  for (auto [index, range] : llvm::enumerate(blocks))
    form(range, index);
}

void formBlocks(Raiser &raiser) { BlockFormer(raiser).run(); }

} // namespace ockham::raising
