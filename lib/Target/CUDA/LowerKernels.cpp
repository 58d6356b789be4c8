//===- LowerKernels.cpp - Kernels for threads, launches for the host ------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "LowerMath.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Target/CUDA/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CUDALOWERKERNELS
#include "ockham/Target/CUDA/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

namespace {
constexpr const char *kModuleName = "kernels";

/// One kernel and all of its launches.
class KernelLowering {
public:
  KernelLowering(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches,
                 gpu::GPUModuleOp device)
      : kernel(kernel), launches(launches.begin(), launches.end()),
        device(device), b(kernel.getLoc(), kernel.getContext()) {}

  LogicalResult run();

private:
  LogicalResult makeFunction();
  LogicalResult lowerLaunch(tile::LaunchOp launch);
  void emitPoint(KernelEmitter &emitter, ValueRange extents);
  int64_t countSharedBytes();
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }

  tile::KernelOp kernel;
  SmallVector<tile::LaunchOp> launches;
  gpu::GPUModuleOp device;
  ImplicitLocOpBuilder b;
  StrategyAttr strategy;
  SmallVector<ArgumentLayout> layouts;
};
} // namespace

int64_t KernelLowering::countSharedBytes() {
  int64_t bytes = 0;
  kernel.getBody().walk([&](SharedOp place) {
    bytes = std::max(bytes, static_cast<int64_t>(place.getOffset()) +
                                place.getBuffer().getType().getBytes());
  });
  return bytes;
}

/// Which point of the grid a thread block computes.
void KernelLowering::emitPoint(KernelEmitter &emitter, ValueRange extents) {
  Type i32 = b.getI32Type();
  Value rest = NVVM::BlockIdXOp::create(b, i32);
  unsigned rank = kernel.getGridRank();
  SmallVector<unsigned> order;
  if (rank > 0)
    order.push_back(strategy.getFastest());
  for (unsigned d = rank; d-- > 0;)
    if (d != strategy.getFastest())
      order.push_back(d);
  for (auto [i, d] : llvm::enumerate(order)) {
    Value number = rest;
    if (i + 1 < rank) {
      Value step = index(kernel.getSteps()[d]);
      Value count = arith::IndexCastOp::create(
          b, i32, b.createOrFold<arith::CeilDivUIOp>(extents[d], step));
      number = arith::RemUIOp::create(b, rest, count);
      rest = arith::DivUIOp::create(b, rest, count);
    }
    Value place = arith::IndexCastOp::create(b, b.getIndexType(), number);
    emitter.setScalar(
        kernel.getGridIndices()[d],
        b.createOrFold<arith::MulIOp>(place, index(kernel.getSteps()[d])));
  }
  for (auto [argument, extent] : llvm::zip(kernel.getGridExtents(), extents))
    emitter.setScalar(argument, extent);
}

LogicalResult KernelLowering::makeFunction() {
  // Extents that all launches agree on are constants.
  GridExtents known;
  for (unsigned d = 0; d < kernel.getGridRank(); ++d) {
    known.push_back(getConstantIntValue(launches.front().getGrid()[d]));
    for (tile::LaunchOp launch : launches)
      if (getConstantIntValue(launch.getGrid()[d]) != known.back())
        known.back() = std::nullopt;
  }
  Type indexType = b.getIndexType();
  Type pointer = LLVM::LLVMPointerType::get(b.getContext(), 1);
  SmallVector<Type> types;
  for (auto [argument, layout] :
       llvm::zip(kernel.getKernelArguments(), layouts)) {
    auto view = dyn_cast<tile::ViewType>(argument.getType());
    if (!view) {
      types.push_back(argument.getType());
      continue;
    }
    types.push_back(pointer);
    types.append(ShapedType::isDynamic(view.getRows()) +
                     ShapedType::isDynamic(view.getCols()) + layout.hasStride,
                 indexType);
  }
  types.append(kernel.getGridRank(), indexType);

  b.setInsertionPointToEnd(device.getBody());
  auto function = gpu::GPUFuncOp::create(b, kernel.getSymName(),
                                         b.getFunctionType(types, {}));
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), b.getUnitAttr());
  auto threads = static_cast<int32_t>(strategy.getThreads());
  function->setAttr("nvvm.reqntid", b.getDenseI32ArrayAttr({threads, 1, 1}));
  function->setAttr("ockham_cuda.shared_bytes",
                    b.getI64IntegerAttr(countSharedBytes()));
  function->setAttr("ockham_cuda.steps",
                    b.getDenseI64ArrayAttr(kernel.getSteps()));
  b.setInsertionPointToStart(&function.getBody().front());
  ValueRange arguments = function.getArguments();
  auto take = [&] {
    Value value = arguments.front();
    arguments = arguments.drop_front();
    return value;
  };
  KernelEmitter emitter(b, kernel, strategy, layouts, known);
  for (auto [argument, layout] :
       llvm::zip(kernel.getKernelArguments(), layouts)) {
    auto type = dyn_cast<tile::ViewType>(argument.getType());
    if (!type) {
      emitter.setScalar(argument, take());
      continue;
    }
    ViewValues view;
    view.pointer = take();
    view.rows =
        ShapedType::isDynamic(type.getRows()) ? take() : index(type.getRows());
    view.cols =
        ShapedType::isDynamic(type.getCols()) ? take() : index(type.getCols());
    view.stride = layout.hasStride ? take() : view.cols;
    if (type.isPacked()) {
      view.stride = index(type.getPanel());
      view.panelStride = b.createOrFold<arith::MulIOp>(view.rows, view.stride);
    }
    emitter.setView(argument, view);
  }
  SmallVector<Value> extents;
  for (std::optional<int64_t> extent : known) {
    Value passed = take();
    extents.push_back(extent ? index(*extent) : passed);
  }
  emitPoint(emitter, extents);
  emitter.emitThread();
  if (failed(emitter.emit()))
    return failure();
  gpu::ReturnOp::create(b);
  return success();
}

