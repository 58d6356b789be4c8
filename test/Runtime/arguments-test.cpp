//===- arguments-test.cpp - Tensors in and out, right and wrong -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Helpers.h"
#include <array>

/// A session of the probe model; it has no state.
struct Probe {
  LibraryPtr library = load(testModel("probe"));
  SessionPtr session = createSession(library.get(), nullptr);

  template <size_t Inputs, size_t Outputs>
  ockham_status run(const char *entry,
                    std::array<ockham_argument, Inputs> inputs,
                    std::array<ockham_argument, Outputs> &outputs) {
    return ockham_session_run(session.get(), entry, inputs.data(), Inputs,
                              outputs.data(), Outputs);
  }
  template <size_t Inputs>
  ockham_status add(std::array<ockham_argument, Inputs> inputs) {
    std::array<ockham_argument, 1> outputs = {wanted("sum")};
    ockham_status status = run("add_subtract", inputs, outputs);
    CHECK_EQ(outputs[0].managed != nullptr, status == OCKHAM_OK);
    ockham_argument_release(&outputs[0]);
    return status;
  }
};

using In = std::array<ockham_argument, 2>;

//===----------------------------------------------------------------------===//
// Refusals
//===----------------------------------------------------------------------===//

TEST(wrongNames) {
  Probe probe;
  Tensor<float> x({1, 2}, {1, 2});
  CHECK_FAILS(probe.add(In{x.as("a"), x.as("c")}), OCKHAM_INVALID_ARGUMENT,
              "the entry point 'add_subtract' has no input 'c'; it has: 'a' "
              "float32 [n, m], 'b' float32 [n, m]");
  CHECK_FAILS(probe.add(In{x.as("a"), x.as("a")}), OCKHAM_INVALID_ARGUMENT,
              "input 'a' is given twice");
  CHECK_FAILS(probe.add(std::array<ockham_argument, 1>{x.as("a")}),
              OCKHAM_INVALID_ARGUMENT,
              "the entry point 'add_subtract' needs input 'b' float32 [n, m]; "
              "given: 'a'");
  CHECK_FAILS(probe.add(In{x.as("a"), wanted("b")}), OCKHAM_INVALID_ARGUMENT,
              "the entry point 'add_subtract' needs input 'b' float32 [n, m]; "
              "given: 'a'");
  CHECK_FAILS(probe.add(In{x.as("a"), x.as(nullptr)}), OCKHAM_INVALID_ARGUMENT,
              "input number 1 has no name; the entry point 'add_subtract' "
              "takes: 'a' float32 [n, m], 'b' float32 [n, m]");
  std::array<ockham_argument, 1> outputs = {wanted("product")};
  CHECK_FAILS(
      probe.run("add_subtract", In{x.as("a"), x.as("b")}, outputs),
      OCKHAM_INVALID_ARGUMENT,
      "the entry point 'add_subtract' has no output 'product'; it has: 'sum' "
      "float32 [n, m], 'difference' float32 [n, m]");
  outputs = {wanted("sum")};
  CHECK_FAILS(probe.run("multiply", In{x.as("a"), x.as("b")}, outputs),
              OCKHAM_NOT_FOUND,
              "the model 'probe' has no entry point 'multiply'; it has: "
              "'add_subtract', 'nonzero', 'allocate', 'team', 'misbehave', "
              "'copy'");
  CHECK_FAILS(ockham_session_run(probe.session.get(), "nonzero", nullptr, 2,
                                 nullptr, 0),
              OCKHAM_INVALID_ARGUMENT,
              "2 inputs are counted, but their array is a null pointer");
  CHECK_FAILS(ockham_session_run(nullptr, "nonzero", nullptr, 0, nullptr, 0),
              OCKHAM_INVALID_ARGUMENT, "session: expected a pointer, got null");
}

