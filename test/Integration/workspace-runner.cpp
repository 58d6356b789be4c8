//===- workspace-runner.cpp - A model under a host that counts ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// workspace-runner MODEL.so [NAME=EXTENT...] [--allocations N]
//
// Runs each entry point of a compiled model under a host table of its own that
// counts what the model asks for: with a workspace of exactly the bytes that
// it plans, filled with two different patterns and fenced in, and with one that
// is too small. Results must be the same whatever the workspace held before, to
// the bit; nothing beyond it may be written; and nothing but N blocks may come
// from `allocate` (0 without --allocations), in any call.
//
//===----------------------------------------------------------------------===//

#include "ockham-c/ModelABI.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <random>
#include <string>
#include <vector>

namespace {

using Extents = std::map<std::string, int64_t>;

[[noreturn]] void fail(const std::string &message) {
  std::fprintf(stderr, "workspace-runner: %s\n", message.c_str());
  std::exit(1);
}

void *allocateAligned(uint64_t bytes) {
  uint64_t rounded = (bytes + 64 + 63) / 64 * 64;
  void *memory = std::aligned_alloc(64, rounded);
  if (!memory)
    fail("no memory");
  return memory;
}

uint64_t widthOf(int32_t dtype) {
  switch (dtype) {
  case OCKHAM_I64:
  case OCKHAM_U64:
  case OCKHAM_F64:
    return 8;
  case OCKHAM_I32:
  case OCKHAM_U32:
  case OCKHAM_F32:
    return 4;
  case OCKHAM_I16:
  case OCKHAM_U16:
  case OCKHAM_F16:
  case OCKHAM_BF16:
    return 2;
  default:
    return 1;
  }
}

/// What happens in one call.
struct Context {
  const ockham_entry *entry = nullptr;
  int allocations = 0;
  std::vector<void *> blocks;
  std::vector<std::vector<char>> outputs;
  std::vector<void *> outputMemory;
  std::string message;
};

int32_t workerCount(void *) { return 1; }
void parallelFor(void *, int64_t count, int64_t, ockham_loop_body body,
                 void *argument) {
  if (count > 0)
    body(argument, 0, count, 0);
}
int32_t runTeam(void *, int32_t workers, ockham_loop_body body,
                void *argument) {
  if (workers > 1)
    return OCKHAM_UNSUPPORTED;
  body(argument, 0, 1, 0);
  return OCKHAM_OK;
}
void barrier(void *) {}
void *allocate(void *context, uint64_t bytes) {
  auto *call = static_cast<Context *>(context);
  ++call->allocations;
  call->blocks.push_back(allocateAligned(bytes));
  return call->blocks.back();
}
void release(void *, void *) {} // At the end of the call.
void *output(void *context, int32_t index, int32_t rank, const int64_t *shape) {
  auto *call = static_cast<Context *>(context);
  uint64_t bytes = widthOf(call->entry->outputs[index].dtype);
  for (int32_t i = 0; i < rank; ++i)
    bytes *= shape[i];
  std::vector<char> &data = call->outputs[index];
  if (!call->outputMemory[index]) {
    data.resize(bytes);
    call->outputMemory[index] = allocateAligned(bytes);
  }
  return call->outputMemory[index];
}
void failCall(void *context, int32_t, const char *message,
              const int64_t *values, int32_t count) {
  std::string text;
  int32_t next = 0;
  for (const char *c = message; *c; ++c) {
    if (c[0] == '{' && c[1] == '}' && next < count) {
      text += std::to_string(values[next++]);
      ++c;
    } else {
      text += *c;
    }
  }
  static_cast<Context *>(context)->message = text;
}

const ockham_host host = {sizeof(ockham_host),
                          OCKHAM_ABI_VERSION,
                          workerCount,
                          parallelFor,
                          runTeam,
                          barrier,
                          allocate,
                          release,
                          output,
                          failCall,
                          nullptr};

/// A name, a number, or a sum of such ("past + 1").
int64_t extentOf(const ockham_dim &dim, const Extents &extents) {
  if (dim.extent >= 0)
    return dim.extent;
  std::string text = dim.symbol ? dim.symbol : "";
  int64_t sum = 0;
  size_t begin = 0;
  while (begin <= text.size()) {
    size_t end = std::min(text.find('+', begin), text.size());
    std::string part = text.substr(begin, end - begin);
    part.erase(0, part.find_first_not_of(' '));
    part.erase(part.find_last_not_of(' ') + 1);
    auto found = extents.find(part);
    if (found != extents.end())
      sum += found->second;
    else if (!part.empty() &&
             part.find_first_not_of("0123456789") == std::string::npos)
      sum += std::atoll(part.c_str());
    else
      sum += 3;
    begin = end + 1;
  }
  return sum;
}

struct Input {
  std::vector<int64_t> shape;
  void *data;
};

Input makeInput(const ockham_tensor_spec &spec, const Extents &extents) {
  Input input;
  uint64_t count = 1;
  for (int32_t i = 0; i < spec.rank; ++i) {
    input.shape.push_back(extentOf(spec.dims[i], extents));
    count *= input.shape.back();
  }
  uint64_t width = widthOf(spec.dtype);
  input.data = allocateAligned(count * width);
  std::memset(input.data, 0, count * width);
  std::mt19937 random(7);
  std::normal_distribution<float> normal;
  for (uint64_t i = 0; i < count; ++i) {
    if (spec.dtype == OCKHAM_F32)
      static_cast<float *>(input.data)[i] = normal(random);
    else if (spec.dtype == OCKHAM_I64)
      static_cast<int64_t *>(input.data)[i] = random() % 2;
    else if (spec.dtype == OCKHAM_BOOL)
      static_cast<char *>(input.data)[i] = 1;
  }
  return input;
}

class Runner {
public:
  Runner(const ockham_model &model, const ockham_entry &entry,
         const Extents &extents)
      : entry(entry) {
    for (int32_t i = 0; i < model.weight_count; ++i) {
      if (model.weights[i].init != OCKHAM_INIT_STORED || !model.weight_data)
        fail("only embedded weights are supported");
      weights.push_back(static_cast<const char *>(model.weight_data) +
                        model.weights[i].offset);
    }
    for (int32_t i = 0; i < entry.input_count; ++i)
      inputs.push_back(makeInput(entry.inputs[i], extents));
    for (int32_t i = 0; i < entry.input_count; ++i)
      tensors.push_back({inputs[i].data, inputs[i].shape.data(),
                         entry.inputs[i].dtype, entry.inputs[i].rank});
  }

