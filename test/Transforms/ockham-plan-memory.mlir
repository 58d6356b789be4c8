// RUN: ockham-opt %s -split-input-file -ockham-plan-memory -canonicalize -cse -verify-diagnostics | FileCheck %s
// RUN: ockham-opt %s -split-input-file -ockham-plan-memory=print -o /dev/null -verify-diagnostics 2>&1 | FileCheck %s --check-prefix=TABLE

// A view is in use where what it shows is; when that is over its memory is free.

// TABLE:      memory plan of 'views': 3 buffers in an arena of 6144*n bytes
// TABLE-NEXT:   in use at one time: 6144*n bytes; the arena is 1.000 times that in the mean of some shapes, 1.000 times at most
// TABLE-NEXT:   buffer  bytes   offset  steps  type             made by
// TABLE-NEXT:   0       3072*n  0       0..1   memref<?x768xf32>  linalg.fill
// TABLE-NEXT:   1       3072*n  3072*n  1..2   memref<?x768xf32>  memref.copy
// TABLE-NEXT:   2       3072*n  0       2..4   memref<?x768xf32>  memref.copy

// CHECK-LABEL: func.func @views
// CHECK-SAME:      %[[X:.+]]: memref<?xf32>
// CHECK-SAME:      ockham.workspace = @views_workspace
// CHECK:         %[[N:.+]] = memref.dim %[[X]], %{{.+}}
// CHECK:         %[[SIZE:.+]] = ockham.byte_count(%[[N]]) : memref<?x768xf32>
// CHECK:         %[[TOTAL:.+]] = arith.addi %[[SIZE]], %[[SIZE]]
// CHECK:         %[[ARENA:.+]] = ockham.workspace(%[[TOTAL]]) : memref<?xi8>
// CHECK:         %[[A:.+]] = memref.view %[[ARENA]][%c0][%[[N]]] : memref<?xi8> to memref<?x768xf32>
// CHECK:         %[[B:.+]] = memref.view %[[ARENA]][%[[SIZE]]][%[[N]]]
// CHECK:         memref.copy %[[B]], %[[A]]
// CHECK-NOT:     ockham.release
// CHECK:       func.func private @views_workspace(%{{.+}}: memref<?xf32>) -> index
// CHECK:         return %{{.+}} : index
func.func @views(%x: memref<?xf32> {ockham.dims = ["n"]}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = memref.dim %x, %c0 : memref<?xf32>
  %a = ockham.allocate(%n) : memref<?x768xf32>
  %view = memref.expand_shape %a [[0], [1, 2]] output_shape [%n, 12, 64] : memref<?x768xf32> into memref<?x12x64xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<?x768xf32>)
  %b = ockham.allocate(%n) : memref<?x768xf32>
  %b2 = memref.expand_shape %b [[0], [1, 2]] output_shape [%n, 12, 64] : memref<?x768xf32> into memref<?x12x64xf32>
  memref.copy %view, %b2 : memref<?x12x64xf32> to memref<?x12x64xf32>
  ockham.release %a : memref<?x768xf32>
  %c = ockham.allocate(%n) : memref<?x768xf32>
  memref.copy %b, %c : memref<?x768xf32> to memref<?x768xf32>
  ockham.release %b : memref<?x768xf32>
  %out = ockham.output 0 (%n) : memref<?x768xf32>
  memref.copy %c, %out : memref<?x768xf32> to memref<?x768xf32>
  ockham.release %c : memref<?x768xf32>
  return
}

// -----

// Which of scores and rows is larger depends on the sequence: the last buffer
// begins where the larger one ends. Names with equal extents are one symbol.

// TABLE-LABEL: memory plan of 'crossing'
// TABLE:         0       64*s^2  0
// TABLE:         1       4096*s

