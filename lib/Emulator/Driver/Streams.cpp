//===- Streams.cpp - Streams, events and graphs ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "State.h"
#include <utility>

using namespace ockham::emulator;

CUresult Driver::submit(CUstream stream, Work work, uint64_t after) {
  if (stream && !streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream && stream->capture) {
    std::vector<CapturedWork> &captured = stream->capture->work;
    captured.push_back({std::move(work), stream->ends});
    stream->ends = {captured.size() - 1};
    return CUDA_SUCCESS;
  }
  if (!runsLate)
    return work();
  Pending &added = pending[++submitted];
  added.work = std::move(work);
  added.stream = stream;
  auto follow = [&](uint64_t number) {
    if (isPending(number))
      added.after.push_back(number);
  };
  follow(latestOf(stream));
  if (!stream) {
    for (uint64_t number : ofDestroyed)
      follow(number);
    ofDestroyed.clear();
    streams.forEach([&](const CUstream_st &other) {
      if (other.isBlocking)
        follow(other.latest);
    });
  } else if (stream->isBlocking) {
    follow(latestOnDefault);
  }
  follow(after);
  (stream ? stream->latest : latestOnDefault) = submitted;
  return CUDA_SUCCESS;
}

/// In the order of its dependences alone, behind what the stream was given.
CUresult Driver::launch(const CUgraphExec_st &graph, CUstream stream) {
  if (!runsLate || (stream && stream->capture)) {
    for (const CapturedWork &part : graph.work)
      if (CUresult result = submit(stream, part.work))
        return result;
    return CUDA_SUCCESS;
  }
  auto nothing = [] { return CUDA_SUCCESS; };
  if (CUresult result = submit(stream, nothing))
    return result;
  uint64_t begin = submitted;
  for (const CapturedWork &part : graph.work) {
    Pending &added = pending[++submitted];
    added = {part.work, stream, {begin}};
    for (size_t earlier : part.after)
      added.after.push_back(begin + 1 + earlier);
  }
  uint64_t end = submitted;
  CUresult result = submit(stream, nothing);
  for (uint64_t number = begin + 1; number <= end; ++number)
    pending[submitted].after.push_back(number);
  return result;
}

CUresult Driver::complete(uint64_t number) {
  CUresult result = CUDA_SUCCESS;
  // Chains are as long as programs run without waiting.
  std::vector<uint64_t> stack = {number};
  while (!stack.empty()) {
    auto found = pending.find(stack.back());
    if (found == pending.end()) {
      stack.pop_back();
      continue;
    }
    size_t before = stack.size();
    for (uint64_t earlier : found->second.after)
      if (isPending(earlier))
        stack.push_back(earlier);
    if (stack.size() != before)
      continue;
    Pending now = std::move(found->second);
    pending.erase(found);
    stack.pop_back();
    CUresult failed = now.work();
    if (failed && now.stream && streams.contains(now.stream))
      now.stream->failed = failed;
    if (!result)
      result = failed;
  }
  return result;
}

CUresult Driver::completeAll() {
  CUresult result = CUDA_SUCCESS;
  while (!pending.empty())
    if (CUresult failed = complete(pending.begin()->first); !result)
      result = failed;
  return result;
}

/// What was submitted to it is done nevertheless.
void Driver::destroy(CUstream stream) {
  if (stream->isBlocking && isPending(stream->latest))
    ofDestroyed.push_back(stream->latest);
  streams.remove(stream);
}

//===----------------------------------------------------------------------===//
// Streams
//===----------------------------------------------------------------------===//

CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  OCKHAM_ENTER_DRIVER();
  constexpr unsigned nonBlocking = 1;
  if (!stream || flags > nonBlocking)
    return CUDA_ERROR_INVALID_VALUE;
  auto object = std::make_unique<CUstream_st>();
  object->isBlocking = flags != nonBlocking;
  *stream = driver.streams.add(std::move(object));
  return CUDA_SUCCESS;
}

CUresult cuStreamDestroy_v2(CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  driver.destroy(stream);
  return CUDA_SUCCESS;
}

CUresult cuStreamSynchronize(CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  if (stream && !driver.streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  CUresult result = driver.complete(driver.latestOf(stream));
  // What another stream or an event was awaited for may have failed here.
  CUresult failed =
      stream ? std::exchange(stream->failed, CUDA_SUCCESS) : CUDA_SUCCESS;
  return failed ? failed : result;
}

CUresult cuStreamQuery(CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  if (stream && !driver.streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  return driver.isPending(driver.latestOf(stream)) ? CUDA_ERROR_NOT_READY
                                                   : CUDA_SUCCESS;
}

CUresult cuStreamWaitEvent(CUstream stream, CUevent event, unsigned) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.events.contains(event) ||
      (stream && !driver.streams.contains(stream)))
    return CUDA_ERROR_INVALID_HANDLE;
  if (event->capture) {
    // The stream becomes part of what is captured, from that event on.
    if (!stream || (stream->capture && stream->capture != event->capture))
      return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
    stream->capture = event->capture;
    stream->ends.push_back(event->node);
    return CUDA_SUCCESS;
  }
  if (stream && stream->capture)
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  if (!driver.isPending(event->work))
    return CUDA_SUCCESS;
  return driver.submit(stream, [] { return CUDA_SUCCESS; }, event->work);
}

