// One product with a bias and an activation on its way from tfm to PTX, through
// all steps of docs/cuda.md.

// RUN: ockham-opt %s --ockham-to-tile=target=cuda --tile-pack-weights --canonicalize --cse -o %t.tile.mlir
// RUN: FileCheck %s --check-prefix=TILE --input-file=%t.tile.mlir
// RUN: ockham-opt %t.tile.mlir --ockham-bufferize-functions --ockham-cuda-choose-strategies -o %t.strategy.mlir
// RUN: FileCheck %s --check-prefix=STRATEGY --input-file=%t.strategy.mlir
// RUN: ockham-opt %t.strategy.mlir --ockham-cuda-stage --canonicalize --cse -o %t.stage.mlir
// RUN: FileCheck %s --check-prefix=STAGE --input-file=%t.stage.mlir
// RUN: ockham-opt %t.stage.mlir --ockham-cuda-synchronize -o %t.sync.mlir
// RUN: FileCheck %s --check-prefix=SYNC --input-file=%t.sync.mlir
// RUN: ockham-opt %t.sync.mlir --ockham-cuda-lower-kernels --canonicalize --cse -o %t.nvvm.mlir
// RUN: FileCheck %s --check-prefix=NVVM --input-file=%t.nvvm.mlir
// RUN: ockham-emulate %t.nvvm.mlir --chip sm_80 --no-debug-info --emit-llvm > %t.bc
// RUN: llc -mtriple=nvptx64-nvidia-cuda -mcpu=sm_80 -mattr=+ptx78 %t.bc -o - | FileCheck %s --check-prefix=PTX

ockham.weight @w : tensor<256x200xbf16> = dense<0.5> : tensor<256x200xbf16>
ockham.weight @b : tensor<200xf32> = dense<1.0> : tensor<200xf32>

func.func @forward(%x: tensor<?x256xbf16>) -> tensor<?x200xbf16> {
  %w = ockham.load_weight @w : tensor<256x200xbf16>
  %b = ockham.load_weight @b : tensor<200xf32>
  %p = tfm.linear %x, %w bias %b : tensor<?x256xbf16>, tensor<256x200xbf16>, tensor<200xf32> -> tensor<?x200xbf16>
  %y = tfm.activation relu %p : tensor<?x200xbf16>
  return %y : tensor<?x200xbf16>
}

// The product, its bias and its activation are one kernel, without sizes that
// belong to a device.
// TILE: tile.kernel @[[KERNEL:linear_256x200_bias_relu_bf16]](
// TILE-SAME: !tile.view<256x200xbf16, panels<64>>
// TILE: tile.for {{.*}} step 2 streams(
// TILE-NEXT: tile.dot
// TILE: arith.addf
// TILE: arith.maximumf
// TILE: arith.truncf
// TILE-NEXT: tile.store
// TILE: tile.launch @[[KERNEL]] grid

// Tensor cores, and blocks for them.
// STRATEGY: tile.kernel @linear_256x200_bias_relu_bf16(
// STRATEGY-SAME: strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [{{[0-9], [0-9]}}], lanes = [8, 4], vector = 2, stages = [[STAGES:[0-9]]]
// STRATEGY: tile.for {{.*}} step [[DEPTH:[1-9][0-9]+]] streams({{.*}} !tile.slice<[[ROWS:[0-9]+]]x[[DEPTH]]xbf16>
// STRATEGY-NEXT: tile.dot {{.*}} : tensor<[[ROWS]]x{{[0-9]+}}xf32>

// A ring of windows in shared memory, filled ahead.
// STAGE: tile.kernel @linear_256x200_bias_relu_bf16(
// STAGE: %[[A:.*]] = ockham_cuda.shared at 0 : <[[ROWS:[0-9]+]]x[[DEPTH:[0-9]+]]xbf16, stages = [[STAGES:[0-9]]]>
// STAGE: %[[B:.*]] = ockham_cuda.shared at {{[0-9]+}} : <[[DEPTH]]x{{[0-9]+}}xbf16, stages = [[STAGES]]>
// STAGE: ockham_cuda.copy {{.*}} to %[[A]][%c0 + 0] bytes 16
// STAGE: ockham_cuda.copy {{.*}} to %[[B]][%c0 + 0] bytes 16
// STAGE: scf.for %[[N:[a-z0-9]+]] =
// STAGE: ockham_cuda.acquire %[[A]][%[[N]]]
// STAGE: ockham_cuda.copy {{.*}} to %[[A]][%[[N]] + [[AHEAD:[0-9]]]] bytes 16 when
// STAGE: tile.dot {{.*}} !tile.slice<[[ROWS]]x[[DEPTH]]xbf16>
// STAGE-NOT: {{ockham_cuda.(wait|barrier|commit)}}

// What has to wait for what.
// SYNC: tile.kernel @linear_256x200_bias_relu_bf16(
// SYNC: ockham_cuda.commit
// SYNC: scf.for
// SYNC-NEXT: ockham_cuda.wait
// SYNC-NEXT: ockham_cuda.barrier
// SYNC-NEXT: ockham_cuda.acquire
// SYNC: ockham_cuda.commit
// SYNC-NEXT: tile.dot
// SYNC: scf.yield
// SYNC-NEXT: }
// SYNC-NOT: {{ockham_cuda.(wait|barrier|commit)}}
// SYNC: tile.store

// The code of one thread.
// NVVM: ockham_cuda.launch @kernels::@linear_256x200_bias_relu_bf16 blocks(
// NVVM: gpu.func @linear_256x200_bias_relu_bf16(%{{.*}}: !llvm.ptr<1>, %{{.*}}: index
// NVVM-SAME: nvvm.reqntid
// NVVM: nvvm.cp.async.shared.global {{.*}}, 16, cache = cg
// NVVM: nvvm.cp.async.wait.group
// NVVM-NEXT: nvvm.barrier0
// NVVM: nvvm.ldmatrix
// NVVM: nvvm.mma.sync
// NVVM: arith.maximumf {{.*}} : vector<2xf32>
// NVVM: llvm.store {{.*}} : vector<2xbf16>, !llvm.ptr<1>

// PTX: .visible .entry linear_256x200_bias_relu_bf16(
// PTX: cp.async.cg.shared.global [%{{.*}}], [%{{.*}}], 16
// PTX: cp.async.commit_group;
// PTX-DAG: cp.async.wait_group
// PTX-DAG: bar{{(rier)?}}.sync
// PTX-DAG: ldmatrix.sync.aligned.m8n8.x4.shared.b16
// PTX-DAG: ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// PTX-DAG: mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// PTX: st.global
