//===- PTXParser.cpp - Reads inline PTX -----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PTXParser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace ockham::emulator;

/// Parts of opcodes that change nothing here: what all lanes execute together
/// meets anyway, and the state space is known from the address.
static bool isQualifier(llvm::StringRef part) {
  static const llvm::StringSet<> qualifiers = {
      "sync",        "aligned",         "uni",     "shared",
      "shared::cta", "shared::cluster", "global",  "b32",
      "b64",         "release",         "acquire", "cta",
      "cluster",     "L2::cache_hint",  "tile"};
  return qualifiers.contains(part);
}

namespace {
class Parser {
public:
  explicit Parser(llvm::StringRef text) : rest(text) {}

  llvm::Expected<std::vector<PTXStatement>> parse();

private:
  void skipSpace() {
    for (;;) {
      rest = rest.ltrim();
      if (rest.consume_front("//"))
        rest = rest.drop_until([](char c) { return c == '\n'; });
      else if (rest.consume_front("/*"))
        rest = rest.split("*/").second;
      else
        return;
    }
  }
  bool consume(llvm::StringRef token) {
    skipSpace();
    return rest.consume_front(token);
  }
  /// A register, label, number or opcode.
  llvm::StringRef takeWord() {
    skipSpace();
    llvm::StringRef word = rest.take_while([](char c) {
      return llvm::isAlnum(c) || llvm::StringRef("_$%.:").contains(c);
    });
    rest = rest.drop_front(word.size());
    return word;
  }
  llvm::Error expect(llvm::StringRef token) {
    if (consume(token))
      return llvm::Error::success();
    return llvm::createStringError("expected '" + token + "' before '" +
                                   rest.take_front(20) + "'");
  }
  llvm::Error parseOperand(PTXOperand &operand);
  llvm::Error parseList(std::vector<PTXOperand> &operands, llvm::StringRef end);
  llvm::Error parseDeclaration(PTXStatement &statement);
  llvm::Error parseInstruction(llvm::StringRef opcode, PTXStatement &statement);

  llvm::StringRef rest;
};
} // namespace

llvm::Error Parser::parseList(std::vector<PTXOperand> &operands,
                              llvm::StringRef end) {
  if (consume(end))
    return llvm::Error::success();
  do {
    if (llvm::Error error = parseOperand(operands.emplace_back()))
      return error;
  } while (consume(","));
  return expect(end);
}

llvm::Error Parser::parseOperand(PTXOperand &operand) {
  if (consume("{")) {
    operand.kind = PTXOperand::Vector;
    return parseList(operand.elements, "}");
  }
  if (consume("[")) {
    operand.kind = PTXOperand::Address;
    if (llvm::Error error = parseOperand(operand.elements.emplace_back()))
      return error;
    if (consume("+")) {
      PTXOperand offset;
      if (llvm::Error error = parseOperand(offset))
        return error;
      operand.value = offset.value;
    } else if (consume(",")) {
      // The coordinates of a tensor.
      if (llvm::Error error = parseOperand(operand.elements.emplace_back()))
        return error;
    }
    return expect("]");
  }
  bool negative = consume("-");
  llvm::StringRef word = takeWord();
  if (word.empty())
    return llvm::createStringError("expected an operand before '" +
                                   rest.take_front(20) + "'");
  operand.text = word.str();
  if (word == "_") {
    operand.kind = PTXOperand::Sink;
  } else if (llvm::isDigit(word[0])) {
    operand.kind = PTXOperand::Immediate;
    word.consume_back("U");
    uint64_t value;
    if (word.getAsInteger(0, value))
      return llvm::createStringError("expected a number, got '" + word + "'");
    operand.value = negative ? -int64_t(value) : int64_t(value);
  }
  return llvm::Error::success();
}

llvm::Error Parser::parseDeclaration(PTXStatement &statement) {
  statement.kind = PTXStatement::Declaration;
  llvm::StringRef type = takeWord();
  if (!type.consume_front("."))
    return llvm::createStringError("expected a type after .reg, got '" + type +
                                   "'");
  statement.name = type.str();
  do {
    statement.registers.push_back(takeWord().str());
    // name<n> declares name0 to name(n-1).
    if (consume("<")) {
      unsigned count;
      if (takeWord().getAsInteger(10, count) || count > 1024)
        return llvm::createStringError("expected a number of registers");
      if (llvm::Error error = expect(">"))
        return error;
      std::string base = std::move(statement.registers.back());
      statement.registers.pop_back();
      for (unsigned i = 0; i < count; ++i)
        statement.registers.push_back(base + std::to_string(i));
    }
  } while (consume(","));
  return expect(";");
}

llvm::Error Parser::parseInstruction(llvm::StringRef opcode,
                                     PTXStatement &statement) {
  PTXInstruction &instruction = statement.instruction;
  instruction.text = opcode.str();
  llvm::SmallVector<llvm::StringRef> parts;
  opcode.split(parts, '.');
  for (auto [i, part] : llvm::enumerate(parts))
    if (i == 0 || !isQualifier(part))
      instruction.opcode += (i ? "." : "") + part.str();
  if (consume(";"))
    return llvm::Error::success();
  // wait_group and the like may end without a semicolon at the very end.
  do {
    if (llvm::Error error = parseOperand(instruction.operands.emplace_back()))
      return error;
    // setp may name two predicates: p|q.
    if (consume("|"))
      if (llvm::Error error = parseOperand(instruction.operands.emplace_back()))
        return error;
  } while (consume(","));
  skipSpace();
  if (rest.empty())
    return llvm::Error::success();
  return expect(";");
}

llvm::Expected<std::vector<PTXStatement>> Parser::parse() {
  std::vector<PTXStatement> statements;
  for (skipSpace(); !rest.empty(); skipSpace()) {
    // Scopes only hide names, and generated code does not reuse them.
    if (consume("{") || consume("}") || consume(";"))
      continue;
    PTXStatement &statement = statements.emplace_back();
    if (consume("@")) {
      statement.negatedPredicate = consume("!");
      statement.predicate = takeWord().str();
    }
    llvm::StringRef word = takeWord();
    if (word.empty())
      return llvm::createStringError("expected an instruction before '" +
                                     rest.take_front(20) + "'");
    llvm::Error error = llvm::Error::success();
    if (word == ".reg") {
      error = parseDeclaration(statement);
    } else if (word.ends_with(":") && word.count(':') == 1) {
      statement.kind = PTXStatement::Label;
      statement.name = word.drop_back().str();
    } else {
      error = parseInstruction(word, statement);
    }
    if (error)
      return std::move(error);
  }
  return statements;
}

llvm::Expected<std::vector<PTXStatement>>
ockham::emulator::parsePTX(llvm::StringRef text) {
  return Parser(text).parse();
}
