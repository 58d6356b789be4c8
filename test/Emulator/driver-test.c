//===- driver-test.c - A program that uses the driver interface -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham-c/CudaEmulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                       \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                  \
      return 1;                                                                \
    }                                                                          \
  } while (0)

/* The file behind LLVM's wrapper, which says how long it is. */
static char *read_wrapped(const char *path) {
  FILE *file = fopen(path, "rb");
  if (!file)
    return NULL;
  fseek(file, 0, SEEK_END);
  uint32_t size = (uint32_t)ftell(file);
  rewind(file);
  uint32_t header[5] = {0x0b17c0de, 0, sizeof(header), size, 0};
  char *image = calloc(1, sizeof(header) + size + 4);
  memcpy(image, header, sizeof(header));
  if (fread(image + sizeof(header), 1, size, file) != size)
    return NULL;
  fclose(file);
  return image;
}

/* With "streams=late": what is done when somebody waits, and what is not. */
static int check_late_streams(CUfunction scale) {
  enum { N = 8 };
  float in[N], out[N], *pinned, factor = 3, twice = 2;
  int n = N;
  for (int i = 0; i < N; ++i)
    in[i] = (float)i;
  CUdeviceptr a, b, c;
  CUstream first, second, free_one;
  CUevent event;
  CHECK(cuMemAlloc_v2(&a, sizeof(in)) == CUDA_SUCCESS);
  CHECK(cuMemAlloc_v2(&b, sizeof(in)) == CUDA_SUCCESS);
  CHECK(cuMemAlloc_v2(&c, sizeof(in)) == CUDA_SUCCESS);
  CHECK(cuMemAllocHost_v2((void **)&pinned, sizeof(in)) == CUDA_SUCCESS);
  CHECK(cuStreamCreate(&first, 0) == CUDA_SUCCESS);
  CHECK(cuStreamCreate(&second, 0) == CUDA_SUCCESS);
  CHECK(cuStreamCreate(&free_one, 1) == CUDA_SUCCESS);
  CHECK(cuEventCreate(&event, 0) == CUDA_SUCCESS);
  CHECK(cuMemsetD32Async(b, 0, N, NULL) == CUDA_SUCCESS);
  CHECK(cuMemsetD32Async(c, 0, N, NULL) == CUDA_SUCCESS);
  CHECK(cuStreamSynchronize(NULL) == CUDA_SUCCESS);

  /* Memory that is not pinned is read at once, pinned memory when it is time
   * for it. */
  CHECK(cuMemcpyHtoDAsync_v2(a, in, sizeof(in), first) == CUDA_SUCCESS);
  memset(in, 0, sizeof(in));
  void *forward[] = {&a, &b, &factor, &n};
  void *onwards[] = {&b, &c, &twice, &n};
  CHECK(cuLaunchKernel(scale, 1, 1, 1, N, 1, 1, 0, first, forward, NULL) ==
        CUDA_SUCCESS);
  CHECK(cuEventRecord(event, first) == CUDA_SUCCESS);
  CHECK(cuEventQuery(event) == CUDA_ERROR_NOT_READY);
  CHECK(cuStreamQuery(first) == CUDA_ERROR_NOT_READY);
  CHECK(cuStreamQuery(second) == CUDA_SUCCESS);

  /* Another stream does not see it, unless it waits for the event. */
  CHECK(cuLaunchKernel(scale, 1, 1, 1, N, 1, 1, 0, second, onwards, NULL) ==
        CUDA_SUCCESS);
  CHECK(cuMemcpyDtoHAsync_v2(pinned, c, sizeof(in), second) == CUDA_SUCCESS);
  CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);
  CHECK(pinned[7] == 0);
  CHECK(cuStreamQuery(first) == CUDA_ERROR_NOT_READY);
  CHECK(cuStreamWaitEvent(second, event, 0) == CUDA_SUCCESS);
  CHECK(cuLaunchKernel(scale, 1, 1, 1, N, 1, 1, 0, second, onwards, NULL) ==
        CUDA_SUCCESS);
  CHECK(cuMemcpyDtoHAsync_v2(pinned, c, sizeof(in), second) == CUDA_SUCCESS);
  CHECK(pinned[7] == 0);
  CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);
  CHECK(pinned[7] == 2 * 3 * 7);
  CHECK(cuEventQuery(event) == CUDA_SUCCESS);
  CHECK(cuStreamQuery(first) == CUDA_SUCCESS);

  /* The default stream comes after what blocking streams were given, and
   * before what they get next. */
  CHECK(cuMemsetD32Async(c, 0, N, first) == CUDA_SUCCESS);
  CHECK(cuMemsetD32Async(b, 0x3f800000, N, free_one) == CUDA_SUCCESS);
  CHECK(cuMemcpyDtoH_v2(out, c, sizeof(out)) == CUDA_SUCCESS && out[7] == 0);
  CHECK(cuMemcpyDtoH_v2(out, b, sizeof(out)) == CUDA_SUCCESS && out[7] == 21);
  CHECK(cuStreamQuery(free_one) == CUDA_ERROR_NOT_READY);
  CHECK(cuMemsetD32Async(a, 0x3f800000, N, NULL) == CUDA_SUCCESS);
  CHECK(cuMemcpyDtoHAsync_v2(out, a, sizeof(out), second) == CUDA_SUCCESS);
  CHECK(out[7] == 1);
  CHECK(cuCtxSynchronize() == CUDA_SUCCESS);
  CHECK(cuMemcpyDtoH_v2(out, b, sizeof(out)) == CUDA_SUCCESS && out[7] == 1);

  /* Streams that are gone, and memory that is freed. */
  CHECK(cuMemsetD32Async(a, 0, N, first) == CUDA_SUCCESS);
  CHECK(cuStreamDestroy_v2(first) == CUDA_SUCCESS);
  CHECK(cuMemcpyDtoH_v2(out, a, sizeof(out)) == CUDA_SUCCESS && out[7] == 0);
  CHECK(cuMemcpyDtoHAsync_v2(pinned, a, sizeof(out), free_one) == CUDA_SUCCESS);
  CHECK(pinned[7] == 42 && cuMemFree_v2(a) == CUDA_SUCCESS && pinned[7] == 0);

  /* A launch that fails does so where it is waited for; graphs are launched
   * late as well. */
  CUgraph graph;
  CUgraphExec executable;
  CHECK(cuStreamBeginCapture_v2(free_one, 2) == CUDA_SUCCESS);
  CHECK(cuStreamWaitEvent(free_one, event, 0) ==
        CUDA_ERROR_STREAM_CAPTURE_ISOLATION);
  CHECK(cuLaunchKernel(scale, 1, 1, 1, 2048, 1, 1, 0, free_one, onwards,
                       NULL) == CUDA_SUCCESS);
  CHECK(cuEventRecord(event, free_one) == CUDA_SUCCESS);
  CHECK(cuStreamWaitEvent(free_one, event, 0) == CUDA_SUCCESS);
  CHECK(cuStreamEndCapture(free_one, &graph) == CUDA_SUCCESS);
  CHECK(cuGraphInstantiateWithFlags(&executable, graph, 0) == CUDA_SUCCESS);
  CHECK(cuGraphLaunch(executable, second) == CUDA_SUCCESS);
  CHECK(cuGraphExecDestroy(executable) == CUDA_SUCCESS);
  CHECK(cuEventRecord(event, second) == CUDA_SUCCESS);
  CHECK(cuEventSynchronize(event) == CUDA_ERROR_LAUNCH_FAILED);
  CHECK(cuStreamSynchronize(second) == CUDA_ERROR_LAUNCH_FAILED);
  CHECK(cuStreamSynchronize(second) == CUDA_SUCCESS);

  /* A graph with two branches, which are in no order: a copy in one of them
   * does not see what the other one writes. */
  CUstream origin;
  CUevent fork, join;
  CHECK(cuMemAlloc_v2(&a, sizeof(in)) == CUDA_SUCCESS);
  CHECK(cuStreamCreate(&origin, 1) == CUDA_SUCCESS);
  CHECK(cuEventCreate(&fork, 0) == CUDA_SUCCESS);
  CHECK(cuEventCreate(&join, 0) == CUDA_SUCCESS);
  for (int joins = 0; joins < 2; ++joins) {
    CHECK(cuMemsetD32Async(a, 0, N, NULL) == CUDA_SUCCESS);
    CHECK(cuMemsetD32Async(b, 0, N, NULL) == CUDA_SUCCESS);
    CHECK(cuMemsetD32Async(c, 0, N, NULL) == CUDA_SUCCESS);
    CHECK(cuStreamSynchronize(NULL) == CUDA_SUCCESS);
    CHECK(cuStreamBeginCapture_v2(origin, 2) == CUDA_SUCCESS);
    CHECK(cuEventRecord(fork, origin) == CUDA_SUCCESS);
    CHECK(cuStreamWaitEvent(free_one, fork, 0) == CUDA_SUCCESS);
    CHECK(cuMemsetD32Async(a, 1, N, origin) == CUDA_SUCCESS);
    CHECK(cuMemcpyDtoDAsync_v2(b, a, sizeof(in), free_one) == CUDA_SUCCESS);
    CHECK(cuEventRecord(join, free_one) == CUDA_SUCCESS);
    CHECK(cuStreamWaitEvent(second, join, 0) == CUDA_SUCCESS);
    CHECK(cuStreamEndCapture(second, &graph) ==
          CUDA_ERROR_STREAM_CAPTURE_UNMATCHED);
    if (joins)
      CHECK(cuStreamWaitEvent(origin, join, 0) == CUDA_SUCCESS);
    CHECK(cuMemcpyDtoDAsync_v2(c, a, sizeof(in), origin) == CUDA_SUCCESS);
    CHECK(cuStreamEndCapture(origin, &graph) ==
          (joins ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNJOINED));
    CHECK(cuStreamQuery(free_one) == CUDA_SUCCESS);
    if (!joins)
      continue;
    CHECK(cuGraphInstantiateWithFlags(&executable, graph, 0) == CUDA_SUCCESS);
    CHECK(cuMemsetD32Async(a, 2, N, second) == CUDA_SUCCESS);
    CHECK(cuGraphLaunch(executable, second) == CUDA_SUCCESS);
    int values[3][N];
    CHECK(cuMemcpyDtoH_v2(values[0], a, sizeof(in)) == CUDA_SUCCESS);
    CHECK(cuMemcpyDtoH_v2(values[1], b, sizeof(in)) == CUDA_SUCCESS);
    CHECK(cuMemcpyDtoH_v2(values[2], c, sizeof(in)) == CUDA_SUCCESS);
    CHECK(values[0][0] == 1 && values[1][0] == 2 && values[2][0] == 1);
  }
  CHECK(cuMemFreeHost(pinned) == CUDA_SUCCESS);
  return 0;
}

