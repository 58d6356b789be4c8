//===- Runtime.h - Loading and running compiled models ------------*- C -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The C API of the runtime (libockham-runtime). A *library* is a compiled model
// that has been loaded; a *session* runs it and holds its state.
//
//   ockham_library *library;
//   ockham_session *session;
//   ockham_library_load("model.so", NULL, &library);
//   ockham_session_create(library, NULL, &session);
//   int64_t shape[] = {1, 5};
//   ockham_tensor ids = {tokens, shape, OCKHAM_I64, 2};
//   ockham_argument input = {.name = "input_ids", .tensor = &ids};
//   ockham_argument output = {.name = "logits"};
//   ockham_session_run(session, "forward", &input, 1, &output, 1);
//   ... output.managed->dl_tensor ...
//   ockham_argument_release(&output);
//
// Errors: every function that can fail returns an ockham_status, never aborts
// and never throws. ockham_last_error() then says which argument is wrong, what
// was expected, what was given, and what to do.
//
// Units: sizes are in bytes, extents in elements.
//
// Threads: different sessions, also of one library, may be used from different
// threads at the same time. Calls on one session wait for each other. A library
// may be closed while it has sessions: they keep it loaded.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_C_RUNTIME_H
#define OCKHAM_C_RUNTIME_H

#include "ockham-c/DLPack.h"
#include "ockham-c/ModelABI.h"
#include <stddef.h>

#if defined(__GNUC__)
#define OCKHAM_API __attribute__((visibility("default")))
#else
#define OCKHAM_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/// A loaded model.
typedef struct ockham_library ockham_library;

/// A running model with its state, workspace and threads.
typedef struct ockham_session ockham_session;

//===----------------------------------------------------------------------===//
// Messages and names
//===----------------------------------------------------------------------===//

/// Why the latest failing call on this thread failed; "" when none has. Valid
/// until the next call into the runtime on this thread.
OCKHAM_API const char *ockham_last_error(void);

/// Newest ABI version of compiled models that this runtime loads.
OCKHAM_API uint32_t ockham_runtime_abi_version(void);

/// e.g. "out of memory"; "unknown status" for other values.
OCKHAM_API const char *ockham_status_name(int32_t status);

/// e.g. "float32", as NumPy calls it; "unknown type" for other values.
OCKHAM_API const char *ockham_dtype_name(int32_t dtype);

/// Bytes of one element; 0 for unknown types.
OCKHAM_API uint32_t ockham_dtype_bytes(int32_t dtype);

/// Writes e.g. "int64 [batch, sequence]" with a closing zero into `buffer`, cut
/// off to `size` bytes. Returns the length of the whole text without the zero.
OCKHAM_API size_t ockham_format_spec(const ockham_tensor_spec *spec,
                                     char *buffer, size_t size);

//===----------------------------------------------------------------------===//
// Libraries
//===----------------------------------------------------------------------===//

typedef struct ockham_library_options {
  uint32_t struct_bytes;   ///< sizeof(ockham_library_options)
  int32_t ignore_features; ///< 1: load even where the CPU lacks instructions
                           ///< that the model was compiled for.
} ockham_library_options;

/// Loads the compiled model at `path`. `options` may be null. On success
/// `*library` is to be closed; on failure it is null.
///
/// OCKHAM_NOT_FOUND: no such file. OCKHAM_BAD_MODEL: not a shared library, cut
/// off, not a model, or one that contradicts itself. OCKHAM_UNSUPPORTED: for
/// another CPU or a newer runtime.
OCKHAM_API ockham_status
ockham_library_load(const char *path, const ockham_library_options *options,
                    ockham_library **library);

/// Gives the library up; it is unloaded with its last session. Null is allowed.
OCKHAM_API void ockham_library_close(ockham_library *library);

/// The model's table: name, target, features, producer, options, entry points
/// with signatures, weights and states. Checked when loaded; valid until the
/// library and all its sessions are closed. Null for null.
OCKHAM_API const ockham_model *
ockham_library_model(const ockham_library *library);

/// Absolute path that the library was loaded from.
OCKHAM_API const char *ockham_library_path(const ockham_library *library);

/// Sets `*entry` to the entry point `name`. OCKHAM_NOT_FOUND: the message lists
/// the entry points that there are.
OCKHAM_API ockham_status
ockham_library_find_entry(const ockham_library *library, const char *name,
                          const ockham_entry **entry);

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