// CHECK-LABEL: func.func @crossing
// CHECK-DAG:     %[[SCORES:.+]] = ockham.byte_count(%[[S:.+]], %[[S]]) : memref<16x?x?xf32>
// CHECK-DAG:     %[[ROWS:.+]] = ockham.byte_count(%[[S]]) : memref<?x1024xf32>
// CHECK:         arith.maxui
// CHECK:         ockham.workspace
func.func @crossing(%x: memref<?xf32> {ockham.dims = ["s"]}, %y: memref<?xf32> {ockham.dims = ["s"]}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %s = memref.dim %x, %c0 : memref<?xf32>
  %s2 = memref.dim %y, %c0 : memref<?xf32>
  %scores = ockham.allocate(%s, %s2) : memref<16x?x?xf32>
  linalg.fill ins(%zero : f32) outs(%scores : memref<16x?x?xf32>)
  ockham.release %scores : memref<16x?x?xf32>
  %rows = ockham.allocate(%s2) : memref<?x1024xf32>
  linalg.fill ins(%zero : f32) outs(%rows : memref<?x1024xf32>)
  ockham.release %rows : memref<?x1024xf32>
  return
}

// -----

// What a loop uses lives as long as the loop; what an iteration makes for
// itself is free in the next; what it hands on is not planned.

// TABLE-LABEL: memory plan of 'loops': 3 buffers in an arena of 192 bytes
// TABLE:         0       64     0       0..4
// TABLE:         1       64     64      1..6
// TABLE:         2       64     128     2..3

// CHECK-LABEL: func.func @loops
// CHECK:         ockham.workspace(%c192)
// CHECK:         ockham.allocate() : memref<4xf32>
// CHECK-NOT:     ockham.allocate
func.func @loops(%x: memref<16xf32>) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %outer = ockham.allocate() : memref<16xf32>
  memref.copy %x, %outer : memref<16xf32> to memref<16xf32>
  %first = ockham.allocate() : memref<4xf32>
  %last = scf.for %i = %c0 to %c9 step %c1 iter_args(%carried = %first) -> (memref<4xf32>) {
    %inner = ockham.allocate() : memref<16xf32>
    memref.copy %outer, %inner : memref<16xf32> to memref<16xf32>
    memref.copy %inner, %x : memref<16xf32> to memref<16xf32>
    ockham.release %inner : memref<16xf32>
    // expected-remark @+1 {{a buffer of type 'memref<4xf32>' comes from the host's allocate in each call: an iteration of 'scf.for' hands it to the next one}}
    %next = ockham.allocate() : memref<4xf32>
    memref.copy %carried, %next : memref<4xf32> to memref<4xf32>
    scf.yield %next : memref<4xf32>
  }
  %out = ockham.output 0 () : memref<4xf32>
  memref.copy %last, %out : memref<4xf32> to memref<4xf32>
  return
}

// -----

// The branches of a condition share memory; what leaves one lives on behind it.

// TABLE-LABEL: memory plan of 'branches': 4 buffers in an arena of 128 bytes
// TABLE:         0       64     0       2..3
// TABLE:         1       64     0       4..5
// TABLE:         2       64     [[#LEAVES:]]       7..9
// TABLE:         3       64     [[#sub(64,LEAVES)]] {{ *}}8..10

// CHECK-LABEL: func.func @branches
// CHECK:         ockham.workspace(%c128)
// CHECK-NOT:     ockham.allocate
func.func @branches(%x: memref<16xf32>, %flag: memref<i1>) attributes {ockham.entry = "forward"} {
  %bit = memref.load %flag[] : memref<i1>
  scf.if %bit {
    %then = ockham.allocate() : memref<16xf32>
    memref.copy %x, %then : memref<16xf32> to memref<16xf32>
    memref.copy %then, %x : memref<16xf32> to memref<16xf32>
  } else {
    %else = ockham.allocate() : memref<15xf32>
    %part = memref.subview %x[0] [15] [1] : memref<16xf32> to memref<15xf32, strided<[1]>>
    memref.copy %part, %else : memref<15xf32, strided<[1]>> to memref<15xf32>
    memref.copy %else, %part : memref<15xf32> to memref<15xf32, strided<[1]>>
  }
  %leaves = scf.if %bit -> (memref<16xf32>) {
    %made = ockham.allocate() : memref<16xf32>
    memref.copy %x, %made : memref<16xf32> to memref<16xf32>
    scf.yield %made : memref<16xf32>
  } else {
    scf.yield %x : memref<16xf32>
  }
  %during = ockham.allocate() : memref<16xf32>
  memref.copy %leaves, %during : memref<16xf32> to memref<16xf32>
  memref.copy %leaves, %x : memref<16xf32> to memref<16xf32>
  memref.copy %during, %x : memref<16xf32> to memref<16xf32>
  return
}

