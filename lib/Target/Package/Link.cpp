//===- Link.cpp - lld in this process -------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/Package/Package.h"

#include "lld/Common/Driver.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace llvm;

Error ockham::linkSharedLibrary(ArrayRef<std::string> objects,
                                StringRef output) {
  std::string target = output.str();
  // Nothing is looked up in the system: a model brings what it needs, and takes
  // memcpy and the like from the process that loads it.
  std::vector<const char *> args = {
      "ld.lld",           "-shared",       "-z",
      "noexecstack",      "--gc-sections", "--build-id=none",
      "--hash-style=gnu", "--threads=1",   "-o",
      target.c_str()};
  for (const std::string &object : objects)
    args.push_back(object.c_str());
  std::string messages;
  raw_string_ostream errors(messages);
  lld::Result result =
      lld::lldMain(args, nulls(), errors, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return Error::success();
  return createStringError("linking failed: " +
                           StringRef(messages).trim().str());
}