/// A named tensor that goes into or comes out of a call. Zero it, set `name`,
/// and set at most one of the others.
///
///   tensor     dense memory of the caller, borrowed for the call
///   view       DLPack without ownership, borrowed for the call
///   managed    DLPack with ownership: handed over with the call. The runtime
///   versioned  calls the deleter once before the call returns, whether it
///              succeeds or fails, and sets the field to null. A call with
///              results_on_device does not wait: then once the device is done,
///              in a later call on the session, which the deleter may use, or
///              when it is destroyed.
///
/// As an input exactly one is set. Strided and misaligned inputs are copied;
/// all others are read in place.
///
/// As an output, the one that is set is the buffer to write to; its shape must
/// be the result's. Where none is set, the runtime allocates and sets
/// `managed`, which the caller then owns (ockham_argument_release, or hand it
/// on to another library). It may outlive the session. After a failed call all
/// outputs without buffer are left without one.
typedef struct ockham_argument {
  const char *name;
  const ockham_tensor *tensor;
  const DLTensor *view;
  DLManagedTensor *managed;
  DLManagedTensorVersioned *versioned;
} ockham_argument;

/// Calls the deleter of an argument's owned tensor, if any, and forgets it.
OCKHAM_API void ockham_argument_release(ockham_argument *argument);

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

/// Extent of a dimension, e.g. {"cache_length", 1024}.
typedef struct ockham_binding {
  const char *symbol;
  int64_t extent; ///< >= 0
} ockham_binding;

typedef struct ockham_session_options {
  uint32_t struct_bytes; ///< sizeof(ockham_session_options)

  /// Threads of a call, the calling one included. 0: OCKHAM_NUM_THREADS if set,
  /// else the CPU cores that this process may use.
  int32_t threads;

  /// "cpu" for models of the target "cpu". For those of "cuda": "cuda" or
  /// "cuda:0" for the first GPU, "cuda:1" and so on, or "emulated" for the
  /// emulator (docs/emulator.md). Null for the model's target.
  const char *device;

  /// A safetensors file that replaces the model's weights; null for its own.
  /// Must hold all stored weights; weights with a recipe are taken from it
  /// where it has them.
  const char *weight_file;

  /// Extents of symbolic dimensions. Those of states must be bound; others may
  /// be, and are then fixed for all calls of the session.
  const ockham_binding *bindings;
  uint32_t binding_count;
  uint32_t reserved;

  /// Most bytes that the session may allocate: states, weights of its own,
  /// workspace and results that are not yet released. Weights that sessions
  /// share do not count. 0: no limit.
  /// On a device its memory, not that of results on the host.
  uint64_t memory_limit;

  /// 1: results that the runtime allocates stay in the memory of the device,
  /// and a call returns when it is enqueued on the session's stream. What fails
  /// on the device is then reported by a later call, by ockham_session_wait,
  /// or when a state or weight is read; borrowed tensors must live until
  /// something has waited. Sessions that use the same tensors of a device are
  /// ordered by that. Nothing changes on the CPU.
  int32_t results_on_device;
  int32_t reserved_results;
} ockham_session_options;

/// Creates a session; `options` may be null. Weights are loaded with the first
/// session and shared between the sessions of a library. Caches, moments and
/// counters start at zero, parameters as a copy of their weight.
///
/// OCKHAM_INVALID_ARGUMENT: an option is wrong, or a symbol of a state is not
/// bound. OCKHAM_NOT_FOUND, OCKHAM_BAD_MODEL: the weight file is missing or
/// does not fit. OCKHAM_OUT_OF_MEMORY. OCKHAM_UNSUPPORTED: the device.
OCKHAM_API ockham_status ockham_session_create(
    ockham_library *library, const ockham_session_options *options,
    ockham_session **session);

/// Destroys the session; null is allowed. Not while a call is running on it.
OCKHAM_API void ockham_session_destroy(ockham_session *session);

/// e.g. "cpu", "cuda:0", "emulated".
OCKHAM_API const char *ockham_session_device(const ockham_session *session);

/// The device's stream that calls run on; null on the CPU.
OCKHAM_API void *ockham_session_stream(const ockham_session *session);

/// Threads of a call, the calling one included.
OCKHAM_API int32_t ockham_session_threads(const ockham_session *session);

