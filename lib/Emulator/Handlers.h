//===- Handlers.h - The instructions and who executes them ------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each family of instructions has one file that adds its handlers to the table:
// C++ functions under the names of intrinsics and library functions, and
// translations of inline PTX into calls of them.
//
// Handlers see every value of up to 32 bits as uint32_t (or float), wider ones
// as uint64_t, and pointers of all address spaces as addresses of the host.
// What an intrinsic returns in a struct goes through a `ResultSlot *` that
// comes first.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_HANDLERS_H
#define OCKHAM_LIB_EMULATOR_HANDLERS_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace llvm {
class Value;
} // namespace llvm

namespace ockham::emulator {

/// No instruction, but what stands for cp.async.commit.group where the group is
/// expected to be empty (Mutations.h).
constexpr const char kCommitEmpty[] = "ockham_emulator.commit_empty";

/// Where a handler stores the members of a returned struct, as LLVM lays it
/// out.
struct ResultSlot;

enum class ValueKind : uint8_t { Void, I32, I64, F32, F64, Pointer, Result };

template <typename T>
constexpr ValueKind getValueKind() {
  if constexpr (std::is_void_v<T>)
    return ValueKind::Void;
  else if constexpr (std::is_same_v<T, ResultSlot *>)
    return ValueKind::Result;
  else if constexpr (std::is_pointer_v<T>)
    return ValueKind::Pointer;
  else if constexpr (std::is_same_v<T, float>)
    return ValueKind::F32;
  else if constexpr (std::is_same_v<T, double>)
    return ValueKind::F64;
  else if constexpr (sizeof(T) == 8)
    return ValueKind::I64;
  else
    return ValueKind::I32;
}

struct Handler {
  /// As in the table, which may differ from what it was asked for by a suffix.
  std::string name;
  void *address = nullptr;
  ValueKind result = ValueKind::Void;
  llvm::SmallVector<ValueKind, 8> arguments;
  /// Depends on nothing but its arguments and the thread.
  bool pure = false;
};

/// An operand of inline PTX.
struct PTXOperand {
  enum Kind { Register, Immediate, Address, Vector, Sink } kind = Register;
  /// The name of a register, or an immediate's text. Of an address: its base
  /// is the first element, its offset this.
  std::string text;
  int64_t value = 0;
  std::vector<PTXOperand> elements;
};

struct PTXInstruction {
  /// Without qualifiers that mean nothing here.
  std::string opcode;
  /// As it was written.
  std::string text;
  std::vector<PTXOperand> operands;
};

/// What translations of inline PTX are made with.
class PTXBuilder {
public:
  virtual ~PTXBuilder() = default;
  /// The value of a register, an immediate or the base of an address.
  virtual llvm::Value *read(const PTXOperand &operand) = 0;
  virtual llvm::Error write(const PTXOperand &operand, llvm::Value *value) = 0;
  virtual llvm::Value *getInt32(uint32_t value) = 0;
  virtual llvm::Value *getInt64(uint64_t value) = 0;
  /// Calls a handler; the result is null for those that return nothing.
  virtual llvm::Expected<llvm::Value *>
  call(llvm::StringRef handler, llvm::ArrayRef<llvm::Value *> arguments) = 0;
  /// Memory of the thread for `count` words of 32 bits, as a pointer.
  virtual llvm::Value *allocateWords(unsigned count) = 0;
  virtual void storeWord(llvm::Value *words, unsigned i,
                         llvm::Value *value) = 0;
  virtual llvm::Value *loadWord(llvm::Value *words, unsigned i,
                                bool isFloat) = 0;
  /// The value of an operand that is known when compiling.
  virtual std::optional<int64_t> getConstant(const PTXOperand &operand) = 0;
  /// Tells which values a wgmma has taken and given as accumulators. `time` is
  /// the call's result, and its last argument the token of `inputs`.
  virtual void markAccumulators(llvm::Value *time,
                                llvm::ArrayRef<llvm::Value *> inputs,
                                llvm::ArrayRef<llvm::Value *> outputs) = 0;
};

using PTXTranslation = llvm::Error (*)(const PTXInstruction &, PTXBuilder &);

class HandlerTable {
public:
  template <typename Result, typename... Arguments>
  void add(llvm::StringRef name, Result (*function)(Arguments...),
           bool pure = false) {
    Handler &handler = handlers[name];
    handler.name = name.str();
    handler.address = reinterpret_cast<void *>(function);
    handler.result = getValueKind<Result>();
    handler.arguments = {getValueKind<Arguments>()...};
    handler.pure = pure;
  }
  template <typename Result, typename... Arguments>
  void addPure(llvm::StringRef name, Result (*function)(Arguments...)) {
    add(name, function, /*pure=*/true);
  }
  /// Inline PTX whose opcode, without qualifiers, begins with `prefix`.
  void addPTX(llvm::StringRef prefix, PTXTranslation translation) {
    translations.push_back({prefix.str(), translation});
  }

  const Handler *find(llvm::StringRef name) const;
  PTXTranslation findPTX(llvm::StringRef opcode) const;

  using Map = llvm::StringMap<Handler>;
  const Map &getAll() const { return handlers; }

private:
  Map handlers;
  std::vector<std::pair<std::string, PTXTranslation>> translations;
};

/// All families. Made once.
const HandlerTable &getHandlers();

void addApproximateMathHandlers(HandlerTable &table);
void addAsyncCopyHandlers(HandlerTable &table);
void addAtomicHandlers(HandlerTable &table);
void addBarrierHandlers(HandlerTable &table);
void addBulkCopyHandlers(HandlerTable &table);
void addFenceHandlers(HandlerTable &table);
void addMathHandlers(HandlerTable &table);
void addMatrixHandlers(HandlerTable &table);
void addMBarrierHandlers(HandlerTable &table);
void addRoundedMathHandlers(HandlerTable &table);
void addShuffleHandlers(HandlerTable &table);
void addSpecialRegisterHandlers(HandlerTable &table);
void addWarpGroupHandlers(HandlerTable &table);

/// Calls `handler` with the operands in order, the first `results` of which are
/// written. For most inline PTX there is nothing else to do.
llvm::Error translateToCall(llvm::StringRef handler, unsigned results,
                            const PTXInstruction &instruction,
                            PTXBuilder &builder);

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_HANDLERS_H
