//===- ConstantFolding.cpp - Results of constant operands -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ConstantFolding.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/ONNX/ONNXOpDetails.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>
#include <utility>

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

namespace {

/// Folders keep to this many elements, so that canonicalising stays cheap.
constexpr int64_t kMaxFoldedElements = 1024;

/// The elements of a result that is being computed.
class Result {
public:
  explicit Result(RankedTensorType type)
      : type(type), elementType(type.getElementType()),
        width(getStorageBytes(elementType)) {
    bytes.resize(getStorageBytes(type));
  }

  bool isFloat() const { return isa<FloatType>(elementType); }
  ArrayRef<int64_t> getShape() const { return type.getShape(); }
  int64_t size() const { return type.getNumElements(); }

  void setFloat(int64_t index, double value) {
    if (elementType.isF64())
      return store(index, value);
    if (elementType.isF32())
      return store(index, static_cast<float>(value));
    APFloat rounded(value);
    storeRounded(index, rounded);
  }

  /// An integer (of 64 bits, as which `value` may be unsigned), wrapped to the
  /// element type or converted to a float.
  void setInt(int64_t index, int64_t value, bool isUnsigned = false) {
    if (elementType.isF32() && !isUnsigned)
      return store(index, static_cast<float>(value));
    if (isFloat()) {
      APFloat rounded(APFloat::IEEEquad());
      rounded.convertFromAPInt(APInt(64, static_cast<uint64_t>(value)),
                               /*IsSigned=*/!isUnsigned,
                               APFloat::rmNearestTiesToEven);
      return storeRounded(index, rounded);
    }
    if (elementType.isInteger(1))
      value = value != 0;
    // The low bytes come first on every host that LLVM 22 builds for us.
    std::memcpy(&bytes[index * width], &value, width);
  }

  void copy(int64_t index, const ConstantData &from, int64_t fromIndex) {
    ArrayRef<char> source = from.getRawBytes();
    // A splat stores one element.
    if (source.size() == width)
      fromIndex = 0;
    std::memcpy(&bytes[index * width], source.data() + fromIndex * width,
                width);
  }

  std::string take() { return std::move(bytes); }

private:
  template <typename T>
  void store(int64_t index, T value) {
    std::memcpy(&bytes[index * width], &value, sizeof(T));
  }
  void storeRounded(int64_t index, APFloat value) {
    bool losesInfo;
    value.convert(cast<FloatType>(elementType).getFloatSemantics(),
                  APFloat::rmNearestTiesToEven, &losesInfo);
    uint64_t bits = value.bitcastToAPInt().getZExtValue();
    std::memcpy(&bytes[index * width], &bits, width);
  }

  RankedTensorType type;
  Type elementType;
  unsigned width;
  std::string bytes;
};

SmallVector<int64_t> getStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= shape[i];
  }
  return strides;
}

/// Walks over a shape in row-major order and keeps one offset per stride list.
class Walk {
public:
  Walk(ArrayRef<int64_t> shape, ArrayRef<SmallVector<int64_t>> strides)
      : shape(shape), strides(strides), position(shape.size()),
        offsets(strides.size()) {}

  int64_t operator[](size_t list) const { return offsets[list]; }

  void next() {
    for (size_t dim = shape.size(); dim-- > 0;) {
      for (auto [offset, list] : llvm::zip_equal(offsets, strides))
        offset += list[dim];
      if (++position[dim] < shape[dim])
        return;
      position[dim] = 0;
      for (auto [offset, list] : llvm::zip_equal(offsets, strides))
        offset -= list[dim] * shape[dim];
    }
  }

private:
  ArrayRef<int64_t> shape;
  ArrayRef<SmallVector<int64_t>> strides;
  SmallVector<int64_t> position;
  SmallVector<int64_t> offsets;
};

