//===- LowerHostCalls.cpp - Entry points in the model ABI -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDeviceOps.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "ockham-c/ModelABI.h"
#include "ockham/Target/CPU/Passes.h"

#include "llvm/ADT/StringSet.h"

#include <cstddef>

namespace ockham {
#define GEN_PASS_DEF_CPULOWERHOSTCALLS
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

/// What no process can address; see ockham.byte_count.
static constexpr int64_t kMostBytes = int64_t(1) << 47;

namespace {

/// Builds accesses to the structs of the model ABI.
struct ABIBuilder {
  ABIBuilder(OpBuilder &b, Location loc, const LLVMTypeConverter &converter)
      : b(b), loc(loc), converter(converter),
        ptr(LLVM::LLVMPointerType::get(b.getContext())), i64(b.getI64Type()),
        i32(b.getI32Type()) {}

  OpBuilder &b;
  Location loc;
  const LLVMTypeConverter &converter;
  Type ptr, i64, i32;

  Value constant(Type type, int64_t value) {
    return LLVM::ConstantOp::create(b, loc, type,
                                    b.getIntegerAttr(type, value));
  }
  /// Loads the field of that type at a byte offset of a struct.
  Value loadField(Type type, Value base, size_t offset) {
    Value address = LLVM::GEPOp::create(
        b, loc, ptr, b.getI8Type(), base,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(offset)});
    return LLVM::LoadOp::create(b, loc, type, address);
  }
  Value element(Type type, Value base, int64_t index) {
    return LLVM::GEPOp::create(
        b, loc, ptr, type, base,
        ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(index)});
  }
  Value toI64(Value index) {
    if (index.getType().isInteger(64))
      return index;
    return arith::IndexCastOp::create(b, loc, i64, index);
  }
  Value cast(Type type, Value value) {
    if (value.getType() == type)
      return value;
    return UnrealizedConversionCastOp::create(b, loc, type, value).getResult(0);
  }

  /// A dense row-major buffer at `data`. `sizes` are i64, one per dynamic
  /// dimension.
  Value makeMemRef(MemRefType type, Value data, ValueRange sizes) {
    Type structType = converter.convertType(type);
    auto descriptor = MemRefDescriptor::poison(b, loc, structType);
    descriptor.setAllocatedPtr(b, loc, data);
    descriptor.setAlignedPtr(b, loc, data);
    descriptor.setConstantOffset(b, loc, 0);
    SmallVector<Value> extents;
    unsigned next = 0;
    for (int64_t i = 0, e = type.getRank(); i < e; ++i)
      extents.push_back(type.isDynamicDim(i)
                            ? sizes[next++]
                            : constant(i64, type.getDimSize(i)));
    Value stride = constant(i64, 1);
    for (int64_t i = type.getRank(); i-- > 0;) {
      descriptor.setSize(b, loc, i, extents[i]);
      descriptor.setStride(b, loc, i, stride);
      if (i > 0)
        stride = LLVM::MulOp::create(b, loc, stride, extents[i]);
    }
    return cast(type, descriptor);
  }

