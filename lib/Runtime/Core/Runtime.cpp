//===- Runtime.cpp - The C API --------------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham-c/Runtime.h"
#include "Session.h"
#include <algorithm>
#include <cstring>
#include <new>
#include <system_error>

using namespace ockham::runtime;

struct ockham_library {
  std::shared_ptr<Library> library;
};

struct ockham_session {
  std::unique_ptr<Session> session;
};

//===----------------------------------------------------------------------===//
// Helpers
//===----------------------------------------------------------------------===//

static thread_local std::string lastError;

/// Runs the body of an API function: keeps its message, and lets no exception
/// out.
template <typename Body>
static ockham_status guarded(Body body) {
  try {
    Status status = body();
    if (status.failed())
      lastError = status.message();
    return status.code();
  } catch (const std::bad_alloc &) {
    lastError = "the system has no more memory";
    return OCKHAM_OUT_OF_MEMORY;
  } catch (const std::exception &error) {
    lastError = std::string("a defect of Ockham: ") + error.what();
    return OCKHAM_INTERNAL;
  }
}

static Status checkNotNull(const void *pointer, const char *argument) {
  if (pointer)
    return Status::ok();
  return {OCKHAM_INVALID_ARGUMENT,
          format("%s: expected a pointer, got null", argument)};
}

/// Reads a struct of the caller that may be older (shorter) or newer (longer,
/// then with zeros in what we do not know) than ours.
template <typename Struct>
static Status readStruct(const Struct *given, const char *name, Struct &ours) {
  std::memset(&ours, 0, sizeof(ours));
  ours.struct_bytes = sizeof(ours);
  if (!given)
    return Status::ok();
  uint32_t bytes = given->struct_bytes;
  if (bytes < 2 * sizeof(uint32_t))
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: struct_bytes is %u; set it to sizeof(%s), %zu", name,
                   bytes, name, sizeof(ours))};
  const char *memory = reinterpret_cast<const char *>(given);
  if (std::any_of(memory + std::min<size_t>(bytes, sizeof(ours)),
                  memory + bytes, [](char c) { return c != 0; }))
    return {OCKHAM_UNSUPPORTED,
            format("%s: it has %u bytes and sets options that this runtime, "
                   "which knows %zu bytes, does not have",
                   name, bytes, sizeof(ours))};
  std::memcpy(&ours, given, std::min<size_t>(bytes, sizeof(ours)));
  return Status::ok();
}

namespace {
/// Takes the tensors over that the arguments of a call own, and calls their
/// deleters when the call is over, however it ends.
class OwnedArguments {
public:
  OwnedArguments(ockham_argument *arguments, size_t count)
      : arguments(arguments), count(arguments ? count : 0) {}
  ~OwnedArguments() {
    for (size_t i = 0; i < count; ++i)
      releaseArgument(arguments[i]);
  }

private:
  ockham_argument *arguments;
  size_t count;
};

/// Puts the results of a call that succeeded into its arguments, after the
/// deleters of their own tensors were called; so it is made before the
/// OwnedArguments.
class Results {
public:
  Results(ockham_argument *arguments, size_t count)
      : arguments(arguments), tensors(arguments ? count : 0, nullptr) {}
  ~Results() {
    for (size_t i = 0; i < tensors.size(); ++i) {
      if (!tensors[i])
        continue;
      if (succeeded)
        arguments[i].managed = tensors[i];
      else
        tensors[i]->deleter(tensors[i]);
    }
  }
  DLManagedTensor **data() { return tensors.data(); }

  Status publish(Status status) {
    succeeded = !status.failed();
    return status;
  }

private:
  bool succeeded = false;
  ockham_argument *arguments;
  std::vector<DLManagedTensor *> tensors;
};
} // namespace

//===----------------------------------------------------------------------===//
// Messages and names
//===----------------------------------------------------------------------===//

const char *ockham_last_error(void) { return lastError.c_str(); }

uint32_t ockham_runtime_abi_version(void) { return OCKHAM_ABI_VERSION; }

const char *ockham_status_name(int32_t status) { return statusName(status); }

const char *ockham_dtype_name(int32_t dtype) { return dtypeName(dtype); }

uint32_t ockham_dtype_bytes(int32_t dtype) { return dtypeBytes(dtype); }

size_t ockham_format_spec(const ockham_tensor_spec *spec, char *buffer,
                          size_t size) {
  std::string text = spec ? formatSpec(*spec) : "(null)";
  if (buffer && size > 0) {
    size_t length = std::min(text.size(), size - 1);
    std::memcpy(buffer, text.data(), length);
    buffer[length] = '\0';
  }
  return text.size();
}

//===----------------------------------------------------------------------===//
// Libraries
//===----------------------------------------------------------------------===//

ockham_status ockham_library_load(const char *path,
                                  const ockham_library_options *options,
                                  ockham_library **library) {
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(library, "library"));
    *library = nullptr;
    OCKHAM_RETURN_IF_FAILED(checkNotNull(path, "path"));
    ockham_library_options ours;
    OCKHAM_RETURN_IF_FAILED(
        readStruct(options, "ockham_library_options", ours));
    auto result = std::make_unique<ockham_library>();
    OCKHAM_RETURN_IF_FAILED(
        Library::load(path, ours.ignore_features != 0, result->library));
    *library = result.release();
    return Status::ok();
  });
}

void ockham_library_close(ockham_library *library) { delete library; }

const ockham_model *ockham_library_model(const ockham_library *library) {
  return library ? &library->library->model() : nullptr;
}

const char *ockham_library_path(const ockham_library *library) {
  return library ? library->library->path().c_str() : nullptr;
}