/// Strides with which a tensor of `from` is read as if it had the shape `to`.
SmallVector<int64_t> getBroadcastStrides(ArrayRef<int64_t> from,
                                         ArrayRef<int64_t> to) {
  SmallVector<int64_t> strides = getStrides(from);
  for (auto [stride, extent] : llvm::zip_equal(strides, from))
    if (extent == 1)
      stride = 0;
  strides.insert(strides.begin(), to.size() - from.size(), 0);
  return strides;
}

/// `fn(i, offsets...)` for every element of the result, with the operands
/// broadcast; false as soon as it returns false.
template <typename Fn>
bool forEachBroadcast(Result &result, ArrayRef<ConstantData> operands, Fn fn) {
  SmallVector<SmallVector<int64_t>> strides;
  for (const ConstantData &operand : operands)
    strides.push_back(
        getBroadcastStrides(operand.getShape(), result.getShape()));
  Walk walk(result.getShape(), strides);
  for (int64_t i = 0, e = result.size(); i < e; ++i, walk.next())
    if (!fn(i, walk))
      return false;
  return true;
}

//===----------------------------------------------------------------------===//
// Point-wise
//===----------------------------------------------------------------------===//

double getMax(double lhs, double rhs) {
  return std::isnan(lhs) || lhs > rhs ? lhs : rhs;
}

double getMin(double lhs, double rhs) {
  return std::isnan(lhs) || lhs < rhs ? lhs : rhs;
}

std::optional<double> evaluateFloat(Operation *op, double lhs, double rhs) {
  return TypeSwitch<Operation *, std::optional<double>>(op)
      .Case<AddOp>([&](auto) { return lhs + rhs; })
      .Case<SubOp>([&](auto) { return lhs - rhs; })
      .Case<MulOp>([&](auto) { return lhs * rhs; })
      .Case<DivOp>([&](auto) { return lhs / rhs; })
      .Case<MaxOp>([&](auto) { return getMax(lhs, rhs); })
      .Case<MinOp>([&](auto) { return getMin(lhs, rhs); })
      .Case<ModOp>([&](auto) { return std::fmod(lhs, rhs); })
      .Case<PowOp>([&](auto) { return std::pow(lhs, rhs); })
      .Default(std::optional<double>());
}

int64_t multiplyInts(int64_t lhs, int64_t rhs) {
  return static_cast<int64_t>(static_cast<uint64_t>(lhs) *
                              static_cast<uint64_t>(rhs));
}

std::optional<int64_t> evaluateIntPower(int64_t base, int64_t exponent) {
  if (exponent < 0)
    return std::nullopt;
  int64_t power = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1)
      power = multiplyInts(power, base);
    base = multiplyInts(base, base);
  }
  return power;
}

/// Towards zero; the one quotient that does not exist wraps.
template <typename Int>
Int divideInts(Int lhs, Int rhs) {
  if (std::is_signed_v<Int> && rhs == static_cast<Int>(-1))
    return static_cast<Int>(0 - static_cast<uint64_t>(lhs));
  return lhs / rhs;
}

/// The remainder with the divisor's sign, or with the dividend's.
template <typename Int>
Int getRemainder(Int lhs, Int rhs, bool isFmod) {
  Int remainder = static_cast<Int>(static_cast<uint64_t>(lhs) -
                                   static_cast<uint64_t>(divideInts(lhs, rhs)) *
                                       static_cast<uint64_t>(rhs));
  bool signsDiffer = remainder != 0 && (remainder < 0) != (rhs < 0);
  return isFmod || !signsDiffer ? remainder : remainder + rhs;
}

/// What depends on whether the elements are unsigned.
template <typename Int>
std::optional<Int> evaluateOrdered(Operation *op, Int lhs, Int rhs) {
  return TypeSwitch<Operation *, std::optional<Int>>(op)
      .template Case<DivOp>([&](auto) {
        return rhs ? divideInts(lhs, rhs) : std::optional<Int>();
      })
      .template Case<ModOp>([&](ModOp mod) {
        return rhs ? getRemainder(lhs, rhs, mod.getFmod())
                   : std::optional<Int>();
      })
      .template Case<MaxOp>([&](auto) { return std::max(lhs, rhs); })
      .template Case<MinOp>([&](auto) { return std::min(lhs, rhs); })
      .Default(std::optional<Int>());
}