LogicalResult KernelLowering::lowerLaunch(tile::LaunchOp launch) {
  b.setInsertionPoint(launch);
  b.setLoc(launch.getLoc());
  SmallVector<Value> operands(launch.getInputs()), passed;
  llvm::append_range(operands, launch.getOutputs());
  auto getDim = [&](Value buffer, int64_t dim) {
    return b.createOrFold<memref::DimOp>(buffer, dim);
  };
  auto mul = [&](Value lhs, Value rhs) {
    return b.createOrFold<arith::MulIOp>(lhs, rhs);
  };
  for (auto [i, operand] : llvm::enumerate(operands)) {
    auto view =
        dyn_cast<tile::ViewType>(kernel.getKernelArguments()[i].getType());
    if (!view) {
      passed.push_back(operand);
      continue;
    }
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type)
      return launch.emitOpError() << "is on " << operand.getType()
                                  << "; expected buffers (bufferize first)";
    Value base = memref::ExtractAlignedPointerAsIndexOp::create(b, operand);
    Value stride;
    if (layouts[i].hasStride) {
      auto metadata = memref::ExtractStridedMetadataOp::create(b, operand);
      int64_t bytes =
          llvm::divideCeil(type.getElementType().getIntOrFloatBitWidth(), 8);
      base = b.createOrFold<arith::AddIOp>(
          base, mul(metadata.getOffset(), index(bytes)));
      stride = metadata.getStrides().front();
      if (type.getLayout().isIdentity())
        stride = getDim(operand, type.getRank() - 1);
    }
    Value address = arith::IndexCastOp::create(b, b.getI64Type(), base);
    passed.push_back(LLVM::IntToPtrOp::create(
        b, LLVM::LLVMPointerType::get(b.getContext()), address));
    if (ShapedType::isDynamic(view.getRows())) {
      Value rows = index(1);
      if (view.isPacked())
        rows = mul(getDim(operand, 1), index(view.getInterleave()));
      else
        for (int64_t d = 0; d + 1 < type.getRank(); ++d)
          rows = mul(rows, getDim(operand, d));
      passed.push_back(rows);
    }
    if (ShapedType::isDynamic(view.getCols())) {
      Value cols = index(1);
      if (view.isPacked())
        cols = mul(getDim(operand, 0), index(view.getPanel()));
      else if (type.getRank() > 0)
        cols = getDim(operand, type.getRank() - 1);
      passed.push_back(cols);
    }
    if (stride)
      passed.push_back(stride);
  }
  llvm::append_range(passed, launch.getGrid());
  Value blocks = index(1);
  for (auto [extent, step] : llvm::zip(launch.getGrid(), kernel.getSteps())) {
    Value points = b.createOrFold<arith::MaxSIOp>(extent, index(0));
    blocks =
        mul(blocks, b.createOrFold<arith::CeilDivUIOp>(points, index(step)));
  }
  auto symbol =
      SymbolRefAttr::get(b.getContext(), kModuleName,
                         {FlatSymbolRefAttr::get(kernel.getSymNameAttr())});
  Value one = index(1);
  cuda::LaunchOp::create(b, symbol, blocks, one, one, passed);
  launch.erase();
  return success();
}

LogicalResult KernelLowering::run() {
  strategy = dyn_cast_or_null<StrategyAttr>(
      kernel.getStrategy().value_or(Attribute()));
  if (!strategy)
    return kernel.emitOpError(
        "has no strategy for CUDA, expected #ockham_cuda.strategy");
  auto found = getArgumentLayouts(kernel, launches);
  if (failed(found))
    return failure();
  layouts = *found;
  if (failed(makeFunction()))
    return failure();
  for (tile::LaunchOp launch : launches)
    if (failed(lowerLaunch(launch)))
      return failure();
  return success();
}

namespace {
struct CUDALowerKernels : ockham::impl::CUDALowerKernelsBase<CUDALowerKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    LaunchMap launches = findLaunches(module);
    if (module.getOps<tile::KernelOp>().empty())
      return;
    OpBuilder b(&getContext());
    b.setInsertionPointToEnd(module.getBody());
    auto device = gpu::GPUModuleOp::create(b, module.getLoc(), kModuleName);
    module->setAttr(gpu::GPUDialect::getContainerModuleAttrName(),
                    b.getUnitAttr());
    b.setInsertionPointToStart(device.getBody());
    // Without a size: how much there is says the launch. An internal global
    // would get an address of its own in each kernel.
    LLVM::GlobalOp::create(
        b, module.getLoc(), LLVM::LLVMArrayType::get(b.getI8Type(), 0),
        /*isConstant=*/false, LLVM::Linkage::External,
        KernelEmitter::kSharedName, Attribute(), /*alignment=*/1024,
        /*addrSpace=*/3);
    for (tile::KernelOp kernel :
         llvm::make_early_inc_range(module.getOps<tile::KernelOp>())) {
      auto it = launches.find(kernel.getSymNameAttr());
      if (it != launches.end() &&
          failed(KernelLowering(kernel, it->second, device).run()))
        return signalPassFailure();
      kernel.erase();
    }
    if (failed(lowerMath(device)))
      return signalPassFailure();
  }
};
} // namespace
