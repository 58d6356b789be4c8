//===- Call.cpp - One call of an entry point ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Call.h"
#include "Result.h"
#include <algorithm>

namespace ockham::runtime {

/// What models get for tensors without elements.
alignas(OCKHAM_ALIGNMENT) static char noElements[OCKHAM_ALIGNMENT];

Call::Call(const CallEnvironment &environment, const ockham_entry &entry)
    : environment(environment), entry(entry), symbols(*environment.symbols) {}

Call::~Call() { environment.memory->releaseCall(); }

//===----------------------------------------------------------------------===//
// Arguments
//===----------------------------------------------------------------------===//

static std::string inputName(const ockham_entry &entry, int32_t index) {
  return format("input '%s'", entry.inputs[index].name);
}

std::string Call::outputName(int32_t index) const {
  return format("output '%s'", entry.outputs[index].name);
}

bool Call::isOnDevice(const TensorView &view) const {
  return device().isHost() ? isOnHost(view) : isAt(view, device().place());
}

bool Call::isUsable(const TensorView &view) const {
  return isOnDevice(view) && view.strides.empty() &&
         device().isAligned(view.data, view.dtype);
}

/// Only the host's threads read and write with strides.
Status Call::checkDense(const std::string &what, const TensorView &view) const {
  if (view.strides.empty() || view.bytes() == 0 || isOnHost(view))
    return Status::ok();
  return {OCKHAM_INVALID_ARGUMENT,
          format("%s: expected a dense row-major tensor in the memory of %s, "
                 "got one with strides; make it contiguous first",
                 what.c_str(), device().name())};
}

Status Call::bindInputs(const ockham_argument *arguments, size_t count,
                        bool shapeOnly) {
  std::vector<int64_t> indices;
  OCKHAM_RETURN_IF_FAILED(matchNames(entry, "input", entry.inputs,
                                     entry.input_count, arguments, count,
                                     indices));
  inputViews.resize(entry.input_count);
  inputs.resize(entry.input_count);
  std::string missing, given;
  for (int32_t i = 0; i < entry.input_count; ++i) {
    std::string what = inputName(entry, i);
    TensorView &view = inputViews[i];
    if (indices[i] >= 0)
      OCKHAM_RETURN_IF_FAILED(readArgument(arguments[indices[i]], what, view));
    if (view.given)
      given +=
          format("%s'%s'", given.empty() ? "" : ", ", entry.inputs[i].name);
    else
      missing +=
          format("%s'%s' %s", missing.empty() ? "" : ", ", entry.inputs[i].name,
                 formatSpec(entry.inputs[i]).c_str());
  }
  if (!missing.empty())
    return {OCKHAM_INVALID_ARGUMENT,
            format("the entry point '%s' needs input %s; given: %s", entry.name,
                   missing.c_str(), given.empty() ? "none" : given.c_str())};
  for (int32_t i = 0; i < entry.input_count; ++i)
    OCKHAM_RETURN_IF_FAILED(checkTensor(inputName(entry, i), entry.inputs[i],
                                        inputViews[i], device().place(),
                                        shapeOnly, symbols));
  for (int32_t i = 0; i < entry.input_count; ++i) {
    TensorView &view = inputViews[i];
    void *data = view.data ? view.data : noElements;
    if (!shapeOnly && !isOnHost(view))
      OCKHAM_RETURN_IF_FAILED(stream().use(view.data, view.bytes()));
    if (!shapeOnly && view.bytes() > 0 && !isUsable(view)) {
      std::string what = inputName(entry, i);
      OCKHAM_RETURN_IF_FAILED(checkDense(what, view));
      Status status = Status::ok();
      data = environment.memory->allocate(
          view.bytes(), MemoryPool::Lifetime::Call,
          (device().isHost() ? "a dense copy of " + what
                             : "the copy of " + what + " on " + device().name())
              .c_str(),
          status);
      OCKHAM_RETURN_IF_FAILED(status);
      OCKHAM_RETURN_IF_FAILED(
          isOnHost(view) ? stream().copyIn(data, view)
                         : stream().copy(data, view.data, view.bytes()));
    }
    inputs[i] = {data, view.shape.data(), view.dtype, view.rank()};
  }
  return Status::ok();
}

/// Addresses [low, high) between which the elements of a tensor lie.
static std::pair<const char *, const char *> addressRange(const TensorView &v) {
  int64_t elementBytes = dtypeBytes(v.dtype);
  if (v.bytes() == 0)
    return {v.data, v.data};
  if (v.strides.empty())
    return {v.data, v.data + v.bytes()};
  const char *low = v.data, *high = v.data;
  for (int32_t axis = 0; axis < v.rank(); ++axis) {
    int64_t reach = (v.shape[axis] - 1) * v.strides[axis] * elementBytes;
    (reach < 0 ? low : high) += reach;
  }
  return {low, high + elementBytes};
}

static bool overlap(const TensorView &a, const TensorView &b) {
  auto [aLow, aHigh] = addressRange(a);
  auto [bLow, bHigh] = addressRange(b);
  return aLow < bHigh && bLow < aHigh;
}

Status Call::checkAliases() const {
  for (size_t i = 0; i < outputs.size(); ++i)
    for (size_t k = 0; k < i; ++k)
      if (outputs[i].buffer.given && outputs[k].buffer.given &&
          overlap(outputs[i].buffer, outputs[k].buffer))
        return {OCKHAM_INVALID_ARGUMENT,
                format("the buffers of %s and %s overlap",
                       outputName(static_cast<int32_t>(k)).c_str(),
                       outputName(static_cast<int32_t>(i)).c_str())};
  return Status::ok();
}

Status Call::bindOutputs(const ockham_argument *arguments, size_t count) {
  std::vector<int64_t> indices;
  OCKHAM_RETURN_IF_FAILED(matchNames(entry, "output", entry.outputs,
                                     entry.output_count, arguments, count,
                                     indices));
  outputs = std::vector<Output>(entry.output_count);
  for (int32_t i = 0; i < entry.output_count; ++i) {
    Output &output = outputs[i];
    output.argument = indices[i];
    if (output.argument < 0)
      continue;
    std::string what = outputName(i);
    TensorView &buffer = output.buffer;
    OCKHAM_RETURN_IF_FAILED(
        readArgument(arguments[output.argument], what, buffer));
    if (!buffer.given)
      continue;
    if (buffer.readOnly)
      return {OCKHAM_INVALID_ARGUMENT, what + ": its buffer is read-only"};
    OCKHAM_RETURN_IF_FAILED(checkTensor(what, entry.outputs[i], buffer,
                                        device().place(), false, symbols));
    OCKHAM_RETURN_IF_FAILED(checkDense(what, buffer));
    if (!isOnHost(buffer))
      OCKHAM_RETURN_IF_FAILED(stream().use(buffer.data, buffer.bytes()));
    // A model may write results while it still reads its inputs.
    output.inPlace =
        isUsable(buffer) &&
        std::none_of(inputViews.begin(), inputViews.end(),
                     [&](const TensorView &in) { return overlap(in, buffer); });
  }
  return checkAliases();
}

//===----------------------------------------------------------------------===//
// For the model
//===----------------------------------------------------------------------===//

void *Call::allocate(uint64_t bytes) {
  allocated = true;
  Status status = Status::ok();
  std::string purpose = format("an allocation of '%s'", entry.name);
  void *memory = environment.memory->allocate(bytes, MemoryPool::Lifetime::Call,
                                              purpose.c_str(), status);
  if (!memory) {
    // A model may cope without: this counts only if it then fails.
    std::lock_guard<std::mutex> lock(mutex);
    if (!failure.failed())
      failure = std::move(status);
  }
  return memory;
}

void Call::release(void *memory) {
  if (!environment.memory->release(memory))
    fail({OCKHAM_BAD_MODEL,
          format("the entry point '%s' released %p, which it does not hold",
                 entry.name, memory)});
}

void Call::fail(Status status) {
  std::lock_guard<std::mutex> lock(mutex);
  if (failureIsFinal)
    return;
  failure = std::move(status);
  failureIsFinal = true;
}

bool Call::hasFailed() {
  std::lock_guard<std::mutex> lock(mutex);
  return failureIsFinal;
}

/// With `mutex` held.
Status Call::provideOutput(int32_t index, const int64_t *extents,
                           int32_t rank) {
  if (index < 0 || index >= entry.output_count)
    return {OCKHAM_BAD_MODEL,
            format("the entry point '%s' asked for output %d, but it has %s",
                   entry.name, index,
                   plural(entry.output_count, "output").c_str())};
  const ockham_tensor_spec &spec = entry.outputs[index];
  Output &output = outputs[index];
  std::string what = outputName(index);
  if (rank != spec.rank)
    return {OCKHAM_BAD_MODEL,
            format("%s: the signature says %s, but the model made rank %d",
                   what.c_str(), formatSpec(spec).c_str(), rank)};
  Shape shape(extents, extents + rank);
  auto bytes = denseBytes(spec.dtype, extents, rank);
  if (!bytes)
    return {OCKHAM_BAD_MODEL,
            format("%s: the model made the shape %s", what.c_str(),
                   formatShape(extents, rank).c_str())};
  if (output.memory) {
    if (shape == output.shape)
      return Status::ok();
    return {OCKHAM_BAD_MODEL,
            format("%s: the model asked for shape %s, then for %s",
                   what.c_str(), formatShape(output.shape.data(), rank).c_str(),
                   formatShape(extents, rank).c_str())};
  }
  if (output.buffer.given && output.buffer.shape != shape)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: the buffer is %s, but the result is %s", what.c_str(),
                   output.buffer.format().c_str(),
                   formatType(spec.dtype, extents, rank).c_str())};
  Status fits = checkExtents(what, spec, shape, symbols);
  if (fits.failed())
    return {OCKHAM_BAD_MODEL,
            "the model contradicts its signature: " + fits.message()};
  output.shape = std::move(shape);
  asked.push_back(index);
  if (output.inPlace) {
    output.memory = *bytes ? output.buffer.data : noElements;
    return Status::ok();
  }
  Status status = Status::ok();
  output.memory = environment.memory->allocate(
      *bytes, MemoryPool::Lifetime::Call, what.c_str(), status);
  // Where it is not waited for, others may get it before it is written.
  if (!status.failed() && environment.resultsOnDevice)
    status = stream().use(output.memory, *bytes);
  return status;
}