TEST(wrongTypes) {
  Probe probe;
  Tensor<float> x({2, 3}, std::vector<float>(6));
  Tensor<int64_t> ids({2, 3}, std::vector<int64_t>(6));
  Tensor<float> vector({6}, std::vector<float>(6));
  CHECK_FAILS(probe.add(In{x.as("a"), ids.as("b")}), OCKHAM_INVALID_ARGUMENT,
              "input 'b': expected float32 [n, m], got int64 [2, 3]; convert "
              "the values to float32");
  CHECK_FAILS(probe.add(In{x.as("a"), vector.as("b")}), OCKHAM_INVALID_ARGUMENT,
              "input 'b': expected float32 [n, m], got float32 [6]; the rank "
              "must be 2, not 1");
  Tensor<float> wide({2, 4}, std::vector<float>(8));
  CHECK_FAILS(probe.add(In{x.as("a"), wide.as("b")}), OCKHAM_INVALID_ARGUMENT,
              "dimension 'm' is 3 in input 'a' (axis 1) but 4 in input 'b' "
              "(axis 1)");
  Tensor<float> broken({2, 3}, std::vector<float>(6));
  broken.tensor.dtype = 42;
  CHECK_FAILS(probe.add(In{x.as("a"), broken.as("b")}), OCKHAM_INVALID_ARGUMENT,
              "input 'b': 42 is no value of ockham_dtype");
  broken.tensor.dtype = OCKHAM_F32;
  broken.tensor.data = nullptr;
  CHECK_FAILS(probe.add(In{x.as("a"), broken.as("b")}), OCKHAM_INVALID_ARGUMENT,
              "input 'b': float32 [2, 3] has 24 bytes, but its data is a null "
              "pointer");
  broken.shape[0] = -2;
  CHECK_FAILS(probe.add(In{x.as("a"), broken.as("b")}), OCKHAM_INVALID_ARGUMENT,
              "input 'b': extents are at least 0, got [-2, 3]");
  broken.tensor.rank = 99;
  CHECK_FAILS(probe.add(In{x.as("a"), broken.as("b")}), OCKHAM_INVALID_ARGUMENT,
              "input 'b': a rank from 0 to 32 is expected, got 99");
  Tensor<float> huge({INT64_MAX / 2, 3}, {});
  CHECK_FAILS(probe.add(In{huge.as("a"), huge.as("b")}),
              OCKHAM_INVALID_ARGUMENT,
              "input 'a': float32 [4611686018427387903, 3] has more bytes than "
              "can be addressed");
}

TEST(fixedExtents) {
  LibraryPtr library = load(testModel("handwritten"));
  Options options;
  SessionPtr session = createSession(library.get(), &options);
  Tensor<int64_t> two({2, 2}, {1, 2, 3, 4});
  ockham_argument input = two.as("input_ids");
  CHECK_FAILS(
      ockham_session_run(session.get(), "decode", &input, 1, nullptr, 0),
      OCKHAM_INVALID_ARGUMENT,
      "input 'input_ids': expected int64 [batch, 1], got int64 [2, 2]; axis 1 "
      "must be 1, not 2");
  Tensor<int64_t> three({3, 1}, {1, 2, 3});
  input = three.as("input_ids");
  CHECK_FAILS(
      ockham_session_run(session.get(), "decode", &input, 1, nullptr, 0),
      OCKHAM_INVALID_ARGUMENT,
      "dimension 'batch' is 2 in the session's bindings but 3 in input "
      "'input_ids' (axis 0)");
}

/// A DLPack view on memory of the test.
struct View {
  View(void *data, std::vector<int64_t> extents, std::vector<int64_t> steps,
       DLDataType type = {kDLFloat, 32, 1})
      : shape(std::move(extents)), strides(std::move(steps)) {
    tensor = {data, {kDLCPU, 0},  static_cast<int32_t>(shape.size()),
              type, shape.data(), strides.empty() ? nullptr : strides.data(),
              0};
  }
  View(const View &) = delete;
  ockham_argument as(const char *name) const {
    ockham_argument argument = {};
    argument.name = name;
    argument.view = &tensor;
    return argument;
  }
  std::vector<int64_t> shape, strides;
  DLTensor tensor;
};

TEST(foreignTensors) {
  Probe probe;
  float data[4] = {};
  View good(data, {2, 2}, {});
  View device(data, {2, 2}, {});
  device.tensor.device = {kDLCUDA, 1};
  CHECK_FAILS(probe.add(In{good.as("a"), device.as("b")}),
              OCKHAM_INVALID_ARGUMENT,
              "input 'b': expected memory of the CPU, got that of CUDA device "
              "1; copy the tensor to the CPU first");
  View complex(data, {2, 1}, {}, {kDLComplex, 64, 1});
  CHECK_FAILS(probe.add(In{good.as("a"), complex.as("b")}),
              OCKHAM_INVALID_ARGUMENT,
              "input 'b': expected float32 [n, m], got complex64 [2, 1]; "
              "convert the values to float32");
  View lanes(data, {2, 1}, {}, {kDLFloat, 32, 4});
  CHECK_FAILS_WITH(probe.add(In{good.as("a"), lanes.as("b")}),
                   OCKHAM_INVALID_ARGUMENT, "got float32 x 4 lanes [2, 1]");
  ockham_argument both = good.as("b");
  Tensor<float> plain({2, 2}, std::vector<float>(4));
  both.tensor = &plain.tensor;
  CHECK_FAILS(probe.add(In{good.as("a"), both}), OCKHAM_INVALID_ARGUMENT,
              "input 'b': one of the fields tensor, view, managed and "
              "versioned is to be set, got 2; zero the argument before use");
}

