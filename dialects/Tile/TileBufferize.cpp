//===- TileBufferize.cpp - Kernels on buffers -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/TileBufferize.h"

#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace {

struct LaunchModel
    : public DstBufferizableOpInterfaceExternalModel<LaunchModel,
                                                     ockham::tile::LaunchOp> {
  /// A point of the grid may read what another one has not written yet, but a
  /// kernel that only writes does not need what was there before.
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    auto launch = cast<ockham::tile::LaunchOp>(op);
    if (!launch.isDpsInit(&operand))
      return true;
    auto kernel = SymbolTable::lookupNearestSymbolFrom<ockham::tile::KernelOp>(
        op, launch.getKernelAttr());
    if (!kernel)
      return true;
    unsigned first = launch.getGrid().size();
    Value view =
        kernel.getKernelArguments()[operand.getOperandNumber() - first];
    return readsView(view);
  }

  bool bufferizesToElementwiseAccess(Operation *, const AnalysisState &,
                                     ArrayRef<OpOperand *>) const {
    return false;
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &options,
                          BufferizationState &state) const {
    auto launch = cast<ockham::tile::LaunchOp>(op);
    SmallVector<Value> inputs, outputs;
    auto convert = [&](ValueRange from, SmallVector<Value> &to) {
      for (Value value : from) {
        if (!isa<TensorType>(value.getType())) {
          to.push_back(value);
          continue;
        }
        FailureOr<Value> buffer = getBuffer(rewriter, value, options, state);
        if (failed(buffer))
          return failure();
        to.push_back(*buffer);
      }
      return success();
    };
    if (failed(convert(launch.getInputs(), inputs)) ||
        failed(convert(launch.getOutputs(), outputs)))
      return failure();
    SmallVector<Value> results;
    for (auto [output, buffer] : llvm::zip(launch.getOutputs(), outputs))
      if (isa<TensorType>(output.getType()))
        results.push_back(buffer);
    ockham::tile::LaunchOp::create(rewriter, launch.getLoc(), TypeRange{},
                                   launch.getKernelAttr(), launch.getGrid(),
                                   inputs, outputs);
    replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }

private:
  /// True if a kernel reads a view that it is given.
  static bool readsView(Value view) {
    for (Operation *user : view.getUsers()) {
      if (auto subview = dyn_cast<ockham::tile::SubviewOp>(user)) {
        if (readsView(subview.getResult()))
          return true;
        continue;
      }
      if (!isa<ockham::tile::StoreOp>(user))
        return true;
    }
    return false;
  }
};

} // namespace

void ockham::tile::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, TileDialect *) {
    LaunchOp::attachInterface<LaunchModel>(*context);
  });
}