std::optional<int64_t> evaluateInt(Operation *op, int64_t lhs, int64_t rhs,
                                   bool isUnsigned) {
  uint64_t left = static_cast<uint64_t>(lhs);
  uint64_t right = static_cast<uint64_t>(rhs);
  return TypeSwitch<Operation *, std::optional<int64_t>>(op)
      .Case<AddOp>([&](auto) { return static_cast<int64_t>(left + right); })
      .Case<SubOp>([&](auto) { return static_cast<int64_t>(left - right); })
      .Case<MulOp>([&](auto) { return multiplyInts(lhs, rhs); })
      .Case<PowOp>([&](auto) -> std::optional<int64_t> {
        if (isUnsigned && rhs < 0)
          return std::nullopt;
        return evaluateIntPower(lhs, rhs);
      })
      .Case<AndOp, BitwiseAndOp>([&](auto) { return lhs & rhs; })
      .Case<OrOp, BitwiseOrOp>([&](auto) { return lhs | rhs; })
      .Case<BitwiseXorOp>([&](auto) { return lhs ^ rhs; })
      .Case<BitShiftOp>([&](BitShiftOp shift) -> std::optional<int64_t> {
        if (right >= 64)
          return 0;
        return static_cast<int64_t>(shift.getLeft() ? left << right
                                                    : left >> right);
      })
      .Default([&](Operation *) -> std::optional<int64_t> {
        if (!isUnsigned)
          return evaluateOrdered<int64_t>(op, lhs, rhs);
        return evaluateOrdered<uint64_t>(op, left, right);
      });
}

bool evaluateBinary(Operation *op, Result &result,
                    ArrayRef<ConstantData> operands) {
  const ConstantData &lhs = operands[0], &rhs = operands[1];
  bool isFloat = result.isFloat();
  // An integer to a fractional power is not worth a definition of rounding.
  if (!isFloat && isa<FloatType>(rhs.getElementType()))
    return false;
  bool isUnsigned = lhs.getElementType().isUnsignedInteger();
  return forEachBroadcast(result, operands, [&](int64_t i, const Walk &walk) {
    if (isFloat) {
      std::optional<double> value =
          evaluateFloat(op, lhs.getFloat(walk[0]), rhs.getFloat(walk[1]));
      if (value)
        result.setFloat(i, *value);
      return value.has_value();
    }
    std::optional<int64_t> value =
        evaluateInt(op, lhs.getInt(walk[0]), rhs.getInt(walk[1]), isUnsigned);
    if (value)
      result.setInt(i, *value);
    return value.has_value();
  });
}

template <typename T>
bool compare(Operation *op, T lhs, T rhs) {
  if (isa<EqualOp>(op))
    return lhs == rhs;
  if (isa<LessOp>(op))
    return lhs < rhs;
  if (isa<LessOrEqualOp>(op))
    return lhs <= rhs;
  return isa<GreaterOp>(op) ? lhs > rhs : lhs >= rhs;
}

bool evaluateComparison(Operation *op, Result &result,
                        ArrayRef<ConstantData> operands) {
  const ConstantData &lhs = operands[0], &rhs = operands[1];
  Type type = lhs.getElementType();
  return forEachBroadcast(result, operands, [&](int64_t i, const Walk &walk) {
    if (isa<FloatType>(type))
      result.setInt(i,
                    compare(op, lhs.getFloat(walk[0]), rhs.getFloat(walk[1])));
    else if (type.isUnsignedInteger())
      result.setInt(
          i, compare<uint64_t>(op, lhs.getInt(walk[0]), rhs.getInt(walk[1])));
    else
      result.setInt(i, compare(op, lhs.getInt(walk[0]), rhs.getInt(walk[1])));
    return true;
  });
}