  /// What ockham.byte_count says: bytes of a dense buffer, rounded up to the
  /// alignment, and `kMostBytes` for that and more.
  Value countArenaBytes(MemRefType type, ValueRange sizes) {
    bool isKnownEmpty = false, isTooLarge = false;
    int64_t known = std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
    for (int64_t extent : type.getShape()) {
      isKnownEmpty |= extent == 0;
      if (!ShapedType::isDynamic(extent))
        isTooLarge |= llvm::MulOverflow(known, extent, known);
    }
    if (isKnownEmpty)
      return constant(i64, 0);
    if (isTooLarge)
      known = kMostBytes;
    auto product =
        LLVM::LLVMStructType::getLiteral(b.getContext(), {i64, b.getI1Type()});
    Value bytes = constant(i64, known), zero = constant(i64, 0);
    Value most = constant(i64, kMostBytes), isEmpty;
    for (Value size : sizes) {
      Value empty =
          LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::sle, size, zero);
      isEmpty = isEmpty ? LLVM::OrOp::create(b, loc, isEmpty, empty) : empty;
      Value both =
          LLVM::UMulWithOverflowOp::create(b, loc, product, bytes, size);
      Value low = LLVM::ExtractValueOp::create(b, loc, both, 0);
      Value large = LLVM::ExtractValueOp::create(b, loc, both, 1);
      low = LLVM::SelectOp::create(b, loc, large, most, low);
      bytes = LLVM::UMinOp::create(b, loc, low, most);
    }
    // At most 2^47 before, so that this does not overflow.
    if (sizes.empty())
      bytes = LLVM::UMinOp::create(b, loc, bytes, most);
    bytes =
        LLVM::AddOp::create(b, loc, bytes, constant(i64, OCKHAM_ALIGNMENT - 1));
    bytes =
        LLVM::AndOp::create(b, loc, bytes, constant(i64, -OCKHAM_ALIGNMENT));
    return isEmpty ? LLVM::SelectOp::create(b, loc, isEmpty, zero, bytes)
                   : bytes;
  }

  /// Replaces arguments, which are dense buffers, by what a table of
  /// ockham_tensor says.
  void readInputs(MutableArrayRef<BlockArgument> arguments, Value table) {
    for (auto [index, argument] : llvm::enumerate(arguments)) {
      auto type = ::cast<MemRefType>(argument.getType());
      size_t base = index * sizeof(ockham_tensor);
      Value data = loadField(ptr, table, base + offsetof(ockham_tensor, data));
      Value shape =
          loadField(ptr, table, base + offsetof(ockham_tensor, shape));
      SmallVector<Value> sizes;
      for (int64_t i = 0, e = type.getRank(); i < e; ++i)
        if (type.isDynamicDim(i))
          sizes.push_back(loadField(i64, shape, i * sizeof(int64_t)));
      argument.replaceAllUsesWith(makeMemRef(type, data, sizes));
    }
  }

  /// Bytes of a dense buffer; booleans take a byte each. More than 64 bits hold
  /// become UINT64_MAX, which no host has: extents may be computed from inputs.
  Value countBytes(MemRefType type, ValueRange sizes) {
    int64_t known = std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
    for (int64_t i = 0, e = type.getRank(); i < e; ++i)
      if (!type.isDynamicDim(i))
        known *= type.getDimSize(i);
    Value bytes = constant(i64, known);
    if (known == 0 || sizes.empty())
      return bytes;
    auto product =
        LLVM::LLVMStructType::getLiteral(b.getContext(), {i64, b.getI1Type()});
    Value zero = constant(i64, 0), isEmpty, isTooLarge;
    for (Value size : sizes) {
      Value empty =
          LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::eq, size, zero);
      Value both =
          LLVM::UMulWithOverflowOp::create(b, loc, product, bytes, size);
      bytes = LLVM::ExtractValueOp::create(b, loc, both, 0);
      Value large = LLVM::ExtractValueOp::create(b, loc, both, 1);
      isEmpty = isEmpty ? LLVM::OrOp::create(b, loc, isEmpty, empty) : empty;
      isTooLarge =
          isTooLarge ? LLVM::OrOp::create(b, loc, isTooLarge, large) : large;
    }
    bytes =
        LLVM::SelectOp::create(b, loc, isTooLarge, constant(i64, -1), bytes);
    return LLVM::SelectOp::create(b, loc, isEmpty, zero, bytes);
  }
};

/// Rewrites one entry point.
class EntryLowering {
public:
  EntryLowering(func::FuncOp function, const LLVMTypeConverter &converter,
                const llvm::StringMap<int64_t> &weightIndices)
      : function(function), converter(converter), weightIndices(weightIndices),
        b(function.getContext()) {}

