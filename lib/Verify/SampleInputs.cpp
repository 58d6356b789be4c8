//===- SampleInputs.cpp - Random inputs that a model takes ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SampleInputs.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "ockham/Interpreter/Interpreter.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <limits>
#include <random>

using namespace mlir;
using ockham::interpreter::Tensor;

namespace ockham::verify {

namespace {

/// The same numbers on every machine, which the standard's distributions do not
/// promise.
class Random {
public:
  explicit Random(uint64_t seed) : engine(seed) {}

  int64_t below(int64_t bound) {
    return static_cast<int64_t>(engine() % static_cast<uint64_t>(bound));
  }
  double normal() {
    double radius = std::sqrt(-2.0 * std::log(1.0 - uniform()));
    return radius * std::cos(2.0 * llvm::numbers::pi * uniform());
  }

private:
  double uniform() { return static_cast<double>(engine() >> 11) * 0x1p-53; }

  std::mt19937_64 engine;
};

/// What integers without a known table may be.
enum class Integers { Masks, Zeros, Ones };

/// One way to choose the inputs.
struct Attempt {
  int64_t batch, length;
  /// Every dynamic dimension has the extent `length`.
  bool isUniform;
  Integers integers;
};

/// Chooses extents and elements for the arguments of one function.
class Sampler {
public:
  explicit Sampler(func::FuncOp function) : function(function) {}

  llvm::Expected<Sample> sample(const Attempt &attempt, uint64_t seed);

  bool hasIntegers() {
    return llvm::any_of(function.getArgumentTypes(), [](Type type) {
      return getElementTypeOrSelf(type).isIntOrIndex();
    });
  }
  bool hasDynamicDims() {
    return llvm::any_of(function.getArgumentTypes(), [](Type type) {
      auto shaped = dyn_cast<ShapedType>(type);
      return shaped && !shaped.hasStaticShape();
    });
  }

private:
  /// Extents by name of one sample.
  using Extents = llvm::MapVector<StringRef, int64_t>;

  int64_t getExtent(StringRef spec, size_t axis, const Attempt &attempt,
                    Extents &extents);

  func::FuncOp function;
};

} // namespace

/// The smallest table that is indexed with elements of `argument`, if any is.
static std::optional<int64_t> getTableSize(Value argument) {
  std::optional<int64_t> size;
  auto bound = [&](Value table, int64_t axis) {
    auto type = cast<RankedTensorType>(table.getType());
    axis += axis < 0 ? type.getRank() : 0;
    if (axis >= 0 && axis < type.getRank() && !type.isDynamicDim(axis) &&
        type.getDimSize(axis) > 0)
      size = std::min(size.value_or(std::numeric_limits<int64_t>::max()),
                      type.getDimSize(axis));
  };
  SmallVector<Value> worklist = {argument};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!worklist.empty()) {
    Value value = worklist.pop_back_val();
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      if (auto gather = dyn_cast<onnx::GatherOp>(user)) {
        if (&use == &gather->getOpOperand(1))
          bound(gather->getOperand(0), gather.getAxis());
      } else if (auto embedding = dyn_cast<tfm::EmbeddingOp>(user)) {
        if (&use == &embedding.getIdsMutable())
          bound(embedding.getTable(), 0);
      } else if (isa<onnx::CastOp, onnx::ReshapeOp, onnx::SliceOp,
                     onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::ExpandOp,
                     onnx::TransposeOp, onnx::IdentityOp>(user) &&
                 use.getOperandNumber() == 0 && seen.insert(user).second) {
        llvm::append_range(worklist, user->getResults());
      }
    }
  }
  return size;
}

/// The extent that a dimension's name stands for: a name, a number, or a sum of
/// them, as in "past + sequence".
int64_t Sampler::getExtent(StringRef spec, size_t axis, const Attempt &attempt,
                           Extents &extents) {
  if (attempt.isUniform)
    return attempt.length;
  SmallVector<StringRef> terms;
  spec.split(terms, '+');
  int64_t sum = 0;
  for (StringRef term : terms) {
    term = term.trim();
    int64_t number;
    if (!term.getAsInteger(10, number)) {
      sum += number;
      continue;
    }
    auto found = extents.find(term);
    if (found == extents.end()) {
      int64_t extent = axis == 0 && terms.size() == 1 ? attempt.batch
                       : terms.size() == 1            ? attempt.length
                                                      : 1;
      found = extents.insert({term, extent}).first;
    }
    sum += found->second;
  }
  return sum;
}