std::optional<double> evaluateUnaryFloat(Operation *op, double x) {
  return TypeSwitch<Operation *, std::optional<double>>(op)
      .Case<NegOp>([&](auto) { return -x; })
      .Case<AbsOp>([&](auto) { return std::fabs(x); })
      // Written so that NaN stays NaN.
      .Case<ReluOp>([&](auto) { return x < 0 ? 0.0 : x; })
      .Case<ExpOp>([&](auto) { return std::exp(x); })
      .Case<LogOp>([&](auto) { return std::log(x); })
      .Case<SqrtOp>([&](auto) { return std::sqrt(x); })
      .Case<ReciprocalOp>([&](auto) { return 1.0 / x; })
      .Case<ErfOp>([&](auto) { return std::erf(x); })
      .Case<SinOp>([&](auto) { return std::sin(x); })
      .Case<CosOp>([&](auto) { return std::cos(x); })
      .Case<TanOp>([&](auto) { return std::tan(x); })
      .Case<AsinOp>([&](auto) { return std::asin(x); })
      .Case<AcosOp>([&](auto) { return std::acos(x); })
      .Case<AtanOp>([&](auto) { return std::atan(x); })
      .Case<SinhOp>([&](auto) { return std::sinh(x); })
      .Case<CoshOp>([&](auto) { return std::cosh(x); })
      .Case<AsinhOp>([&](auto) { return std::asinh(x); })
      .Case<AcoshOp>([&](auto) { return std::acosh(x); })
      .Case<AtanhOp>([&](auto) { return std::atanh(x); })
      .Case<TanhOp>([&](auto) { return std::tanh(x); })
      .Case<SigmoidOp>([&](auto) { return 1.0 / (1.0 + std::exp(-x)); })
      .Case<FloorOp>([&](auto) { return std::floor(x); })
      .Case<CeilOp>([&](auto) { return std::ceil(x); })
      .Case<RoundOp>([&](auto) { return std::nearbyint(x); })
      .Default(std::optional<double>());
}

std::optional<int64_t> evaluateUnaryInt(Operation *op, int64_t x,
                                        bool isUnsigned) {
  int64_t negated = static_cast<int64_t>(0 - static_cast<uint64_t>(x));
  bool isNegative = !isUnsigned && x < 0;
  return TypeSwitch<Operation *, std::optional<int64_t>>(op)
      .Case<NegOp>([&](auto) { return negated; })
      .Case<AbsOp>([&](auto) { return isNegative ? negated : x; })
      .Case<ReluOp>([&](auto) { return isNegative ? 0 : x; })
      .Case<NotOp>([&](auto) { return x == 0; })
      .Default(std::optional<int64_t>());
}

bool evaluateUnary(Operation *op, Result &result, const ConstantData &input) {
  bool isUnsigned = input.getElementType().isUnsignedInteger();
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    if (result.isFloat()) {
      std::optional<double> value = evaluateUnaryFloat(op, input.getFloat(i));
      if (!value)
        return false;
      result.setFloat(i, *value);
    } else {
      std::optional<int64_t> value =
          evaluateUnaryInt(op, input.getInt(i), isUnsigned);
      if (!value)
        return false;
      result.setInt(i, *value);
    }
  }
  return true;
}

