//===- PackWeights.cpp - Weights in panels, when compiling ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tied head reads the embedding's table as a product. A table that is read
// otherwise element by element only, by linalg ops that look rows up, is read
// in panels there as well, so that the model has it once.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Runtime/PackPanels.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

#include <cstring>

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
    using Key = std::tuple<Attribute, Type, int64_t, int64_t, unsigned>;
    llvm::MapVector<Key, SmallVector<tile::PackOp>> packs;
    llvm::MapVector<Attribute, SmallVector<LoadWeightOp>> loads;
    module.walk([&](LoadWeightOp load) {
      loads[load.getWeightAttr()].push_back(load);
    });
    module.walk([&](tile::PackOp pack) {
      if (auto load = pack.getMatrix().getDefiningOp<LoadWeightOp>())
        packs[{load.getWeightAttr(), pack.getResult().getType(),
               pack.getPanel(), pack.getInterleave(),
               unsigned(pack.getTransposed())}]
            .push_back(pack);
    });
    WeightBuilder weights(module);
    for (auto &[key, ops] : packs)
      pack(weights, ops, loads[std::get<0>(key)]);
    eraseUnusedWeights(module);
  }

private:
  /// Writes floats of 16 bits, rounded to the nearest, ties to even.
  static void narrow(const ConstantData &data, FloatType type, char *to) {
    for (int64_t i = 0, e = data.size(); i < e; ++i) {
      APFloat value(data.getFloat(i));
      bool losesInfo;
      value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
      uint64_t bits = value.bitcastToAPInt().getZExtValue();
      size_t bytes = type.getWidth() / 8;
      std::memcpy(to + i * bytes, &bits, bytes);
    }
  }

  static std::unique_ptr<std::string> pack(const ConstantData &data,
                                           RankedTensorType type,
                                           const runtime::PanelLayout &layout) {
    std::vector<char> dense(data.size() * layout.elementBytes);
    if (data.getElementType() == type.getElementType())
      data.copyTo(dense.data());
    else
      narrow(data, cast<FloatType>(type.getElementType()), dense.data());
    auto packed = std::make_unique<std::string>(layout.countBytes(), '\0');
    runtime::packPanels(packed->data(), dense.data(), layout, 0,
                        layout.countPanels());
    return packed;
  }

  void pack(WeightBuilder &weights, ArrayRef<tile::PackOp> ops,
            ArrayRef<LoadWeightOp> loads) {
    tile::PackOp first = ops.front();
    auto load = first.getMatrix().getDefiningOp<LoadWeightOp>();
    auto from = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
        load, load.getWeightAttr());
    std::optional<ConstantData> data = ConstantData::get(first.getMatrix());
    if (!(data || from.getInit()) ||
        from.getStoredType() != from.getTensorType())
      return;
    auto type = cast<RankedTensorType>(first.getResult().getType());
    runtime::PanelLayout layout;
    layout.transposed = first.getTransposed();
    layout.rows = from.getTensorType().getDimSize(layout.transposed);
    layout.cols = from.getTensorType().getDimSize(!layout.transposed);
    layout.panel = first.getPanel();
    layout.interleave = first.getInterleave();
    layout.elementBytes = getStorageBytes(type.getElementType());
    // A recipe is packed by who makes the weight.
    std::string name = (load.getWeight() + ".panels").str();
    WeightOp weight =
        data ? weights.create(first.getLoc(), name, type,
                              makeStringBlob(pack(*data, type, layout)), "")
             : weights.create(first.getLoc(), name, from.getTensorType(),
                              from.getInitAttr(), "");
    weight.setType(from.getTensorType().clone(type.getElementType()));
    weight.setSourceAttr(from.getSourceAttr());
    weight.setLayout(
        "panels<" + std::to_string(layout.panel) +
        (layout.interleave == 1
             ? ""
             : ", interleave = " + std::to_string(layout.interleave)) +
        (layout.transposed ? ", transposed>" : ">"));
    for (tile::PackOp op : ops) {
      OpBuilder b(op);
      op.replaceAllUsesWith(
          LoadWeightOp::create(b, op.getLoc(), type, weight.getSymName())
              .getResult());
      op.erase();
    }
    readElements(loads, weight, layout);
  }

  /// Makes all reads of single elements of the weight reads of the panels, if
  /// there are no others.
  static void readElements(ArrayRef<LoadWeightOp> loads, WeightOp panels,
                           const runtime::PanelLayout &layout) {
    SmallVector<tensor::ExtractOp> reads;
    for (LoadWeightOp load : loads) {
      for (Operation *user : load->getUsers()) {
        auto read = dyn_cast<tensor::ExtractOp>(user);
        if (!read)
          return;
        reads.push_back(read);
      }
    }
    for (tensor::ExtractOp read : reads) {
      // Loads may stand behind other reads; a new one stands where the old is.
      Operation *load = read.getTensor().getDefiningOp();
      OpBuilder b(load);
      Value table = LoadWeightOp::create(
          b, load->getLoc(), panels.getStoredType(), panels.getSymName());
      b.setInsertionPoint(read);
      Location loc = read.getLoc();
      Value row = read.getIndices()[layout.transposed];
      Value col = read.getIndices()[!layout.transposed];
      auto split = [&](Value place, int64_t by) -> std::pair<Value, Value> {
        Value width = arith::ConstantIndexOp::create(b, loc, by);
        return {b.createOrFold<arith::DivUIOp>(loc, place, width),
                b.createOrFold<arith::RemUIOp>(loc, place, width)};
      };
      auto [panel, within] = split(col, layout.panel);
      if (layout.interleave > 1) {
        auto [group, place] = split(row, layout.interleave);
        row = group;
        Value by = arith::ConstantIndexOp::create(b, loc, layout.interleave);
        within = arith::MulIOp::create(b, loc, within, by);
        within = arith::AddIOp::create(b, loc, within, place);
      }
      Value element = tensor::ExtractOp::create(b, loc, table,
                                                ValueRange{panel, row, within});
      if (element.getType() != read.getType())
        element = arith::ExtFOp::create(b, loc, read.getType(), element);
      read.replaceAllUsesWith(element);
      read.erase();
    }
  }
};
} // namespace
