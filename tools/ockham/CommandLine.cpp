//===- CommandLine.cpp - Options of one command ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace ockham::tool {

int fail(const std::string &message) {
  std::fprintf(stderr, "ockham: error: %s\n", message.c_str());
  return 1;
}

/// A whole decimal number; false if `text` is none.
static bool parseNumber(const std::string &text, int64_t &number) {
  char *end = nullptr;
  errno = 0;
  number = std::strtoll(text.c_str(), &end, 10);
  return errno == 0 && end != text.c_str() && *end == '\0';
}

std::string
parseDims(const std::vector<std::pair<std::string, std::string>> &pairs,
          std::vector<std::pair<std::string, int64_t>> &dims) {
  for (const auto &[name, text] : pairs) {
    int64_t extent;
    if (!parseNumber(text, extent) || extent < 1)
      return "--dim: '" + name + "=" + text +
             "' is not an extent; expected NAME=NUMBER with a number of at "
             "least 1";
    for (const auto &[other, first] : dims)
      if (other == name)
        return "--dim: '" + name + "' is given twice, as " +
               std::to_string(first) + " and as " + text;
    dims.push_back({name, extent});
  }
  return "";
}

CommandLine::CommandLine(std::string usage, std::string summary)
    : usage(std::move(usage)), summary(std::move(summary)) {}

void CommandLine::flag(const std::string &name, bool &value,
                       const std::string &help) {
  options.push_back({name, "", help, nullptr, &value});
}

void CommandLine::option(
    const std::string &name, const std::string &valueName,
    const std::string &help,
    std::function<std::string(const std::string &)> handle) {
  options.push_back({name, valueName, help, std::move(handle), nullptr});
}

void CommandLine::text(const std::string &name, const std::string &valueName,
                       std::string &value, const std::string &help) {
  option(name, valueName, help, [&value](const std::string &given) {
    value = given;
    return std::string();
  });
}

void CommandLine::number(const std::string &name, const std::string &valueName,
                         int64_t &value, int64_t least,
                         const std::string &help) {
  option(name, valueName, help, [&value, least](const std::string &given) {
    if (parseNumber(given, value) && value >= least)
      return std::string();
    return "'" + given + "' is not a number of at least " +
           std::to_string(least);
  });
}

void CommandLine::pairs(
    const std::string &name, const std::string &valueName,
    std::vector<std::pair<std::string, std::string>> &values,
    const std::string &help) {
  option(name, valueName, help, [&values, valueName](const std::string &given) {
    size_t equals = given.find('=');
    if (equals == std::string::npos || equals == 0)
      return "'" + given + "' has no '='; expected " + valueName;
    values.push_back({given.substr(0, equals), given.substr(equals + 1)});
    return std::string();
  });
}

void CommandLine::positional(const std::string &name, std::string &value) {
  positionalName = name;
  positionalValue = &value;
}

void CommandLine::epilogue(std::string text) { after = std::move(text); }

const CommandLine::Option *CommandLine::find(const std::string &name) const {
  for (const Option &option : options)
    if (option.name == name)
      return &option;
  return nullptr;
}

void CommandLine::printHelp() const {
  std::printf("Usage: ockham %s\n\n%s\n\nOptions:\n", usage.c_str(),
              summary.c_str());
  auto print = [](const std::string &left, const std::string &help) {
    // Help texts are wrapped at 79 columns, behind column 26.
    std::printf("  %-23s", left.c_str());
    if (left.size() > 22)
      std::printf("\n  %-23s", "");
    size_t column = 26, start = 0;
    while (start < help.size()) {
      size_t end = help.find(' ', start);
      if (end == std::string::npos)
        end = help.size();
      size_t length = end - start;
      if (column + 1 + length > 79 && column > 26) {
        std::printf("\n%26s", "");
        column = 26;
      }
      std::printf(" %s", help.substr(start, length).c_str());
      column += 1 + length;
      start = end + 1;
    }
    std::printf("\n");
  };
  for (const Option &option : options) {
    std::string left = option.name;
    if (!option.valueName.empty())
      left += " " + option.valueName;
    print(left, option.help);
  }
  print("--help", "Print this text.");
  if (!after.empty())
    std::printf("\n%s\n", after.c_str());
}

int CommandLine::parse(int argc, char **argv) {
  bool seen = false;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      printHelp();
      return 0;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      if (!positionalValue || seen)
        return fail("unexpected argument '" + argument + "'; see 'ockham " +
                    argv[0] + " --help'");
      *positionalValue = argument;
      seen = true;
      continue;
    }
    std::string name = argument, value;
    size_t equals = argument.find('=');
    bool attached = argument.rfind("--", 0) == 0 && equals != std::string::npos;
    if (attached) {
      name = argument.substr(0, equals);
      value = argument.substr(equals + 1);
    }
    const Option *option = find(name);
    if (!option)
      return fail("unknown option '" + name + "'; see 'ockham " + argv[0] +
                  " --help'");
    if (option->flag) {
      if (attached)
        return fail("option '" + name + "' takes no value, but '" + value +
                    "' was given");
      *option->flag = true;
      continue;
    }
    if (!attached) {
      if (i + 1 >= argc)
        return fail("option '" + name + "' needs a value: " + name + " " +
                    option->valueName);
      value = argv[++i];
    }
    std::string problem = option->handle(value);
    if (!problem.empty())
      return fail(name + ": " + problem);
  }
  if (positionalValue && !seen)
    return fail(positionalName + " is missing; see 'ockham " +
                std::string(argv[0]) + " --help'");
  return -1;
}

} // namespace ockham::tool