bool evaluateCast(Result &result, Type elementType, const ConstantData &input) {
  bool fromFloat = isa<FloatType>(input.getElementType());
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    if (!fromFloat) {
      result.setInt(i, input.getInt(i),
                    input.getElementType().isUnsignedInteger());
      continue;
    }
    double value = input.getFloat(i);
    if (result.isFloat()) {
      result.setFloat(i, value);
    } else if (elementType.isInteger(1)) {
      result.setInt(i, value != 0);
    } else {
      // What lies outside is no value of the type, and is left to run time.
      double bound = std::ldexp(1.0, elementType.getIntOrFloatBitWidth() - 1);
      double high = elementType.isUnsignedInteger() ? 2 * bound : bound;
      double low = elementType.isUnsignedInteger() ? 0 : -bound;
      if (!(value >= low && value < high))
        return false;
      result.setInt(i, elementType.isUnsignedInteger(64)
                           ? static_cast<int64_t>(static_cast<uint64_t>(value))
                           : static_cast<int64_t>(value));
    }
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

bool evaluateCopy(Result &result, const ConstantData &input) {
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result.copy(i, input, i);
  return true;
}

bool evaluateTranspose(Result &result, TransposeOp op,
                       const ConstantData &input) {
  SmallVector<int64_t> source = getStrides(input.getShape());
  SmallVector<SmallVector<int64_t>> strides(1);
  for (int64_t dim : op.getPerm())
    strides[0].push_back(source[dim]);
  Walk walk(result.getShape(), strides);
  for (int64_t i = 0, e = result.size(); i < e; ++i, walk.next())
    result.copy(i, input, walk[0]);
  return true;
}

bool evaluateSlice(Result &result, SliceOp op, const ConstantData &input) {
  if (!op.getStarts().empty() || !op.getEnds().empty())
    return false;
  SmallVector<int64_t> source = getStrides(input.getShape());
  SmallVector<SmallVector<int64_t>> strides = {source};
  int64_t base = 0;
  for (auto [start, axis, step] :
       llvm::zip_equal(op.getStaticStarts(), op.getAxes(), op.getSteps())) {
    int64_t extent = input.getShape()[axis];
    int64_t first = start < 0 ? start + extent : start;
    first =
        std::max<int64_t>(0, std::min(first, step > 0 ? extent : extent - 1));
    base += first * source[axis];
    strides[0][axis] = multiplyInts(source[axis], step);
  }
  Walk walk(result.getShape(), strides);
  for (int64_t i = 0, e = result.size(); i < e; ++i, walk.next())
    result.copy(i, input, base + walk[0]);
  return true;
}

bool evaluateGather(Result &result, GatherOp op, const ConstantData &data,
                    const ConstantData &indices) {
  int64_t axis = op.getAxis(), extent = data.getShape()[axis];
  int64_t inner =
      ShapedType::getNumElements(data.getShape().drop_front(axis + 1));
  int64_t outer = ShapedType::getNumElements(data.getShape().take_front(axis));
  int64_t next = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (int64_t i = 0, e = indices.size(); i < e; ++i) {
      int64_t index = indices.getInt(i);
      if (index < 0)
        index += extent;
      if (index < 0 || index >= extent)
        return false;
      for (int64_t k = 0; k < inner; ++k)
        result.copy(next++, data, (o * extent + index) * inner + k);
    }
  return true;
}

/// Calls `fn(position, i)` with the place in the data that index `i` of an
/// element-wise gather or scatter names; false if one is outside.
template <typename Fn>
bool forEachElementIndex(ArrayRef<int64_t> shape, const ConstantData &indices,
                         int64_t axis, Fn fn) {
  SmallVector<SmallVector<int64_t>> strides = {getStrides(shape)};
  int64_t stride = std::exchange(strides[0][axis], 0);
  Walk walk(indices.getShape(), strides);
  for (int64_t i = 0, e = indices.size(); i < e; ++i, walk.next()) {
    int64_t index = indices.getInt(i);
    if (index < 0)
      index += shape[axis];
    if (index < 0 || index >= shape[axis])
      return false;
    fn(walk[0] + index * stride, i);
  }
  return true;
}

/// Calls `fn(position, i)` with the first element of the slice that list `i` in
/// the last dimension of the indices names; false if one is outside.
template <typename Fn>
bool forEachIndexList(ArrayRef<int64_t> shape, const ConstantData &indices,
                      int64_t batchDims, Fn fn) {
  SmallVector<int64_t> strides = getStrides(shape);
  ArrayRef<int64_t> lists = indices.getShape().drop_back();
  int64_t length = indices.getShape().back();
  int64_t perBatch = ShapedType::getNumElements(lists.drop_front(batchDims));
  int64_t batch = ShapedType::getNumElements(shape.drop_front(batchDims));
  for (int64_t i = 0, e = ShapedType::getNumElements(lists); i < e; ++i) {
    int64_t position = i / perBatch * batch;
    for (int64_t k = 0; k < length; ++k) {
      int64_t index = indices.getInt(i * length + k);
      int64_t extent = shape[batchDims + k];
      if (index < 0)
        index += extent;
      if (index < 0 || index >= extent)
        return false;
      position += index * strides[batchDims + k];
    }
    fn(position, i);
  }
  return true;
}

bool evaluateGatherND(Result &result, GatherNDOp op, const ConstantData &data,
                      const ConstantData &indices) {
  int64_t size = ShapedType::getNumElements(data.getShape().drop_front(
      op.getBatchDims() + indices.getShape().back()));
  return forEachIndexList(data.getShape(), indices, op.getBatchDims(),
                          [&](int64_t from, int64_t list) {
                            for (int64_t k = 0; k < size; ++k)
                              result.copy(list * size + k, data, from + k);
                          });
}

/// Scatters that replace; sums are left to run time.
bool evaluateScatter(Operation *op, Result &result,
                     ArrayRef<ConstantData> operands) {
  const ConstantData &indices = operands[1], &updates = operands[2];
  evaluateCopy(result, operands[0]);
  if (auto elements = dyn_cast<ScatterElementsOp>(op))
    return elements.getReduction() == ScatterReduction::Replace &&
           forEachElementIndex(
               result.getShape(), indices, elements.getAxis(),
               [&](int64_t to, int64_t i) { result.copy(to, updates, i); });
  if (cast<ScatterNDOp>(op).getReduction() != ScatterReduction::Replace)
    return false;
  int64_t size = ShapedType::getNumElements(
      result.getShape().drop_front(indices.getShape().back()));
  return forEachIndexList(result.getShape(), indices, /*batchDims=*/0,
                          [&](int64_t to, int64_t list) {
                            for (int64_t k = 0; k < size; ++k)
                              result.copy(to + k, updates, list * size + k);
                          });
}

bool evaluateConcat(Result &result, ConcatOp op,
                    ArrayRef<ConstantData> operands) {
  int64_t axis = op.getAxis();
  ArrayRef<int64_t> shape = result.getShape();
  int64_t outer = ShapedType::getNumElements(shape.take_front(axis));
  int64_t next = 0;
  for (int64_t o = 0; o < outer; ++o)
    for (const ConstantData &operand : operands) {
      int64_t count =
          ShapedType::getNumElements(operand.getShape().drop_front(axis));
      for (int64_t k = 0; k < count; ++k)
        result.copy(next++, operand, o * count + k);
    }
  return next == result.size();
}

bool evaluateSplit(Result &result, SplitOp op, unsigned resultIndex,
                   const ConstantData &input) {
  if (!op.getSizes().empty())
    return false;
  int64_t axis = op.getAxis(), before = 0;
  for (int64_t size : op.getStaticSizes().take_front(resultIndex))
    before += size;
  SmallVector<SmallVector<int64_t>> strides = {getStrides(input.getShape())};
  int64_t base = before * strides[0][axis];
  Walk walk(result.getShape(), strides);
  for (int64_t i = 0, e = result.size(); i < e; ++i, walk.next())
    result.copy(i, input, base + walk[0]);
  return true;
}

bool evaluateRange(Result &result, ArrayRef<ConstantData> operands) {
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    if (result.isFloat())
      result.setFloat(i, operands[0].getFloat(0) + i * operands[2].getFloat(0));
    else
      result.setInt(
          i, static_cast<int64_t>(static_cast<uint64_t>(operands[0].getInt(0)) +
                                  static_cast<uint64_t>(
                                      multiplyInts(i, operands[2].getInt(0)))));
  }
  return true;
}