//===----------------------------------------------------------------------===//
// Strides, buffers, aliases
//===----------------------------------------------------------------------===//

static std::vector<float> addViews(Probe &probe, const View &a, const View &b) {
  std::array<ockham_argument, 1> outputs = {wanted("sum")};
  CHECK_OK(probe.run("add_subtract", In{a.as("a"), b.as("b")}, outputs));
  return take<float>(outputs[0]);
}

using Floats = std::vector<float>;

TEST(stridedInputs) {
  Probe probe;
  float data[] = {0, 1, 2, 3, 4, 5};
  float zeros[6] = {};
  View zero(zeros, {2, 3}, {});
  CHECK(addViews(probe, View(data, {2, 3}, {3, 1}), zero) ==
        (Floats{0, 1, 2, 3, 4, 5}));
  View transposed(data, {2, 3}, {1, 2});
  CHECK(addViews(probe, transposed, zero) == (Floats{0, 2, 4, 1, 3, 5}));
  View reversed(data + 5, {2, 3}, {-3, -1});
  CHECK(addViews(probe, reversed, zero) == (Floats{5, 4, 3, 2, 1, 0}));
  View repeated(data, {2, 3}, {0, 1});
  CHECK(addViews(probe, repeated, zero) == (Floats{0, 1, 2, 0, 1, 2}));
  View offset(data, {1, 2}, {});
  offset.tensor.byte_offset = 8;
  View zero2(zeros, {1, 2}, {});
  CHECK(addViews(probe, offset, zero2) == (Floats{2, 3}));
  // Not aligned to its element type.
  alignas(8) char bytes[32] = {};
  std::memcpy(bytes + 1, data, 24);
  View crooked(bytes + 1, {2, 3}, {});
  CHECK(addViews(probe, crooked, zero) == (Floats{0, 1, 2, 3, 4, 5}));
  // Strides of axes of extent 1, and of empty tensors, mean nothing.
  View one(data, {1, 2}, {77, 1});
  CHECK(addViews(probe, one, zero2) == (Floats{0, 1}));
  View none(nullptr, {0, 2}, {5, 5});
  CHECK(addViews(probe, none, none).empty());
}

TEST(callerBuffers) {
  Probe probe;
  Tensor<float> a({2, 2}, {1, 2, 3, 4}), b({2, 2}, {10, 20, 30, 40});
  In inputs = {a.as("a"), b.as("b")};
  Tensor<float> sum({2, 2}, Floats(4)), difference({2, 2}, Floats(4));
  std::array<ockham_argument, 2> outputs = {difference.as("difference"),
                                            sum.as("sum")};
  CHECK_OK(probe.run("add_subtract", inputs, outputs));
  CHECK(sum.values == (Floats{11, 22, 33, 44}));
  CHECK(difference.values == (Floats{-9, -18, -27, -36}));
  CHECK(outputs[1].tensor == &sum.tensor);

  // A strided buffer: every other element of a row.
  float wide[8] = {9, 9, 9, 9, 9, 9, 9, 9};
  View strided(wide, {2, 2}, {4, 2});
  std::array<ockham_argument, 1> one = {strided.as("sum")};
  CHECK_OK(probe.run("add_subtract", inputs, one));
  CHECK(Floats(wide, wide + 8) == (Floats{11, 9, 22, 9, 33, 9, 44, 9}));

  // The result over its input, also shifted by one.
  float memory[5] = {1, 2, 3, 4, 5};
  View in(memory, {2, 2}, {}), shifted(memory + 1, {2, 2}, {});
  one = {shifted.as("sum")};
  CHECK_OK(probe.run("add_subtract", In{in.as("a"), in.as("b")}, one));
  CHECK(Floats(memory, memory + 5) == (Floats{1, 2, 4, 6, 8}));

  outputs = {sum.as("sum"), sum.as("difference")};
  CHECK_FAILS(probe.run("add_subtract", inputs, outputs),
              OCKHAM_INVALID_ARGUMENT,
              "the buffers of output 'sum' and output 'difference' overlap");
}