  LogicalResult run();

private:
  ABIBuilder at(Operation *op) {
    b.setInsertionPoint(op);
    return ABIBuilder(b, op->getLoc(), converter);
  }
  /// Stack memory of the function, not of a loop.
  Value createStack(Location loc, Type type, int64_t count) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(&function.getBody().front());
    Value number = LLVM::ConstantOp::create(b, loc, b.getI64Type(),
                                            b.getI64IntegerAttr(count));
    return LLVM::AllocaOp::create(b, loc, ptr, type, number);
  }
  Value callHost(ABIBuilder &abi, size_t slot, Type result, ValueRange args) {
    Value callee = abi.loadField(ptr, host, slot);
    SmallVector<Type> types{ptr};
    SmallVector<Value> operands{callee, context};
    for (Value arg : args) {
      types.push_back(arg.getType());
      operands.push_back(arg);
    }
    Type returned = result ? result : LLVM::LLVMVoidType::get(b.getContext());
    auto type = LLVM::LLVMFunctionType::get(returned, types);
    auto call = LLVM::CallOp::create(b, abi.loc, type, operands);
    return result ? call.getResult() : Value();
  }
  /// Ends the call with `status` if `condition` holds; building goes on in the
  /// block that follows.
  void exitIf(Location loc, Operation *before, Value condition, int32_t status);

  void lowerArguments();
  void lower(LoadWeightOp op);
  void lower(AllocateOp op);
  void lower(ReleaseOp op);
  void lower(OutputOp op);
  void lower(CheckOp op);
  void lower(WorkspaceOp op);
  void lower(DeviceCopyOp op);
  void lower(DeviceLoadOp op);
  void lower(CheckRecordOp op);
  void lower(DeviceBranchOp op);
  /// A pointer to the text; equal messages share one string.
  Value createMessage(Location loc, StringRef message);
  LogicalResult lower(LaunchOp op);
  LogicalResult lower(ParallelForOp op);
  /// Ends the call with a status that is not OCKHAM_OK.
  void exitIfFailed(Location loc, Operation *before, Value status);

  func::FuncOp function;
  const LLVMTypeConverter &converter;
  const llvm::StringMap<int64_t> &weightIndices;
  OpBuilder b;
  Type ptr;
  Value host, call, context;
  Block *exit = nullptr; ///< Returns its argument, the status.
};

} // namespace

void EntryLowering::exitIf(Location loc, Operation *before, Value condition,
                           int32_t status) {
  Block *block = before->getBlock();
  Block *rest = block->splitBlock(before);
  b.setInsertionPointToEnd(block);
  Value code = LLVM::ConstantOp::create(b, loc, b.getI32Type(),
                                        b.getI32IntegerAttr(status));
  cf::CondBranchOp::create(b, loc, condition, exit, ValueRange{code}, rest,
                           ValueRange{});
  b.setInsertionPoint(before);
}

void EntryLowering::exitIfFailed(Location loc, Operation *before,
                                 Value status) {
  Value ok = LLVM::ConstantOp::create(b, loc, b.getI32Type(),
                                      b.getI32IntegerAttr(OCKHAM_OK));
  Value failed =
      LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ne, status, ok);
  Block *block = before->getBlock();
  Block *rest = block->splitBlock(before);
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, loc, failed, exit, ValueRange{status}, rest,
                           ValueRange{});
  b.setInsertionPoint(before);
}

void EntryLowering::lowerArguments() {
  Block &entry = function.getBody().front();
  Location loc = function.getLoc();
  SmallVector<BlockArgument> inputs(entry.getArguments());
  host = entry.insertArgument(0u, ptr, loc);
  call = entry.insertArgument(1u, ptr, loc);
  b.setInsertionPointToStart(&entry);
  ABIBuilder abi(b, loc, converter);
  context = abi.loadField(ptr, call, offsetof(ockham_call, context));
  Value table = abi.loadField(ptr, call, offsetof(ockham_call, inputs));
  abi.readInputs(inputs, table);
  entry.eraseArguments(2, inputs.size());
}

void EntryLowering::lower(LoadWeightOp op) {
  ABIBuilder abi = at(op);
  Value table = abi.loadField(ptr, call, offsetof(ockham_call, weights));
  int64_t index = weightIndices.lookup(op.getWeight());
  Value data = abi.loadField(ptr, table, index * sizeof(void *));
  op.replaceAllUsesWith(
      abi.makeMemRef(cast<MemRefType>(op.getResult().getType()), data, {}));
  op.erase();
}

void EntryLowering::lower(AllocateOp op) {
  ABIBuilder abi = at(op);
  MemRefType type = op.getMemref().getType();
  SmallVector<Value> sizes;
  for (Value size : op.getDynamicSizes())
    sizes.push_back(abi.toI64(size));
  Value bytes = abi.countBytes(type, sizes);
  Value data =
      callHost(abi, offsetof(ockham_host, allocate), ptr, ValueRange{bytes});
  Value null = LLVM::ZeroOp::create(b, abi.loc, ptr);
  Value failed =
      LLVM::ICmpOp::create(b, abi.loc, LLVM::ICmpPredicate::eq, data, null);
  exitIf(abi.loc, op, failed, OCKHAM_OUT_OF_MEMORY);
  op.replaceAllUsesWith(abi.makeMemRef(type, data, sizes));
  op.erase();
}

