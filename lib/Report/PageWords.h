//===- PageWords.h - What the page explains ---------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_PAGEWORDS_H
#define OCKHAM_LIB_REPORT_PAGEWORDS_H

#include "llvm/ADT/StringRef.h"

namespace ockham::report {

/// How a kind of block works, in two sentences, as HTML.
llvm::StringRef explainBlockKind(llvm::StringRef kind);
/// What the shapes and signs of the pictures mean, as HTML.
llvm::StringRef getLegend();
/// What is counted, as HTML.
llvm::StringRef getCountingNote();
/// The style sheet of the page around the pictures.
llvm::StringRef getPageStyle();

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_PAGEWORDS_H