TEST(wrongBuffers) {
  Probe probe;
  Tensor<float> a({2, 2}, {1, 2, 3, 4});
  In inputs = {a.as("a"), a.as("b")};
  Tensor<float> wide({2, 3}, Floats(6));
  std::array<ockham_argument, 1> outputs = {wide.as("sum")};
  CHECK_FAILS(probe.run("add_subtract", inputs, outputs),
              OCKHAM_INVALID_ARGUMENT,
              "dimension 'm' is 2 in input 'a' (axis 1) but 3 in output 'sum' "
              "(axis 1)");
  Tensor<int64_t> integers({2, 2}, std::vector<int64_t>(4));
  outputs = {integers.as("sum")};
  CHECK_FAILS(probe.run("add_subtract", inputs, outputs),
              OCKHAM_INVALID_ARGUMENT,
              "output 'sum': expected float32 [n, m], got int64 [2, 2]; "
              "convert the values to float32");
  // A size that only the run can tell.
  Tensor<int64_t> values({4}, {5, 0, 7, 0});
  std::array<ockham_argument, 1> in = {values.as("values")};
  Tensor<int64_t> three({3}, {0, 0, 0}), two({2}, {0, 0});
  outputs = {three.as("indices")};
  CHECK_FAILS(probe.run("nonzero", in, outputs), OCKHAM_INVALID_ARGUMENT,
              "output 'indices': the buffer is int64 [3], but the result is "
              "int64 [2]");
  outputs = {two.as("indices")};
  CHECK_OK(probe.run("nonzero", in, outputs));
  CHECK(two.values == (std::vector<int64_t>{0, 2}));
  outputs = {wanted("indices")};
  CHECK_OK(probe.run("nonzero", in, outputs));
  CHECK(take<int64_t>(outputs[0]) == (std::vector<int64_t>{0, 2}));
}

//===----------------------------------------------------------------------===//
// Ownership
//===----------------------------------------------------------------------===//

/// Counts how often the deleters of owned tensors are called.
struct Owned {
  explicit Owned(float *data, bool readOnly = false) {
    DLTensor tensor = {data,  {kDLCPU, 0}, 2, {kDLFloat, 32, 1},
                       shape, nullptr,     0};
    managed = {tensor, this, [](DLManagedTensor *self) {
                 ++static_cast<Owned *>(self->manager_ctx)->deleted;
               }};
    versioned = {{1, 0},
                 this,
                 [](DLManagedTensorVersioned *self) {
                   ++static_cast<Owned *>(self->manager_ctx)->deleted;
                 },
                 readOnly ? 1u : 0u,
                 tensor};
  }
  Owned(const Owned &) = delete;
  ockham_argument as(const char *name) {
    ockham_argument argument = {};
    argument.name = name;
    argument.managed = &managed;
    return argument;
  }
  ockham_argument asVersioned(const char *name) {
    ockham_argument argument = {};
    argument.name = name;
    argument.versioned = &versioned;
    return argument;
  }
  int64_t shape[2] = {1, 2};
  int deleted = 0;
  DLManagedTensor managed;
  DLManagedTensorVersioned versioned;
};