void EntryLowering::lower(ReleaseOp op) {
  ABIBuilder abi = at(op);
  Value structValue =
      abi.cast(converter.convertType(op.getMemref().getType()), op.getMemref());
  MemRefDescriptor descriptor(structValue);
  callHost(abi, offsetof(ockham_host, release), Type(),
           ValueRange{descriptor.allocatedPtr(b, abi.loc)});
  op.erase();
}

void EntryLowering::lower(OutputOp op) {
  MemRefType type = cast<MemRefType>(op.getMemref().getType());
  Value shape = createStack(op.getLoc(), b.getI64Type(),
                            std::max<int64_t>(1, type.getRank()));
  ABIBuilder abi = at(op);
  SmallVector<Value> sizes;
  for (Value size : op.getDynamicSizes())
    sizes.push_back(abi.toI64(size));
  unsigned next = 0;
  for (int64_t i = 0, e = type.getRank(); i < e; ++i) {
    Value extent = type.isDynamicDim(i)
                       ? sizes[next++]
                       : abi.constant(abi.i64, type.getDimSize(i));
    LLVM::StoreOp::create(b, abi.loc, extent, abi.element(abi.i64, shape, i));
  }
  Value data =
      callHost(abi, offsetof(ockham_host, output), ptr,
               ValueRange{abi.constant(abi.i32, op.getIndex()),
                          abi.constant(abi.i32, type.getRank()), shape});
  Value null = LLVM::ZeroOp::create(b, abi.loc, ptr);
  Value failed =
      LLVM::ICmpOp::create(b, abi.loc, LLVM::ICmpPredicate::eq, data, null);
  exitIf(abi.loc, op, failed, OCKHAM_INVALID_ARGUMENT);
  op.replaceAllUsesWith(abi.makeMemRef(type, data, sizes));
  op.erase();
}

Value EntryLowering::createMessage(Location loc, StringRef message) {
  ModuleOp module = function->getParentOfType<ModuleOp>();
  std::string text = message.str();
  text.push_back('\0');
  StringAttr contents = b.getStringAttr(text);
  LLVM::GlobalOp global;
  unsigned count = 0;
  for (auto other : module.getOps<LLVM::GlobalOp>()) {
    ++count;
    if (other.getValueOrNull() == contents)
      global = other;
  }
  if (!global) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(module.getBody());
    global = LLVM::GlobalOp::create(
        b, loc, LLVM::LLVMArrayType::get(b.getI8Type(), text.size()),
        /*isConstant=*/true, LLVM::Linkage::Internal,
        "message_" + std::to_string(count), contents);
  }
  return LLVM::AddressOfOp::create(b, loc, global);
}

void EntryLowering::lower(CheckRecordOp op) {
  ABIBuilder abi = at(op);
  Value message = createMessage(abi.loc, op.getMessage());
  Value data =
      callHost(abi, offsetof(ockham_host, device_check), ptr,
               ValueRange{abi.constant(abi.i32, OCKHAM_INVALID_ARGUMENT),
                          message, abi.constant(abi.i32, op.getValues())});
  Value null = LLVM::ZeroOp::create(b, abi.loc, ptr);
  Value failed =
      LLVM::ICmpOp::create(b, abi.loc, LLVM::ICmpPredicate::eq, data, null);
  exitIf(abi.loc, op, failed, OCKHAM_UNSUPPORTED);
  op.replaceAllUsesWith(
      abi.makeMemRef(cast<MemRefType>(op.getRecord().getType()), data, {}));
  op.erase();
}

void EntryLowering::lower(DeviceBranchOp op) {
  ABIBuilder abi = at(op);
  int32_t number = op.getNumber() ? static_cast<int32_t>(*op.getNumber()) : -1;
  Value status =
      callHost(abi, offsetof(ockham_host, device_branch), b.getI32Type(),
               ValueRange{abi.constant(abi.i32, number)});
  exitIfFailed(abi.loc, op, status);
  op.erase();
}

