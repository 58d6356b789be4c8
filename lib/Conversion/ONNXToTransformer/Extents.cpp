//===- Extents.cpp - Extents that are known to be equal -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Extents.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ockham::raising {

static bool isBefore(const Extent::Symbol &a, const Extent::Symbol &b) {
  return std::pair(a.first.getAsOpaquePointer(), a.second) <
         std::pair(b.first.getAsOpaquePointer(), b.second);
}

Extent Extent::operator+(const Extent &other) const {
  if (!known || !other.known)
    return Extent();
  Extent sum = *this;
  sum.number += other.number;
  llvm::append_range(sum.symbols, other.symbols);
  llvm::sort(sum.symbols, isBefore);
  return sum;
}

Extent Extent::operator-(const Extent &other) const {
  if (!known || !other.known)
    return Extent();
  Extent rest = *this;
  rest.number -= other.number;
  for (const Symbol &symbol : other.symbols) {
    auto *it = llvm::find(rest.symbols, symbol);
    if (it == rest.symbols.end())
      return Extent();
    rest.symbols.erase(it);
  }
  return rest;
}

namespace {

/// Answers one question. The memo lives no longer than that, because raising
/// erases ops between questions.
class Tracer {
public:
  Extent trace(Value tensor, int64_t dim);
  Extent traceScalar(Value value);
  Extent traceSize(ArrayRef<int64_t> staticSizes, ValueRange sizes,
                   unsigned position);

private:
  Extent traceArgument(BlockArgument argument, int64_t dim);
  Extent traceResult(OpResult result, int64_t dim);
  /// The extent of a result dimension where the operands broadcast.
  Extent traceBroadcast(ValueRange operands, int64_t rank, int64_t dim);
  Extent traceMatMul(onnx::MatMulOp matmul, int64_t rank, int64_t dim);

  DenseMap<std::pair<Value, int64_t>, Extent> memo;
};

} // namespace

Extent Tracer::trace(Value tensor, int64_t dim) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || dim < 0 || dim >= type.getRank())
    return Extent();
  if (!type.isDynamicDim(dim))
    return Extent::getStatic(type.getDimSize(dim));
  auto [it, isNew] = memo.try_emplace({tensor, dim}, Extent());
  if (!isNew)
    return it->second;
  Extent extent;
  if (auto argument = dyn_cast<BlockArgument>(tensor))
    extent = traceArgument(argument, dim);
  else
    extent = traceResult(cast<OpResult>(tensor), dim);
  // What could not be followed is still equal to itself.
  if (!extent.isKnown())
    extent = Extent::getSymbol(tensor, dim);
  memo[{tensor, dim}] = extent;
  return extent;
}

Extent Tracer::traceArgument(BlockArgument argument, int64_t dim) {
  auto function =
      dyn_cast_or_null<func::FuncOp>(argument.getOwner()->getParentOp());
  if (!function)
    return Extent();
  auto getName = [&](unsigned index, int64_t position) -> StringRef {
    auto names = function.getArgAttrOfType<ArrayAttr>(index, "ockham.dims");
    if (!names || position >= static_cast<int64_t>(names.size()))
      return "";
    auto name = dyn_cast<StringAttr>(names[position]);
    return name ? name.getValue() : StringRef();
  };
  auto find = [&](StringRef name) {
    for (BlockArgument other : function.getArguments()) {
      auto type = dyn_cast<RankedTensorType>(other.getType());
      for (int64_t i = 0, e = type ? type.getRank() : 0; i < e; ++i)
        if (getName(other.getArgNumber(), i) == name)
          return Extent::getSymbol(other, i);
    }
    return Extent();
  };
  StringRef name = getName(argument.getArgNumber(), dim);
  if (name.empty())
    return Extent();
  // "past + sequence", as exporters of decoders name what they have summed up,
  // is taken at its word.
  if (name.contains('+')) {
    Extent sum = Extent::getStatic(0);
    for (StringRef part : llvm::split(name, '+')) {
      int64_t number = 0;
      part = part.trim();
      sum = sum + (part.getAsInteger(10, number) ? find(part)
                                                 : Extent::getStatic(number));
    }
    if (sum.isKnown())
      return sum;
  }
  return find(name);
}