//===----------------------------------------------------------------------===//
// Events
//===----------------------------------------------------------------------===//

CUresult cuEventCreate(CUevent *event, unsigned) {
  OCKHAM_ENTER_DRIVER();
  if (!event)
    return CUDA_ERROR_INVALID_VALUE;
  *event = driver.events.add(std::make_unique<CUevent_st>());
  return CUDA_SUCCESS;
}

CUresult cuEventDestroy_v2(CUevent event) {
  OCKHAM_ENTER_DRIVER();
  return driver.events.remove(event) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuEventRecord(CUevent event, CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.events.contains(event))
    return CUDA_ERROR_INVALID_HANDLE;
  CUresult result = driver.submit(stream, [=, &driver] {
    if (driver.events.contains(event)) {
      event->time = Clock::now();
      event->recorded = true;
    }
    return CUDA_SUCCESS;
  });
  if (result)
    return result;
  event->capture = stream ? stream->capture : nullptr;
  event->work = event->capture ? 0 : driver.latestOf(stream);
  if (event->capture)
    event->node = stream->ends.back();
  return CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent event) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.events.contains(event))
    return CUDA_ERROR_INVALID_HANDLE;
  return driver.complete(event->work);
}

CUresult cuEventQuery(CUevent event) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.events.contains(event))
    return CUDA_ERROR_INVALID_HANDLE;
  return driver.isPending(event->work) ? CUDA_ERROR_NOT_READY : CUDA_SUCCESS;
}

CUresult cuEventElapsedTime(float *milliseconds, CUevent start, CUevent end) {
  OCKHAM_ENTER_DRIVER();
  if (!milliseconds)
    return CUDA_ERROR_INVALID_VALUE;
  if (!driver.events.contains(start) || !driver.events.contains(end))
    return CUDA_ERROR_INVALID_HANDLE;
  if (driver.isPending(start->work) || driver.isPending(end->work))
    return CUDA_ERROR_NOT_READY;
  if (!start->recorded || !end->recorded)
    return CUDA_ERROR_INVALID_HANDLE;
  *milliseconds =
      std::chrono::duration<float, std::milli>(end->time - start->time).count();
  return CUDA_SUCCESS;
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

CUresult cuStreamBeginCapture_v2(CUstream stream, int) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture)
    return CUDA_ERROR_INVALID_VALUE;
  stream->capture = std::make_shared<Capture>(Capture{stream, {}});
  stream->ends.clear();
  return CUDA_SUCCESS;
}

/// Whether all that was captured comes before the ends of the first stream.
static bool isJoined(const Capture &capture) {
  std::vector<bool> seen(capture.work.size());
  std::vector<size_t> stack = capture.origin->ends;
  size_t count = 0;
  while (!stack.empty()) {
    size_t node = stack.back();
    stack.pop_back();
    if (seen[node])
      continue;
    seen[node] = true;
    ++count;
    const std::vector<size_t> &after = capture.work[node].after;
    stack.insert(stack.end(), after.begin(), after.end());
  }
  return count == seen.size();
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  if (!graph)
    return CUDA_ERROR_INVALID_VALUE;
  if (!stream->capture || stream->capture->origin != stream)
    return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
  std::shared_ptr<Capture> capture = stream->capture;
  bool joined = isJoined(*capture);
  auto leave = [&](auto &object) {
    if (object.capture == capture)
      object.capture = nullptr;
  };
  driver.streams.forEach([&](CUstream_st &other) {
    if (other.capture == capture)
      other.ends.clear();
    leave(other);
  });
  driver.events.forEach(leave);
  *graph = nullptr;
  if (!joined)
    return CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
  auto object = std::make_unique<CUgraph_st>();
  object->work = std::move(capture->work);
  *graph = driver.graphs.add(std::move(object));
  return CUDA_SUCCESS;
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph,
                                     unsigned long long) {
  OCKHAM_ENTER_DRIVER();
  if (!executable)
    return CUDA_ERROR_INVALID_VALUE;
  if (!driver.graphs.contains(graph))
    return CUDA_ERROR_INVALID_HANDLE;
  auto object = std::make_unique<CUgraphExec_st>();
  object->work = graph->work;
  *executable = driver.executables.add(std::move(object));
  return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream) {
  OCKHAM_ENTER_DRIVER();
  if (!driver.executables.contains(executable))
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream && !driver.streams.contains(stream))
    return CUDA_ERROR_INVALID_HANDLE;
  return driver.launch(*executable, stream);
}

CUresult cuGraphExecDestroy(CUgraphExec executable) {
  OCKHAM_ENTER_DRIVER();
  return driver.executables.remove(executable) ? CUDA_SUCCESS
                                               : CUDA_ERROR_INVALID_HANDLE;
}

CUresult cuGraphDestroy(CUgraph graph) {
  OCKHAM_ENTER_DRIVER();
  return driver.graphs.remove(graph) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
}