TEST(ownership) {
  Probe probe;
  float data[2] = {1, 2}, result[2] = {};
  Owned a(data), b(data, true), sum(result);
  ockham_argument inputs[] = {a.as("a"), b.asVersioned("b")};
  ockham_argument outputs[] = {sum.as("sum"), wanted("difference")};
  CHECK_OK(ockham_session_run(probe.session.get(), "add_subtract", inputs, 2,
                              outputs, 2));
  CHECK_EQ(a.deleted, 1);
  CHECK_EQ(b.deleted, 1);
  CHECK_EQ(sum.deleted, 1);
  CHECK(inputs[0].managed == nullptr && inputs[1].versioned == nullptr);
  CHECK(outputs[0].managed == nullptr && outputs[1].managed != nullptr);
  CHECK_EQ(result[1], 4);
  CHECK(take<float>(outputs[1]) == (Floats{0, 0}));

  // Failed calls take over as well, wherever they fail.
  Owned c(data), d(data), e(result);
  ockham_argument wrong[] = {c.as("a"), d.asVersioned("nonsense")};
  ockham_argument out = e.as("sum");
  CHECK_EQ(static_cast<int>(ockham_session_run(
               probe.session.get(), "add_subtract", wrong, 2, &out, 1)),
           static_cast<int>(OCKHAM_INVALID_ARGUMENT));
  CHECK_EQ(c.deleted + d.deleted + e.deleted, 3);
  Owned f(data);
  ockham_argument alone = f.as("a");
  CHECK_EQ(
      static_cast<int>(ockham_session_run(nullptr, "x", &alone, 1, nullptr, 0)),
      static_cast<int>(OCKHAM_INVALID_ARGUMENT));
  CHECK_EQ(f.deleted, 1);

  // A tensor without deleter, one of a future version, a read-only buffer.
  Owned g(data), h(data), i(result, true);
  g.managed.deleter = nullptr;
  h.versioned.version = {2, 1};
  ockham_argument more[] = {g.as("a"), h.asVersioned("b")};
  CHECK_FAILS(ockham_session_run(probe.session.get(), "add_subtract", more, 2,
                                 nullptr, 0),
              OCKHAM_INVALID_ARGUMENT,
              "input 'b': DLPack major version 1 is expected, got 2.1");
  CHECK_EQ(h.deleted, 1);
  ockham_argument good[] = {g.as("a"), g.as("b")};
  out = i.asVersioned("sum");
  CHECK_FAILS(
      ockham_session_run(probe.session.get(), "add_subtract", good, 2, &out, 1),
      OCKHAM_INVALID_ARGUMENT, "output 'sum': its buffer is read-only");
  CHECK_EQ(i.deleted, 1);
}

TEST(resultsOutliveTheirSession) {
  ockham_argument output = wanted("sum");
  {
    Probe probe;
    Tensor<float> a({1, 2}, {1, 2});
    ockham_argument inputs[] = {a.as("a"), a.as("b")};
    CHECK_OK(ockham_session_run(probe.session.get(), "add_subtract", inputs, 2,
                                &output, 1));
  }
  CHECK_EQ(output.managed->dl_tensor.strides[0], 2);
  CHECK(take<float>(output) == (Floats{2, 4}));
}

//===----------------------------------------------------------------------===//
// Models that misbehave
//===----------------------------------------------------------------------===//

TEST(models) {
  Probe probe;
  auto misbehave = [&](int64_t mode) {
    Tensor<int64_t> value({}, {mode});
    std::array<ockham_argument, 1> inputs = {value.as("value")},
                                   outputs = {wanted("result")};
    ockham_status status = probe.run("misbehave", inputs, outputs);
    CHECK_EQ(outputs[0].managed != nullptr, status == OCKHAM_OK);
    ockham_argument_release(&outputs[0]);
    return status;
  };
  CHECK_OK(misbehave(0));
  CHECK_FAILS(misbehave(1), OCKHAM_UNSUPPORTED,
              "the entry point 'misbehave' failed with 'unsupported' and no "
              "message");
  CHECK_FAILS(misbehave(2), OCKHAM_BAD_MODEL,
              "the entry point 'misbehave' returned 99, which is no status");
  CHECK_FAILS(misbehave(3), OCKHAM_BAD_MODEL,
              "the entry point 'misbehave' ended without making output "
              "'result'");
  CHECK_FAILS(misbehave(4), OCKHAM_BAD_MODEL,
              "output 'result': the signature says float32 [2], but the model "
              "made rank 2");
  CHECK_FAILS(misbehave(5), OCKHAM_BAD_MODEL,
              "the model contradicts its signature: output 'result': expected "
              "float32 [2], got float32 [3]; axis 0 must be 2, not 3");
  CHECK_FAILS(misbehave(6), OCKHAM_BAD_MODEL,
              "output 'result': the model asked for shape [2], then for [3]");
  CHECK_FAILS_WITH(misbehave(7), OCKHAM_BAD_MODEL, "which it does not hold");
  CHECK_FAILS(misbehave(8), OCKHAM_BAD_MODEL,
              "the entry point 'misbehave' asked for output 5, but it has 1 "
              "output");
  CHECK_FAILS(misbehave(9), OCKHAM_UNSUPPORTED, "not today");
  CHECK_OK(misbehave(10));
}

int main() { return check::runAll(); }