void EntryLowering::lower(CheckOp op) {
  // The message is reported in a block of its own, before the exit.
  Location loc = op.getLoc();
  Value values = createStack(loc, b.getI64Type(),
                             std::max<size_t>(1, op.getValues().size()));
  Block *block = op->getBlock();
  Block *rest = block->splitBlock(op->getIterator());
  Block *report = b.createBlock(rest);
  b.setInsertionPointToEnd(block);
  cf::CondBranchOp::create(b, loc, op.getCondition(), rest, ValueRange{},
                           report, ValueRange{});
  b.setInsertionPointToEnd(report);
  ABIBuilder abi(b, loc, converter);
  for (auto [index, value] : llvm::enumerate(op.getValues()))
    LLVM::StoreOp::create(b, loc, abi.toI64(value),
                          abi.element(abi.i64, values, index));
  Value message = createMessage(loc, op.getMessage());
  callHost(abi, offsetof(ockham_host, fail), Type(),
           ValueRange{abi.constant(abi.i32, OCKHAM_INVALID_ARGUMENT), message,
                      values, abi.constant(abi.i32, op.getValues().size())});
  Value status = abi.constant(abi.i32, OCKHAM_INVALID_ARGUMENT);
  cf::BranchOp::create(b, loc, exit, ValueRange{status});
  op.erase();
}

/// Whoever calls the entry point by hand may have asked for other inputs, or
/// not at all.
void EntryLowering::lower(WorkspaceOp op) {
  ABIBuilder abi = at(op);
  Location loc = op.getLoc();
  Value needed = abi.toI64(op.getBytes());
  Value data = abi.loadField(ptr, call, offsetof(ockham_call, workspace));
  Value given =
      abi.loadField(abi.i64, call, offsetof(ockham_call, workspace_bytes));
  Value isEnough =
      LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::uge, given, needed);
  auto check = CheckOp::create(
      b, loc, isEnough,
      "the call has a workspace of {} bytes, but its inputs need {}; ask "
      "'workspace_bytes' with the same inputs",
      ValueRange{given, needed});
  Value memory =
      abi.makeMemRef(cast<MemRefType>(op.getArena().getType()), data, {given});
  op.replaceAllUsesWith(memory);
  lower(check);
  op.erase();
}

/// The address of an element of a buffer; of the first one without indices.
static Value getElementAddress(ABIBuilder &abi, Value memref,
                               ValueRange indices) {
  auto type = cast<MemRefType>(memref.getType());
  MemRefDescriptor descriptor(
      abi.cast(abi.converter.convertType(type), memref));
  Value element = descriptor.offset(abi.b, abi.loc);
  for (auto [i, index] : llvm::enumerate(indices)) {
    Value stride = descriptor.stride(abi.b, abi.loc, i);
    Value step = LLVM::MulOp::create(abi.b, abi.loc, abi.toI64(index), stride);
    element = LLVM::AddOp::create(abi.b, abi.loc, element, step);
  }
  return LLVM::GEPOp::create(abi.b, abi.loc, abi.ptr,
                             abi.converter.convertType(type.getElementType()),
                             descriptor.alignedPtr(abi.b, abi.loc), element);
}

void EntryLowering::lower(DeviceCopyOp op) {
  ABIBuilder abi = at(op);
  auto type = cast<MemRefType>(op.getFrom().getType());
  MemRefDescriptor descriptor(
      abi.cast(converter.convertType(type), op.getFrom()));
  SmallVector<Value> sizes;
  for (int64_t i = 0, e = type.getRank(); i < e; ++i)
    if (type.isDynamicDim(i))
      sizes.push_back(descriptor.size(b, abi.loc, i));
  Value bytes = abi.countBytes(type, sizes);
  Value to = getElementAddress(abi, op.getTo(), {});
  Value from = getElementAddress(abi, op.getFrom(), {});
  Value status = callHost(abi, offsetof(ockham_host, device_copy),
                          b.getI32Type(), ValueRange{to, from, bytes});
  exitIfFailed(abi.loc, op, status);
  op.erase();
}

void EntryLowering::lower(DeviceLoadOp op) {
  Type type = converter.convertType(op.getValue().getType());
  // A boolean takes a byte.
  Type stored = type.isInteger(1) ? Type(b.getI8Type()) : type;
  Value slot = createStack(op.getLoc(), stored, 1);
  ABIBuilder abi = at(op);
  Value from = getElementAddress(abi, op.getMemref(), op.getIndices());
  int64_t bytes = type.isInteger(1) ? 1
                                    : cast<MemRefType>(op.getMemref().getType())
                                              .getElementTypeBitWidth() /
                                          8;
  Value status =
      callHost(abi, offsetof(ockham_host, device_read), b.getI32Type(),
               ValueRange{slot, from, abi.constant(abi.i64, bytes)});
  exitIfFailed(abi.loc, op, status);
  Value value = LLVM::LoadOp::create(b, op.getLoc(), stored, slot);
  if (stored != type)
    value = LLVM::TruncOp::create(b, op.getLoc(), type, value);
  value = ABIBuilder(b, op.getLoc(), converter)
              .cast(op.getValue().getType(), value);
  op.replaceAllUsesWith(value);
  op.erase();
}

