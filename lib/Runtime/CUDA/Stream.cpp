//===- Stream.cpp - The work of a session on a GPU ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Stream.h"
#include "../Core/Call.h"
#include "Host.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace ockham::runtime::cuda {

/// A variable of the environment that is 0 or 1.
static Status readSwitch(const char *name, bool &value) {
  const char *text = std::getenv(name);
  if (!text || !*text)
    return Status::ok();
  if (std::strcmp(text, "0") != 0 && std::strcmp(text, "1") != 0)
    return {
        OCKHAM_INVALID_ARGUMENT,
        format("the environment's %s: expected 0 or 1, got '%s'", name, text)};
  value = *text == '1';
  return Status::ok();
}

static std::string describeLaunch(const char *kernel, const uint32_t grid[3],
                                  const uint32_t block[3],
                                  uint32_t sharedBytes) {
  return format("kernel '%s' with a grid of %u x %u x %u blocks of %u x %u x "
                "%u threads and %u bytes of shared memory",
                kernel, grid[0], grid[1], grid[2], block[0], block[1], block[2],
                sharedBytes);
}

Status Stream::create(std::shared_ptr<Device> device,
                      std::shared_ptr<Program> program,
                      std::unique_ptr<Stream> &result) {
  std::unique_ptr<Stream> created(
      new Stream(std::move(device), std::move(program)));
  OCKHAM_RETURN_IF_FAILED(readSwitch("OCKHAM_CUDA_SYNC", created->waits));
  // The emulator gains nothing by them, and names no kernel where one fails.
  created->usesGraphs = !created->driver.isEmulator();
  OCKHAM_RETURN_IF_FAILED(
      readSwitch("OCKHAM_CUDA_GRAPHS", created->usesGraphs));
  if (created->waits)
    created->usesGraphs = false;
  ContextScope scope(created->driver, created->device->context());
  // Not a non-blocking one: it is ordered with the default stream, on which
  // other libraries write the tensors that they hand over.
  OCKHAM_RETURN_IF_FAILED(created->driver.check(
      created->driver.cuStreamCreate(&created->stream, 0),
      "making a stream on " + created->device->describe()));
  // CU_STREAM_NON_BLOCKING
  if (created->usesGraphs)
    OCKHAM_RETURN_IF_FAILED(created->driver.check(
        created->driver.cuStreamCreate(&created->captureStream, 1),
        "making a stream on " + created->device->describe()));
  result = std::move(created);
  return Status::ok();
}

