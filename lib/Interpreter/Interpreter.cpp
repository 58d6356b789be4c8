//===- Interpreter.cpp - Running functions --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Interpreter/Interpreter.h"

#include "Evaluator.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Tile/TileDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ockham::interpreter {

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

namespace {
/// An error that says already which op it comes from; the ops around it, blocks
/// and calls, pass it on as it is.
class LocatedError : public llvm::ErrorInfo<LocatedError, llvm::StringError> {
public:
  static char ID;
  LocatedError(const llvm::Twine &message)
      : ErrorInfo(message, llvm::inconvertibleErrorCode()) {}
};
char LocatedError::ID;
} // namespace

/// e.g. "model.mlir:3:8" or "/h.0/ln_1/Div"; empty when unknown.
static std::string formatLocation(Location location) {
  if (auto file = dyn_cast<FileLineColLoc>(location))
    return (file.getFilename().getValue() + ":" + llvm::Twine(file.getLine()) +
            ":" + llvm::Twine(file.getColumn()))
        .str();
  if (auto name = dyn_cast<NameLoc>(location)) {
    std::string child = formatLocation(name.getChildLoc());
    return child.empty() ? name.getName().str()
                         : name.getName().str() + " (" + child + ")";
  }
  if (auto call = dyn_cast<CallSiteLoc>(location))
    return formatLocation(call.getCallee());
  if (auto fused = dyn_cast<FusedLoc>(location))
    for (Location part : fused.getLocations())
      if (std::string text = formatLocation(part); !text.empty())
        return text;
  return "";
}

static llvm::Error locate(Operation *op, llvm::Error error) {
  if (error.isA<LocatedError>())
    return error;
  std::string location = formatLocation(op->getLoc());
  if (!location.empty())
    location += ": ";
  return llvm::make_error<LocatedError>(
      location + "'" + op->getName().getStringRef() +
      "': " + llvm::toString(std::move(error)));
}

//===----------------------------------------------------------------------===//
// Frame
//===----------------------------------------------------------------------===//

const Tensor &Frame::get(Value value) const {
  auto it = values.find(value);
  assert(it != values.end() && "a verified module defines values before uses");
  return it->second;
}

const KernelView &Frame::getView(Value value) const {
  auto it = views.find(value);
  assert(it != views.end() && "views are made before they are used");
  return it->second;
}

const Tensor *Frame::find(Value value) const {
  return value ? &get(value) : nullptr;
}

Extents Frame::getMixed(ValueRange dynamic, ArrayRef<int64_t> statics) const {
  Extents result;
  size_t next = 0;
  for (int64_t value : statics)
    result.push_back(ShapedType::isDynamic(value) ? getInt(dynamic[next++])
                                                  : value);
  return result;
}

/// Checks a value against the static type that it stands for.
static llvm::Error checkType(const Tensor &tensor, Type type,
                             const llvm::Twine &what) {
  if (isa<tile::ViewType, tile::SliceType>(type))
    return llvm::Error::success();
  auto shaped = dyn_cast<RankedTensorType>(type);
  std::string expected;
  llvm::raw_string_ostream(expected) << type;
  std::optional<ockham_dtype> dtype =
      getDType(shaped ? shaped.getElementType() : type);
  if (!dtype)
    return makeError(what + " has type " + expected +
                     ", which is not supported");
  ArrayRef<int64_t> shape = shaped ? shaped.getShape() : ArrayRef<int64_t>();
  bool matches =
      *dtype == tensor.getDType() && shape.size() == tensor.getShape().size();
  for (size_t i = 0; matches && i < shape.size(); ++i)
    matches = ShapedType::isDynamic(shape[i]) || shape[i] == tensor.getDim(i);
  if (matches)
    return llvm::Error::success();
  return makeError(what + " is " + getDTypeName(tensor.getDType()) + " " +
                   formatShape(tensor.getShape()) + ", expected " + expected);
}

llvm::Error Frame::evaluate(Operation *op) {
  const OpTable::Handler *handler =
      OpTable::get().find(op->getName().getStringRef());
  if (!handler)
    return locate(op, makeError("the interpreter does not support this op"));
  llvm::Expected<Results> results = (*handler)(op, *this);
  if (!results)
    return locate(op, results.takeError());
  if (results->size() != op->getNumResults())
    return locate(op, makeError("gave " + llvm::Twine(results->size()) +
                                " results, expected " +
                                llvm::Twine(op->getNumResults())));
  for (auto [index, tensor] : llvm::enumerate(*results)) {
    if (options.precision == Precision::F32)
      tensor.roundToElementType();
    if (llvm::Error error = checkType(tensor, op->getResult(index).getType(),
                                      "result #" + llvm::Twine(index)))
      return locate(op, std::move(error));
  }
  if (options.observer)
    options.observer(op, *results);
  for (auto [value, tensor] : llvm::zip(op->getResults(), *results))
    values[value] = std::move(tensor);
  return llvm::Error::success();
}