LogicalResult EntryLowering::lower(LaunchOp op) {
  if (!op.getNumber() || !op.getThreads() || !op.getShared())
    return op.emitOpError("has no number in the table of kernels; run "
                          "--ockham-cuda-number-kernels first");
  Location loc = op.getLoc();
  size_t count = op.getParameters().size();
  Type i32 = b.getI32Type();
  Value grid = createStack(loc, i32, 3), threads = createStack(loc, i32, 3);
  Value table = createStack(loc, ptr, std::max<size_t>(count, 1));
  SmallVector<Value> slots;
  for (Value operand : op.getParameters()) {
    Type type = converter.convertType(operand.getType());
    slots.push_back(createStack(loc, type ? type : operand.getType(), 1));
  }
  ABIBuilder abi = at(op);
  Value none = abi.constant(abi.i64, 0);
  Value most = abi.constant(abi.i64, UINT32_MAX);
  SmallVector<Value, 3> extents = {op.getX(), op.getY(), op.getZ()};
  for (auto [i, extent] : llvm::enumerate(extents)) {
    Value blocks =
        LLVM::SMaxOp::create(b, loc, abi.toI64(extent), none).getResult();
    blocks = LLVM::SMinOp::create(b, loc, blocks, most);
    blocks = LLVM::TruncOp::create(b, loc, i32, blocks);
    LLVM::StoreOp::create(b, loc, blocks, abi.element(i32, grid, i));
    LLVM::StoreOp::create(b, loc, abi.constant(i32, (*op.getThreads())[i]),
                          abi.element(i32, threads, i));
  }
  for (auto [i, operand, slot] : llvm::enumerate(op.getParameters(), slots)) {
    Type type = converter.convertType(operand.getType());
    Value value = operand.getType().isIndex() ? abi.toI64(operand)
                                              : abi.cast(type, operand);
    LLVM::StoreOp::create(b, loc, value, slot);
    LLVM::StoreOp::create(b, loc, slot, abi.element(ptr, table, i));
  }
  Value status =
      callHost(abi, offsetof(ockham_host, launch), i32,
               ValueRange{abi.constant(i32, *op.getNumber()), grid, threads,
                          abi.constant(i32, *op.getShared()), table,
                          abi.constant(i32, static_cast<int64_t>(count))});
  exitIfFailed(loc, op, status);
  op.erase();
  return success();
}

/// The struct that carries the captures of a parallel loop.
static LLVM::LLVMStructType getEnvironmentType(TypeRange captures,
                                               const LLVMTypeConverter &c) {
  SmallVector<Type> fields;
  for (Type type : captures)
    fields.push_back(c.convertType(type));
  return LLVM::LLVMStructType::getLiteral(&c.getContext(), fields);
}

LogicalResult EntryLowering::lower(ParallelForOp op) {
  Location loc = op.getLoc();
  LLVM::LLVMStructType environment =
      getEnvironmentType(op.getCaptures().getTypes(), converter);
  Value memory = createStack(loc, environment, 1);
  ABIBuilder abi = at(op);
  for (auto [index, capture] : llvm::enumerate(op.getCaptures())) {
    Type field = environment.getBody()[index];
    Value address = LLVM::GEPOp::create(
        b, loc, ptr, environment, memory,
        ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index)});
    LLVM::StoreOp::create(b, loc, abi.cast(field, capture), address);
  }
  auto bodyType =
      b.getFunctionType({ptr, abi.i64, abi.i64, abi.i32}, TypeRange{});
  Value body = func::ConstantOp::create(b, loc, bodyType, op.getBodyAttr());
  callHost(abi, offsetof(ockham_host, parallel_for), Type(),
           ValueRange{abi.toI64(op.getCount()), abi.toI64(op.getGrain()),
                      abi.cast(ptr, body), memory});
  op.erase();
  return success();
}