llvm::Expected<Sample> Sampler::sample(const Attempt &attempt, uint64_t seed) {
  Random random(seed);
  // Names that stand alone first: a sum is made of them.
  SmallVector<std::pair<StringRef, size_t>> names;
  for (bool sums : {false, true})
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      if (auto dims = function.getArgAttrOfType<ArrayAttr>(i, "ockham.dims"))
        for (auto [axis, name] : llvm::enumerate(dims.getValue()))
          if (auto text = dyn_cast<StringAttr>(name);
              text && !text.empty() && text.getValue().contains('+') == sums)
            names.push_back({text.getValue(), axis});
  Extents extents;
  unsigned numLengths = 0;
  for (auto [name, axis] : names)
    if (!name.contains('+') && !extents.contains(name)) {
      getExtent(name, axis, attempt, extents);
      // A second length, of what came before, is shorter: together they must
      // not be longer than the model's positions.
      if (axis != 0 && numLengths++ > 0 && !attempt.isUniform)
        extents[name] = (attempt.length + 2) / 3;
    }
  for (auto [name, axis] : names)
    getExtent(name, axis, attempt, extents);

  Sample sample;
  for (auto [name, extent] : extents)
    sample.description += (sample.description.empty() ? "" : ", ") +
                          name.str() + " " + std::to_string(extent);
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    Type type = function.getArgumentTypes()[i];
    auto shaped = dyn_cast<RankedTensorType>(type);
    auto dtype = interpreter::getDType(shaped ? shaped.getElementType() : type);
    if (!dtype || (!shaped && isa<ShapedType>(type))) {
      std::string text;
      llvm::raw_string_ostream(text) << type;
      return llvm::createStringError(
          "input '" + interpreter::getInputName(function, i) + "' has type " +
          text + ", of which there are no random values");
    }
    SmallVector<int64_t> shape;
    if (shaped) {
      auto dims = function.getArgAttrOfType<ArrayAttr>(i, "ockham.dims");
      for (auto [axis, extent] : llvm::enumerate(shaped.getShape())) {
        StringRef name;
        if (dims && axis < dims.size())
          if (auto text = dyn_cast<StringAttr>(dims[axis]))
            name = text.getValue();
        if (!ShapedType::isDynamic(extent))
          shape.push_back(extent);
        else if (!name.empty())
          shape.push_back(getExtent(name, axis, attempt, extents));
        else
          shape.push_back(axis == 0 && !attempt.isUniform ? attempt.batch
                                                          : attempt.length);
      }
    }
    llvm::Expected<Tensor> tensor = Tensor::create(*dtype, shape);
    if (!tensor)
      return tensor.takeError();
    std::optional<int64_t> table = getTableSize(function.getArgument(i));
    int64_t last = shape.empty() ? 1 : shape.back();
    for (int64_t j = 0; j < tensor->size(); ++j) {
      if (tensor->isFloat())
        tensor->setFloat(j, random.normal());
      else if (attempt.integers == Integers::Zeros)
        tensor->setInt(j, 0);
      else if (table && attempt.integers == Integers::Masks)
        tensor->setInt(j, random.below(*table));
      else if (attempt.integers == Integers::Ones || j % last == 0)
        tensor->setInt(j, 1); // Something is always visible under a mask.
      else
        tensor->setInt(j, random.below(4) != 0);
    }
    // Float64 shall see the numbers that float32 sees.
    tensor->roundToElementType();
    sample.inputs.push_back(std::move(*tensor));
  }
  return sample;
}

/// Attempts for the sample of this index, the most telling first.
static std::vector<Attempt> getAttempts(unsigned index, Sampler &sampler) {
  static constexpr int64_t long_[] = {16, 12, 7, 4, 2, 1},
                           medium[] = {5, 3, 2, 1}, one[] = {1};
  ArrayRef<int64_t> lengths[] = {long_, medium, one};
  static constexpr int64_t batches[] = {2, 3, 1};
  SmallVector<Integers, 3> integers = {Integers::Masks};
  if (sampler.hasIntegers())
    integers.append({Integers::Ones, Integers::Zeros});
  std::vector<Attempt> attempts;
  for (Integers kind : integers)
    for (bool isUniform : {false, true})
      for (int64_t length : lengths[index])
        if (!isUniform || sampler.hasDynamicDims())
          attempts.push_back({batches[index], length, isUniform, kind});
  return attempts;
}

llvm::Expected<std::vector<Sample>>
sampleInputs(func::FuncOp function, uint64_t seed, unsigned maxSamples,
             llvm::function_ref<llvm::Error(const Sample &)> accepts) {
  Sampler sampler(function);
  std::vector<Sample> samples;
  llvm::Error lastError = llvm::Error::success();
  // One extent is all there is without dynamic ones.
  unsigned count = sampler.hasDynamicDims() ? std::min(maxSamples, 3u) : 1;
  for (unsigned index = 0; index < count; ++index)
    for (const Attempt &attempt : getAttempts(index, sampler)) {
      llvm::Expected<Sample> sample = sampler.sample(attempt, seed + index);
      llvm::Error error = sample ? accepts(*sample) : sample.takeError();
      llvm::consumeError(std::move(lastError));
      lastError = std::move(error);
      if (lastError)
        continue;
      samples.push_back(std::move(*sample));
      break;
    }
  if (samples.empty())
    return std::move(lastError);
  llvm::consumeError(std::move(lastError));
  return samples;
}

} // namespace ockham::verify
