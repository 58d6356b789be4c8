//===- CudaEmulator.h - The driver interface of the emulator ----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The calls of the CUDA driver that Ockham's runtime makes, under the same
// names and with the same values, so that one runtime works with libcuda and
// with libockham-cuda-emulator. Differences:
//   * cuModuleLoadData takes LLVM bitcode for NVPTX in LLVM's wrapper (which
//     says how long it is), or textual IR;
//   * work is done when it is submitted, in every stream, or with
//     "streams=late" below when somebody waits for it;
//   * what the race detector reports goes to stderr, and the launch returns
//     CUDA_ERROR_LAUNCH_FAILED.
// The environment variable OCKHAM_EMULATOR chooses how kernels run, as in
// "completion=random,schedule=random,seed=7,races=0". "memory=BYTES" is how
// much of it the device has; 80 GB without. With "streams=late" work is done as
// late as CUDA allows, so that a program which forgets to wait reads what was
// there before; what fails is then reported where it is waited for.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_C_CUDAEMULATOR_H
#define OCKHAM_C_CUDAEMULATOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define OCKHAM_CUDA_API __attribute__((visibility("default")))

typedef int CUresult;
typedef int CUdevice;
typedef uint64_t CUdeviceptr;
typedef struct CUctx_st *CUcontext;
typedef struct CUmod_st *CUmodule;
typedef struct CUfunc_st *CUfunction;
typedef struct CUstream_st *CUstream;
typedef struct CUevent_st *CUevent;
typedef struct CUgraph_st *CUgraph;
typedef struct CUgraphExec_st *CUgraphExec;

enum {
  CUDA_SUCCESS = 0,
  CUDA_ERROR_INVALID_VALUE = 1,
  CUDA_ERROR_OUT_OF_MEMORY = 2,
  CUDA_ERROR_NOT_INITIALIZED = 3,
  CUDA_ERROR_INVALID_DEVICE = 101,
  CUDA_ERROR_INVALID_IMAGE = 200,
  CUDA_ERROR_INVALID_HANDLE = 400,
  CUDA_ERROR_NOT_FOUND = 500,
  CUDA_ERROR_NOT_READY = 600,
  CUDA_ERROR_LAUNCH_FAILED = 719,
  CUDA_ERROR_STREAM_CAPTURE_UNMATCHED = 903,
  CUDA_ERROR_STREAM_CAPTURE_UNJOINED = 904,
  CUDA_ERROR_STREAM_CAPTURE_ISOLATION = 905
};

/* One attribute of a launch; of `id` only the size of clusters means anything
 * here, the others are hints. */
typedef struct {
  int id;
  char pad[4];
  union {
    char bytes[64];
    struct {
      unsigned x, y, z;
    } clusterDim;
  } value;
} CUlaunchAttribute;
enum { CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION = 4 };

typedef struct {
  unsigned gridDimX, gridDimY, gridDimZ;
  unsigned blockDimX, blockDimY, blockDimZ;
  unsigned sharedMemBytes;
  CUstream hStream;
  CUlaunchAttribute *attrs;
  unsigned numAttrs;
} CUlaunchConfig;

typedef struct {
  uint64_t opaque[16] __attribute__((aligned(64)));
} CUtensorMap;

OCKHAM_CUDA_API CUresult cuInit(unsigned flags);
OCKHAM_CUDA_API CUresult cuDriverGetVersion(int *version);
OCKHAM_CUDA_API CUresult cuGetErrorString(CUresult error, const char **text);
OCKHAM_CUDA_API CUresult cuDeviceGetCount(int *count);
OCKHAM_CUDA_API CUresult cuDeviceGet(CUdevice *device, int ordinal);
OCKHAM_CUDA_API CUresult cuDeviceGetName(char *name, int length,
                                         CUdevice device);
OCKHAM_CUDA_API CUresult cuDeviceGetAttribute(int *value, int attribute,
                                              CUdevice device);
OCKHAM_CUDA_API CUresult cuDevicePrimaryCtxRetain(CUcontext *context,
                                                  CUdevice device);
OCKHAM_CUDA_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device);
OCKHAM_CUDA_API CUresult cuCtxSetCurrent(CUcontext context);
OCKHAM_CUDA_API CUresult cuCtxGetCurrent(CUcontext *context);
OCKHAM_CUDA_API CUresult cuCtxSynchronize(void);

