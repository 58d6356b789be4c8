//===- RewriteLog.cpp - What passes said ----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RewriteLog.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "ockham/Support/RewriteRemark.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ockham::report {

void RewriteLog::learnNames(ModuleOp module) {
  auto learn = [&](Location location) {
    location->walk([&](Location part) {
      if (auto name = dyn_cast<NameLoc>(part))
        if (!name.getName().getValue().empty())
          names.insert(name.getName().getValue());
      return WalkResult::advance();
    });
  };
  module.walk([&](Operation *op) {
    learn(op->getLoc());
    if (auto weight = dyn_cast<WeightOp>(op)) {
      learnWeight(weight.getSymName());
      if (std::optional<StringRef> source = weight.getSource())
        learnWeight(*source);
    }
  });
}

/// "h.0.ln_1.weight" belongs to the module "h.0.ln_1", and that to "h.0".
void RewriteLog::learnWeight(StringRef name) {
  while (!name.empty()) {
    names.insert(name);
    size_t dot = name.rfind('.');
    name = dot == StringRef::npos ? "" : name.take_front(dot);
  }
}

/// A name that is a word of the language cannot be told apart from it.
static bool isWord(StringRef text) {
  return llvm::all_of(text, [](char c) { return llvm::isAlpha(c); });
}

/// Whether the text is a name, or one that a pass has made from a name.
bool RewriteLog::isName(StringRef text) const {
  while (!text.empty() && !isWord(text)) {
    if (names.contains(text))
      return true;
    size_t end = text.find_last_of("._");
    text = end == StringRef::npos ? "" : text.take_front(end);
  }
  return false;
}

/// Characters of which names of nodes and weights are made.
static bool isNameChar(char c) {
  return llvm::isAlnum(c) || StringRef("_./:-#$@<>[]").contains(c);
}

std::string RewriteLog::removeNames(StringRef text) const {
  // "NAME: ..." says where.
  auto [front, rest] = text.split(": ");
  if (names.contains(front))
    text = rest;
  std::string result;
  while (!text.empty()) {
    size_t start = text.find_if(isNameChar);
    if (start == StringRef::npos)
      break;
    result += text.take_front(start);
    text = text.drop_front(start);
    size_t length = text.find_if_not(isNameChar);
    StringRef word = text.take_front(length);
    text = text.drop_front(word.size());
    // The end of a sentence is no part of a name, but names have dots.
    StringRef bare = names.contains(word) ? word : word.rtrim(".:");
    if (isName(bare))
      result += "*" + word.drop_front(bare.size()).str();
    else
      result += word;
  }
  return result + text.str();
}

void RewriteLog::add(Diagnostic &diagnostic, StringRef phase) {
  RewriteGroup group;
  std::optional<RewriteRemark> rewrite = getRewriteRemark(diagnostic);
  group.pass = rewrite ? rewrite->pass.str() : phase.str();
  group.done = rewrite && rewrite->outcome == RewriteOutcome::Done;
  std::string text = diagnostic.str();
  // One line, whatever a message quotes.
  for (char &c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      c = ' ';
  group.text = removeNames(text);
  std::string where;
  if (auto name = dyn_cast<NameLoc>(diagnostic.getLocation()))
    where = name.getName().str();
  std::string message = text;
  if (!where.empty() && !StringRef(text).starts_with(where + ":"))
    message = where + ": " + text;
  group.example = StringRef(group.text).contains('*') ? text : message;
  auto same = llvm::find_if(groups, [&](const RewriteGroup &other) {
    return other.pass == group.pass && other.done == group.done &&
           other.text == group.text;
  });
  if (same == groups.end()) {
    groups.push_back(std::move(group));
    same = std::prev(groups.end());
  }
  ++same->count;
  same->messages.push_back(std::move(message));
}

} // namespace ockham::report