// -----

// Iterations that may run side by side: what they share is in use in all of
// them, though one op after the other uses it; what each makes is not planned.

// TABLE-LABEL: memory plan of 'parallel': 2 buffers in an arena of 128 bytes

// CHECK-LABEL: func.func @parallel
// CHECK:         ockham.workspace(%c128)
// CHECK:         scf.parallel
// CHECK:           ockham.allocate() : memref<2xf32>
func.func @parallel(%x: memref<16xf32>) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  %a = ockham.allocate() : memref<16xf32>
  %b = ockham.allocate() : memref<16xf32>
  scf.parallel (%i) = (%c0) to (%c9) step (%c1) {
    // expected-remark @+1 {{it is made in 'scf.parallel', whose iterations may run side by side}}
    %own = ockham.allocate() : memref<2xf32>
    %v = memref.load %own[%c0] : memref<2xf32>
    memref.store %v, %a[%i] : memref<16xf32>
    memref.copy %a, %x : memref<16xf32> to memref<16xf32>
    memref.copy %x, %b : memref<16xf32> to memref<16xf32>
    memref.copy %b, %x : memref<16xf32> to memref<16xf32>
    ockham.release %own : memref<2xf32>
    scf.reduce
  }
  return
}

// -----

// Nothing touches the first; nothing is left of it but its shape. The second is
// touched by nothing that stays. The third is returned.

// TABLE-LABEL: memory plan of 'dead': 2 buffers in an arena of

// CHECK-LABEL: func.func @dead
// CHECK:         %[[R:.+]] = ockham.allocate(%{{.+}}) : memref<?xf32>
// CHECK:         return %[[R]]
func.func @dead(%x: memref<?xf32>) -> memref<?xf32> attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %unused = ockham.allocate(%n) : memref<?xf32>
  %shape = memref.dim %unused, %c0 : memref<?xf32>
  ockham.release %unused : memref<?xf32>
  %view = ockham.allocate(%shape) : memref<?xf32>
  %cast = memref.cast %view : memref<?xf32> to memref<*xf32>
  // expected-remark @+1 {{comes from the host's allocate in each call: it is returned}}
  %returned = ockham.allocate(%shape) : memref<?xf32>
  return %returned : memref<?xf32>
}

// -----

// The number of elements that are not zero is not a function of the shape. What
// is made of functions of the shape is: the smaller of two extents, a quotient,
// a difference, which is checked.

// TABLE-LABEL: memory plan of 'dynamic': 3 buffers
// TABLE:         0       64*min(m, n)
// TABLE:         1       64*floordiv(n, 3)
// TABLE:         2       64*max(0, -1*m + n)

// CHECK-LABEL: func.func @dynamic
// CHECK-DAG:     %[[LESS:.+]] = arith.subi %[[N:.+]], %[[M:.+]] : index
// CHECK-DAG:     ockham.byte_count(%[[LESS]]) : memref<?x16xf32>
// CHECK:         ockham.workspace
// CHECK:         ockham.allocate(%{{.+}}) : memref<?x16xf32>
// CHECK:         %[[FINE:.+]] = arith.cmpi sge, %[[LESS]], %c0
// CHECK:         ockham.check %[[FINE]], "a tensor inside of the model would have an extent of {}, expected 0 or more"(%[[LESS]])
func.func @dynamic(%x: memref<?xf32> {ockham.dims = ["n"]}, %y: memref<?xf32> {ockham.dims = ["m"]}, %count: memref<index>) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %n = memref.dim %x, %c0 : memref<?xf32>
  %m = memref.dim %y, %c0 : memref<?xf32>
  %nonzero = memref.load %count[] : memref<index>
  // expected-remark @+1 {{an extent does not follow from the shapes of the inputs, but from 'memref.load'}}
  %data = ockham.allocate(%nonzero) : memref<?x16xf32>
  linalg.fill ins(%zero : f32) outs(%data : memref<?x16xf32>)
  ockham.release %data : memref<?x16xf32>
  %smaller = arith.minsi %m, %n : index
  %a = ockham.allocate(%smaller) : memref<?x16xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<?x16xf32>)
  %third = arith.divsi %n, %c3 : index
  %b = ockham.allocate(%third) : memref<?x16xf32>
  linalg.fill ins(%zero : f32) outs(%b : memref<?x16xf32>)
  %less = arith.subi %n, %m : index
  %c = ockham.allocate(%less) : memref<?x16xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<?x16xf32>)
  memref.copy %a, %b : memref<?x16xf32> to memref<?x16xf32>
  return
}