bool evaluateFill(Result &result, Attribute value) {
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    if (auto number = dyn_cast<FloatAttr>(value)) {
      APFloat wide = number.getValue();
      bool losesInfo;
      wide.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
      result.setFloat(i, wide.convertToDouble());
    } else if (auto number = dyn_cast<IntegerAttr>(value)) {
      result.setInt(i,
                    number.getType().isUnsignedInteger()
                        ? static_cast<int64_t>(number.getValue().getZExtValue())
                        : number.getValue().getSExtValue());
    } else {
      return false;
    }
  }
  return true;
}

bool evaluateInto(Operation *op, unsigned resultIndex, Result &result,
                  Type elementType, ArrayRef<ConstantData> operands) {
  return TypeSwitch<Operation *, bool>(op)
      .Case<AddOp, SubOp, MulOp, DivOp, MaxOp, MinOp, ModOp, PowOp, AndOp, OrOp,
            BitwiseAndOp, BitwiseOrOp, BitwiseXorOp, BitShiftOp>(
          [&](auto) { return evaluateBinary(op, result, operands); })
      .Case<EqualOp, LessOp, LessOrEqualOp, GreaterOp, GreaterOrEqualOp>(
          [&](auto) { return evaluateComparison(op, result, operands); })
      .Case<NegOp, AbsOp, ReluOp, ExpOp, LogOp, SqrtOp, ReciprocalOp, ErfOp,
            SinOp, CosOp, TanOp, AsinOp, AcosOp, AtanOp, SinhOp, CoshOp,
            AsinhOp, AcoshOp, AtanhOp, TanhOp, SigmoidOp, FloorOp, CeilOp,
            RoundOp, NotOp>(
          [&](auto) { return evaluateUnary(op, result, operands[0]); })
      .Case<WhereOp>([&](auto) {
        return forEachBroadcast(
            result, operands, [&](int64_t i, const Walk &walk) {
              unsigned which = operands[0].getInt(walk[0]) ? 1 : 2;
              result.copy(i, operands[which], walk[which]);
              return true;
            });
      })
      .Case<ExpandOp>([&](auto) {
        return forEachBroadcast(result, operands,
                                [&](int64_t i, const Walk &walk) {
                                  result.copy(i, operands[0], walk[0]);
                                  return true;
                                });
      })
      .Case<CastOp>(
          [&](auto) { return evaluateCast(result, elementType, operands[0]); })
      .Case<IdentityOp, ReshapeOp, SqueezeOp, UnsqueezeOp>(
          [&](auto) { return evaluateCopy(result, operands[0]); })
      .Case<TransposeOp>([&](TransposeOp transpose) {
        return evaluateTranspose(result, transpose, operands[0]);
      })
      .Case<SliceOp>([&](SliceOp slice) {
        return evaluateSlice(result, slice, operands[0]);
      })
      .Case<GatherOp>([&](GatherOp gather) {
        return evaluateGather(result, gather, operands[0], operands[1]);
      })
      .Case<GatherElementsOp>([&](GatherElementsOp gather) {
        return forEachElementIndex(operands[0].getShape(), operands[1],
                                   gather.getAxis(),
                                   [&](int64_t from, int64_t i) {
                                     result.copy(i, operands[0], from);
                                   });
      })
      .Case<GatherNDOp>([&](GatherNDOp gather) {
        return evaluateGatherND(result, gather, operands[0], operands[1]);
      })
      .Case<ScatterElementsOp, ScatterNDOp>(
          [&](auto) { return evaluateScatter(op, result, operands); })
      .Case<ConcatOp>([&](ConcatOp concat) {
        return evaluateConcat(result, concat, operands);
      })
      .Case<SplitOp>([&](SplitOp split) {
        return evaluateSplit(result, split, resultIndex, operands[0]);
      })
      .Case<RangeOp>([&](auto) { return evaluateRange(result, operands); })
      .Case<ConstantOfShapeOp>([&](ConstantOfShapeOp fill) {
        return evaluateFill(result, fill.getValue());
      })
      .Default(false);
}

} // namespace