/// Memory of a session in bytes.
typedef struct ockham_memory {
  uint32_t struct_bytes; ///< sizeof(ockham_memory), set by the caller.
  uint32_t reserved;
  uint64_t states;         ///< Cache, parameters, moments, counters.
  uint64_t weights;        ///< Weights written in this session alone.
  uint64_t shared_weights; ///< Weights that its library holds or maps.
  uint64_t workspace;      ///< Held now between or during calls, free or used,
                           ///< with results that are not yet released.
  uint64_t workspace_used; ///< Of these, used by a call or a result.
  uint64_t peak;  ///< Most of states + weights + workspace_used so far.
  uint64_t limit; ///< memory_limit; 0 for none.
} ockham_memory;

OCKHAM_API ockham_status ockham_session_memory(ockham_session *session,
                                               ockham_memory *memory);

/// Frees workspace that is held for later calls.
OCKHAM_API void ockham_session_trim(ockham_session *session);

/// Bytes of workspace that `entry` plans for inputs of these shapes. The inputs
/// are checked as for a call; their data may be null. 0 for entry points that
/// only allocate while they run.
OCKHAM_API ockham_status ockham_session_workspace_bytes(ockham_session *session,
                                                        const char *entry,
                                                        ockham_argument *inputs,
                                                        size_t input_count,
                                                        uint64_t *bytes);

/// Launches of one kernel with one grid.
typedef struct ockham_launch {
  const char *kernel; ///< Lives as long as the library.
  uint64_t count;
  uint32_t grid[3];  ///< Blocks
  uint32_t block[3]; ///< Threads of a block
  uint32_t shared_bytes;
  uint32_t reserved;
} ockham_launch;

/// Writes what the session's calls have launched so far into `launches`, at
/// most `capacity` records, in the order of their first launches. Returns how
/// many there are. 0 on the CPU.
OCKHAM_API size_t ockham_session_launches(ockham_session *session,
                                          ockham_launch *launches,
                                          size_t capacity);

/// Whether the session runs on the emulator and its race detector checks what
/// is launched: a call that succeeds then had no reports.
OCKHAM_API int32_t ockham_session_detects_races(const ockham_session *session);

/// Runs an entry point. All its inputs are given, in any order, and those of
/// its outputs that are wanted. Returns when the outputs are written (with
/// results_on_device: enqueued on the session's stream).
///
/// On a device, tensors may lie on the host or in the device's memory. Dense
/// ones there are used where they are, if they are aligned to 16 bytes; what
/// wrote them must be done, or be ordered before the session's stream, as work
/// on the default stream is. Others are copied.
///
/// OCKHAM_NOT_FOUND: no such entry point. OCKHAM_INVALID_ARGUMENT: a name,
/// device, type, rank or size does not fit the signature, or equal symbols have
/// different extents. OCKHAM_OUT_OF_MEMORY. Arguments are checked before the
/// model runs; when the model itself fails, the session's states and the
/// caller's buffers may have been written. On a device, what is wrong with
/// elements (an index out of range) is known when the call has run: then they
/// have been.
OCKHAM_API ockham_status ockham_session_run(
    ockham_session *session, const char *entry, ockham_argument *inputs,
    size_t input_count, ockham_argument *outputs, size_t output_count);

/// Waits until all that calls have enqueued on the session's stream is done.
/// Fails with what a call has failed with that did not wait
/// (results_on_device). Nothing to do on the CPU.
OCKHAM_API ockham_status ockham_session_wait(ockham_session *session);

/// Copies a state out, or in, as an output, or input, of a call. The shape is
/// that of the session's bindings. OCKHAM_NOT_FOUND: no such state.
OCKHAM_API ockham_status ockham_session_read_state(ockham_session *session,
                                                   ockham_argument *output);
OCKHAM_API ockham_status ockham_session_write_state(ockham_session *session,
                                                    ockham_argument *input);

/// Sets a state, or all when `name` is null, to what it was when the session
/// was created (parameters: to the session's weights as they are now).
OCKHAM_API ockham_status ockham_session_reset_state(ockham_session *session,
                                                    const char *name);

/// Copies a weight out, or in. Writing concerns this session alone: it gets a
/// copy of its own, and states that started from the weight keep their values.
/// Weights in panels are packed and unpacked on the way.
/// OCKHAM_UNSUPPORTED: the weight has another packed layout.
OCKHAM_API ockham_status ockham_session_read_weight(ockham_session *session,
                                                    ockham_argument *output);
OCKHAM_API ockham_status ockham_session_write_weight(ockham_session *session,
                                                     ockham_argument *input);

#ifdef __cplusplus
}
#endif

#endif // OCKHAM_C_RUNTIME_H