Extent Tracer::traceBroadcast(ValueRange operands, int64_t rank, int64_t dim) {
  Extent found;
  for (Value operand : operands) {
    int64_t position = dim - (rank - getRank(operand));
    if (position < 0)
      continue;
    Extent extent = trace(operand, position);
    if (extent.isStatic(1) || extent == found)
      continue;
    // Two different symbols: one of them may be 1 at run time.
    if (found.isKnown())
      return Extent();
    found = extent;
  }
  return found.isKnown() ? found : Extent::getStatic(1);
}

Extent Tracer::traceMatMul(onnx::MatMulOp matmul, int64_t rank, int64_t dim) {
  Value lhs = matmul.getLhs(), rhs = matmul.getRhs();
  if (getRank(lhs) < 2 || getRank(rhs) < 2)
    return Extent();
  if (dim == rank - 1)
    return trace(rhs, getRank(rhs) - 1);
  if (dim == rank - 2)
    return trace(lhs, getRank(lhs) - 2);
  return traceBroadcast({lhs, rhs}, rank, dim);
}

Extent Tracer::traceSize(ArrayRef<int64_t> staticSizes, ValueRange sizes,
                         unsigned position) {
  if (!ShapedType::isDynamic(staticSizes[position])) {
    int64_t size = staticSizes[position];
    return size < 0 ? Extent() : Extent::getStatic(size);
  }
  unsigned dynamic =
      llvm::count_if(staticSizes.take_front(position), ShapedType::isDynamic);
  return traceScalar(sizes[dynamic]);
}

