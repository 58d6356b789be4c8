//===- PlanMemory.cpp - Buffers in one arena ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/memory.md says how and why. What can be placed is found by
// BufferLifetimes (when is it in use?) and ExtentFormulas (how large is it?),
// and placed by ArenaLayout.
//
//===----------------------------------------------------------------------===//

#include "ArenaLayout.h"
#include "BufferLifetimes.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/IR/SymbolTable.h"
#include "ockham-c/ModelABI.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

namespace ockham {
#define GEN_PASS_DEF_PLANMEMORY
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

/// A buffer that has a place in the arena.
struct PlannedBuffer {
  AllocateOp op;
  Lifetime lifetime;
};

/// A size that one or more buffers have: the buffer's that had it first.
struct BufferSize {
  MemRefType type;
  SmallVector<Polynomial, 2> extents; ///< The dynamic ones.
};

/// The plan of one entry point.
class EntryPlan {
public:
  explicit EntryPlan(func::FuncOp function)
      : function(function), formulas(function), lifetimes(function) {}

  void make();
  bool isEmpty() const { return buffers.empty(); }
  void print(llvm::raw_ostream &os) const;
  void apply(SymbolTable &symbols);

private:
  void consider(AllocateOp op, int64_t &unusedStep);
  Value buildSize(ExtentFormulas::Builder &builder, OpBuilder &b,
                  unsigned size);
  Value buildTotal(OpBuilder &b, ValueRange arguments,
                   SmallVectorImpl<Value> *offsets);
  void checkExtents(AllocateOp op);

  func::FuncOp function;
  ExtentFormulas formulas;
  BufferLifetimes lifetimes;
  SmallVector<PlannedBuffer> buffers;
  SmallVector<BufferSize> sizes;
  std::vector<Polynomial> sizeFormulas;
  llvm::StringMap<unsigned> sizeNumbers;
  std::vector<ArenaItem> items; ///< One per buffer.
  ArenaLayout layout;
};

struct PlanMemory : ockham::impl::PlanMemoryBase<PlanMemory> {
  using PlanMemoryBase::PlanMemoryBase;

  llvm::raw_ostream *table = nullptr;

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    SmallVector<func::FuncOp> entries;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kEntryAttrName) && !function.isExternal())
        entries.push_back(function);
    for (func::FuncOp function : entries) {
      if (!function.getBody().hasOneBlock()) {
        function.emitOpError("has several blocks; expected structured control "
                             "flow only");
        return signalPassFailure();
      }
      for (Type type : function.getArgumentTypes())
        if (!isa<MemRefType>(type)) {
          function.emitOpError() << "has an argument of type " << type
                                 << ", expected a buffer (bufferize first)";
          return signalPassFailure();
        }
      if (function->hasAttr(kWorkspaceAttrName)) {
        function.emitOpError("has a planned workspace already");
        return signalPassFailure();
      }
      EntryPlan plan(function);
      plan.make();
      if (table)
        plan.print(*table);
      else if (print)
        plan.print(llvm::errs());
      if (!plan.isEmpty())
        plan.apply(symbols);
    }
  }
};

} // namespace

std::unique_ptr<Pass> ockham::createPlanMemory(llvm::raw_ostream &table) {
  auto pass = std::make_unique<PlanMemory>();
  pass->table = &table;
  return pass;
}

//===----------------------------------------------------------------------===//
// Making it
//===----------------------------------------------------------------------===//

void EntryPlan::make() {
  SmallVector<AllocateOp> allocates;
  function.walk([&](AllocateOp op) { allocates.push_back(op); });
  int64_t unusedStep = -1;
  for (AllocateOp op : allocates)
    consider(op, unusedStep);
  if (!isEmpty())
    layout = layoutArena(formulas, sizeFormulas, items);
}