// -----

// 2^47 bytes and more are no size.

// CHECK-LABEL: func.func @large
// CHECK:         ockham.workspace(%c140737488355328)
func.func @large(%x: memref<16xf32>) attributes {ockham.entry = "forward"} {
  %zero = arith.constant 0.0 : f32
  %a = ockham.allocate() : memref<16777216x16777216xf32>
  linalg.fill ins(%zero : f32) outs(%a : memref<16777216x16777216xf32>)
  return
}

// -----

// Nothing to plan, and nobody's entry point.

// TABLE-LABEL: memory plan of 'none': no buffer is in the arena
// TABLE-NOT:   memory plan

// CHECK-LABEL: func.func @none
// CHECK-NOT:     ockham.workspace
// CHECK-LABEL: func.func @helper
// CHECK:         ockham.allocate
func.func @none(%x: memref<16xf32>) attributes {ockham.entry = "forward"} {
  return
}
func.func @helper(%x: memref<16xf32>) {
  %a = ockham.allocate() : memref<16xf32>
  memref.copy %x, %a : memref<16xf32> to memref<16xf32>
  return
}

// -----

// expected-error @+1 {{has an argument of type 'tensor<16xf32>', expected a buffer (bufferize first)}}
func.func @tensors(%x: tensor<16xf32>) attributes {ockham.entry = "forward"} {
  return
}

// -----

// expected-error @+1 {{has several blocks; expected structured control flow only}}
func.func @blocks(%x: memref<16xf32>) attributes {ockham.entry = "forward"} {
  cf.br ^next
^next:
  return
}

// -----

// expected-error @+1 {{has a planned workspace already}}
func.func @again(%x: memref<16xf32>) attributes {ockham.entry = "forward", ockham.workspace = @other} {
  return
}

// -----

// What is no extent is named in the table and written out below it.

// TABLE-LABEL: memory plan of 'chosen': 2 buffers in an arena of
// TABLE:         0       1024*n0
// TABLE:         1       256*ceildiv(sequence, 64)
// TABLE:       where n0 = if(sequence <= 2, 0, batch*ceildiv(sequence, 64))

// CHECK-LABEL: func.func @chosen
// CHECK-DAG:     arith.cmpi ule
// CHECK-DAG:     arith.select
// CHECK:         ockham.workspace
func.func @chosen(%x: memref<?x?xf32> {ockham.dims = ["batch", "sequence"]}) attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c63 = arith.constant 63 : index
  %c64 = arith.constant 64 : index
  %batch = memref.dim %x, %c0 : memref<?x?xf32>
  %sequence = memref.dim %x, %c1 : memref<?x?xf32>
  %more = arith.addi %sequence, %c63 : index
  %panels = arith.divui %more, %c64 : index
  %all = arith.muli %panels, %batch : index
  %few = arith.cmpi ule, %sequence, %c2 : index
  %count = arith.select %few, %c0, %all : index
  %a = ockham.allocate(%count) : memref<?x256xf32>
  %b = ockham.allocate(%panels) : memref<?x64xf32>
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%a : memref<?x256xf32>)
  linalg.fill ins(%zero : f32) outs(%b : memref<?x64xf32>)
  ockham.release %a : memref<?x256xf32>
  ockham.release %b : memref<?x64xf32>
  return
}