/// The op of `block` after which `value`, defined there, is not read any more;
/// null if it is never read.
static Operation *getLastUser(Block &block, Value value) {
  Operation *last = nullptr;
  for (Operation *user : value.getUsers()) {
    Operation *ancestor = block.findAncestorOpInBlock(*user);
    if (ancestor && (!last || last->isBeforeInBlock(ancestor)))
      last = ancestor;
  }
  return last;
}

llvm::Expected<Results> Frame::run(Region &region, ArrayRef<Tensor> arguments) {
  if (!region.hasOneBlock())
    return makeError("has a region of several blocks; the interpreter runs "
                     "structured control flow only");
  Block &block = region.front();
  if (block.getNumArguments() != arguments.size())
    return makeError("has a region of " + llvm::Twine(block.getNumArguments()) +
                     " arguments, got " + llvm::Twine(arguments.size()));

  // Tensors are given up after their last use: a model's activations together
  // may be far larger than those that are alive at one time.
  llvm::DenseMap<Operation *, SmallVector<Value, 2>> dying;
  for (auto [argument, tensor] : llvm::zip(block.getArguments(), arguments)) {
    values[argument] = tensor;
    if (Operation *last = getLastUser(block, argument))
      dying[last].push_back(argument);
  }
  for (Operation &op : block)
    for (Value result : op.getResults()) {
      Operation *last = getLastUser(block, result);
      dying[last ? last : &op].push_back(result);
    }

  for (Operation &op : block.without_terminator()) {
    if (llvm::Error error = evaluate(&op))
      return error;
    for (Value value : dying.lookup(&op))
      values.erase(value);
  }
  Results results;
  Operation *terminator = block.getTerminator();
  for (Value operand : terminator->getOperands())
    results.push_back(get(operand));
  for (Value value : dying.lookup(terminator))
    values.erase(value);
  return results;
}

llvm::Expected<Results> Frame::call(func::FuncOp function,
                                    ArrayRef<Tensor> arguments) {
  // Far more than any model nests, and few enough for every thread's stack.
  constexpr unsigned maxDepth = 64;
  if (depth >= maxDepth)
    return makeError("calls are nested more than " + llvm::Twine(maxDepth) +
                     " deep");
  if (function.isExternal())
    return makeError("function '@" + function.getName() + "' has no body");
  Frame frame(options, depth + 1);
  return frame.run(function.getBody(), arguments);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

const OpTable &OpTable::get() {
  static const OpTable table = [] {
    OpTable result;
    addONNXElementwiseOps(result);
    addONNXLinearAlgebraOps(result);
    addONNXShapeOps(result);
    addONNXIndexingOps(result);
    addONNXContractionOps(result);
    addTransformerOps(result);
    addAttentionOps(result);
    addStructureOps(result);
    addArithOps(result);
    addTensorOps(result);
    addMathOps(result);
    addTileOps(result);
    return result;
  }();
  return table;
}

Operation *findUnsupportedOp(Operation *root) {
  Operation *found = nullptr;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    // What holds ops or ends them is run by the op around it.
    if (isa<ModuleOp, func::FuncOp, WeightOp>(op) ||
        op->hasTrait<OpTrait::IsTerminator>() ||
        OpTable::get().find(op->getName().getStringRef()))
      return WalkResult::advance();
    found = op;
    return WalkResult::interrupt();
  });
  return found;
}

//===----------------------------------------------------------------------===//
// Indexing
//===----------------------------------------------------------------------===//

int64_t getPosition(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  int64_t position = 0;
  for (auto [i, extent] : llvm::zip(index, shape))
    position = position * extent + i;
  return position;
}

int64_t getBroadcastPosition(ArrayRef<int64_t> index, ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> tail = index.take_back(shape.size());
  int64_t position = 0;
  for (auto [i, extent] : llvm::zip(tail, shape))
    position = position * extent + (extent == 1 ? 0 : i);
  return position;
}

llvm::Expected<Extents> broadcastShapes(ArrayRef<int64_t> lhs,
                                        ArrayRef<int64_t> rhs) {
  Extents result(std::max(lhs.size(), rhs.size()), 1);
  for (size_t i = 0; i < result.size(); ++i) {
    // Counted from the last dimension.
    int64_t l = i < lhs.size() ? lhs[lhs.size() - 1 - i] : 1;
    int64_t r = i < rhs.size() ? rhs[rhs.size() - 1 - i] : 1;
    if (l != r && l != 1 && r != 1)
      return makeError("shapes " + formatShape(lhs) + " and " +
                       formatShape(rhs) + " do not broadcast");
    result[result.size() - 1 - i] = l == 1 ? r : l;
  }
  return result;
}

int64_t getProduct(ArrayRef<int64_t> shape) {
  int64_t product = 1;
  for (int64_t extent : shape)
    product *= extent;
  return product;
}