static void lowerByteCount(ByteCountOp op, const LLVMTypeConverter &converter) {
  OpBuilder b(op);
  ABIBuilder abi(b, op.getLoc(), converter);
  SmallVector<Value> sizes;
  for (Value size : op.getDynamicSizes())
    sizes.push_back(abi.toI64(size));
  Value bytes = abi.countArenaBytes(cast<MemRefType>(op.getType()), sizes);
  Value index =
      arith::IndexCastOp::create(b, op.getLoc(), b.getIndexType(), bytes);
  op.replaceAllUsesWith(index);
  op.erase();
}

/// Gives the function that counts an arena the ABI's signature:
/// `i64 (ptr inputs, ptr states, i32 workers)`.
static LogicalResult lowerCounter(func::FuncOp function,
                                  const LLVMTypeConverter &converter) {
  if (function.isExternal() || !function.getBody().hasOneBlock() ||
      function.getNumResults() != 1 || !function.getResultTypes()[0].isIndex())
    return function.emitOpError(
        "counts a workspace; expected one block and one result of type index");
  for (Type type : function.getArgumentTypes())
    if (!isa<MemRefType>(type))
      return function.emitOpError()
             << "counts a workspace, but has an argument "
                "of type "
             << type << "; expected buffers";
  SmallVector<ByteCountOp> counts;
  function.walk([&](ByteCountOp op) { counts.push_back(op); });
  for (ByteCountOp op : counts)
    lowerByteCount(op, converter);
  Block &entry = function.getBody().front();
  Location loc = function.getLoc();
  SmallVector<BlockArgument> before(entry.getArguments());
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  ABIBuilder abi(b, loc, converter);
  Value inputs = entry.insertArgument(0u, abi.ptr, loc);
  entry.insertArgument(1u, abi.ptr, loc);
  entry.insertArgument(2u, abi.i32, loc);
  abi.readInputs(before, inputs);
  entry.eraseArguments(3, before.size());
  auto exit = cast<func::ReturnOp>(entry.getTerminator());
  b.setInsertionPoint(exit);
  Value bytes = abi.toI64(exit.getOperand(0));
  Value fits = LLVM::ICmpOp::create(b, loc, LLVM::ICmpPredicate::ult, bytes,
                                    abi.constant(abi.i64, kMostBytes));
  bytes =
      LLVM::SelectOp::create(b, loc, fits, bytes, abi.constant(abi.i64, -1));
  exit->setOperand(0, bytes);
  function->removeAttr("arg_attrs");
  function.setType(b.getFunctionType({abi.ptr, abi.ptr, abi.i32}, {abi.i64}));
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
  return success();
}

LogicalResult EntryLowering::run() {
  ptr = LLVM::LLVMPointerType::get(function.getContext());
  for (Type type : function.getFunctionType().getInputs()) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref || !memref.getLayout().isIdentity())
      return function.emitOpError()
             << "has an argument of type " << type
             << "; expected a dense row-major buffer (bufferize first)";
  }
  if (function.getNumResults() != 0)
    return function.emitOpError(
        "returns values; run --ockham-cpu-use-host-memory first");

  exit = new Block();
  function.getBody().push_back(exit);
  Value status = exit->addArgument(b.getI32Type(), function.getLoc());
  b.setInsertionPointToEnd(exit);
  func::ReturnOp::create(b, function.getLoc(), status);
  lowerArguments();
  function->removeAttr("arg_attrs");
  function.setType(b.getFunctionType({ptr, ptr}, {b.getI32Type()}));
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));

  SmallVector<Operation *> work;
  function.walk([&](Operation *op) {
    if (isa<OckhamDialect>(op->getDialect()) || isa<func::ReturnOp>(op))
      work.push_back(op);
  });
  for (Operation *op : work) {
    if (auto ret = dyn_cast<func::ReturnOp>(op)) {
      if (ret->getBlock() == exit)
        continue;
      ABIBuilder abi = at(ret);
      Value ok = abi.constant(abi.i32, OCKHAM_OK);
      func::ReturnOp::create(b, ret.getLoc(), ok);
      ret.erase();
    } else if (auto load = dyn_cast<LoadWeightOp>(op)) {
      lower(load);
    } else if (auto allocate = dyn_cast<AllocateOp>(op)) {
      lower(allocate);
    } else if (auto release = dyn_cast<ReleaseOp>(op)) {
      lower(release);
    } else if (auto output = dyn_cast<OutputOp>(op)) {
      lower(output);
    } else if (auto check = dyn_cast<CheckOp>(op)) {
      lower(check);
    } else if (auto workspace = dyn_cast<WorkspaceOp>(op)) {
      lower(workspace);
    } else if (auto count = dyn_cast<ByteCountOp>(op)) {
      lowerByteCount(count, converter);
    } else if (auto copy = dyn_cast<DeviceCopyOp>(op)) {
      lower(copy);
    } else if (auto load = dyn_cast<DeviceLoadOp>(op)) {
      lower(load);
    } else if (auto record = dyn_cast<CheckRecordOp>(op)) {
      lower(record);
    } else if (auto branch = dyn_cast<DeviceBranchOp>(op)) {
      lower(branch);
    } else if (auto launch = dyn_cast<LaunchOp>(op)) {
      if (failed(lower(launch)))
        return failure();
    } else if (auto loop = dyn_cast<ParallelForOp>(op)) {
      if (failed(lower(loop)))
        return failure();
    }
  }
  return success();
}

