//===- PackWeights.cpp - Weights in panels, when compiling ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/TileDialect.h"
#include "ockham/Runtime/PackPanels.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace ockham {
#define GEN_PASS_DEF_PACKWEIGHTS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {
struct PackWeights : ockham::impl::PackWeightsBase<PackWeights> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    // One weight may be packed in several ways, and be read by several ops.
    using Key = std::tuple<Attribute, Type, unsigned>;
    llvm::MapVector<Key, SmallVector<tile::PackOp>> packs;
    module.walk([&](tile::PackOp pack) {
      if (auto load = pack.getMatrix().getDefiningOp<LoadWeightOp>())
        packs[{load.getWeightAttr(), pack.getResult().getType(),
               unsigned(pack.getTransposed())}]
            .push_back(pack);
    });
    WeightBuilder weights(module);
    for (auto &[key, ops] : packs)
      pack(weights, ops);
    eraseUnusedWeights(module);
  }

private:
  void pack(WeightBuilder &weights, ArrayRef<tile::PackOp> ops) {
    tile::PackOp first = ops.front();
    std::optional<ConstantData> data = ConstantData::get(first.getMatrix());
    if (!data)
      return;
    auto load = first.getMatrix().getDefiningOp<LoadWeightOp>();
    auto type = cast<RankedTensorType>(first.getResult().getType());
    bool transposed = first.getTransposed();
    runtime::PanelLayout layout;
    layout.rows = data->getShape()[transposed ? 1 : 0];
    layout.cols = data->getShape()[transposed ? 0 : 1];
    layout.panel = first.getPanel();
    layout.elementBytes = getStorageBytes(type.getElementType());
    std::vector<char> dense(getStorageBytes(data->getType()));
    data->copyTo(dense.data());
    auto packed = std::make_unique<std::string>(layout.countBytes(), '\0');
    runtime::packPanels(packed->data(), dense.data(), layout, transposed, 0,
                        layout.countPanels());
    WeightOp weight =
        weights.create(first.getLoc(), (load.getWeight() + ".panels").str(),
                       type, makeStringBlob(std::move(packed)), /*source=*/"");
    weight.removeSourceAttr(); // It is in no file.
    for (tile::PackOp op : ops) {
      OpBuilder b(op);
      Operation *matrix = op.getMatrix().getDefiningOp();
      op.replaceAllUsesWith(
          LoadWeightOp::create(b, op.getLoc(), type, weight.getSymName())
              .getResult());
      op.erase();
      if (matrix->use_empty())
        matrix->erase();
    }
  }
};
} // namespace
