//===- PageWords.cpp - What the page explains -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PageWords.h"

#include "llvm/ADT/StringSwitch.h"

using llvm::StringRef;

namespace ockham::report {

StringRef explainBlockKind(StringRef kind) {
  return llvm::StringSwitch<StringRef>(kind)
      .Case("pre_norm",
            "Rows of the residual stream are normed, attention mixes them "
            "across positions, and its result is added back to the stream. "
            "Then the MLP does the same for each position alone.")
      .Case("post_norm",
            "Attention adds its result to the residual stream, and so does the "
            "MLP; behind each sum a norm brings the rows back to one size.")
      .Case("parallel",
            "Attention and MLP read the same normed rows and work side by "
            "side. Both results are added to the residual stream at once.")
      .Case("parallel_two_norms",
            "Attention and MLP work side by side, each behind a norm of its "
            "own. Both results are added to the residual stream at once.")
      .Case("v_skip_init",
            "Nothing skips attention: that is what α I is for, which passes "
            "each row's own value on, beside β A, which adds what it attends "
            "to. The MLP has its skip.")
      .Case("sas",
            "Nothing skips attention, and the heads mix slices of the rows "
            "themselves, without matrices for values and output: α I keeps a "
            "row, β A adds what it attends to, γ C takes the mean of all that "
            "it sees away. The MLP has its skip. The first block may keep a "
            "matrix for values.")
      .Case("sas_p",
            "The simplest block: attention and MLP side by side, no skips, and "
            "the heads mix slices of the rows themselves, without matrices for "
            "values and output. α I keeps a row, β A adds what it attends to, "
            "γ C takes the mean of all that it sees away. The first block may "
            "keep a matrix for values.")
      .Case("norm_free",
            "A block without norms: attention and the MLP read the residual "
            "stream as it is, and add their results back to it.")
      .Default("The wiring of this block is none of the known kinds. Its parts "
               "are drawn as far as they were recognised.");
}

StringRef getLegend() {
  return R"html(<ul class="legend">
<li><span class="swatch linear"></span> matrix: each row times a matrix, the bulk of the work and of the parameters</li>
<li><span class="swatch attention"></span> attention: the only place where positions see each other; one stripe for each head</li>
<li><span class="swatch norm"></span> norm: brings each row to one size</li>
<li><span class="swatch activation"></span> activation: the bend between two matrices</li>
<li><span class="swatch stream"></span> residual stream: what skips a part of the block unchanged</li>
<li><span class="swatch ghost"></span> dashed and struck: removed by simplification</li>
<li><span class="swatch changed"></span> bold: holds what was removed, so that the results are the same</li>
</ul>
<p>In attention, A is the softmax of Q Kᵀ / c over the positions that a row sees, I is each position alone, and C sees all of them alike.</p>
)html";
}

StringRef getCountingNote() {
  return "A multiplication and an addition are two operations. Attention "
         "counts "
         "the pairs of positions that see each other: of a causal one, half of "
         "the square. Bytes moved are what the ops read and write, each result "
         "once, as if nothing were fused; parameters are stored bytes.";
}

StringRef getPageStyle() {
  return R"css(
:root { color-scheme: light dark; --ink: #223; --soft: #556; --rule: #d8dae2; --page: #fff; --good: #2a7a34; --card: #f7f7f9; }
body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: var(--ink); background: var(--page); max-width: 1080px; margin: 0 auto; padding: 24px 20px 60px; }
h1 { font-size: 24px; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 19px; margin: 40px 0 6px; border-top: 1px solid var(--rule); padding-top: 18px; }
p { max-width: 48em; margin: 6px 0 12px; }
p.lead { font-size: 17px; }
p.soft, .soft { color: var(--soft); }
table { border-collapse: collapse; margin: 10px 0 16px; }
th, td { text-align: left; padding: 4px 14px 4px 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.part { padding-left: 18px; color: var(--soft); }
code { font: 13px/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
figure { margin: 14px 0; overflow-x: auto; background: var(--card); border-radius: 8px; padding: 8px; }
figure svg { display: block; margin: 0 auto; }
.done { color: var(--good); }
ul.legend { list-style: none; padding: 0; margin: 8px 0; columns: 2; font-size: 14px; }
ul.legend li { margin: 3px 0; break-inside: avoid; }
.swatch { display: inline-block; width: 22px; height: 13px; border-radius: 3px; border: 1.2px solid #778; vertical-align: -1px; margin-right: 6px; box-sizing: border-box; }
.swatch.linear { background: #dde8f7; border-color: #4a72b0; }
.swatch.attention { background: #dff0df; border-color: #3f8a45; }
.swatch.norm { background: #fbe3d6; border-color: #c06a2c; }
.swatch.activation { background: #ece3f7; border-color: #7a56b0; }
.swatch.stream { background: #b8860b; border: none; height: 4px; vertical-align: 3px; }
.swatch.ghost { border-style: dashed; border-color: #999; }
.swatch.changed { border-width: 3px; border-color: #4a72b0; }
@media (prefers-color-scheme: dark) {
:root { --ink: #e4e6ee; --soft: #a9aec0; --rule: #3a3d49; --page: #16171b; --good: #6cc074; --card: #1c1d22; }
.swatch.linear { background: #22324d; border-color: #7ba4e6; }
.swatch.attention { background: #1f3b24; border-color: #6cc074; }
.swatch.norm { background: #4a2f20; border-color: #e09055; }
.swatch.activation { background: #37294d; border-color: #ad8ae0; }
.swatch.stream { background: #e0b040; }
.swatch.changed { border-color: #7ba4e6; }
}
)css";
}

} // namespace ockham::report