/// Gives a loop body the ABI's signature: the captures come from the struct.
static void lowerBody(func::FuncOp function,
                      const LLVMTypeConverter &converter) {
  Block &entry = function.getBody().front();
  Location loc = function.getLoc();
  SmallVector<BlockArgument> before(entry.getArguments());
  OpBuilder b = OpBuilder::atBlockBegin(&entry);
  ABIBuilder abi(b, loc, converter);
  Value environment = entry.insertArgument(0u, abi.ptr, loc);
  Value begin = entry.insertArgument(1u, abi.i64, loc);
  Value end = entry.insertArgument(2u, abi.i64, loc);
  entry.insertArgument(3u, abi.i32, loc); // the worker
  SmallVector<Type> captured;
  for (BlockArgument argument : llvm::drop_begin(before, 2))
    captured.push_back(argument.getType());
  LLVM::LLVMStructType type = getEnvironmentType(captured, converter);
  for (auto [index, argument] : llvm::enumerate(before)) {
    Value value;
    if (index < 2) {
      value = arith::IndexCastOp::create(b, loc, b.getIndexType(),
                                         index == 0 ? begin : end);
    } else {
      Value address = LLVM::GEPOp::create(
          b, loc, abi.ptr, type, environment,
          ArrayRef<LLVM::GEPArg>{0, static_cast<int32_t>(index - 2)});
      value = LLVM::LoadOp::create(b, loc, type.getBody()[index - 2], address);
      value = abi.cast(argument.getType(), value);
    }
    argument.replaceAllUsesWith(value);
  }
  entry.eraseArguments(4, before.size());
  function.setType(
      b.getFunctionType({abi.ptr, abi.i64, abi.i64, abi.i32}, TypeRange{}));
  function->setAttr(
      "llvm.linkage",
      LLVM::LinkageAttr::get(b.getContext(), LLVM::Linkage::Internal));
}

namespace {
struct CPULowerHostCalls
    : ockham::impl::CPULowerHostCallsBase<CPULowerHostCalls> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    LLVMTypeConverter converter(&getContext());
    llvm::StringMap<int64_t> weightIndices;
    for (auto [index, weight] : llvm::enumerate(module.getOps<WeightOp>()))
      weightIndices[weight.getSymName()] = index;

    llvm::StringSet<> bodies;
    module.walk([&](ParallelForOp loop) { bodies.insert(loop.getBody()); });
    for (func::FuncOp function : module.getOps<func::FuncOp>())
      if (bodies.contains(function.getSymName()))
        lowerBody(function, converter);
    for (func::FuncOp function : module.getOps<func::FuncOp>()) {
      auto name =
          function->getAttrOfType<FlatSymbolRefAttr>(kWorkspaceAttrName);
      if (!name)
        continue;
      auto counter = module.lookupSymbol<func::FuncOp>(name.getAttr());
      if (!counter) {
        function.emitOpError() << "names " << name
                               << " to count its workspace, "
                                  "which is not a function";
        return signalPassFailure();
      }
      if (failed(lowerCounter(counter, converter)))
        return signalPassFailure();
    }
    for (func::FuncOp function : module.getOps<func::FuncOp>())
      if (function->hasAttr(kEntryAttrName) &&
          failed(EntryLowering(function, converter, weightIndices).run()))
        return signalPassFailure();
  }
};
} // namespace
