//===- RewritePass.td - What a rewrite keeps --------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every pass of tfm is declared with what it keeps, once: C++ (RewritePass.h),
// `ockham-opt --help` and docs/passes.md say it from here.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_REWRITEPASS
#define OCKHAM_SUPPORT_REWRITEPASS

include "mlir/Pass/PassBase.td"

class Parametrisation<string enumerator, string words, string text> {
  string cpp = "::ockham::Parametrisation::" # enumerator;
  string inBrackets = words;
  string sentence = text;
}
def KeepsParameters : Parametrisation<"Kept", "parameters kept",
  "Preserves the parametrisation: a model could go on training behind it.">;
def ChangesParameters : Parametrisation<"Changed", "parameters changed",
  "Does not preserve the parametrisation.">;

class Accuracy<string enumerator, string words, string text> {
  string cpp = "::ockham::Accuracy::" # enumerator;
  string inBrackets = words;
  string sentence = text;
}
def SameNumbers : Accuracy<"SameNumbers", "same numbers",
  "Exact: every number is computed as before.">;
def ExactUpToRounding : Accuracy<"UpToRounding", "exact up to rounding",
  "Exact up to rounding.">;
def ChangesResults : Accuracy<"ChangesResults", "changes results",
  "Changes the results; part of no default pipeline.">;

// `title` and `semantics` are what `summary` and `description` are elsewhere.
class RewritePass<string argument, Parametrisation parametrisation,
                  Accuracy accuracy>
    : PassBase<argument, "::ockham::RewritePassThat<" # parametrisation.cpp
                         # ", " # accuracy.cpp # ">"> {
  string title;
  string semantics;
  let summary = title # " [" # parametrisation.inBrackets # "; "
                # accuracy.inBrackets # "]";
  let description = semantics # "\n    " # parametrisation.sentence # " "
                    # accuracy.sentence # "\n  ";
}

#endif // OCKHAM_SUPPORT_REWRITEPASS