Extent Tracer::traceResult(OpResult result, int64_t dim) {
  int64_t rank = getRank(result);
  Operation *op = result.getOwner();
  return TypeSwitch<Operation *, Extent>(op)
      .Case<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::PowOp,
            onnx::EqualOp, onnx::LessOp, onnx::LessOrEqualOp, onnx::GreaterOp,
            onnx::GreaterOrEqualOp, onnx::AndOp, onnx::OrOp, onnx::WhereOp>(
          [&](auto) { return traceBroadcast(op->getOperands(), rank, dim); })
      .Case<onnx::NegOp, onnx::AbsOp, onnx::ReluOp, onnx::ExpOp, onnx::LogOp,
            onnx::SqrtOp, onnx::ReciprocalOp, onnx::ErfOp, onnx::TanhOp,
            onnx::SigmoidOp, onnx::NotOp, onnx::IdentityOp, onnx::CastOp,
            onnx::CosOp, onnx::SinOp, onnx::SoftmaxOp,
            onnx::LayerNormalizationOp, tfm::NormOp, tfm::ActivationOp,
            tfm::ScaleOp, tfm::AddScaledOp, tfm::GateOp, tfm::CastOp,
            tensor::CastOp>([&](auto) {
        // The activation is the first operand of each of them.
        return trace(op->getOperand(0), dim);
      })
      .Case<onnx::MatMulOp>(
          [&](auto matmul) { return traceMatMul(matmul, rank, dim); })
      .Case<onnx::GemmOp>([&](auto gemm) {
        return dim == 0 ? trace(gemm.getA(), gemm.getTransA() ? 1 : 0)
                        : trace(gemm.getB(), gemm.getTransB() ? 0 : 1);
      })
      .Case<onnx::TransposeOp>([&](auto transpose) {
        return trace(transpose.getInput(), transpose.getPerm()[dim]);
      })
      .Case<onnx::ReshapeOp, onnx::ConstantOfShapeOp>([&](auto shaped) {
        return traceSize(shaped.getStaticShape(), shaped.getShape(), dim);
      })
      .Case<onnx::ExpandOp>([&](auto expand) {
        int64_t sizes = expand.getStaticShape().size();
        Extent wanted;
        if (dim - (rank - sizes) >= 0)
          wanted = traceSize(expand.getStaticShape(), expand.getShape(),
                             dim - (rank - sizes));
        if (wanted.isKnown() && !wanted.isStatic(1))
          return wanted;
        return trace(expand.getInput(),
                     dim - (rank - getRank(expand.getInput())));
      })
      .Case<onnx::SliceOp>([&](auto slice) {
        for (auto [i, axis] : llvm::enumerate(slice.getAxes())) {
          if (axis != dim)
            continue;
          // As many as there are: where there are not, the elementwise op that
          // reads the slice refuses the shapes. A static end of a dynamic
          // extent is a bound, not a size. A single element would not be
          // refused but broadcast.
          if (slice.getSteps()[i] == 1 &&
              !trace(slice.getInput(), dim).isStatic(1) &&
              ShapedType::isDynamic(slice.getStaticEnds()[i]))
            return traceSize(slice.getStaticEnds(), slice.getEnds(), i) -
                   traceSize(slice.getStaticStarts(), slice.getStarts(), i);
          return Extent();
        }
        return trace(slice.getInput(), dim);
      })
      .Case<onnx::GatherOp>([&](auto gather) {
        int64_t axis = gather.getAxis();
        int64_t indices = getRank(gather.getIndices());
        if (dim < axis)
          return trace(gather.getData(), dim);
        if (dim < axis + indices)
          return trace(gather.getIndices(), dim - axis);
        return trace(gather.getData(), dim - indices + 1);
      })
      .Case<onnx::GatherElementsOp>(
          [&](auto gather) { return trace(gather.getIndices(), dim); })
      .Case<onnx::ConcatOp>([&](auto concat) {
        if (dim != static_cast<int64_t>(concat.getAxis())) {
          // All inputs agree.
          for (Value input : concat.getInputs())
            if (Extent extent = trace(input, dim); extent.isKnown())
              return extent;
          return Extent();
        }
        Extent sum = Extent::getStatic(0);
        for (Value input : concat.getInputs())
          sum = sum + trace(input, dim);
        return sum;
      })
      .Case<onnx::SplitOp>([&](auto split) {
        return dim == static_cast<int64_t>(split.getAxis())
                   ? Extent()
                   : trace(split.getInput(), dim);
      })
      .Case<onnx::UnsqueezeOp>([&](auto unsqueeze) {
        int64_t added = llvm::count_if(
            unsqueeze.getAxes(), [&](int64_t axis) { return axis < dim; });
        return trace(unsqueeze.getInput(), dim - added);
      })
      .Case<onnx::SqueezeOp>([&](auto squeeze) {
        int64_t position = dim;
        for (int64_t axis : squeeze.getAxes())
          if (axis <= position)
            ++position;
        return trace(squeeze.getInput(), position);
      })
      .Case<onnx::ReduceMeanOp, onnx::ReduceSumOp, onnx::ReduceMaxOp,
            onnx::ReduceL2Op>([&](auto reduce) {
        if (reduce.getKeepdims())
          return trace(reduce.getInput(), dim);
        int64_t position = dim;
        for (int64_t axis : reduce.getAxes())
          if (axis <= position)
            ++position;
        return trace(reduce.getInput(), position);
      })
      .Case<onnx::RangeOp>([&](auto range) {
        if (getExtent(range.getStart()).isStatic(0) &&
            getExtent(range.getDelta()).isStatic(1))
          return traceScalar(range.getLimit());
        return Extent();
      })
      .Case<tfm::LinearOp, tfm::SplitOp>([&](auto) {
        return dim == rank - 1 ? Extent() : trace(op->getOperand(0), dim);
      })
      .Case<tfm::EmbeddingOp>(
          [&](auto embedding) { return trace(embedding.getIds(), dim); })
      .Case<tfm::AttentionOp>([&](auto attention) {
        return result == attention.getOutput() && dim < 2
                   ? trace(attention.getQuery(), dim)
                   : Extent();
      })
      .Default([](Operation *) { return Extent(); });
}