OCKHAM_CUDA_API CUresult cuModuleLoadData(CUmodule *module, const void *image);
OCKHAM_CUDA_API CUresult cuModuleUnload(CUmodule module);
OCKHAM_CUDA_API CUresult cuModuleGetFunction(CUfunction *function,
                                             CUmodule module, const char *name);
OCKHAM_CUDA_API CUresult cuFuncSetAttribute(CUfunction function, int attribute,
                                            int value);
OCKHAM_CUDA_API CUresult cuLaunchKernel(CUfunction function, unsigned gridX,
                                        unsigned gridY, unsigned gridZ,
                                        unsigned blockX, unsigned blockY,
                                        unsigned blockZ, unsigned sharedBytes,
                                        CUstream stream, void **parameters,
                                        void **extra);
OCKHAM_CUDA_API CUresult cuLaunchKernelEx(const CUlaunchConfig *config,
                                          CUfunction function,
                                          void **parameters, void **extra);

OCKHAM_CUDA_API CUresult cuMemGetInfo_v2(size_t *free, size_t *total);
OCKHAM_CUDA_API CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes);
OCKHAM_CUDA_API CUresult cuMemFree_v2(CUdeviceptr address);
OCKHAM_CUDA_API CUresult cuMemAllocHost_v2(void **address, size_t bytes);
OCKHAM_CUDA_API CUresult cuMemFreeHost(void *address);
OCKHAM_CUDA_API CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from,
                                         size_t bytes);
OCKHAM_CUDA_API CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from,
                                         size_t bytes);
OCKHAM_CUDA_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from,
                                              size_t bytes, CUstream stream);
OCKHAM_CUDA_API CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from,
                                              size_t bytes, CUstream stream);
OCKHAM_CUDA_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from,
                                              size_t bytes, CUstream stream);
OCKHAM_CUDA_API CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value,
                                         size_t count, CUstream stream);
OCKHAM_CUDA_API CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value,
                                          size_t count, CUstream stream);

OCKHAM_CUDA_API CUresult cuStreamCreate(CUstream *stream, unsigned flags);
OCKHAM_CUDA_API CUresult cuStreamDestroy_v2(CUstream stream);
OCKHAM_CUDA_API CUresult cuStreamSynchronize(CUstream stream);
OCKHAM_CUDA_API CUresult cuStreamQuery(CUstream stream);
OCKHAM_CUDA_API CUresult cuStreamWaitEvent(CUstream stream, CUevent event,
                                           unsigned flags);
OCKHAM_CUDA_API CUresult cuEventCreate(CUevent *event, unsigned flags);
OCKHAM_CUDA_API CUresult cuEventDestroy_v2(CUevent event);
OCKHAM_CUDA_API CUresult cuEventRecord(CUevent event, CUstream stream);
OCKHAM_CUDA_API CUresult cuEventSynchronize(CUevent event);
OCKHAM_CUDA_API CUresult cuEventQuery(CUevent event);
OCKHAM_CUDA_API CUresult cuEventElapsedTime(float *milliseconds, CUevent start,
                                            CUevent end);

OCKHAM_CUDA_API CUresult cuStreamBeginCapture_v2(CUstream stream, int mode);
OCKHAM_CUDA_API CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph);
OCKHAM_CUDA_API CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable,
                                                     CUgraph graph,
                                                     unsigned long long flags);
OCKHAM_CUDA_API CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream);
OCKHAM_CUDA_API CUresult cuGraphExecDestroy(CUgraphExec executable);
OCKHAM_CUDA_API CUresult cuGraphDestroy(CUgraph graph);

/* Of the emulator alone: 1 where its race detector checks what is launched. */
OCKHAM_CUDA_API int ockhamEmulatorDetectsRaces(void);

OCKHAM_CUDA_API CUresult cuTensorMapEncodeTiled(
    CUtensorMap *map, int dataType, uint32_t rank, void *address,
    const uint64_t *extents, const uint64_t *strides, const uint32_t *box,
    const uint32_t *elementStrides, int interleave, int swizzle,
    int l2Promotion, int fill);

#ifdef __cplusplus
}
#endif

#endif /* OCKHAM_C_CUDAEMULATOR_H */
