// Whatever instructions a processor's code may contain are named in the model.
// RUN: ockham compile %s --passes canonicalize --cpu sapphirerapids -o %t.so --quiet
// RUN: grep -a -o 'pni .*avx512_fp16' %t.so | FileCheck %s
// CHECK: abm movbe avx avx2 fma {{.*}}avx_vnni {{.*}}avx512_bf16 avx512_fp16
// RUN: not ockham compile %s --passes canonicalize --cpu i386 -o %t.no 2>&1 | FileCheck %s --check-prefix=OLD
// OLD: ockham: error: processor 'i386' has 32 bits; expected one with 64
func.func @forward(%x: tensor<?xf32>) -> tensor<?xf32> attributes {ockham.entry = "forward"} {
  %0 = onnx.Add %x, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
// Instruction sets besides are named in the model, too; those for bf16 only
// where something is multiplied by them (amx-code.mlir).
// RUN: ockham compile %s --passes canonicalize --cpu x86-64-v3+gfni+f16c -o %t.so --quiet
// RUN: grep -a -o 'pni .*gfni' %t.so
// RUN: ockham compile %s --passes canonicalize --cpu x86-64-v4+avx512bf16+amx-tile+amx-bf16 -o %t.so --quiet
// RUN: grep -a -o 'pni .*avx512vl[^a-z]*' %t.so
// RUN: not grep -a 'avx512_bf16\|amx_tile' %t.so
// RUN: not ockham compile %s --passes canonicalize --cpu x86-64-v4+avx512bf17 -o %t.no 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: ockham: error: unknown instruction set 'avx512bf17' in 'x86-64-v4+avx512bf17'; expected LLVM's names, e.g. 'avx512bf16' or 'amx-bf16'
// RUN: not ockham compile %s --passes canonicalize --cpu x86-64-v3+amx-bf16 -o %t.no 2>&1 | FileCheck %s --check-prefix=NARROW
// NARROW: ockham: error: 'x86-64-v3+amx-bf16' has instructions for bf16 but no AVX-512, which they are used with; expected e.g. 'x86-64-v4+amx-bf16'