Extent Tracer::traceScalar(Value value) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return Extent::getStatic(number.getSExtValue());
  Operation *op = value.getDefiningOp();
  if (!op)
    return Extent::getSymbol(value);
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) &&
      elements.getElementType().isInteger() && elements.getNumElements() == 1)
    return Extent::getStatic(
        (*elements.getValues<APInt>().begin()).getSExtValue());
  return TypeSwitch<Operation *, Extent>(op)
      .Case<tensor::DimOp>([&](auto dim) {
        std::optional<int64_t> index = dim.getConstantIndex();
        return index ? trace(dim.getSource(), *index) : Extent();
      })
      .Case<arith::IndexCastOp, onnx::CastOp, onnx::SqueezeOp,
            onnx::UnsqueezeOp, onnx::IdentityOp, onnx::ReshapeOp>([&](auto) {
        // The same number in another integer type or with other unit dims.
        Type type = getElementTypeOrSelf(op->getOperand(0).getType());
        return type.isIntOrIndex() ? traceScalar(op->getOperand(0)) : Extent();
      })
      .Case<arith::AddIOp>([&](auto add) {
        return traceScalar(add.getLhs()) + traceScalar(add.getRhs());
      })
      .Case<onnx::AddOp>([&](auto add) {
        Type type = getElementTypeOrSelf(add.getType());
        return type.isIntOrIndex()
                   ? traceScalar(add.getLhs()) + traceScalar(add.getRhs())
                   : Extent();
      })
      .Case<tensor::FromElementsOp>([&](auto from) {
        return from.getElements().size() == 1
                   ? traceScalar(from.getElements().front())
                   : Extent();
      })
      .Case<tensor::ExtractOp>([&](auto extract) {
        auto type = cast<RankedTensorType>(extract.getTensor().getType());
        return type.hasStaticShape() && type.getNumElements() == 1
                   ? traceScalar(extract.getTensor())
                   : Extent();
      })
      .Case<onnx::ShapeOp>([&](auto shape) {
        return shape.getEnd() == shape.getStart() + 1
                   ? trace(shape.getInput(), shape.getStart())
                   : Extent();
      })
      .Case<onnx::GatherOp>([&](auto gather) {
        auto shape = gather.getData().template getDefiningOp<onnx::ShapeOp>();
        DenseElementsAttr index;
        if (!shape || !matchPattern(gather.getIndices(), m_Constant(&index)) ||
            index.getNumElements() != 1)
          return Extent();
        int64_t position =
            (*index.template getValues<APInt>().begin()).getSExtValue();
        int64_t size = shape.getEnd() - shape.getStart();
        if (position < 0)
          position += size;
        return position < 0 || position >= size
                   ? Extent()
                   : trace(shape.getInput(), shape.getStart() + position);
      })
      .Default([&](Operation *) { return Extent::getSymbol(value); });
}

Extent getExtent(Value tensor, int64_t dim) {
  return Tracer().trace(tensor, dim);
}

Extent getExtent(Value scalar) { return Tracer().traceScalar(scalar); }

Extent getExtent(ArrayRef<int64_t> staticSizes, ValueRange sizes,
                 unsigned position) {
  return Tracer().traceSize(staticSizes, sizes, position);
}

Value makeIndex(OpBuilder &builder, Location loc, const Extent &extent) {
  if (!extent.isKnown())
    return Value();
  Value sum;
  auto add = [&](Value value) {
    sum = sum ? arith::AddIOp::create(builder, loc, sum, value) : value;
  };
  for (auto [source, dim] : extent.getSymbols()) {
    if (dim >= 0)
      add(tensor::DimOp::create(builder, loc, source, dim));
    else if (source.getType().isIndex())
      add(source);
    else
      return Value();
  }
  if (extent.getNumber() != 0 || !sum)
    add(arith::ConstantIndexOp::create(builder, loc, extent.getNumber()));
  return sum;
}

bool haveEqualLeadingExtents(Value tensor, unsigned trailing,
                             ArrayRef<int64_t> staticSizes, ValueRange sizes,
                             unsigned sizesTrailing) {
  int64_t leading = getRank(tensor) - trailing;
  if (leading < 0 ||
      leading != static_cast<int64_t>(staticSizes.size() - sizesTrailing))
    return false;
  unsigned open = 0;
  for (int64_t i = 0; i < leading; ++i)
    if (getExtent(tensor, i) != getExtent(staticSizes, sizes, i))
      ++open;
  return open <= 1;
}

bool isPrefix(onnx::SliceOp slice) {
  return llvm::all_of(slice.getStaticStarts(),
                      [](int64_t start) { return start == 0; }) &&
         llvm::all_of(slice.getSteps(), [](int64_t step) { return step == 1; });
}

} // namespace ockham::raising