ockham_status ockham_library_find_entry(const ockham_library *library,
                                        const char *name,
                                        const ockham_entry **entry) {
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(entry, "entry"));
    *entry = nullptr;
    OCKHAM_RETURN_IF_FAILED(checkNotNull(library, "library"));
    return library->library->findEntry(name, *entry);
  });
}

void ockham_argument_release(ockham_argument *argument) {
  if (argument)
    releaseArgument(*argument);
}

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

ockham_status ockham_session_create(ockham_library *library,
                                    const ockham_session_options *options,
                                    ockham_session **session) {
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    *session = nullptr;
    OCKHAM_RETURN_IF_FAILED(checkNotNull(library, "library"));
    ockham_session_options ours;
    OCKHAM_RETURN_IF_FAILED(
        readStruct(options, "ockham_session_options", ours));
    auto result = std::make_unique<ockham_session>();
    OCKHAM_RETURN_IF_FAILED(
        Session::create(library->library, ours, result->session));
    *session = result.release();
    return Status::ok();
  });
}

void ockham_session_destroy(ockham_session *session) { delete session; }

const char *ockham_session_device(const ockham_session *session) {
  return session ? session->session->device() : nullptr;
}

void *ockham_session_stream(const ockham_session *session) {
  return session ? session->session->stream() : nullptr;
}

size_t ockham_session_launches(ockham_session *session, ockham_launch *launches,
                               size_t capacity) {
  size_t count = 0;
  (void)guarded([&]() -> Status {
    if (!session)
      return Status::ok();
    std::vector<ockham_launch> all = session->session->launches();
    count = all.size();
    if (launches)
      std::copy_n(all.begin(), std::min(count, capacity), launches);
    return Status::ok();
  });
  return count;
}

int32_t ockham_session_detects_races(const ockham_session *session) {
  return session && session->session->detectsRaces();
}

int32_t ockham_session_threads(const ockham_session *session) {
  return session ? session->session->threads() : 0;
}

ockham_status ockham_session_memory(ockham_session *session,
                                    ockham_memory *memory) {
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    OCKHAM_RETURN_IF_FAILED(checkNotNull(memory, "memory"));
    ockham_memory ours;
    uint32_t bytes = memory->struct_bytes;
    if (bytes < 2 * sizeof(uint32_t))
      return {OCKHAM_INVALID_ARGUMENT,
              format("ockham_memory: struct_bytes is %u; set it to "
                     "sizeof(ockham_memory), %zu",
                     bytes, sizeof(ours))};
    std::memset(&ours, 0, sizeof(ours));
    session->session->getMemory(ours);
    ours.struct_bytes = bytes;
    std::memset(memory, 0, bytes);
    std::memcpy(memory, &ours, std::min<size_t>(bytes, sizeof(ours)));
    return Status::ok();
  });
}

void ockham_session_trim(ockham_session *session) {
  if (session)
    session->session->trim();
}

ockham_status ockham_session_workspace_bytes(ockham_session *session,
                                             const char *entry,
                                             ockham_argument *inputs,
                                             size_t input_count,
                                             uint64_t *bytes) {
  OwnedArguments ownedInputs(inputs, input_count);
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    OCKHAM_RETURN_IF_FAILED(checkNotNull(bytes, "bytes"));
    return session->session->workspaceBytes(entry, inputs, input_count, *bytes);
  });
}

ockham_status ockham_session_run(ockham_session *session, const char *entry,
                                 ockham_argument *inputs, size_t input_count,
                                 ockham_argument *outputs,
                                 size_t output_count) {
  OwnedArguments ownedInputs(inputs, input_count);
  return guarded([&]() -> Status {
    Results results(outputs, output_count);
    OwnedArguments ownedOutputs(outputs, output_count);
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    return results.publish(session->session->run(
        entry, inputs, input_count, outputs, output_count, results.data()));
  });
}

ockham_status ockham_session_wait(ockham_session *session) {
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    return session->session->wait();
  });
}

/// Reads a state or weight.
template <typename Read>
static ockham_status read(ockham_session *session, ockham_argument *output,
                          Read readNamed) {
  return guarded([&]() -> Status {
    Results results(output, 1);
    OwnedArguments owned(output, 1);
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    OCKHAM_RETURN_IF_FAILED(checkNotNull(output, "output"));
    return results.publish(readNamed(*session->session, *results.data()));
  });
}

/// Writes a state or weight.
template <typename Write>
static ockham_status write(ockham_session *session, ockham_argument *input,
                           Write writeNamed) {
  OwnedArguments owned(input, 1);
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    OCKHAM_RETURN_IF_FAILED(checkNotNull(input, "input"));
    return writeNamed(*session->session);
  });
}

ockham_status ockham_session_read_state(ockham_session *session,
                                        ockham_argument *output) {
  return read(session, output, [&](Session &s, DLManagedTensor *&result) {
    return s.readState(*output, result);
  });
}

ockham_status ockham_session_write_state(ockham_session *session,
                                         ockham_argument *input) {
  return write(session, input,
               [&](Session &s) { return s.writeState(*input); });
}

ockham_status ockham_session_reset_state(ockham_session *session,
                                         const char *name) {
  return guarded([&]() -> Status {
    OCKHAM_RETURN_IF_FAILED(checkNotNull(session, "session"));
    return session->session->resetState(name);
  });
}

ockham_status ockham_session_read_weight(ockham_session *session,
                                         ockham_argument *output) {
  return read(session, output, [&](Session &s, DLManagedTensor *&result) {
    return s.readWeight(*output, result);
  });
}

ockham_status ockham_session_write_weight(ockham_session *session,
                                          ockham_argument *input) {
  return write(session, input,
               [&](Session &s) { return s.writeWeight(*input); });
}
