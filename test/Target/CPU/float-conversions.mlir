// Processors that cannot convert f16 and bf16 would call the compiler's runtime
// library, which a process that loads a model may lack: the conversions are in
// the model. Bit for bit those of the interpreter.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: %python %S/Inputs/make_numbers.py
// RUN: ockham run --interpret %s --input x=f32.npy --input y=f64.npy --output a=a.npy --output b=b.npy --output c=c.npy --output d=d.npy
// RUN: ockham compile %s --passes canonicalize --cpu baseline -o model.so --quiet
// RUN: ockham run model.so --input x=f32.npy --input y=f64.npy --output a=a2.npy --output b=b2.npy --output c=c2.npy --output d=d2.npy
// RUN: cmp a.npy a2.npy && cmp b.npy b2.npy && cmp c.npy c2.npy && cmp d.npy d2.npy

// RUN: llvm-nm -D --undefined-only model.so | FileCheck %s --check-prefix=CALLS --allow-empty
// CALLS-NOT: {{trunc|extend}}
// RUN: llvm-nm -D --defined-only model.so | FileCheck %s --check-prefix=EXPORTS
// EXPORTS-NOT: {{trunc|extend}}
func.func @forward(%x: tensor<?xf32> {ockham.name = "x"}, %y: tensor<?xf64> {ockham.name = "y"})
    -> (tensor<?xf32> {ockham.name = "a"}, tensor<?xf32> {ockham.name = "b"},
        tensor<?xf32> {ockham.name = "c"}, tensor<?xf32> {ockham.name = "d"})
    attributes {ockham.entry = "forward"} {
  %0 = onnx.Cast %x : (tensor<?xf32>) -> tensor<?xf16>
  %1 = onnx.Cast %0 : (tensor<?xf16>) -> tensor<?xf32>
  %2 = onnx.Cast %x : (tensor<?xf32>) -> tensor<?xbf16>
  %3 = onnx.Cast %2 : (tensor<?xbf16>) -> tensor<?xf32>
  %4 = onnx.Cast %y : (tensor<?xf64>) -> tensor<?xf16>
  %5 = onnx.Cast %4 : (tensor<?xf16>) -> tensor<?xf32>
  %6 = onnx.Cast %y : (tensor<?xf64>) -> tensor<?xbf16>
  %7 = onnx.Cast %6 : (tensor<?xbf16>) -> tensor<?xf32>
  return %1, %3, %5, %7 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}