bool ockham::onnx::isEvaluable(Operation *op) {
  return isa<AddOp, SubOp, MulOp, DivOp, MaxOp, MinOp, ModOp, PowOp, AndOp,
             OrOp, BitwiseAndOp, BitwiseOrOp, BitwiseXorOp, BitShiftOp, EqualOp,
             LessOp, LessOrEqualOp, GreaterOp, GreaterOrEqualOp, NegOp, AbsOp,
             ReluOp, ExpOp, LogOp, SqrtOp, ReciprocalOp, ErfOp, SinOp, CosOp,
             TanOp, AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp,
             AtanhOp, TanhOp, SigmoidOp, FloorOp, CeilOp, RoundOp, NotOp,
             WhereOp, ExpandOp, CastOp, IdentityOp, ReshapeOp, SqueezeOp,
             UnsqueezeOp, TransposeOp, SliceOp, GatherOp, GatherElementsOp,
             GatherNDOp, ScatterElementsOp, ScatterNDOp, ConcatOp, SplitOp,
             RangeOp, ConstantOfShapeOp>(op);
}

std::optional<std::string>
ockham::onnx::evaluate(Operation *op, unsigned resultIndex,
                       ArrayRef<ConstantData> operands, uint64_t maxBytes) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(resultIndex).getType());
  if (!type || !type.hasStaticShape() || !isEvaluable(op))
    return std::nullopt;
  // Extents come from files: their product may overflow.
  int64_t bytes = getStorageBytes(type.getElementType());
  for (int64_t extent : type.getShape())
    if (llvm::MulOverflow(bytes, extent, bytes))
      return std::nullopt;
  if (static_cast<uint64_t>(bytes) > maxBytes)
    return std::nullopt;
  // A declared type may know more than the operands do (the sizes of an Expand
  // that are only known at run time): then there is nothing to evaluate yet.
  ShapeScope scope;
  SmallVector<InferredTensor, 1> inferred;
  if (failed(
          cast<SymbolicShapeOpInterface>(op).inferResults(scope, inferred)) ||
      resultIndex >= inferred.size() ||
      inferred[resultIndex].dims.size() != type.getShape().size())
    return std::nullopt;
  for (auto [dim, extent] :
       llvm::zip_equal(inferred[resultIndex].dims, type.getShape()))
    if (!dim.isConstant(extent))
      return std::nullopt;

  Result result(type);
  if (!evaluateInto(op, resultIndex, result, type.getElementType(), operands))
    return std::nullopt;
  return result.take();
}

