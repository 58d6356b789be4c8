// Machine code of attention on bf16: pairs are multiplied where the processor
// has the instruction, what is rounded for them takes one as well, and none of
// the kernels calls a function to convert elements one by one.
// REQUIRES: x86
// RUN: ockham compile %s --passes "convert-tfm-to-tile{pairs-of-rows=true},canonicalize,cse" --cpu x86-64-v4+avx512bf16 --emit object -o %t.o --quiet
// RUN: llvm-objdump -d -r --no-show-raw-insn %t.o | FileCheck %s --check-prefixes CHECK,PAIRS
// RUN: ockham compile %s --passes "convert-tfm-to-tile{pairs-of-rows=true},canonicalize,cse" --cpu x86-64-v4 --emit object -o %t.o --quiet
// RUN: llvm-objdump -d -r --no-show-raw-insn %t.o | FileCheck %s --check-prefixes CHECK,APART
// RUN: ockham compile %s --passes "convert-tfm-to-tile{pairs-of-rows=true},canonicalize,cse" --cpu x86-64-v3 --emit object -o %t.o --quiet
// RUN: llvm-objdump -d -r --no-show-raw-insn %t.o | FileCheck %s --check-prefixes CHECK,APART

// CHECK-LABEL: <attention_2x64_few_causal_bf16>:
// CHECK-NOT: call
// CHECK-LABEL: <attention_2x64_causal_bf16>:
// CHECK-NOT: call
// PAIRS: vdpbf16ps
// PAIRS: vcvtneps2bf16
// PAIRS: vdpbf16ps
// APART: vfmadd
// APART-NOT: {{vdpbf16ps|vcvtneps2bf16}}
// CHECK-NOT: call
// CHECK-LABEL: <pack_values_2x64_bf16>:
// CHECK-NOT: call
// CHECK-LABEL: <pack_keys_2x64_bf16>:
// CHECK-NOT: call
// CHECK: ret
func.func @forward(%q: tensor<?x?x128xbf16> {ockham.name = "q", ockham.dims = ["b", "s", ""]},
                   %k: tensor<?x?x128xbf16> {ockham.name = "k", ockham.dims = ["b", "s", ""]},
                   %v: tensor<?x?x128xbf16> {ockham.name = "v", ockham.dims = ["b", "s", ""]})
    -> (tensor<?x?x128xbf16> {ockham.name = "y", ockham.dims = ["b", "s", ""]})
    attributes {ockham.entry = "forward"} {
  %y = tfm.attention %q, %k, %v heads 2 scale 0.125 causal
      : tensor<?x?x128xbf16>, tensor<?x?x128xbf16>, tensor<?x?x128xbf16> -> tensor<?x?x128xbf16>
  return %y : tensor<?x?x128xbf16>
}