void EntryPlan::consider(AllocateOp op, int64_t &unusedStep) {
  auto leave = [&](const Twine &reason) {
    op.emitRemark() << "a buffer of type " << op.getMemref().getType()
                    << " comes from the host's allocate in each call: "
                    << reason.str();
  };
  auto type = cast<MemRefType>(op.getMemref().getType());
  if (!type.getLayout().isIdentity() || type.getMemorySpace())
    return leave("only dense row-major buffers of the default memory space are "
                 "planned");
  // Sums of as many sizes, of 2^47 at most each, stay below 2^63.
  if (items.size() >= 32768)
    return leave("the plan has 32768 buffers already");
  Lifetime lifetime = lifetimes.get(op.getMemref());
  if (!lifetime.obstacle.empty())
    return leave(lifetime.obstacle);
  BufferSize size{type, {}};
  for (Value extent : op.getDynamicSizes()) {
    std::optional<Polynomial> formula = formulas.getFormula(extent);
    if (!formula)
      return leave("an extent does not follow from the shapes of the inputs, "
                   "but from " +
                   formulas.getObstacle());
    size.extents.push_back(std::move(*formula));
  }
  // A buffer that nothing touches needs an address, but shares it with all.
  if (lifetime.isEmpty())
    lifetime.first = lifetime.last = unusedStep--;
  Polynomial bytes = formulas.countBytes(type, size.extents);
  auto [number, isNew] =
      sizeNumbers.try_emplace(formatBytes(bytes), sizes.size());
  if (isNew) {
    sizes.push_back(std::move(size));
    sizeFormulas.push_back(std::move(bytes));
  }
  items.push_back({number->second, lifetime.first, lifetime.last});
  buffers.push_back({op, std::move(lifetime)});
}

//===----------------------------------------------------------------------===//
// Writing it into the function
//===----------------------------------------------------------------------===//

Value EntryPlan::buildSize(ExtentFormulas::Builder &builder, OpBuilder &b,
                           unsigned number) {
  const BufferSize &size = sizes[number];
  constexpr int64_t limit = int64_t(1) << 47;
  if (std::optional<double> bytes = sizeFormulas[number].getConstant())
    return builder.constant(
        static_cast<int64_t>(std::min(*bytes, static_cast<double>(limit))));
  SmallVector<Value> extents;
  for (const Polynomial &extent : size.extents)
    extents.push_back(builder.build(extent));
  return ByteCountOp::create(b, function.getLoc(), b.getIndexType(), extents,
                             TypeAttr::get(size.type));
}

/// Builds the formulas from the extents of `arguments`: the total, and the
/// offset of each buffer where they are asked for.
Value EntryPlan::buildTotal(OpBuilder &b, ValueRange arguments,
                            SmallVectorImpl<Value> *offsets) {
  Location loc = function.getLoc();
  ExtentFormulas::Builder builder(formulas, b, loc, arguments);
  SmallVector<Value> values(layout.sizes.size());
  std::map<SizeSum, Value> sums;
  std::map<SizeMaximum, Value> maxima;
  std::function<Value(const SizeMaximum &)> buildMaximum;
  auto getSize = [&](unsigned number) {
    if (!values[number])
      values[number] = number < sizes.size()
                           ? buildSize(builder, b, number)
                           : buildMaximum(layout.shared[number - sizes.size()]);
    return values[number];
  };
  // What was built before it is mostly all but one of its sizes: a buffer
  // begins where another one ends.
  std::function<Value(const SizeSum &)> buildSum = [&](const SizeSum &sum) {
    auto found = sums.find(sum);
    if (found != sums.end())
      return found->second;
    auto without = [&](unsigned number) {
      SizeSum rest = sum;
      if (--rest[number] == 0)
        rest.erase(number);
      return rest;
    };
    unsigned last = sum.rbegin()->first;
    for (auto [number, count] : sum)
      if (sums.count(without(number)))
        last = number;
    SizeSum rest = without(last);
    Value value = getSize(last);
    if (!rest.empty())
      value = arith::AddIOp::create(b, loc, buildSum(rest), value);
    return sums[sum] = value;
  };
  buildMaximum = [&](const SizeMaximum &maximum) {
    Value &value = maxima[maximum];
    if (value)
      return value;
    Value largest;
    for (const SizeSum &sum : maximum) {
      Value part = buildSum(sum);
      largest = largest
                    ? arith::MaxUIOp::create(b, loc, largest, part).getResult()
                    : part;
    }
    return value = largest ? largest : builder.constant(0);
  };
  if (offsets)
    for (const SizeMaximum &offset : layout.offsets)
      offsets->push_back(buildMaximum(offset));
  return buildMaximum(layout.total);
}

/// Where an extent may be negative, no memory was counted for the buffer.
void EntryPlan::checkExtents(AllocateOp op) {
  OpBuilder b(op);
  for (Value extent : op.getDynamicSizes()) {
    if (formulas.isNonNegative(*formulas.getFormula(extent)))
      continue;
    Value zero = arith::ConstantIndexOp::create(b, op.getLoc(), 0);
    Value isFine = arith::CmpIOp::create(
        b, op.getLoc(), arith::CmpIPredicate::sge, extent, zero);
    CheckOp::create(b, op.getLoc(), isFine,
                    "a tensor inside of the model would have an extent of {}, "
                    "expected 0 or more",
                    extent);
  }
}

