//===- OckhamBufferize.cpp - Weights as buffers ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamBufferize.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/IR/DialectRegistry.h"

using namespace mlir;
using namespace mlir::bufferization;

namespace {

/// A weight becomes a buffer of identity layout that lives as long as the
/// model. It is read-only: whoever would write it in place gets a copy.
struct LoadWeightModel
    : public BufferizableOpInterface::ExternalModel<LoadWeightModel,
                                                    ockham::LoadWeightOp> {
  bool isWritable(Operation *, Value, const AnalysisState &) const {
    return false;
  }

  FailureOr<BufferLikeType> getBufferType(Operation *op, Value value,
                                          const BufferizationOptions &,
                                          const BufferizationState &,
                                          SmallVector<Value> &) const {
    return cast<BufferLikeType>(getMemRefTypeWithStaticIdentityLayout(
        cast<TensorType>(value.getType())));
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const BufferizationOptions &,
                          BufferizationState &) const {
    auto load = cast<ockham::LoadWeightOp>(op);
    auto tensorType = dyn_cast<TensorType>(load.getResult().getType());
    if (!tensorType)
      return success();
    replaceOpWithNewBufferizedOp<ockham::LoadWeightOp>(
        rewriter, op, getMemRefTypeWithStaticIdentityLayout(tensorType),
        load.getWeightAttr());
    return success();
  }
};

} // namespace

void ockham::registerBufferizableOpInterfaceExternalModels(
    DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, OckhamDialect *) {
    LoadWeightOp::attachInterface<LoadWeightModel>(*context);
  });
}
