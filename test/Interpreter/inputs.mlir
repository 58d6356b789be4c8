// Inputs from .npy files: types, orders, damage; mistakes in names and shapes.

// RUN: %python %S/write_arrays.py %t

func.func @forward(%ids: tensor<?x?xi64> {ockham.name = "input_ids", ockham.dims = ["batch", "sequence"]},
                   %mask: tensor<?x?xi1> {ockham.name = "mask", ockham.dims = ["batch", "sequence"]})
    -> (tensor<?x?xi64> {ockham.name = "out", ockham.dims = ["batch", "sequence"]}) {
  %zero = onnx.Constant dense<0> : tensor<i64>
  %y = onnx.Where %mask, %ids, %zero : (tensor<?x?xi1>, tensor<?x?xi64>, tensor<i64>) -> tensor<?x?xi64>
  return %y : tensor<?x?xi64>
}

// RUN: ockham-interpret %s --input input_ids=%t/int64.npy --input mask=%t/bool.npy | FileCheck %s
// CHECK{LITERAL}: out: int64 [2, 3] = [[0, 1, 2], [3, 4, 5]]

// RUN: not ockham-interpret %s --input input_ids=%t/int64.npy 2>&1 | FileCheck %s --check-prefix MISSING
// MISSING: error: input 'mask' is missing
// RUN: not ockham-interpret %s --input ids=%t/int64.npy 2>&1 | FileCheck %s --check-prefix NAME
// NAME: error: there is no input 'ids'
// RUN: not ockham-interpret %s --input input_ids=%t/int32.npy --input mask=%t/bool.npy 2>&1 | FileCheck %s --check-prefix TYPE
// TYPE: error: input 'input_ids' is int32 [2, 3], expected int64 [batch, sequence]
// RUN: not ockham-interpret %s --input input_ids=%t/int64.npy --input mask=%t/mask-2.npy 2>&1 | FileCheck %s --check-prefix RANK
// RANK: error: input 'mask' is bool [2], expected bool [batch, sequence]
// RUN: not ockham-interpret %s --input input_ids=%t/int64.npy --input mask=%t/mask-2x4.npy 2>&1 | FileCheck %s --check-prefix DIMS
// DIMS: error: 'sequence' is 3 in dimension 1 of input 'input_ids' but 4 in dimension 1 of input 'mask'
// RUN: not ockham-interpret %s --input input_ids=%t/int64.npy --input mask=%t/bool.npy --output put=%t/y.npy 2>&1 | FileCheck %s --check-prefix OUTPUT
// OUTPUT: error: there is no output 'put'

func.func @broken(%x: tensor<2x?xi64> {ockham.dims = ["", "n"]})
    -> (tensor<?xi64> {ockham.name = "row", ockham.dims = ["n"]}) {
  %zero = onnx.Constant dense<0> : tensor<i64>
  %y = onnx.Gather %x, %zero {axis = 1} : (tensor<2x?xi64>, tensor<i64>) -> tensor<2xi64>
  %z = tensor.cast %y : tensor<2xi64> to tensor<?xi64>
  return %z : tensor<?xi64>
}

// RUN: not ockham-interpret %s --entry broken --input arg0=%t/int64.npy 2>&1 | FileCheck %s --check-prefix RESULT
// RESULT: error: 'n' is 3 in dimension 1 of input 'arg0' but 2 in dimension 0 of output 'row'
// RUN: not ockham-interpret %s --entry broken --input arg0=%t/fortran.npy 2>&1 | FileCheck %s --check-prefix STATIC
// STATIC: error: input 'arg0' is int64 [2, 3, 4], expected int64 [2, n]

