//===- ModelABI.h - What a compiled model is, version 1 -----------*- C -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A compiled model is a shared library that exports one symbol,
// `ockham_model_query`. It returns a table of entry points with signatures,
// of weights and of per-session state. The model knows nothing of the machine
// but the host table that it is given with every call: threads, memory and
// messages are the caller's. It depends on no C++ library, no OpenMP, no CUDA
// library and no global constructor.
//
// The header stands alone (C99) so that a model can be written by hand; see
// test/Runtime/handwritten-model.c.
//
// Conventions
//   * All tensors that cross this interface are dense and row-major.
//   * Extents are counted in elements, sizes in bytes.
//   * Pointers in the tables live as long as the library is loaded.
//   * A struct only ever grows at its end; `struct_bytes` tells its size.
//     Structs without that field lie in arrays and change with the version
//     only.
//   * A symbol names one extent: equal symbols in the inputs and outputs of one
//     call have equal extents. Symbols of state are bound when a session is
//     created and hold for all its calls; a cache that is longer than the
//     sequences of its calls has a symbol of its own, e.g. "cache_length".
//   * No function throws, exits or aborts; all report an ockham_status.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_C_MODELABI_H
#define OCKHAM_C_MODELABI_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCKHAM_ABI_VERSION 1

/// Alignment in bytes of weights, of buffers from `allocate`, of the workspace,
/// of outputs that the host allocates and of state. Inputs and the caller's own
/// output buffers are aligned to their element type only. Memory of a device
/// that the host allocates is aligned to 256 bytes.
#define OCKHAM_ALIGNMENT 64

/// Values of 64 bits in the record of a check that kernels make, and how many
/// such checks a model may have.
#define OCKHAM_CHECK_RECORD_VALUES 8
#define OCKHAM_MOST_CHECK_RECORDS 512

typedef enum ockham_status {
  OCKHAM_OK = 0,
  OCKHAM_INVALID_ARGUMENT = 1, ///< A name, type, rank, size or value is wrong.
  OCKHAM_NOT_FOUND = 2,        ///< A file, entry point or weight is missing.
  OCKHAM_OUT_OF_MEMORY = 3,
  OCKHAM_UNSUPPORTED = 4, ///< Valid, but not on this machine or device.
  OCKHAM_BAD_MODEL = 5,   ///< The library or weight file contradicts itself.
  OCKHAM_INTERNAL = 6     ///< A defect of Ockham.
} ockham_status;

typedef enum ockham_dtype {
  OCKHAM_BOOL = 1, ///< One byte, 0 or 1.
  OCKHAM_U8 = 2,
  OCKHAM_I8 = 3,
  OCKHAM_I16 = 4,
  OCKHAM_I32 = 5,
  OCKHAM_I64 = 6,
  OCKHAM_F16 = 7,
  OCKHAM_BF16 = 8,
  OCKHAM_F32 = 9,
  OCKHAM_F64 = 10,
  // Added later: a runtime that does not know them refuses the model.
  OCKHAM_U16 = 11,
  OCKHAM_U32 = 12,
  OCKHAM_U64 = 13
} ockham_dtype;

/// One dimension of a signature. Equal symbols of one entry point have equal
/// extents; the caller checks this before the call.
typedef struct ockham_dim {
  int64_t extent;     ///< >= 0 when fixed, -1 when chosen at run time.
  const char *symbol; ///< e.g. "batch"; null when fixed or without a name.
} ockham_dim;

/// Name and type of an input or output. Names are unique among the inputs and
/// among the outputs of an entry point.
typedef struct ockham_tensor_spec {
  const char *name;
  int32_t dtype; ///< ockham_dtype
  int32_t rank;
  const ockham_dim *dims; ///< rank entries
} ockham_tensor_spec;

/// A tensor in memory: dense, row-major.
typedef struct ockham_tensor {
  void *data;
  const int64_t *shape; ///< rank entries
  int32_t dtype;        ///< ockham_dtype
  int32_t rank;
} ockham_tensor;