Stream::~Stream() {
  if (!stream)
    return;
  ContextScope scope(driver, device->context());
  driver.cuStreamSynchronize(stream);
  reap(/*waited=*/true);
  for (RetiredTensor &tensor : released)
    tensor.release();
  device->shared().forget(stream);
  driver.cuStreamDestroy_v2(stream);
  if (otherDone)
    driver.cuEventDestroy_v2(otherDone);
  if (captureStream)
    driver.cuStreamDestroy_v2(captureStream);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status Stream::copyIn(void *to, const TensorView &from) {
  return staging.copyIn(stream, to, from);
}

Status Stream::copyOut(const TensorView &to, const void *from) {
  return staging.copyOut(stream, to, from);
}

Status Stream::copy(void *to, const void *from, uint64_t bytes) {
  if (bytes == 0)
    return Status::ok();
  ContextScope scope(driver, device->context());
  return driver.check(
      driver.cuMemcpyDtoDAsync_v2(reinterpret_cast<CUdeviceptr>(to),
                                  reinterpret_cast<CUdeviceptr>(from), bytes,
                                  current()),
      format("copying %s on %s", formatBytes(bytes).c_str(),
             device->describe().c_str()));
}

Status Stream::fill(void *to, uint32_t pattern, int32_t width, uint64_t bytes) {
  if (bytes == 0)
    return Status::ok();
  auto target = reinterpret_cast<CUdeviceptr>(to);
  if ((width != 1 && width != 4) || bytes % width || target % width)
    return {OCKHAM_BAD_MODEL,
            format("a fill of %" PRIu64 " bytes at %p with a pattern of %d "
                   "bytes; expected multiples of a pattern of 1 or 4 bytes",
                   bytes, to, width)};
  ContextScope scope(driver, device->context());
  CUresult result =
      width == 1
          ? driver.cuMemsetD8Async(target,
                                   static_cast<unsigned char>(pattern & 0xff),
                                   bytes, current())
          : driver.cuMemsetD32Async(target, pattern, bytes / 4, current());
  return driver.check(result,
                      format("filling %s on %s", formatBytes(bytes).c_str(),
                             device->describe().c_str()));
}

Status Stream::read(void *to, const void *from, uint64_t bytes,
                    bool &isRefused) {
  isRefused = refuseCapture();
  if (isRefused || bytes == 0)
    return Status::ok();
  OCKHAM_RETURN_IF_FAILED(branch(-1));
  TensorView view;
  view.data = static_cast<char *>(to);
  view.dtype = OCKHAM_U8;
  view.shape = {static_cast<int64_t>(bytes)};
  return copyOut(view, from);
}

Status Stream::findCheck(int32_t status, const char *message,
                         int32_t valueCount, void *&record, bool &isRefused) {
  ContextScope scope(driver, device->context());
  Status found = checks.find(stream, capturing, status, message, valueCount,
                             record, isRefused);
  if (isRefused)
    refuseCapture();
  return found;
}

Status Stream::finish(const char *what) {
  ContextScope scope(driver, device->context());
  CUresult result = driver.cuStreamSynchronize(stream);
  reap(/*waited=*/true);
  if (result == CUDA_SUCCESS) {
    device->shared().forget(stream);
    collectChecks();
    return Status::ok();
  }
  std::string text =
      format("%s failed on %s: %s", what, device->describe().c_str(),
             driver.describe(result).c_str());
  std::string launch =
      latest.graph ? format("in the graph of '%s'", latest.graph)
      : latest.launch.kernel
          ? describeLaunch(latest.launch.kernel, latest.launch.grid,
                           latest.launch.block, latest.launch.shared_bytes)
          : "";
  if (!launch.empty())
    text += "; the last launch was " + launch +
            "; with OCKHAM_CUDA_SYNC=1 in the environment, the one that fails "
            "is named";
  return {OCKHAM_INTERNAL, text};
}

/// Looks at records that have arrived, and remembers the first failure.
void Stream::collectChecks() {
  Status found = checks.take(stream);
  if (!failure.failed())
    failure = std::move(found);
}

Status Stream::takeFailure() { return std::exchange(failure, Status::ok()); }

Status Stream::use(const void *data, uint64_t bytes) {
  ContextScope scope(driver, device->context());
  // CU_EVENT_DISABLE_TIMING
  if (!otherDone)
    OCKHAM_RETURN_IF_FAILED(
        driver.check(driver.cuEventCreate(&otherDone, 2), "making an event"));
  return device->shared().use(stream, otherDone, data, bytes);
}

void Stream::retire(std::vector<RetiredTensor> tensors) {
  if (tensors.empty())
    return;
  ContextScope scope(driver, device->context());
  Retired group = {nullptr, std::move(tensors)};
  // CU_EVENT_DISABLE_TIMING
  bool isMarked = !driver.cuEventCreate(&group.done, 2) &&
                  !driver.cuEventRecord(group.done, stream);
  if (!isMarked)
    driver.cuStreamSynchronize(stream);
  retired.push_back(std::move(group));
  reap(/*waited=*/!isMarked);
}

std::vector<RetiredTensor> Stream::takeRetired() {
  ContextScope scope(driver, device->context());
  reap(/*waited=*/false);
  return std::exchange(released, {});
}

/// Finds what the device is done with.
void Stream::reap(bool waited) {
  while (!retired.empty()) {
    Retired &oldest = retired.front();
    if (!waited && driver.cuEventQuery(oldest.done) == CUDA_ERROR_NOT_READY)
      return;
    if (oldest.done)
      driver.cuEventDestroy_v2(oldest.done);
    released.insert(released.end(), oldest.tensors.begin(),
                    oldest.tensors.end());
    retired.pop_front();
  }
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

Status Stream::launch(int32_t index, const uint32_t grid[3],
                      const uint32_t block[3], uint32_t sharedBytes,
                      void **arguments, int32_t argumentCount) {
  const ockham_model &model = program->model();
  if (index < 0 || index >= model.kernel_count)
    return {OCKHAM_BAD_MODEL,
            format("the model '%s' launched kernel %d, but it has %s",
                   model.name, index,
                   plural(model.kernel_count, "kernel").c_str())};
  const ockham_kernel &kernel = model.kernels[index];
  if (argumentCount != kernel.parameter_count)
    return {OCKHAM_BAD_MODEL,
            format("kernel '%s' was launched with %s, but its table says %d",
                   kernel.name, plural(argumentCount, "argument").c_str(),
                   kernel.parameter_count)};
  if (!std::equal(block, block + 3, kernel.block) ||
      sharedBytes > kernel.shared_bytes)
    return {
        OCKHAM_BAD_MODEL,
        format("%s, but its table says blocks of %u x %u x %u threads and "
               "at most %u bytes",
               describeLaunch(kernel.name, grid, block, sharedBytes).c_str(),
               kernel.block[0], kernel.block[1], kernel.block[2],
               kernel.shared_bytes)};
  if (grid[0] == 0 || grid[1] == 0 || grid[2] == 0)
    return Status::ok();
  ockham_launch record = {};
  record.kernel = kernel.name;
  record.count = 1;
  std::copy_n(grid, 3, record.grid);
  std::copy_n(block, 3, record.block);
  record.shared_bytes = sharedBytes;
  ContextScope scope(driver, device->context());
  CUstream target;
  OCKHAM_RETURN_IF_FAILED(branches.choose(
      mainStream(), uint64_t(grid[0]) * grid[1] * grid[2], target));
  CUresult result = driver.cuLaunchKernel(
      program->function(index), grid[0], grid[1], grid[2], block[0], block[1],
      block[2], sharedBytes, target, arguments, nullptr);
  if (result == CUDA_SUCCESS && waits)
    result = driver.cuStreamSynchronize(stream);
  if (result == CUDA_ERROR_OUT_OF_MEMORY)
    return {OCKHAM_OUT_OF_MEMORY,
            describeLaunch(kernel.name, grid, block, sharedBytes) +
                " found no memory for its launch; " + device->describeFree()};
  if (result != CUDA_SUCCESS)
    return {
        OCKHAM_INTERNAL,
        format("%s failed on %s: %s",
               describeLaunch(kernel.name, grid, block, sharedBytes).c_str(),
               device->describe().c_str(), driver.describe(result).c_str())};
  (capturing ? captured : counts).add(record);
  if (!capturing)
    latest = {record, nullptr};
  return Status::ok();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// All that a call's launches depend on, but for the places of its outputs.
std::vector<uint64_t> Stream::makeKey(const ockham_entry &entry,
                                      const ockham_call &arguments) const {
  std::vector<uint64_t> key;
  auto add = [&](const void *pointer) {
    key.push_back(reinterpret_cast<uintptr_t>(pointer));
  };
  auto addTensor = [&](const ockham_tensor &tensor) {
    add(tensor.data);
    key.insert(key.end(), tensor.shape, tensor.shape + tensor.rank);
  };
  const ockham_model &model = program->model();
  add(&entry);
  add(arguments.workspace);
  key.push_back(arguments.workspace_bytes);
  for (int32_t i = 0; i < entry.input_count; ++i)
    addTensor(arguments.inputs[i]);
  for (int32_t i = 0; i < model.state_count; ++i)
    addTensor(arguments.states[i]);
  for (int32_t i = 0; i < model.weight_count; ++i)
    add(arguments.weights[i]);
  return key;
}

Status Stream::branch(int32_t number) {
  // Where each launch is waited for, nothing runs side by side.
  if (waits)
    return Status::ok();
  ContextScope scope(driver, device->context());
  return branches.enter(mainStream(), number);
}

/// Calls the model's code. What it may have left open is closed, so that what
/// follows comes after all that it has enqueued.
int32_t Stream::runEntry(Call &call, const ockham_entry &entry,
                         const ockham_call &arguments) {
  int32_t code = entry.run(&getHost(), &arguments);
  Status joined = branches.join(mainStream());
  if (joined.failed() && code == OCKHAM_OK && !refuseCapture()) {
    code = joined.code();
    call.fail(std::move(joined));
  }
  return code;
}

/// Runs the entry point and keeps what it enqueues. `captured` is false where
/// that could not be done; nothing has then run.
int32_t Stream::capture(Graph &graph, Call &call, const ockham_entry &entry,
                        const ockham_call &arguments, bool &isCaptured) {
  isCaptured = false;
  // CU_STREAM_CAPTURE_MODE_RELAXED: memory is taken on the way.
  if (driver.cuStreamBeginCapture_v2(captureStream, 2))
    return OCKHAM_OK;
  capturing = true;
  isUnfit = false;
  captured.clear();
  int32_t code = runEntry(call, entry, arguments);
  capturing = false;
  CUgraph raw = nullptr;
  CUresult ended = driver.cuStreamEndCapture(captureStream, &raw);
  if (isUnfit)
    code = OCKHAM_OK;
  bool usable = code == OCKHAM_OK && !isUnfit && !call.hasFailed() && !ended &&
                raw && !call.hasAllocated();
  if (usable)
    usable = !driver.cuGraphInstantiateWithFlags(&graph.executable, raw, 0);
  if (raw)
    driver.cuGraphDestroy(raw);
  if (!usable) {
    graph.executable = nullptr;
    return code;
  }
  isCaptured = true;
  graph.launches = captured;
  graph.outputs.clear();
  for (int32_t i : call.askedOutputs())
    graph.outputs.push_back({i, call.outputShape(i), call.outputMemory(i)});
  return code;
}

/// Whether the outputs of this call lie where the graph writes them. They are
/// asked for as the entry point does it: a pool gives places in turn.
bool Stream::canReplay(const Graph &graph, Call &call) const {
  bool same = true;
  for (const Graph::Output &output : graph.outputs)
    same &=
        call.output(output.index, output.shape.data(),
                    static_cast<int32_t>(output.shape.size())) == output.memory;
  return same;
}

int32_t Stream::run(Call &call, const ockham_entry &entry,
                    const ockham_call &arguments) {
  ContextScope scope(driver, device->context());
  reap(/*waited=*/false);
  auto report = [&](const Status &status) {
    if (status.failed())
      call.fail(status);
    return static_cast<int32_t>(status.code());
  };
  // Of calls that nobody has waited for.
  CUresult arrived = checks.query();
  if (arrived == CUDA_SUCCESS)
    collectChecks();
  else if (arrived != CUDA_ERROR_NOT_READY)
    return report(finish("an earlier call"));
  if (Status earlier = takeFailure(); earlier.failed())
    return report({earlier.code(), "an earlier call: " + earlier.message()});
  int32_t code = runModel(call, entry, arguments);
  if (code == OCKHAM_OK && !call.hasFailed())
    return report(checks.enqueueRead(stream));
  // This call has failed: what its checks have found is nothing that the next
  // one should hear of. What is on its way is of earlier calls.
  (void)finish(entry.name);
  (void)checks.forget(stream);
  return code;
}

int32_t Stream::runModel(Call &call, const ockham_entry &entry,
                         const ockham_call &arguments) {
  auto runPlainly = [&] { return runEntry(call, entry, arguments); };
  if (!usesGraphs)
    return runPlainly();
  // A call whose outputs or memory move is not worth more attempts.
  constexpr int mostMisses = 2;
  Graph *graph = graphs.find(makeKey(entry, arguments));
  if (!graph || graph->misses >= mostMisses)
    return runPlainly();
  if (!graph->executable) {
    bool isCaptured;
    int32_t code = capture(*graph, call, entry, arguments, isCaptured);
    if (code != OCKHAM_OK || call.hasFailed())
      return code;
    if (!isCaptured) {
      graph->misses = mostMisses;
      return runPlainly();
    }
  } else if (!canReplay(*graph, call)) {
    if (call.hasFailed())
      return OCKHAM_INVALID_ARGUMENT;
    ++graph->misses;
    graphs.drop(*graph);
    return runPlainly();
  }
  CUresult result = driver.cuGraphLaunch(graph->executable, stream);
  if (result != CUDA_SUCCESS) {
    call.fail({OCKHAM_INTERNAL,
               format("the graph of '%s' failed on %s: %s; with "
                      "OCKHAM_CUDA_SYNC=1 in the environment, the kernel that "
                      "fails is named",
                      entry.name, device->describe().c_str(),
                      driver.describe(result).c_str())});
    return OCKHAM_INTERNAL;
  }
  latest = {{}, entry.name};
  for (const ockham_launch &launch : graph->launches.all())
    counts.add(launch);
  return OCKHAM_OK;
}

} // namespace ockham::runtime::cuda
