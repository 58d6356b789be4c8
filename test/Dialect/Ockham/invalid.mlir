// RUN: ockham-opt %s -verify-diagnostics -split-input-file

// expected-error @+1 {{'ockham.weight' op has both a value and an initialisation recipe}}
ockham.weight @w : tensor<2xf32> = dense<1.0> : tensor<2xf32> init #ockham.normal<mean = 0.0 : f64, std = 1.0 : f64, seed = 1>

// -----

// expected-error @+1 {{has type 'tensor<2xf32>' but its value has type 'tensor<3xf32>'}}
ockham.weight @w : tensor<2xf32> = dense<1.0> : tensor<3xf32>

// -----

// expected-error @+1 {{of type 'tensor<3xf32>' needs 12 bytes but its resource 'blob' has 8}}
ockham.weight @w : tensor<3xf32> = dense_resource<blob> : tensor<3xf32>

{-#
  dialect_resources: {
    builtin: {
      blob: "0x040000000000803F00000040"
    }
  }
#-}

// -----

// expected-error @+1 {{has a normal recipe but element type 'i64', expected a float type}}
ockham.weight @w : tensor<2xi64> init #ockham.normal<mean = 0.0 : f64, std = 1.0 : f64, seed = 1>

// -----

func.func @load() {
  // expected-error @+1 {{names '@w', which is not an ockham.weight}}
  %w = ockham.load_weight @w : tensor<2xf32>
  return
}

// -----

// expected-note @+1 {{the weight is declared here}}
ockham.weight @w : tensor<2xf32> = dense<1.0> : tensor<2xf32>
func.func @load() {
  // expected-error @+1 {{has type 'tensor<3xf32>' but the weight has type 'tensor<2xf32>'}}
  %w = ockham.load_weight @w : tensor<3xf32>
  return
}

// -----

func.func @check(%ok: i1, %n: index) {
  // expected-error @+1 {{message has 2 places for values but there are 1 values}}
  ockham.check %ok, "{} of {}"(%n) : index
  return
}

// -----

func.func @parallel_for(%n: index) {
  // expected-error @+1 {{names '@body', which is not a function}}
  ockham.parallel_for @body count %n grain %n
  return
}

// -----

func.func private @body(index, index, memref<4xf32>)
func.func @parallel_for(%n: index) {
  // expected-error @+1 {{passes 0 captures and two indices but '@body' takes 3 arguments}}
  ockham.parallel_for @body count %n grain %n
  return
}

// -----

func.func private @body(index, index, memref<4xf32>)
func.func @parallel_for(%n: index) {
  // expected-error @+1 {{capture #0 has type 'index' but '@body' takes 'memref<4xf32>'}}
  ockham.parallel_for @body count %n grain %n (%n : index)
  return
}

// -----

// expected-error @+1 {{has 'ockham.entry' = "train", expected one of "forward", "prefill"}}
func.func @entry() attributes {ockham.entry = "train"} {
  return
}

// -----

// expected-error @+1 {{carries 'ockham.entry', which belongs on a function}}
module attributes {ockham.entry = "forward"} {
}

// -----

// expected-error @+1 {{argument #0 has 'ockham.name' = 1 : i64, expected a string}}
func.func @name(%x: tensor<2xf32> {ockham.name = 1}) {
  return
}

// -----

// expected-error @+1 {{argument #0 has rank 2 but 'ockham.dims' names 1 dimensions}}
func.func @dims(%x: tensor<?x?xf32> {ockham.dims = ["batch"]}) {
  return
}

// -----

// expected-error @+1 {{result #0 has 'ockham.dims' = "batch", expected an array of strings}}
func.func @dims(%x: tensor<?xf32>) -> (tensor<?xf32> {ockham.dims = "batch"}) {
  return %x : tensor<?xf32>
}

// -----

func.func @body(%begin: index, %end: f32) { return }
func.func @parallel(%n: index) {
  // expected-error @+1 {{passes two indices but '@body' takes 'f32'}}
  ockham.parallel_for @body count %n grain %n
  return
}

// -----

func.func @body(%begin: index, %end: index) -> index { return %begin : index }
func.func @parallel(%n: index) {
  // expected-error @+1 {{expects a function without results but '@body' has 1}}
  ockham.parallel_for @body count %n grain %n
  return
}

// -----

func.func @allocate() {
  // expected-error @+1 {{has 0 sizes but 'memref<?x4xf32>' has 1 dynamic dimensions}}
  %0 = ockham.allocate() : memref<?x4xf32>
  return
}

// -----

func.func @output(%n: index) {
  // expected-error @+1 {{has 2 sizes but 'memref<?x4xf32>' has 1 dynamic dimensions}}
  %0 = ockham.output 0 (%n, %n) : memref<?x4xf32>
  return
}

// -----

func.func @output(%n: index) {
  // expected-error @+1 {{has index -1, expected 0 or more}}
  %0 = ockham.output -1 (%n) : memref<?x4xf32>
  return
}

// -----

// expected-error @+1 {{has type 'tensor<2x3xf32>' but its value has type 'tensor<2x3xf32>', expected 'tensor<2x2x2xf32>' in layout 'panels<2>'}}
ockham.weight @w : tensor<2x3xf32> layout "panels<2>" = dense<1.0> : tensor<2x3xf32>

// -----

// expected-note @+1 {{the weight is declared here}}
ockham.weight @w : tensor<2x3xf32> layout "panels<2>" = dense<1.0> : tensor<2x2x2xf32>
func.func @f() {
  // expected-error @+1 {{has type 'tensor<2x3xf32>' but the weight has type 'tensor<2x2x2xf32>'}}
  %w = ockham.load_weight @w : tensor<2x3xf32>
  return
}

// -----

func.func @byte_count(%n: index) {
  // expected-error @+1 {{has 1 sizes but 'memref<?x?xf32>' has 2 dynamic dimensions}}
  %0 = ockham.byte_count(%n) : memref<?x?xf32>
  return
}

// -----

func.func @byte_count(%n: index) {
  // expected-error @+1 {{counts the bytes of 'memref<?xf32, strided<[2]>>', expected a dense row-major type}}
  %0 = ockham.byte_count(%n) : memref<?xf32, strided<[2]>>
  return
}

// -----

func.func @workspace(%n: index) {
  // expected-error @+1 {{has type 'memref<16xi8>', expected memref<?xi8>}}
  %0 = ockham.workspace(%n) : memref<16xi8>
  return
}

// -----

// expected-error @+1 {{carries 'ockham.workspace', which belongs on an entry point}}
func.func @no_entry() attributes {ockham.workspace = @count} {
  return
}

// -----

// expected-error @+1 {{has 'ockham.workspace' = "count", expected the name of a function, e.g. @forward_workspace}}
func.func @forward() attributes {ockham.entry = "forward", ockham.workspace = "count"} {
  return
}

// -----

func.func @values() {
  // expected-error @+1 {{message has 1 places for values but says that there are 2}}
  %0 = ockham.check_record "id {}" values 2 : memref<8xi64>
  return
}

// -----

func.func @record() {
  // expected-error @+1 {{gives a record of type 'memref<4xi64>', expected 8 integers of 64 bits without gaps}}
  %0 = ockham.check_record "id {}" values 1 : memref<4xi64>
  return
}

// -----

func.func @room() {
  // expected-error @+1 {{has 8 values, but a record has room for 7}}
  %0 = ockham.check_record "{}{}{}{}{}{}{}{}" values 8 : memref<8xi64>
  return
}