/// How a weight without stored bytes is initialised when it is loaded, so that
/// a large model can be made where it runs.
typedef enum ockham_init_kind {
  OCKHAM_INIT_STORED = 0,  ///< Bytes are embedded or in the file beside.
  OCKHAM_INIT_NORMAL = 1,  ///< mean + std * N(0, 1), counter-based from seed.
  OCKHAM_INIT_CONSTANT = 2 ///< mean everywhere
} ockham_init_kind;

typedef struct ockham_weight_spec {
  const char *name; ///< The exporter's name, key in a safetensors file.
  int32_t dtype;    ///< ockham_dtype
  int32_t rank;
  const int64_t *shape; ///< Logical shape, rank entries.
  /// "row-major", or "panels<W[, interleave = I][, transposed]>": panels of W
  /// columns, in which I rows (1) lie together, column by column; of the
  /// transpose if it says so. What lacks to whole panels and rows is zero.
  const char *layout;
  uint64_t offset; ///< Of the stored bytes from `weight_data`, a multiple
                   ///< of OCKHAM_ALIGNMENT; unused with a weight file.
  uint64_t bytes;  ///< Size of the stored bytes in this layout.
  int32_t init;    ///< ockham_init_kind
  int32_t reserved;
  double mean, std; ///< For init != STORED.
  uint64_t seed;
} ockham_weight_spec;

typedef enum ockham_state_kind {
  OCKHAM_STATE_CACHE = 0,     ///< Keys, values, running sums; zero at start.
  OCKHAM_STATE_PARAMETER = 1, ///< Trained; starts as a copy of a weight.
  OCKHAM_STATE_MOMENT = 2,    ///< Of an optimizer; zero at start.
  OCKHAM_STATE_COUNTER = 3    ///< Steps or tokens seen; zero at start.
} ockham_state_kind;

/// A tensor that a session keeps between calls. Dynamic extents are bound when
/// the session is created.
typedef struct ockham_state_spec {
  ockham_tensor_spec tensor;
  int32_t kind;   ///< ockham_state_kind
  int32_t weight; ///< Index of the weight it starts from, or -1 for zeros.
} ockham_state_spec;

/// Body of a parallel loop: iterations [begin, end), run by `worker`
/// (0 <= worker < worker_count of the host).
typedef void (*ockham_loop_body)(void *argument, int64_t begin, int64_t end,
                                 int32_t worker);