// Every element type, in both byte orders, through a file and back.
func.func @types(%b: tensor<2x3xi1>, %u8: tensor<2x3xui8>, %i8: tensor<2x3xi8>,
                 %i16: tensor<2x3xi16>, %i32: tensor<2x3xi32>, %f16: tensor<2x3xf16>,
                 %f32: tensor<2x3xf32>, %f64: tensor<2x3xf64>, %bf16: tensor<2xbf16>,
                 %fortran: tensor<2x3x4xi64>, %scalar: tensor<f32>, %empty: tensor<0x3xf32>)
    -> (tensor<2x3xi1>, tensor<2x3xui8>, tensor<2x3xi8>, tensor<2x3xi16>, tensor<2x3xi32>,
        tensor<2x3xf16>, tensor<2x3xf32>, tensor<2x3xf64>, tensor<2xbf16>, tensor<2x3x4xi64>,
        tensor<f32>, tensor<0x3xf32>) {
  return %b, %u8, %i8, %i16, %i32, %f16, %f32, %f64, %bf16, %fortran, %scalar, %empty
      : tensor<2x3xi1>, tensor<2x3xui8>, tensor<2x3xi8>, tensor<2x3xi16>, tensor<2x3xi32>,
        tensor<2x3xf16>, tensor<2x3xf32>, tensor<2x3xf64>, tensor<2xbf16>, tensor<2x3x4xi64>,
        tensor<f32>, tensor<0x3xf32>
}

// RUN: ockham-interpret %s --entry types --input arg0=%t/bool.npy --input arg1=%t/uint8.npy \
// RUN:   --input arg2=%t/int8.npy --input arg3=%t/int16.npy --input arg4=%t/int32.npy \
// RUN:   --input arg5=%t/float16.npy --input arg6=%t/float32.npy --input arg7=%t/float64.npy \
// RUN:   --input arg8=%t/bfloat16.npy --input arg9=%t/fortran.npy --input arg10=%t/scalar.npy \
// RUN:   --input arg11=%t/empty.npy | FileCheck %s --check-prefix TYPES
// RUN: ockham-interpret %s --entry types --input arg0=%t/bool-swapped.npy --input arg1=%t/uint8-swapped.npy \
// RUN:   --input arg2=%t/int8-swapped.npy --input arg3=%t/int16-swapped.npy --input arg4=%t/int32-swapped.npy \
// RUN:   --input arg5=%t/float16-swapped.npy --input arg6=%t/float32-swapped.npy --input arg7=%t/float64-swapped.npy \
// RUN:   --input arg8=%t/bfloat16.npy --input arg9=%t/fortran.npy --input arg10=%t/scalar.npy \
// RUN:   --input arg11=%t/empty.npy | FileCheck %s --check-prefix TYPES
// TYPES{LITERAL}: bool [2, 3] = [[false, true, true], [true, true, true]]
// TYPES{LITERAL}: uint8 [2, 3] = [[0, 1, 2], [3, 4, 5]]
// TYPES{LITERAL}: int8 [2, 3] = [[0, 1, 2], [3, 4, 5]]
// TYPES{LITERAL}: int16 [2, 3] = [[0, 1, 2], [3, 4, 5]]
// TYPES{LITERAL}: int32 [2, 3] = [[0, 1, 2], [3, 4, 5]]
// TYPES{LITERAL}: float16 [2, 3] = [[0, 1, 2], [3, 4, 5]]
// TYPES{LITERAL}: float32 [2, 3] = [[0, 1, 2], [3, 4, 5]]
// TYPES{LITERAL}: float64 [2, 3] = [[0, 1, 2], [3, 4, 5]]
// TYPES{LITERAL}: bfloat16 [2] = [1, 0.333984]
// TYPES{LITERAL}: int64 [2, 3, 4] = [[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]], [[12, 13, 14, 15],
// TYPES{LITERAL}: float32 [] = 2.5
// TYPES{LITERAL}: float32 [0, 3] = [] of shape [0, 3]