llvm::Error checkPast(const Tensor *past, int64_t batch) {
  if (!past)
    return llvm::Error::success();
  if (past->size() != batch)
    return makeError("past has " + llvm::Twine(past->size()) +
                     " elements, expected " + llvm::Twine(batch));
  for (int64_t b = 0; b < batch; ++b)
    if (past->getInt(b) < 0 || past->getInt(b) > Tensor::kMaxElements)
      return makeError("past of sequence " + llvm::Twine(b) + " is " +
                       llvm::Twine(past->getInt(b)) + ", expected 0 to " +
                       llvm::Twine(Tensor::kMaxElements));
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

std::string getInputName(func::FuncOp function, unsigned index) {
  if (auto name = function.getArgAttrOfType<StringAttr>(index, "ockham.name"))
    return name.str();
  return "arg" + std::to_string(index);
}

std::string getOutputName(func::FuncOp function, unsigned index) {
  if (auto name =
          function.getResultAttrOfType<StringAttr>(index, "ockham.name"))
    return name.str();
  return "result" + std::to_string(index);
}

namespace {
/// Named dimensions of a call and what bound each first.
struct Binding {
  int64_t extent;
  std::string where;
};
using Bindings = llvm::StringMap<Binding>;
} // namespace

/// Name of dimension `axis`, empty where it has none.
static StringRef getDimName(ArrayAttr dims, size_t axis) {
  if (!dims || axis >= dims.size())
    return "";
  auto name = dyn_cast<StringAttr>(dims[axis]);
  return name ? name.getValue() : "";
}

/// e.g. "int64 [batch, 8]".
static std::string formatSpec(Type type, ArrayAttr dims) {
  auto shaped = dyn_cast<RankedTensorType>(type);
  std::optional<ockham_dtype> dtype =
      getDType(shaped ? shaped.getElementType() : type);
  std::string text = dtype ? getDTypeName(*dtype).str() : "unknown type";
  text += " [";
  if (shaped)
    for (auto [i, extent] : llvm::enumerate(shaped.getShape())) {
      text += i ? ", " : "";
      if (!ShapedType::isDynamic(extent))
        text += std::to_string(extent);
      else if (StringRef name = getDimName(dims, i); !name.empty())
        text += name;
      else
        text += "?";
    }
  return text + "]";
}

/// Checks a tensor of the signature: element type, rank, extents, and that
/// dimensions of one name agree.
static llvm::Error checkSignature(const Tensor &tensor, Type type,
                                  ArrayAttr dims, const std::string &what,
                                  Bindings &bindings) {
  if (llvm::Error error = checkType(tensor, type, what)) {
    llvm::consumeError(std::move(error));
    return makeError(what + " is " + getDTypeName(tensor.getDType()) + " " +
                     formatShape(tensor.getShape()) + ", expected " +
                     formatSpec(type, dims));
  }
  for (auto [axis, extent] : llvm::enumerate(tensor.getShape())) {
    StringRef name = getDimName(dims, axis);
    if (name.empty())
      continue;
    std::string where = "dimension " + std::to_string(axis) + " of " + what;
    auto [it, isNew] = bindings.try_emplace(name, Binding{extent, where});
    if (!isNew && it->second.extent != extent)
      return makeError("'" + name + "' is " + llvm::Twine(it->second.extent) +
                       " in " + it->second.where + " but " +
                       llvm::Twine(extent) + " in " + where);
  }
  return llvm::Error::success();
}

llvm::Expected<std::vector<Tensor>>
interpret(ModuleOp module, StringRef entry, ArrayRef<Tensor> inputs,
          const InterpreterOptions &options) {
  auto function = module.lookupSymbol<func::FuncOp>(entry);
  if (!function) {
    std::string names;
    for (auto other : module.getOps<func::FuncOp>())
      names += (names.empty() ? "'" : ", '") + other.getName().str() + "'";
    return makeError("the module has no function '" + entry + "'; it has " +
                     (names.empty() ? "none" : names));
  }
  if (inputs.size() != function.getNumArguments()) {
    std::string names;
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      names += (i ? ", '" : ": '") + getInputName(function, i) + "'";
    return makeError("'" + entry + "' takes " +
                     llvm::Twine(function.getNumArguments()) + " inputs" +
                     names + "; got " + llvm::Twine(inputs.size()));
  }
  Bindings bindings;
  for (auto [index, tensor] : llvm::enumerate(inputs))
    if (llvm::Error error = checkSignature(
            tensor, function.getArgumentTypes()[index],
            function.getArgAttrOfType<ArrayAttr>(index, "ockham.dims"),
            "input '" + getInputName(function, index) + "'", bindings))
      return error;

  std::vector<Tensor> arguments(inputs.begin(), inputs.end());
  if (options.precision == Precision::F32)
    for (Tensor &argument : arguments)
      argument.roundToElementType();
  Frame frame(options, /*depth=*/0);
  llvm::Expected<Results> results = frame.call(function, arguments);
  if (!results)
    return locate(function, results.takeError());

  for (auto [index, tensor] : llvm::enumerate(*results))
    if (llvm::Error error = checkSignature(
            tensor, function.getResultTypes()[index],
            function.getResultAttrOfType<ArrayAttr>(index, "ockham.dims"),
            "output '" + getOutputName(function, index) + "'", bindings))
      return error;
  return std::vector<Tensor>(std::make_move_iterator(results->begin()),
                             std::make_move_iterator(results->end()));
}

} // namespace ockham::interpreter