int main(int argc, char **argv) {
  int count = 0;
  CHECK(cuDeviceGetCount(&count) == CUDA_ERROR_NOT_INITIALIZED);
  CHECK(cuInit(0) == CUDA_SUCCESS);
  CHECK(cuDeviceGetCount(&count) == CUDA_SUCCESS && count == 1);
  CUdevice device;
  CHECK(cuDeviceGet(&device, 1) == CUDA_ERROR_INVALID_DEVICE);
  CHECK(cuDeviceGet(&device, 0) == CUDA_SUCCESS);
  int value;
  CHECK(cuDeviceGetAttribute(&value, 75, device) == CUDA_SUCCESS && value == 9);
  CUcontext context;
  CHECK(cuDevicePrimaryCtxRetain(&context, device) == CUDA_SUCCESS);
  CHECK(cuCtxSetCurrent(context) == CUDA_SUCCESS);

  CHECK(argc == 2 || argc == 3);
  char *image = read_wrapped(argv[1]);
  CHECK(image);
  CUmodule module;
  CHECK(cuModuleLoadData(&module, "\177ELF") == CUDA_ERROR_INVALID_IMAGE);
  CHECK(cuModuleLoadData(&module, image) == CUDA_SUCCESS);
  CUfunction scale, race;
  CHECK(cuModuleGetFunction(&scale, module, "absent") == CUDA_ERROR_NOT_FOUND);
  CHECK(cuModuleGetFunction(&scale, module, "scale") == CUDA_SUCCESS);
  CHECK(cuModuleGetFunction(&race, module, "race") == CUDA_SUCCESS);

  if (argc == 3) {
    int failed = check_late_streams(scale);
    if (!failed)
      puts("all good");
    return failed;
  }

  enum { N = 100 };
  float in[N], out[N];
  for (int i = 0; i < N; ++i)
    in[i] = (float)i;
  CUdeviceptr a, b;
  CHECK(cuMemAlloc_v2(&a, sizeof(in)) == CUDA_SUCCESS);
  CHECK(cuMemAlloc_v2(&b, sizeof(out)) == CUDA_SUCCESS);
  CHECK(cuMemcpyHtoD_v2(a, in, sizeof(in) + 4) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuMemcpyHtoD_v2(a, in, sizeof(in)) == CUDA_SUCCESS);
  float factor = 3;
  int n = N;
  void *parameters[] = {&a, &b, &factor, &n};
  CHECK(cuLaunchKernel(scale, 4, 1, 1, 32, 1, 1, 0, NULL, parameters, NULL) ==
        CUDA_SUCCESS);
  CHECK(cuMemcpyDtoH_v2(out, b, sizeof(out)) == CUDA_SUCCESS);
  for (int i = 0; i < N; ++i)
    CHECK(out[i] == 3 * in[i]);
  CHECK(cuLaunchKernel(scale, 4, 1, 1, 2048, 1, 1, 0, NULL, parameters, NULL) ==
        CUDA_ERROR_LAUNCH_FAILED);

  /* A graph keeps the parameters as they were, and runs as often as asked. */
  CUstream stream;
  CUgraph graph;
  CUgraphExec executable;
  CUevent start, end;
  CHECK(cuStreamCreate(&stream, 0) == CUDA_SUCCESS);
  CHECK(cuEventCreate(&start, 0) == CUDA_SUCCESS);
  CHECK(cuEventCreate(&end, 0) == CUDA_SUCCESS);
  CHECK(cuStreamBeginCapture_v2(stream, 0) == CUDA_SUCCESS);
  void *back[] = {&b, &a, &factor, &n};
  CUlaunchConfig config = {4, 1, 1, 32, 1, 1, 0, stream, NULL, 0};
  CHECK(cuLaunchKernelEx(&config, scale, parameters, NULL) == CUDA_SUCCESS);
  CHECK(cuLaunchKernelEx(&config, scale, back, NULL) == CUDA_SUCCESS);
  CHECK(cuStreamEndCapture(stream, &graph) == CUDA_SUCCESS);
  CHECK(cuGraphInstantiateWithFlags(&executable, graph, 0) == CUDA_SUCCESS);
  factor = 100;
  CHECK(cuEventRecord(start, stream) == CUDA_SUCCESS);
  CHECK(cuGraphLaunch(executable, stream) == CUDA_SUCCESS);
  CHECK(cuGraphLaunch(executable, stream) == CUDA_SUCCESS);
  CHECK(cuEventRecord(end, stream) == CUDA_SUCCESS);
  CHECK(cuStreamSynchronize(stream) == CUDA_SUCCESS);
  float milliseconds;
  CHECK(cuEventElapsedTime(&milliseconds, start, end) == CUDA_SUCCESS);
  CHECK(milliseconds > 0);
  CHECK(cuMemcpyDtoH_v2(out, a, sizeof(out)) == CUDA_SUCCESS);
  for (int i = 0; i < N; ++i)
    CHECK(out[i] == 81 * in[i]);
  CHECK(cuGraphExecDestroy(executable) == CUDA_SUCCESS);
  CHECK(cuGraphDestroy(graph) == CUDA_SUCCESS);
  CHECK(cuGraphLaunch(executable, stream) == CUDA_ERROR_INVALID_HANDLE);

  /* A race is a failed launch. */
  void *only[] = {&b};
  CHECK(cuLaunchKernel(race, 1, 1, 1, 2, 1, 1, 0, stream, only, NULL) ==
        CUDA_ERROR_LAUNCH_FAILED);

  CUtensorMap map;
  uint64_t extents[] = {10, 10}, strides[] = {40};
  uint32_t box[] = {4, 4}, steps[] = {1, 1};
  CHECK(cuTensorMapEncodeTiled(&map, 7, 2, (void *)a, extents, strides, box,
                               steps, 0, 0, 0, 0) == CUDA_ERROR_INVALID_VALUE);
  strides[0] = 48;
  CHECK(cuTensorMapEncodeTiled(&map, 7, 2, (void *)a, extents, strides, box,
                               steps, 0, 0, 0, 0) == CUDA_SUCCESS);

  CHECK(cuMemFree_v2(a) == CUDA_SUCCESS);
  CHECK(cuMemFree_v2(a) == CUDA_ERROR_INVALID_VALUE);
  CHECK(cuModuleUnload(module) == CUDA_SUCCESS);
  CHECK(cuModuleUnload(module) == CUDA_ERROR_INVALID_HANDLE);
  free(image);
  puts("all good");
  return 0;
}
