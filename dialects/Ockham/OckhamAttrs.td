//===- OckhamAttrs.td - Attributes of weights -------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_OCKHAMATTRS
#define OCKHAM_OCKHAMATTRS

include "dialects/Ockham/OckhamDialect.td"

class Ockham_Attr<string name, string attrMnemonic>
    : AttrDef<Ockham_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def Ockham_NormalInitAttr : Ockham_Attr<"NormalInit", "normal"> {
  let summary = "A weight drawn from a normal distribution when it is loaded";
  let description = [{
    `mean + std * N(0, 1)`, element by element from a counter-based generator
    with the given seed: the same numbers on every machine and for every number
    of threads. Lets a large model be made where it runs.

    ```mlir
    #ockham.normal<mean = 0.0 : f64, std = 0.02 : f64, seed = 7>
    ```
  }];
  let parameters = (ins "::mlir::FloatAttr":$mean, "::mlir::FloatAttr":$std, "uint64_t":$seed);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // OCKHAM_OCKHAMATTRS