/// What the model may ask of its host. `context` is the call's.
typedef struct ockham_host {
  uint32_t struct_bytes;
  uint32_t abi_version;

  /// Number of workers that parallel_for uses at most.
  int32_t (*worker_count)(void *context);

  /// Runs `body` over [0, count) in pieces of at least `grain` iterations and
  /// returns when all are done. Pieces may run in any order, at the same time.
  /// A nested call runs on the calling thread as one piece, with the `worker`
  /// of the piece that makes it.
  void (*parallel_for)(void *context, int64_t count, int64_t grain,
                       ockham_loop_body body, void *argument);

  /// Runs `body` once on each of `workers` threads that exist at the same time
  /// (begin = worker, end = worker + 1). Returns an ockham_status: fails,
  /// without running `body`, if `workers` is more than worker_count, or more
  /// than 1 in a nested call.
  int32_t (*run_team)(void *context, int32_t workers, ockham_loop_body body,
                      void *argument);

  /// Waits for all threads of the team; returns at once outside run_team.
  void (*barrier)(void *context);

  /// Memory of OCKHAM_ALIGNMENT, not initialised, that lives until `release`
  /// or the end of the call. Null when there is none left; the host has then
  /// recorded why, and the model returns OCKHAM_OUT_OF_MEMORY. Both may be
  /// called by any worker.
  void *(*allocate)(void *context, uint64_t bytes);
  void (*release)(void *context, void *memory);

  /// Memory for output `index` of this call, now that its shape is known
  /// (`rank` extents). It is the caller's own buffer where one was given. The
  /// model asks for every output of the entry point; asking again with the same
  /// shape gives the same memory. Null when there is no memory or the caller's
  /// buffer does not fit; the host has then recorded why, and the model returns
  /// OCKHAM_INVALID_ARGUMENT.
  void *(*output)(void *context, int32_t index, int32_t rank,
                  const int64_t *shape);

  /// Records why a call fails; the model then returns `status`. The first
  /// record of a call is the one that is reported. Each `{}` in the message
  /// stands for the next of `value_count` values, which the host writes in its
  /// place: a model has no formatting of its own.
  void (*fail)(void *context, int32_t status, const char *message,
               const int64_t *values, int32_t value_count);

  /// Launches kernel `kernel` of the model's table with `arguments`
  /// (argument_count pointers, one to the value of each parameter, read before
  /// it returns) over a grid of blocks, on the call's stream. A grid without
  /// blocks is no launch. Returns an ockham_status; when it fails, the host has
  /// recorded why. Null on hosts without a device.
  int32_t (*launch)(void *context, int32_t kernel, const uint32_t grid[3],
                    const uint32_t block[3], uint32_t shared_bytes,
                    void **arguments, int32_t argument_count);

  // Hosts whose `struct_bytes` end here have none of the following. Those of a
  // model for a device do.

  /// Copies `bytes` within the memory of the device, on the call's stream. The
  /// two places do not overlap. Returns as `launch` does.
  int32_t (*device_copy)(void *context, void *to, const void *from,
                         uint64_t bytes);

  /// Fills `bytes` of the memory of the device with a pattern of `width` bytes,
  /// 1 or 4, of which both are multiples, on the call's stream. Returns as
  /// `launch` does.
  int32_t (*device_fill)(void *context, void *to, uint32_t pattern,
                         int32_t width, uint64_t bytes);

  /// Waits until all that the call has enqueued is done, and copies `bytes` of
  /// the device's memory to `to`, which is the host's. Returns as `launch`
  /// does.
  int32_t (*device_read)(void *context, void *to, const void *from,
                         uint64_t bytes);

  /// A record on the device of OCKHAM_CHECK_RECORD_VALUES int64_t, for a check
  /// whose condition is known on the device alone. Where the check fails and
  /// the first value is 0, a kernel sets those behind it to the `value_count`
  /// values of `message`, and the first one to 1. The call, or where it does
  /// not wait a later one, then fails with `status` and the message, as `fail`
  /// says; what the call has enqueued runs all the same, and must not reach
  /// beyond its memory. Equal pointers to a message, which live as long as the
  /// library, give equal records. Null where it fails, for which the host has
  /// recorded why; the model returns OCKHAM_UNSUPPORTED.
  int64_t *(*device_check)(void *context, int32_t status, const char *message,
                           int32_t value_count);

  /// What the call enqueues from here on belongs to the branch of that number,
  /// from 0 on: it depends on what came before the first branch, but not on
  /// other branches, with which it may run side by side. -1 ends all branches:
  /// what follows comes after them, and so does what waits. Returns as `launch`
  /// does.
  int32_t (*device_branch)(void *context, int32_t branch);
} ockham_host;

/// One call of an entry point.
typedef struct ockham_call {
  uint32_t struct_bytes;
  uint32_t reserved;
  void *context;               ///< Handed back to the host's functions.
  const ockham_tensor *inputs; ///< In the order of the entry's signature.
  const void *const *weights;  ///< One pointer per weight of the model.
  const ockham_tensor *states; ///< One per state of the model, in place.
  void *workspace;             ///< workspace_bytes of scratch memory, or null.
  uint64_t workspace_bytes;
  void *stream; ///< Of the session's device, a CUstream; null on the CPU.
} ockham_call;

typedef enum ockham_entry_kind {
  OCKHAM_ENTRY_FORWARD = 0, ///< Inputs to outputs, no state touched.
  OCKHAM_ENTRY_PREFILL = 1, ///< Fills the cache from a prompt.
  OCKHAM_ENTRY_DECODE = 2,  ///< One more token per sequence, cache in place.
  OCKHAM_ENTRY_LOSS = 3,
  OCKHAM_ENTRY_TRAIN_STEP = 4, ///< Loss, gradients, parameter update.
  OCKHAM_ENTRY_OTHER = 5
} ockham_entry_kind;

