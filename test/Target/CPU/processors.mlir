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