// NumPy reads what is written.
// RUN: ockham-interpret %s --input input_ids=%t/int64.npy --input mask=%t/bool.npy --output out=%t/y.npy
// RUN: %python -c "import numpy, sys; a = numpy.load(sys.argv[1]); print(a.dtype, a.tolist())" %t/y.npy | FileCheck %s --check-prefix WRITTEN
// WRITTEN{LITERAL}: int64 [[0, 1, 2], [3, 4, 5]]
// RUN: not ockham-interpret %s --input input_ids=%t/int64.npy --input mask=%t/bool.npy --output out=%t/none/y.npy 2>&1 | FileCheck %s --check-prefix FOLDER
// FOLDER: none/y.npy: cannot create: No such file or directory

func.func @one(%x: tensor<?xf32>) { return }

// RUN: not ockham-interpret %s --entry one --input arg0=%t/absent.npy 2>&1 | FileCheck %s --check-prefix ABSENT
// ABSENT: absent.npy: cannot open: No such file or directory
// RUN: not ockham-interpret %s --entry one --input arg0=%t/nothing.npy 2>&1 | FileCheck %s --check-prefix NOTHING
// NOTHING: nothing.npy: the file is empty, expected a .npy array
// RUN: not ockham-interpret %s --entry one --input arg0=%t/text.npy 2>&1 | FileCheck %s --check-prefix TEXT
// TEXT: text.npy: not a .npy file
// RUN: not ockham-interpret %s --entry one --input arg0=%t/archive.npy 2>&1 | FileCheck %s --check-prefix ARCHIVE
// ARCHIVE: archive.npy: this is a .npz archive, expected a single .npy array
// RUN: not ockham-interpret %s --entry one --input arg0=%t/cut-magic.npy 2>&1 | FileCheck %s --check-prefix CUTMAGIC
// CUTMAGIC: cut-magic.npy: the file is cut off after 8 bytes, within the header
// RUN: not ockham-interpret %s --entry one --input arg0=%t/cut-header.npy 2>&1 | FileCheck %s --check-prefix CUTHEADER
// CUTHEADER: cut-header.npy: the file is cut off after 60 bytes; its header ends at 128
// RUN: not ockham-interpret %s --entry one --input arg0=%t/cut-data.npy 2>&1 | FileCheck %s --check-prefix CUTDATA
// CUTDATA: cut-data.npy: an array of shape [2, 3] and type '<i8' has 48 bytes, the file has 43
// RUN: not ockham-interpret %s --entry one --input arg0=%t/long.npy 2>&1 | FileCheck %s --check-prefix LONG
// LONG: long.npy: an array of shape [2, 3] and type '<i8' has 48 bytes, the file has 49
// RUN: not ockham-interpret %s --entry one --input arg0=%t/version.npy 2>&1 | FileCheck %s --check-prefix VERSION
// VERSION: version.npy: .npy version 9 is not supported, expected 1 to 3
// RUN: not ockham-interpret %s --entry one --input arg0=%t/bad-shape.npy 2>&1 | FileCheck %s --check-prefix BADSHAPE
// BADSHAPE: bad-shape.npy: cannot understand the header: {'descr': '<i8', 'fortran_order': False, 'shape': (2, -), }
// RUN: not ockham-interpret %s --entry one --input arg0=%t/no-shape.npy 2>&1 | FileCheck %s --check-prefix NOSHAPE
// NOSHAPE: no-shape.npy: cannot understand the header
// RUN: not ockham-interpret %s --entry one --input arg0=%t/too-large.npy 2>&1 | FileCheck %s --check-prefix TOOLARGE
// TOOLARGE: too-large.npy: shape [99999999999, 99999999999] is too large
// RUN: not ockham-interpret %s --entry one --input arg0=%t/complex.npy 2>&1 | FileCheck %s --check-prefix COMPLEX
// COMPLEX: complex.npy: element type '<c8' is not supported
// RUN: not ockham-interpret %s --entry one --input arg0=%t/object.npy 2>&1 | FileCheck %s --check-prefix OBJECT
// OBJECT: object.npy: element type '|O' is not supported