  uint64_t countWorkspace() const {
    if (!entry.workspace_bytes)
      return 0;
    // Shapes alone are asked for.
    std::vector<ockham_tensor> shapes = tensors;
    for (ockham_tensor &tensor : shapes)
      tensor.data = nullptr;
    return entry.workspace_bytes(shapes.data(), nullptr, 1);
  }

  /// Runs with a workspace of `bytes` that is filled with `pattern`.
  int32_t run(Context &context, uint64_t bytes, int pattern) {
    constexpr uint64_t fence = 4096;
    context.entry = &entry;
    context.outputs.resize(entry.output_count);
    context.outputMemory.resize(entry.output_count);
    char *memory = static_cast<char *>(allocateAligned(bytes + 2 * fence));
    std::memset(memory, 0xA5, fence);
    std::memset(memory + fence, pattern, bytes);
    std::memset(memory + fence + bytes, 0xA5, fence);
    ockham_call call = {};
    call.struct_bytes = sizeof(call);
    call.context = &context;
    call.inputs = tensors.data();
    call.weights = weights.data();
    call.workspace = memory + fence;
    call.workspace_bytes = bytes;
    int32_t status = entry.run(&host, &call);
    for (uint64_t i = 0; i < fence; ++i)
      if (memory[i] != char(0xA5) || memory[fence + bytes + i] != char(0xA5))
        fail(std::string("'") + entry.name +
             "' wrote outside of its workspace");
    for (int32_t i = 0; i < entry.output_count; ++i)
      if (context.outputMemory[i])
        std::memcpy(context.outputs[i].data(), context.outputMemory[i],
                    context.outputs[i].size());
    for (void *block : context.blocks)
      std::free(block);
    for (void *block : context.outputMemory)
      std::free(block);
    std::free(memory);
    return status;
  }

private:
  const ockham_entry &entry;
  std::vector<const void *> weights;
  std::vector<Input> inputs;
  std::vector<ockham_tensor> tensors;
};

void check(const ockham_model &model, const ockham_entry &entry,
           const Extents &extents, int expected) {
  std::string name = std::string("'") + entry.name + "'";
  Runner runner(model, entry, extents);
  uint64_t bytes = runner.countWorkspace();
  Context first, second, small;
  for (auto [context, pattern] : {std::pair(&first, 0xFF), {&second, 0x11}}) {
    int32_t status = runner.run(*context, bytes, pattern);
    if (status != OCKHAM_OK)
      fail(name + " returned " + std::to_string(status) + ": " +
           context->message);
    if (context->allocations != expected)
      fail(name + " allocated " + std::to_string(context->allocations) +
           " blocks, expected " + std::to_string(expected));
  }
  if (first.outputs != second.outputs)
    fail(name + " read what it had not written: results differ with what the "
                "workspace held before");
  if (bytes > 0) {
    int32_t status = runner.run(small, bytes - 64, 0);
    if (status != OCKHAM_INVALID_ARGUMENT)
      fail(name + " returned " + std::to_string(status) +
           " for a workspace that is too small");
    std::printf("%s: %s\n", name.c_str(), small.message.c_str());
  }
  std::printf("%s: workspace %llu bytes, %d allocations, same results\n",
              name.c_str(), static_cast<unsigned long long>(bytes),
              second.allocations);
}

} // namespace

int main(int argc, char **argv) {
  Extents extents;
  int expected = 0;
  if (argc < 2)
    fail("usage: workspace-runner MODEL.so [NAME=EXTENT...] [--allocations N]");
  for (int i = 2; i < argc; ++i) {
    std::string text = argv[i];
    size_t equals = text.find('=');
    if (text == "--allocations" && i + 1 < argc)
      expected = std::atoi(argv[++i]);
    else if (equals != std::string::npos)
      extents[text.substr(0, equals)] = std::atoll(text.c_str() + equals + 1);
    else
      fail("unknown argument '" + text + "'");
  }
  void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  if (!library)
    fail(dlerror());
  auto query = reinterpret_cast<ockham_model_query_fn>(
      dlsym(library, "ockham_model_query"));
  const ockham_model *model = query ? query(OCKHAM_ABI_VERSION) : nullptr;
  if (!model)
    fail("not a compiled model");
  for (int32_t i = 0; i < model->entry_count; ++i)
    check(*model, model->entries[i], extents, expected);
  return 0;
}