void EntryPlan::apply(SymbolTable &symbols) {
  Location loc = function.getLoc();
  MLIRContext *context = function.getContext();
  OpBuilder b(context);

  // What tells the host.
  auto counter = func::FuncOp::create(
      loc, (function.getSymName() + "_workspace").str(),
      b.getFunctionType(function.getArgumentTypes(), {b.getIndexType()}));
  counter.setPrivate();
  counter.addEntryBlock();
  b.setInsertionPointToStart(&counter.getBody().front());
  Value bytes = buildTotal(b, counter.getArguments(), nullptr);
  func::ReturnOp::create(b, loc, bytes);
  symbols.insert(counter, std::next(function->getIterator()));
  function->setAttr(kWorkspaceAttrName,
                    FlatSymbolRefAttr::get(counter.getSymNameAttr()));

  // What uses it.
  b.setInsertionPointToStart(&function.getBody().front());
  SmallVector<Value> offsets;
  Value total = buildTotal(b, function.getArguments(), &offsets);
  auto arenaType = MemRefType::get({ShapedType::kDynamic}, b.getI8Type());
  Value arena = WorkspaceOp::create(b, loc, arenaType, total);
  for (auto [buffer, offset] : llvm::zip_equal(buffers, offsets)) {
    AllocateOp op = buffer.op;
    checkExtents(op);
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      if (isa<ReleaseOp>(user))
        user->erase();
    b.setInsertionPoint(op);
    auto view = memref::ViewOp::create(
        b, op.getLoc(), cast<MemRefType>(op.getMemref().getType()), arena,
        offset, op.getDynamicSizes());
    op.replaceAllUsesWith(view.getResult());
    op.erase();
  }
}

//===----------------------------------------------------------------------===//
// Printing it
//===----------------------------------------------------------------------===//

/// The name of the node that an op comes from, if it has one.
static StringRef getNodeName(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = getNodeName(part); !name.empty())
        return name;
  return "";
}

void EntryPlan::print(llvm::raw_ostream &os) const {
  func::FuncOp entry = function;
  os << "memory plan of '" << entry.getSymName() << "': ";
  if (isEmpty()) {
    os << "no buffer is in the arena\n";
    return;
  }
  // What is no extent of an input, and is too long to be read in a sum.
  SmallVector<std::string> longNames;
  auto shorten = [&](StringRef name) {
    constexpr size_t most = 24;
    if (name.size() <= most)
      return name.str();
    auto *found = llvm::find(longNames, name);
    size_t number = found - longNames.begin();
    if (found == longNames.end())
      longNames.push_back(name.str());
    return "n" + std::to_string(number);
  };
  os << buffers.size() << (buffers.size() == 1 ? " buffer" : " buffers")
     << " in an arena of " << formatMaximum(layout.total, layout, shorten)
     << " bytes\n  in use at one time: "
     << (layout.lowerBound ? formatMaximum(*layout.lowerBound, layout, shorten)
                           : std::string("the largest of many sums of"))
     << " bytes; "
     << llvm::format("the arena is %.3f times that in the mean of some shapes, "
                     "%.3f times at most\n",
                     layout.meanRatio, layout.worstRatio);
  SmallVector<std::array<std::string, 6>> rows = {
      {"buffer", "bytes", "offset", "steps", "type", "made by"}};
  for (auto [number, buffer] : llvm::enumerate(buffers)) {
    const Lifetime &lifetime = buffer.lifetime;
    Operation *maker = lifetime.firstUser;
    AllocateOp op = buffer.op;
    std::string type,
        made = maker ? maker->getName().getStringRef().str() : "nothing";
    llvm::raw_string_ostream(type) << op.getMemref().getType();
    if (maker)
      if (StringRef name = getNodeName(maker->getLoc()); !name.empty())
        made += (" (" + name + ")").str();
    rows.push_back({std::to_string(number),
                    formatBytes(layout.sizes[items[number].size], shorten),
                    formatMaximum(layout.offsets[number], layout, shorten),
                    maker ? std::to_string(lifetime.first) + ".." +
                                std::to_string(lifetime.last)
                          : "none",
                    type, made});
  }
  std::array<size_t, 6> widths = {};
  for (const auto &row : rows)
    for (size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], row[i].size());
  for (const auto &row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += "  " + row[i];
      line.append(widths[i] - row[i].size(), ' ');
    }
    os << StringRef(line).rtrim() << '\n';
  }
  for (auto [number, shared] : llvm::enumerate(layout.shared))
    os << "  where m" << number << " = "
       << formatMaximum(shared, layout, shorten) << '\n';
  for (auto [number, formula] : llvm::enumerate(longNames))
    os << "  where n" << number << " = " << formula << '\n';
}