typedef struct ockham_entry {
  const char *name;
  int32_t kind; ///< ockham_entry_kind
  int32_t input_count;
  int32_t output_count;
  int32_t reserved;
  const ockham_tensor_spec *inputs;
  const ockham_tensor_spec *outputs;

  /// Bytes of workspace that `run` needs for inputs and states of these shapes
  /// (their data may be null) and this many workers; UINT64_MAX when that
  /// cannot be counted. Null when the entry takes its memory from the host's
  /// `allocate` alone.
  uint64_t (*workspace_bytes)(const ockham_tensor *inputs,
                              const ockham_tensor *states, int32_t workers);

  /// Runs the entry point. Reentrant: calls with different `call`s may run at
  /// the same time. The caller has checked types, ranks and fixed and symbolic
  /// extents of the inputs against the signature.
  int32_t (*run)(const ockham_host *host, const ockham_call *call);
} ockham_entry;

/// A kernel of a model for a device. Calls name it by its number in the table.
typedef struct ockham_kernel {
  const char *name;      ///< Its symbol in all of the model's images.
  uint32_t block[3];     ///< Threads of a block, as it was compiled for.
  uint32_t shared_bytes; ///< Most dynamic shared memory that it is launched
                         ///< with.
  int32_t parameter_count;
  int32_t reserved;
} ockham_kernel;

typedef enum ockham_image_kind {
  OCKHAM_IMAGE_BITCODE = 1, ///< LLVM bitcode for NVPTX in LLVM's wrapper, which
                            ///< says how long it is: what the PTX was made of.
  OCKHAM_IMAGE_PTX = 2,     ///< Text with a closing zero, which counts.
  OCKHAM_IMAGE_CUBIN = 3,
  OCKHAM_IMAGE_FATBIN = 4
} ockham_image_kind;

/// The code of all kernels in one form. PTX runs on its architecture and later
/// ones, a cubin on later minor versions of its own; on no other, where its
/// name ends with a letter.
typedef struct ockham_device_image {
  int32_t kind; ///< ockham_image_kind
  int32_t reserved;
  const char *arch; ///< e.g. "sm_80", "sm_90a"
  const void *data;
  uint64_t bytes;
} ockham_device_image;

typedef struct ockham_model {
  uint32_t struct_bytes;
  uint32_t abi_version; ///< Version that this table follows.
  const char *name;
  const char *target;   ///< "cpu" or "cuda"
  const char *features; ///< Instruction sets the code was generated for, e.g.
                        ///< "x86-64 avx512f avx512vl"; needed where it runs.
                        ///< Names as in /proc/cpuinfo, separated by spaces.
  const char *producer; ///< Compiler and version.
  const char *options;  ///< Compiler options, as given.
  int32_t entry_count;
  int32_t weight_count;
  int32_t state_count;
  int32_t reserved;
  const ockham_entry *entries;
  const ockham_weight_spec *weights;
  const ockham_state_spec *states;
  /// Embedded weights; null when they lie in a safetensors file beside.
  const void *weight_data;
  uint64_t weight_bytes;
  /// Name of that file, relative to the library's folder, with one tensor per
  /// stored weight, named as the weight is; null when embedded.
  const char *weight_file;
  /// The same model for machines with more instruction sets, or null. It
  /// differs in `features`, in the functions of its entry points and in this
  /// pointer: its weights and signatures are those of this table. A host that
  /// goes along the chain takes the last table whose features it has; one that
  /// does not is right, but slow. Tables that end before this field have none.
  const struct ockham_model *faster;
  /// For the target "cuda": kernels, and their code for one or more devices.
  /// The inputs, outputs, weights, states and the workspace of calls are then
  /// memory of the device, which the functions of the table never read. Tables
  /// that end before these fields have none.
  int32_t kernel_count;
  int32_t image_count;
  const ockham_kernel *kernels;
  const ockham_device_image *images;
} ockham_model;

/// The one exported symbol. Returns null when the model's table is of a newer
/// version than `max_version`.
const ockham_model *ockham_model_query(uint32_t max_version);
typedef const ockham_model *(*ockham_model_query_fn)(uint32_t max_version);

#ifdef __cplusplus
}
#endif

#endif // OCKHAM_C_MODELABI_H
