//===- Messages.cpp - What the importer tells the user --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Messages.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace ockham::importer {

static std::string oneLine(StringRef text) {
  std::string line;
  llvm::raw_string_ostream os(line);
  llvm::printEscapedString(text, os);
  return line;
}

std::string escapeControls(StringRef text) {
  std::string line = text.str();
  for (char &c : line)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      c = ' ';
  return line;
}

LogicalResult Messages::error(const llvm::Twine &text) {
  if (!failed)
    onError(path + ": " + text);
  failed = true;
  return failure();
}

void Messages::warning(const llvm::Twine &text) {
  onWarning(path + ": " + text);
}

std::string escape(StringRef text) {
  constexpr size_t longest = 160;
  if (text.size() <= longest)
    return oneLine(text);
  return oneLine(text.take_front(longest)) + "...";
}

std::string quote(StringRef name) { return "'" + escape(name) + "'"; }

std::string count(uint64_t number, StringRef noun) {
  return (llvm::Twine(number) + " " + noun + (number == 1 ? "" : "s")).str();
}

std::string formatShape(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << '[';
  llvm::interleaveComma(shape, os, [&](int64_t extent) {
    if (ShapedType::isDynamic(extent))
      os << '?';
    else
      os << extent;
  });
  os << ']';
  return text;
}

} // namespace ockham::importer
