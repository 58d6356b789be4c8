//===- TileKernelOps.cpp - Kernels and launches ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ockham::tile;

//===----------------------------------------------------------------------===//
// KernelOp
//===----------------------------------------------------------------------===//

void KernelOp::build(OpBuilder &b, OperationState &state, StringRef name,
                     TypeRange argumentTypes, ArrayRef<int64_t> steps) {
  Properties &properties = state.getOrAddProperties<Properties>();
  properties.setSymName(b.getStringAttr(name));
  properties.setSteps(b.getDenseI64ArrayAttr(steps));
  Region *body = state.addRegion();
  SmallVector<Type> types(argumentTypes);
  types.append(2 * steps.size(), b.getIndexType());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(body, {}, types,
                SmallVector<Location>(types.size(), state.location));
  ReturnOp::create(b, state.location);
}

void KernelOp::getAsmBlockArgumentNames(Region &,
                                        OpAsmSetValueNameFn setNameFn) {
  static constexpr StringLiteral indices[] = {"i", "j", "l"},
                                 extents[] = {"m", "n", "o"};
  for (auto [d, value] : llvm::enumerate(getGridIndices()))
    setNameFn(value, d < 3 ? indices[d] : "index");
  for (auto [d, value] : llvm::enumerate(getGridExtents()))
    setNameFn(value, d < 3 ? extents[d] : "extent");
}

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringAttr name;
  Properties &properties = result.getOrAddProperties<Properties>();
  Builder &b = parser.getBuilder();
  SmallVector<OpAsmParser::Argument> arguments, indices, extents;
  SmallVector<int64_t> steps;
  auto parseGrid = [&]() -> ParseResult {
    indices.emplace_back().type = b.getIndexType();
    extents.emplace_back().type = b.getIndexType();
    return failure(
        parser.parseArgument(indices.back()) || parser.parseKeyword("to") ||
        parser.parseArgument(extents.back()) || parser.parseKeyword("step") ||
        parser.parseInteger(steps.emplace_back()));
  };
  if (parser.parseSymbolName(name) ||
      parser.parseArgumentList(arguments, AsmParser::Delimiter::Paren,
                               /*allowType=*/true) ||
      parser.parseKeyword("grid") ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseGrid))
    return failure();
  properties.setSymName(name);
  properties.setSteps(b.getDenseI64ArrayAttr(steps));
  Attribute strategy;
  if (succeeded(parser.parseOptionalKeyword("strategy"))) {
    if (parser.parseAttribute(strategy))
      return failure();
    properties.setStrategy(strategy);
  }
  if (parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  llvm::append_range(arguments, indices);
  llvm::append_range(arguments, extents);
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, arguments))
    return failure();
  ensureTerminator(*body, b, result.location);
  return success();
}

void KernelOp::print(OpAsmPrinter &p) {
  p << ' ';
  p.printSymbolName(getSymName());
  p << '(';
  llvm::interleaveComma(getKernelArguments(), p, [&](BlockArgument argument) {
    p.printRegionArgument(argument);
  });
  p << ") grid(";
  llvm::interleaveComma(llvm::seq<unsigned>(0, getGridRank()), p,
                        [&](unsigned d) {
                          p << getGridIndices()[d] << " to "
                            << getGridExtents()[d] << " step " << getSteps()[d];
                        });
  p << ')';
  if (getStrategy())
    p << " strategy " << *getStrategy();
  p.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {getSymNameAttrName(), getStepsAttrName(), getStrategyAttrName()});
  p << ' ';
  p.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                /*printBlockTerminators=*/false);
}

LogicalResult KernelOp::verify() {
  if (getSteps().empty() || getSteps().size() > 3)
    return emitOpError() << "has a grid of " << getSteps().size()
                         << " dimensions, expected 1 to 3";
  for (auto [d, step] : llvm::enumerate(getSteps()))
    if (step < 1)
      return emitOpError() << "has step " << step << " in grid dimension #" << d
                           << ", expected at least 1";
  if (getStrategy() && !isa<StrategyInterface>(*getStrategy()))
    return emitOpError() << "has strategy " << *getStrategy()
                         << ", which is the attribute of no target";
  return success();
}