void *Call::output(int32_t index, const int64_t *shape, int32_t rank) {
  Status status = Status::ok();
  {
    std::lock_guard<std::mutex> lock(mutex);
    status = provideOutput(index, shape, rank);
    if (!status.failed())
      return outputs[index].memory;
  }
  fail(std::move(status));
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Running
//===----------------------------------------------------------------------===//

Status Call::workspaceBytes(uint64_t &bytes) const {
  bytes = 0;
  if (entry.workspace_bytes)
    bytes = entry.workspace_bytes(inputs.data(), environment.states,
                                  environment.threads);
  if (bytes == UINT64_MAX)
    return {OCKHAM_OUT_OF_MEMORY,
            format("the entry point '%s' needs more workspace for these inputs "
                   "than can be addressed",
                   entry.name)};
  return Status::ok();
}

/// What the model's answer means.
Status Call::finish(int32_t code) {
  if (code != OCKHAM_OK || failureIsFinal) {
    if (failure.failed())
      return failure;
    if (code < OCKHAM_OK || code > OCKHAM_INTERNAL)
      return {OCKHAM_BAD_MODEL,
              format("the entry point '%s' returned %d, which is no status",
                     entry.name, code)};
    return {static_cast<ockham_status>(code),
            format("the entry point '%s' failed with '%s' and no message",
                   entry.name, statusName(code))};
  }
  for (int32_t i = 0; i < entry.output_count; ++i)
    if (!outputs[i].memory)
      return {OCKHAM_BAD_MODEL,
              format("the entry point '%s' ended without making %s", entry.name,
                     outputName(i).c_str())};
  return Status::ok();
}

/// Gives what was computed to the caller: copies into buffers that the model
/// could not write to, and new tensors.
Status Call::handOver(DLManagedTensor **results) {
  bool keep = device().isHost() || environment.resultsOnDevice;
  for (int32_t i = 0; i < entry.output_count; ++i) {
    Output &output = outputs[i];
    if (output.argument < 0 || output.inPlace)
      continue;
    if (output.buffer.given) {
      if (output.buffer.bytes() == 0)
        continue;
      OCKHAM_RETURN_IF_FAILED(
          isOnHost(output.buffer)
              ? stream().copyOut(output.buffer, output.memory)
              : stream().copy(output.buffer.data, output.memory,
                              output.buffer.bytes()));
      continue;
    }
    int32_t dtype = entry.outputs[i].dtype;
    if (keep) {
      environment.memory->keepAsResult(output.memory);
      results[output.argument] =
          createResult(environment.memory, output.memory, dtype, output.shape);
      continue;
    }
    TensorView view;
    view.dtype = dtype;
    view.shape = output.shape;
    Status status = Status::ok();
    view.data = static_cast<char *>(environment.hostMemory->allocate(
        view.bytes(), MemoryPool::Lifetime::Result, outputName(i).c_str(),
        status));
    OCKHAM_RETURN_IF_FAILED(status);
    results[output.argument] =
        createResult(environment.hostMemory, view.data, dtype, output.shape);
    if (view.bytes() > 0)
      OCKHAM_RETURN_IF_FAILED(stream().copyOut(view, output.memory));
  }
  return Status::ok();
}

Status Call::run(DLManagedTensor **results) {
  uint64_t bytes;
  OCKHAM_RETURN_IF_FAILED(workspaceBytes(bytes));
  void *workspace = nullptr;
  if (bytes > 0) {
    Status status = Status::ok();
    workspace = environment.memory->takeArena(
        bytes, format("the workspace of '%s'", entry.name).c_str(), status);
    OCKHAM_RETURN_IF_FAILED(status);
  }
  TeamLease lease(device().isHost() ? environment.threads : 1);
  threads = &lease.team();
  ockham_call call = {};
  call.struct_bytes = sizeof(call);
  call.context = this;
  call.inputs = inputs.data();
  call.weights = environment.weights;
  call.states = environment.states;
  call.workspace = workspace;
  call.workspace_bytes = bytes;
  call.stream = stream().handle();
  Status status = finish(stream().run(*this, entry, call));
  bool hasRun = !status.failed();
  if (hasRun)
    status = handOver(results);
  if (!environment.resultsOnDevice || status.failed()) {
    Status finished = stream().finish(entry.name);
    // What checks have found is of an earlier call if this one has not run.
    if (hasRun && !finished.failed())
      finished = stream().takeFailure();
    // What a kernel did is why its results could not be copied.
    if (hasRun && finished.failed())
      status = std::move(finished);
  }
  return status;
}

} // namespace ockham::runtime
