// Machine code for a matrix unit: tiles are configured once in a function, no
// tile is stored in the loop and loaded again, and all are released at the end.
// REQUIRES: x86
// RUN: ockham compile %s --passes "tfm-form-kernels,convert-tfm-to-tile{pairs-of-rows=true},tile-pack-weights" --cpu x86-64-v4+avx512bf16+amx-bf16 --emit object -o %t.o --quiet
// RUN: llvm-objdump -d --no-show-raw-insn %t.o | FileCheck %s
// All that a processor of that name has.
// RUN: ockham compile %s --passes "tfm-form-kernels,convert-tfm-to-tile{pairs-of-rows=true},tile-pack-weights" --cpu sapphirerapids --emit object -o %t.o --quiet
// RUN: llvm-objdump -d --no-show-raw-insn %t.o | FileCheck %s

// Kernels have none of it.
// CHECK-LABEL: <linear_320x96{{.*}}>:
// CHECK-NOT: tmm
// CHECK: callq
// CHECK-NOT: tmm

// CHECK: <matrix_2x3>:
// CHECK-NOT: tmm
// CHECK: ldtilecfg
// CHECK-COUNT-6: tilezero
// CHECK: tileloadd {{.*}}, %[[LEFT:tmm[0-7]]]
// CHECK: tileloadd {{.*}}, %[[RIGHT:tmm[0-7]]]
// CHECK-NOT: {{tilestored|ldtilecfg|tilezero}}
// CHECK: tdpbf16ps %[[RIGHT]], %[[LEFT]], %tmm
// CHECK-NOT: {{tilestored|ldtilecfg|tilezero}}
// CHECK: tilestored
// CHECK-NOT: {{tileloadd|tdpbf16ps|ldtilecfg}}
// CHECK: tilerelease
// CHECK-NEXT: {{popq|vzeroupper|retq|addq|leaq}}

// The rows are an argument; tiles are configured where they are known.
// CHECK: <matrix_1x3>:
// CHECK: ldtilecfg
// CHECK-COUNT-3: tilezero
// CHECK-NOT: {{tilestored|ldtilecfg|tilezero}}
// CHECK: tdpbf16ps
// CHECK-NOT: ldtilecfg
// CHECK: tilerelease

ockham.weight @w : tensor<320x96xbf16> = dense<0.5> : tensor<320x96xbf16>
func.func @forward(%x: tensor<?x?x320xbf16> {ockham.name = "x", ockham.dims = ["batch", "sequence", ""]})
    -> (tensor<?x?x96xbf16> {ockham.name = "y", ockham.dims = ["batch", "sequence", ""]})
    attributes {ockham.entry = "forward"} {
  %w = ockham.load_weight @w : tensor<320x96xbf16>
  %y = tfm.linear %x, %w : tensor<?x?x320xbf16>, tensor<320x96xbf16> -> tensor<?x?x96xbf16>
  return %y : tensor<?x?x96xbf16>
}