/// True if `value` is computed from `from` inside the kernel.
static bool dependsOn(Value value, Value from,
                      llvm::SmallPtrSetImpl<Operation *> &seen) {
  if (value == from)
    return true;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    // A loop's position comes from its bounds, a carried value from wherever.
    Operation *parent = argument.getOwner()->getParentOp();
    if (isa<KernelOp>(parent) || !seen.insert(parent).second)
      return false;
    return llvm::any_of(parent->getOperands(), [&](Value operand) {
      return dependsOn(operand, from, seen);
    });
  }
  Operation *def = value.getDefiningOp();
  if (!seen.insert(def).second)
    return false;
  return llvm::any_of(def->getOperands(), [&](Value operand) {
    return dependsOn(operand, from, seen);
  });
}

/// Two points of the grid that store to one place would race.
static LogicalResult verifyStore(KernelOp kernel, StoreOp store) {
  for (auto [d, index] : llvm::enumerate(kernel.getGridIndices())) {
    bool depends = false;
    for (Value operand : store->getOperands().drop_front()) {
      llvm::SmallPtrSet<Operation *, 16> seen;
      depends |= dependsOn(operand, index, seen);
    }
    if (!depends)
      return store.emitOpError()
             << "writes to the same place for every point of grid dimension #"
             << d << " of '@" << kernel.getSymName() << "'";
    int64_t step = kernel.getSteps()[d];
    for (auto [axis, place] : {std::pair<int, Value>(0, store.getRow()),
                               std::pair<int, Value>(1, store.getCol())}) {
      int64_t extent = store.getValue().getType().getDimSize(axis);
      if (place == index && extent > step)
        return store.emitOpError()
               << "writes " << extent << (axis ? " columns" : " rows")
               << " at steps of " << step << " in grid dimension #" << d
               << " of '@" << kernel.getSymName() << "', which overlap";
    }
  }
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  Block &block = getBlock();
  if (block.getNumArguments() < 2 * getGridRank())
    return emitOpError() << "has a body of " << block.getNumArguments()
                         << " arguments, fewer than its grid of "
                         << getGridRank() << " dimensions takes";
  for (BlockArgument argument :
       block.getArguments().take_back(2 * getGridRank()))
    if (!argument.getType().isIndex())
      return emitOpError() << "has a grid index of type " << argument.getType()
                           << ", expected index";
  for (auto [i, argument] : llvm::enumerate(getKernelArguments()))
    if (!isa<ViewType>(argument.getType()) &&
        !argument.getType().isIntOrIndexOrFloat())
      return emitOpError() << "takes argument #" << i << " of type "
                           << argument.getType()
                           << ", expected a view or a scalar";

  WalkResult result = getBody().walk([&](Operation *op) {
    // Staged kernels have ops of the target, too.
    bool isTarget = getStrategy() && op->getDialect() &&
                    op->getDialect() == &getStrategy()->getDialect();
    if ((!isTarget &&
         !isa_and_nonnull<arith::ArithDialect, math::MathDialect,
                          scf::SCFDialect, TileDialect>(op->getDialect())) ||
        isa<KernelOp, LaunchOp, scf::ParallelOp, scf::ForallOp>(op)) {
      op->emitOpError() << "is in kernel '@" << getSymName()
                        << "', whose body is arith, math, scf and tile on one "
                           "point of the grid";
      return WalkResult::interrupt();
    }
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (tensor && (tensor.getRank() != 2 || !tensor.hasStaticShape())) {
        op->emitOpError() << "gives " << type << " in kernel '@" << getSymName()
                          << "', where blocks are static and of rank 2";
        return WalkResult::interrupt();
      }
    }
    if (auto store = dyn_cast<StoreOp>(op))
      if (failed(verifyStore(*this, store)))
        return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  if (getStrategy())
    return cast<StrategyInterface>(*getStrategy()).verifyKernel(*this);
  return success();
}

//===----------------------------------------------------------------------===//
// LaunchOp
//===----------------------------------------------------------------------===//

LogicalResult LaunchOp::verify() {
  bool hasTensors = llvm::any_of(getOutputs(), [](Value output) {
    return isa<RankedTensorType>(output.getType());
  });
  if (!hasTensors) {
    if (getNumResults())
      return emitOpError() << "has " << getNumResults()
                           << " results although it writes to buffers";
    return success();
  }
  if (getResultTypes() != getOutputs().getTypes())
    return emitOpError() << "has outs of types " << getOutputs().getTypes()
                         << " but gives " << getResultTypes();
  return success();
}

/// Why `type` does not hold the matrix that `view` describes; empty if it may.
static std::string findMismatch(ShapedType type, ViewType view) {
  auto shape = type.getShape();
  auto text = [](int64_t extent) {
    return ShapedType::isDynamic(extent) ? std::string("?")
                                         : std::to_string(extent);
  };
  auto differs = [](int64_t have, int64_t want) {
    return !ShapedType::isDynamic(have) && !ShapedType::isDynamic(want) &&
           have != want;
  };
  if (view.isPacked()) {
    SmallVector<int64_t, 3> want = view.getPackedShape();
    bool matches = shape.size() == want.size();
    for (size_t i = 0; matches && i < want.size(); ++i)
      matches = !differs(shape[i], want[i]);
    if (matches)
      return "";
    return "expected [" + text(want[0]) + ", " + text(want[1]) + ", " +
           text(want[2]) + "]";
  }
  int64_t rows = 1, cols = shape.empty() ? 1 : shape.back();
  for (int64_t extent : shape.empty() ? shape : shape.drop_back())
    rows = ShapedType::isDynamic(rows) || ShapedType::isDynamic(extent)
               ? ShapedType::kDynamic
               : rows * extent;
  if (differs(rows, view.getRows()))
    return "which has " + text(rows) + " rows, expected " +
           text(view.getRows());
  if (differs(cols, view.getCols()))
    return "which has " + text(cols) + " columns, expected " +
           text(view.getCols());
  return "";
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto kernel =
      symbolTable.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError() << "names '@" << getKernel()
                         << "', which is not a kernel";
  auto fail = [&](const Twine &message) {
    InFlightDiagnostic diag = emitOpError() << message;
    diag.attachNote(kernel.getLoc()) << "the kernel is declared here";
    return diag;
  };
  if (getGrid().size() != kernel.getGridRank())
    return fail("gives " + Twine(getGrid().size()) + " grid extents but '@" +
                getKernel() + "' has " + Twine(kernel.getGridRank()));
  SmallVector<Value> operands(getInputs());
  llvm::append_range(operands, getOutputs());
  if (operands.size() != kernel.getNumKernelArguments())
    return fail("passes " + Twine(operands.size()) + " operands but '@" +
                getKernel() + "' takes " +
                Twine(kernel.getNumKernelArguments()));
  for (auto [i, operand] : llvm::enumerate(operands)) {
    Type want = kernel.getKernelArguments()[i].getType();
    auto view = dyn_cast<ViewType>(want);
    auto shaped = dyn_cast<ShapedType>(operand.getType());
    std::string types;
    llvm::raw_string_ostream os(types);
    os << "passes operand #" << i << " of type " << operand.getType();
    if (!view || !shaped) {
      if (operand.getType() == want)
        continue;
      os << " for " << want;
      return fail(types);
    }
    if (!shaped.hasRank() || shaped.getElementType() != view.getElementType()) {
      os << " for " << view;
      return fail(types);
    }
    if (std::string problem = findMismatch(shaped, view); !problem.empty()) {
      os << " for " << view << ", " << problem;
      return fail(types);
    }
  }
  return success();
}

void LaunchOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand &operand : getInputsMutable())
    if (isa<MemRefType>(operand.get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  for (OpOperand &operand : getOutputsMutable()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

//===----------------------------------------------------------------------===//
// PackOp
//===----------------------------------------------------------------------===//

LogicalResult PackOp::verify() {
  auto from = cast<RankedTensorType>(getMatrix().getType());
  auto to = cast<RankedTensorType>(getResult().getType());
  int64_t panel = getPanel(), interleave = getInterleave();
  if (panel < 1 || interleave < 1)
    return emitOpError() << "has panels of " << panel << " columns with "
                         << interleave
                         << " rows interleaved, expected at least 1 of each";
  if (from.getRank() != 2 || !from.hasStaticShape())
    return emitOpError() << "packs " << from
                         << ", expected a matrix of known extents";
  int64_t rows = from.getDimSize(0), cols = from.getDimSize(1);
  if (getTransposed())
    std::swap(rows, cols);
  Type element = from.getElementType(), narrow = to.getElementType();
  bool narrows =
      isa<FloatType>(element) && isa<FloatType>(narrow) &&
      narrow.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth();
  auto want = RankedTensorType::get({llvm::divideCeilSigned(cols, panel),
                                     llvm::divideCeilSigned(rows, interleave),
                                     panel * interleave},
                                    narrows ? narrow : element);
  if (to != want)
    return emitOpError() << "gives " << to << ", expected " << want;
  return success();
}
