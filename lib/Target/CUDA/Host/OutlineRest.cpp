//===- OutlineRest.cpp - Kernels of what has none -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Everything becomes scf.parallel first, if of one iteration, and each
// outermost one of those a kernel, to which buffers go as an address and what
// is dynamic of their shapes.
//
//===----------------------------------------------------------------------===//

#include "DeviceLoops.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "ockham/Target/CUDA/Host/Passes.h"
#include "ockham/Target/CUDA/Kernels.h"
#include "llvm/ADT/SetVector.h"

namespace ockham {
#define GEN_PASS_DEF_CUDAOUTLINEREST
#include "ockham/Target/CUDA/Host/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

static Value makeIndex(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

/// Whether the elements lie row by row without gaps.
static bool isDense(MemRefType type) {
  int64_t offset;
  SmallVector<int64_t> strides;
  if (failed(type.getStridesAndOffset(strides, offset)))
    return false;
  if (type.getLayout().isIdentity())
    return true;
  int64_t expected = 1;
  for (int64_t i = type.getRank(); i-- > 0;) {
    if (strides[i] != expected && type.getDimSize(i) != 1)
      return false;
    // The outermost extent does not matter.
    if (i > 0 && type.isDynamicDim(i))
      return false;
    if (i > 0)
      expected *= type.getDimSize(i);
  }
  return true;
}

/// A parallel loop of one iteration, and `b` inside of it.
static void enterSingle(OpBuilder &b, Location loc) {
  Value zero = makeIndex(b, loc, 0), one = makeIndex(b, loc, 1);
  auto loop = scf::ParallelOp::create(b, loc, ValueRange{zero}, ValueRange{one},
                                      ValueRange{one});
  b.setInsertionPoint(loop.getBody()->getTerminator());
}

/// A parallel loop over the elements of a buffer.
static SmallVector<Value> enterElements(OpBuilder &b, Location loc,
                                        Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  if (type.getRank() == 0) {
    enterSingle(b, loc);
    return {};
  }
  SmallVector<Value> zeros, ones, extents;
  for (int64_t i = 0, e = type.getRank(); i < e; ++i) {
    zeros.push_back(makeIndex(b, loc, 0));
    ones.push_back(makeIndex(b, loc, 1));
    extents.push_back(memref::DimOp::create(b, loc, memref, i));
  }
  auto loop = scf::ParallelOp::create(b, loc, zeros, extents, ones);
  b.setInsertionPoint(loop.getBody()->getTerminator());
  return llvm::to_vector_of<Value>(loop.getInductionVars());
}

/// Replaces a parallel loop without results by nested sequential ones.
static void makeSequential(scf::ParallelOp loop) {
  OpBuilder b(loop);
  SmallVector<Value> ivs;
  for (auto [lower, upper, step] : llvm::zip_equal(
           loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
    auto sequential = scf::ForOp::create(b, loop.getLoc(), lower, upper, step);
    ivs.push_back(sequential.getInductionVar());
    b.setInsertionPointToStart(sequential.getBody());
  }
  IRMapping map;
  map.map(loop.getInductionVars(), ivs);
  for (Operation &op : loop.getBody()->without_terminator())
    b.clone(op, map);
  loop.erase();
}

namespace {
/// A value that a kernel uses from outside, as parameters.
class Parameters {
public:
  Parameters(OpBuilder &host, OpBuilder &kernel, Location loc,
             const LLVMTypeConverter &converter)
      : host(host), kernel(kernel), loc(loc), converter(converter) {}

  SmallVector<Value> operands;        ///< On the host.
  SmallVector<BlockArgument> formals; ///< In the kernel.

  /// The value in the kernel.
  Value pass(Value value, Block *entry) {
    this->entry = entry;
    auto memref = dyn_cast<MemRefType>(value.getType());
    return memref ? passBuffer(value, memref) : passScalar(value);
  }

private:
  Value passScalar(Value value) {
    operands.push_back(value);
    formals.push_back(entry->addArgument(value.getType(), loc));
    return formals.back();
  }
  Value passExtent(Value value) {
    Value formal = passScalar(value);
    return arith::IndexCastOp::create(kernel, loc, kernel.getI64Type(), formal);
  }
  Value constant(int64_t value) {
    return LLVM::ConstantOp::create(kernel, loc, kernel.getI64Type(),
                                    kernel.getI64IntegerAttr(value));
  }

  Value passBuffer(Value value, MemRefType type) {
    auto pointer = LLVM::LLVMPointerType::get(host.getContext());
    Value address =
        memref::ExtractAlignedPointerAsIndexOp::create(host, loc, value);
    address = arith::IndexCastOp::create(host, loc, host.getI64Type(), address);
    operands.push_back(LLVM::IntToPtrOp::create(host, loc, pointer, address));
    formals.push_back(entry->addArgument(pointer, loc));
    Value data = formals.back();

    int64_t offset;
    SmallVector<int64_t> strides;
    if (failed(type.getStridesAndOffset(strides, offset)))
      return {};
    auto metadata = memref::ExtractStridedMetadataOp::create(host, loc, value);
    auto descriptor =
        MemRefDescriptor::poison(kernel, loc, converter.convertType(type));
    descriptor.setAllocatedPtr(kernel, loc, data);
    descriptor.setAlignedPtr(kernel, loc, data);
    descriptor.setOffset(kernel, loc,
                         ShapedType::isDynamic(offset)
                             ? passExtent(metadata.getOffset())
                             : constant(offset));
    for (int64_t i = 0, e = type.getRank(); i < e; ++i) {
      descriptor.setSize(kernel, loc, i,
                         type.isDynamicDim(i)
                             ? passExtent(metadata.getSizes()[i])
                             : constant(type.getDimSize(i)));
      descriptor.setStride(kernel, loc, i,
                           ShapedType::isDynamic(strides[i])
                               ? passExtent(metadata.getStrides()[i])
                               : constant(strides[i]));
    }
    return UnrealizedConversionCastOp::create(kernel, loc, type,
                                              Value(descriptor))
        .getResult(0);
  }

  OpBuilder &host, &kernel;
  Location loc;
  const LLVMTypeConverter &converter;
  Block *entry = nullptr;
};

struct CUDAOutlineRest : ockham::impl::CUDAOutlineRestBase<CUDAOutlineRest> {
  using CUDAOutlineRestBase::CUDAOutlineRestBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    kernels = module.lookupSymbol<gpu::GPUModuleOp>(kKernelModuleName);
    for (func::FuncOp function : module.getOps<func::FuncOp>())
      if (function->hasAttr(kEntryAttrName) && !function.isExternal() &&
          failed(outlineEntry(function)))
        return signalPassFailure();
  }

private:
  LogicalResult outlineEntry(func::FuncOp function);
  LogicalResult lowerLinalg(linalg::LinalgOp op);
  void lowerCopy(memref::CopyOp op);
  LogicalResult outline(scf::ParallelOp loop);
  LogicalResult checkBody(scf::ParallelOp loop);
  LogicalResult checkHost(func::FuncOp function);
  gpu::GPUModuleOp getKernelModule();
  StringRef addKernel(gpu::GPUFuncOp kernel);

  gpu::GPUModuleOp kernels;
};
} // namespace

gpu::GPUModuleOp CUDAOutlineRest::getKernelModule() {
  if (kernels)
    return kernels;
  ModuleOp module = getOperation();
  module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                  UnitAttr::get(&getContext()));
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  kernels = gpu::GPUModuleOp::create(b, module.getLoc(), kKernelModuleName);
  return kernels;
}

LogicalResult CUDAOutlineRest::lowerLinalg(linalg::LinalgOp op) {
  if (lowerToAtomics(op))
    return success();
  // One element takes no longer in any kernel.
  if (op.getNumLoops() > 0)
    op->emitRemark() << "'" << op->getName()
                     << "' has no kernel of its own: a thread per element of "
                        "its result computes it on the device, which is slow";
  IRRewriter rewriter(op->getContext());
  rewriter.setInsertionPoint(op);
  bool isParallel = op.getNumParallelLoops() > 0;
  if (!isParallel) {
    enterSingle(rewriter, op.getLoc());
    rewriter.moveOpBefore(op, rewriter.getInsertionBlock(),
                          rewriter.getInsertionPoint());
  }
  auto loops = isParallel ? linalg::linalgOpToParallelLoops(rewriter, op)
                          : linalg::linalgOpToLoops(rewriter, op);
  if (failed(loops))
    return op->emitOpError("cannot be lowered to loops for the device");
  rewriter.eraseOp(op);
  return success();
}

void CUDAOutlineRest::lowerCopy(memref::CopyOp op) {
  OpBuilder b(op);
  auto from = dyn_cast<MemRefType>(op.getSource().getType());
  auto to = dyn_cast<MemRefType>(op.getTarget().getType());
  if (from && to && isDense(from) && isDense(to)) {
    DeviceCopyOp::create(b, op.getLoc(), op.getSource(), op.getTarget());
  } else {
    SmallVector<Value> indices = enterElements(b, op.getLoc(), op.getTarget());
    Value element =
        memref::LoadOp::create(b, op.getLoc(), op.getSource(), indices);
    memref::StoreOp::create(b, op.getLoc(), element, op.getTarget(), indices);
  }
  op.erase();
}

LogicalResult CUDAOutlineRest::checkBody(scf::ParallelOp loop) {
  WalkResult result = loop.walk([&](Operation *op) {
    if (op == loop.getOperation())
      return WalkResult::advance();
    if (auto nested = dyn_cast<scf::ParallelOp>(op);
        nested && !nested.getInitVals().empty()) {
      op->emitOpError("has reductions, which kernels of loops do not have");
      return WalkResult::interrupt();
    }
    if (isa<AllocateOp, ReleaseOp, OutputOp, CheckOp, LaunchOp, memref::AllocOp,
            DeviceCopyOp, DeviceLoadOp>(op)) {
      op->emitOpError(
          "is in a loop that becomes a kernel, which cannot ask the "
          "host for anything");
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// The name of the kernel, or of an equal one.
StringRef CUDAOutlineRest::addKernel(gpu::GPUFuncOp kernel) {
  gpu::GPUModuleOp module = getKernelModule();
  for (auto other : module.getOps<gpu::GPUFuncOp>())
    if (other != kernel &&
        other.getFunctionType() == kernel.getFunctionType() &&
        other->getAttr(NVVM::NVVMDialect::getReqntidAttrName()) ==
            kernel->getAttr(NVVM::NVVMDialect::getReqntidAttrName()) &&
        OperationEquivalence::isRegionEquivalentTo(
            &other.getBody(), &kernel.getBody(),
            OperationEquivalence::IgnoreLocations)) {
      kernel.erase();
      return other.getName();
    }
  kernel->remove();
  SymbolTable(module).insert(kernel);
  return kernel.getName();
}

LogicalResult CUDAOutlineRest::outline(scf::ParallelOp loop) {
  if (!loop.getInitVals().empty())
    return loop.emitOpError("has reductions, which kernels of loops do not "
                            "have");
  if (failed(checkBody(loop)))
    return failure();
  guardAccesses(loop);
  SmallVector<scf::ParallelOp> nested;
  loop.getBody()->walk([&](scf::ParallelOp op) { nested.push_back(op); });
  for (scf::ParallelOp op : nested) // innermost first: walk is post-order
    makeSequential(op);

  OpBuilder b(loop);
  Location loc = loop.getLoc();
  Value one = makeIndex(b, loc, 1), zero = makeIndex(b, loc, 0), total = one;
  SmallVector<Value> counts;
  for (auto [lower, upper, step] : llvm::zip_equal(
           loop.getLowerBound(), loop.getUpperBound(), loop.getStep())) {
    Value span = b.createOrFold<arith::SubIOp>(loc, upper, lower);
    span = b.createOrFold<arith::MaxSIOp>(loc, span, zero);
    Value count = b.createOrFold<arith::CeilDivUIOp>(loc, span, step);
    counts.push_back(count);
    total = b.createOrFold<arith::MulIOp>(loc, total, count);
  }

  llvm::SetVector<Value> above;
  getUsedValuesDefinedAbove(loop.getRegion(), above);
  above.insert(total);
  above.insert_range(loop.getLowerBound());
  above.insert_range(loop.getStep());
  above.insert_range(counts);

  OpBuilder atModule = OpBuilder::atBlockEnd(getKernelModule().getBody());
  auto kernel =
      gpu::GPUFuncOp::create(atModule, loc, "loop", b.getFunctionType({}, {}));
  kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  kernel->setAttr(
      NVVM::NVVMDialect::getReqntidAttrName(),
      b.getDenseI32ArrayAttr({static_cast<int32_t>(threads), 1, 1}));
  Block *entry = &kernel.getBody().front();
  OpBuilder body = OpBuilder::atBlockEnd(entry);
  LLVMTypeConverter converter(&getContext());
  Parameters parameters(b, body, loc, converter);
  IRMapping map;
  for (Value value : above) {
    Operation *def = value.getDefiningOp();
    if (def && def->hasTrait<OpTrait::ConstantLike>()) {
      body.clone(*def, map);
      continue;
    }
    Value inside = parameters.pass(value, entry);
    if (!inside)
      return loop.emitOpError()
             << "uses a buffer of type " << value.getType()
             << ", whose layout has no strides; kernels need them";
    map.map(value, inside);
  }
  SmallVector<Type> types;
  for (BlockArgument formal : parameters.formals)
    types.push_back(formal.getType());
  kernel.setFunctionType(b.getFunctionType(types, {}));

  // A thread per iteration.
  Value block = gpu::BlockIdOp::create(body, loc, gpu::Dimension::x);
  Value thread = gpu::ThreadIdOp::create(body, loc, gpu::Dimension::x);
  Value width = makeIndex(body, loc, threads);
  Value number = arith::AddIOp::create(
      body, loc, arith::MulIOp::create(body, loc, block, width), thread);
  Value inside = arith::CmpIOp::create(body, loc, arith::CmpIPredicate::ult,
                                       number, map.lookup(total));
  auto guard = scf::IfOp::create(body, loc, inside, /*withElseRegion=*/false);
  gpu::ReturnOp::create(body, loc);
  body.setInsertionPoint(guard.thenBlock()->getTerminator());
  SmallVector<Value> ivs(counts.size());
  Value rest = number;
  for (unsigned i = counts.size(); i-- > 0;) {
    Value index = rest;
    if (i > 0) {
      Value count = map.lookup(counts[i]);
      index = arith::RemUIOp::create(body, loc, rest, count);
      rest = arith::DivUIOp::create(body, loc, rest, count);
    }
    Value scaled = arith::MulIOp::create(body, loc, index,
                                         map.lookup(Value(loop.getStep()[i])));
    ivs[i] = arith::AddIOp::create(body, loc, scaled,
                                   map.lookup(Value(loop.getLowerBound()[i])));
  }
  map.map(loop.getInductionVars(), ivs);
  for (Operation &op : loop.getBody()->without_terminator())
    body.clone(op, map);

  StringRef name = addKernel(kernel);
  Value blocks = b.createOrFold<arith::CeilDivUIOp>(loc, total,
                                                    makeIndex(b, loc, threads));
  auto symbol =
      SymbolRefAttr::get(b.getStringAttr(kKernelModuleName),
                         {FlatSymbolRefAttr::get(b.getStringAttr(name))});
  LaunchOp::create(b, loc, symbol, blocks, one, one, parameters.operands,
                   /*number=*/nullptr, /*threads=*/nullptr, /*shared=*/nullptr);
  loop.erase();
  return success();
}

/// What is on the host computes extents; it cannot see elements.
LogicalResult CUDAOutlineRest::checkHost(func::FuncOp function) {
  SmallVector<memref::LoadOp> loads;
  WalkResult result = function.walk([&](Operation *op) {
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      if (!op->getParentOfType<LoopLikeOpInterface>()) {
        loads.push_back(load);
        return WalkResult::advance();
      }
      op->emitOpError("reads the memory of the device in a loop of the host, "
                      "which is not supported");
      return WalkResult::interrupt();
    }
    if (isa<OckhamDialect>(op->getDialect()) ||
        isa<RegionBranchOpInterface, func::FuncOp>(op))
      return WalkResult::advance();
    auto effects = dyn_cast<MemoryEffectOpInterface>(op);
    bool touches = !effects || effects.hasEffect<MemoryEffects::Read>() ||
                   effects.hasEffect<MemoryEffects::Write>();
    bool hasBuffers = llvm::any_of(op->getOperandTypes(), [](Type type) {
      return isa<BaseMemRefType>(type);
    });
    if (!touches || !hasBuffers)
      return WalkResult::advance();
    op->emitOpError("uses the memory of the device on the host, and has no "
                    "form for the device");
    return WalkResult::interrupt();
  });
  if (result.wasInterrupted())
    return failure();
  for (memref::LoadOp load : loads) {
    OpBuilder b(load);
    auto value = DeviceLoadOp::create(b, load.getLoc(), load.getType(),
                                      load.getMemref(), load.getIndices());
    load.replaceAllUsesWith(value.getResult());
    load.erase();
  }
  return success();
}

LogicalResult CUDAOutlineRest::outlineEntry(func::FuncOp function) {
  SmallVector<Operation *> work;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<linalg::LinalgOp, memref::CopyOp>(op)) {
      work.push_back(op);
      return WalkResult::skip();
    }
    // Stores of the host are kernels of one thread.
    if (isa<memref::StoreOp>(op) && !op->getParentOfType<scf::ParallelOp>())
      work.push_back(op);
    return WalkResult::advance();
  });
  for (Operation *op : work) {
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (failed(lowerLinalg(linalgOp)))
        return failure();
    } else if (auto copy = dyn_cast<memref::CopyOp>(op)) {
      if (!op->getParentOfType<scf::ParallelOp>())
        lowerCopy(copy);
    } else {
      OpBuilder b(op);
      enterSingle(b, op->getLoc());
      op->moveBefore(b.getInsertionBlock(), b.getInsertionPoint());
    }
  }
  SmallVector<scf::ParallelOp> loops;
  function.walk<WalkOrder::PreOrder>([&](scf::ParallelOp loop) {
    loops.push_back(loop);
    return WalkResult::skip();
  });
  for (scf::ParallelOp loop : loops)
    if (failed(outline(loop)))
      return failure();
  return checkHost(function);
}