DenseElementsAttr ockham::onnx::makeElements(RankedTensorType type,
                                             ArrayRef<char> bytes) {
  unsigned width = getStorageBytes(type.getElementType());
  if (type.getElementType().isInteger(1)) {
    SmallVector<bool> values(bytes.begin(), bytes.end());
    return DenseElementsAttr::get(type, values);
  }
  bool isSplat = bytes.size() > width;
  for (size_t i = width; isSplat && i < bytes.size(); i += width)
    isSplat = std::memcmp(bytes.data(), bytes.data() + i, width) == 0;
  return DenseElementsAttr::getFromRawBuffer(
      type, isSplat ? bytes.take_front(width) : bytes);
}

OpFoldResult ockham::onnx::detail::foldConstants(Operation *op,
                                                 ArrayRef<Attribute> operands) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !type.hasStaticShape())
    return {};
  SmallVector<ConstantData, 3> data;
  for (auto [operand, attribute] :
       llvm::zip_equal(op->getOperands(), operands)) {
    if (!isa<RankedTensorType>(operand.getType()))
      return {};
    auto elements = dyn_cast_or_null<ElementsAttr>(attribute);
    if (!elements)
      return {};
    std::optional<ConstantData> constant = ConstantData::get(elements);
    if (!constant)
      return {};
    data.push_back(std::move(*constant));
  }
  std::optional<std::string> bytes = evaluate(
      op, 0, data, kMaxFoldedElements * getStorageBytes(type.getElementType()));
  if (!bytes)
    return {};
  return makeElements(type, *bytes);
}
