//===- weights-test.cpp - Weight files and recipes ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Helpers.h"
#include "ockham/Runtime/PackPanels.h"
#include "ockham/Runtime/WeightInit.h"
#include <cmath>
#include <cstdio>

using namespace ockham::runtime;

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

TEST(panels) {
  // [2, 3] in panels of two columns; the last one is filled up with a zero.
  const int64_t shape[] = {2, 3};
  const std::string tensor = "abcdef";
  PanelLayout layout;
  CHECK(parsePanels("panels<2>", shape, 2, 1, layout));
  CHECK_EQ(layout.countBytes(), 8);
  std::string packed(8, 'x');
  packPanels(packed.data(), tensor.data(), layout, 0, 2);
  CHECK(packed == std::string("abdec\0f\0", 8));
  std::string again(6, 'x');
  unpackPanels(again.data(), packed.data(), layout);
  CHECK(again == tensor);

  // Its transpose [3, 2]: one panel.
  CHECK(parsePanels("panels<2, transposed>", shape, 2, 1, layout));
  CHECK_EQ(layout.countBytes(), 6);
  packed.assign(6, 'x');
  packPanels(packed.data(), tensor.data(), layout, 0, 1);
  CHECK(packed == "adbecf");
  unpackPanels(again.data(), packed.data(), layout);
  CHECK(again == tensor);

  // Two rows of [3, 3] together; a fourth row and a fourth column are zero.
  const int64_t square[] = {3, 3};
  const std::string nine = "abcdefghi";
  CHECK(parsePanels("panels<2, interleave = 2>", square, 2, 1, layout));
  CHECK_EQ(layout.countBytes(), 16);
  packed.assign(16, 'x');
  packPanels(packed.data(), nine.data(), layout, 0, 2);
  CHECK(packed == std::string("adbeg\0h\0cf\0\0i\0\0\0", 16));
  again.assign(9, 'x');
  unpackPanels(again.data(), packed.data(), layout);
  CHECK(again == nine);
  CHECK(parsePanels("panels<2, interleave = 2, transposed>", square, 2, 1,
                    layout));
  packPanels(packed.data(), nine.data(), layout, 0, 2);
  CHECK(packed == std::string("abdec\0f\0gh\0\0i\0\0\0", 16));
  unpackPanels(again.data(), packed.data(), layout);
  CHECK(again == nine);

  const int64_t large[] = {int64_t(1) << 60, 4};
  for (const char *text :
       {"row-major", "panels<>", "panels<0>", "panels<-1>", "panels<2",
        "panels<2>>", "panels<2,transposed>", "panels<99999999999999999999>",
        "panels<2, interleave = 0>", "panels<2, interleave = >",
        "panels<2, transposed, interleave = 2>",
        "panels<2, interleave = 9223372036854775807>"})
    CHECK(!parsePanels(text, shape, 2, 1, layout));
  CHECK(!parsePanels("panels<2>", shape, 1, 1, layout));
  CHECK(!parsePanels("panels<48>", large, 2, 4, layout));
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static std::string safetensors(const std::string &header,
                               const std::string &data) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i)
    bytes[i] = static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

/// The handwritten model's stored weights.
static std::string weightBytes() {
  std::string data;
  auto append = [&](float value) {
    data.append(reinterpret_cast<const char *>(&value), 4);
  };
  for (int64_t t = 0; t < 16; ++t)
    for (int64_t j = 0; j < 8; ++j)
      append(embeddingValue(t, j));
  for (int64_t j = 0; j < 8; ++j)
    for (int64_t v = 0; v < 16; ++v)
      append(headValue(j, v));
  return data;
}

static const char embeddingEntry[] =
    R"("embedding":{"dtype":"F32","shape":[16,8],"data_offsets":[0,512]})";
static const char headEntry[] =
    R"("head":{"dtype":"F32","shape":[8,16],"data_offsets":[512,1024]})";

static std::string goodHeader() {
  return std::string("{") + embeddingEntry + "," + headEntry + "}";
}

static const std::string besideFile = testFile("handwritten.safetensors");

static ockham_status tryWeights(const std::string &bytes) {
  writeFile(besideFile, bytes);
  LibraryPtr library = load(testModel("handwritten-file"));
  Options options;
  ockham_session *session = nullptr;
  ockham_status status =
      ockham_session_create(library.get(), &options, &session);
  ockham_session_destroy(session);
  return status;
}

static ockham_status tryHeader(const std::string &header) {
  return tryWeights(safetensors(header, weightBytes()));
}

static std::vector<float> logitsOf(ockham_session *session) {
  Tensor<int64_t> ids({2, 2}, {1, 2, 3, 4});
  ockham_argument input = ids.as("input_ids"), output = wanted("logits");
  CHECK_OK(ockham_session_run(session, "forward", &input, 1, &output, 1));
  return take<float>(output);
}

TEST(placement) {
  Options options;
  std::vector<float> expected;
  for (const char *where : {"copied", "mapped"}) {
    setenv("OCKHAM_WEIGHTS", where, 1);
    LibraryPtr library = load(testModel("handwritten"));
    SessionPtr session = createSession(library.get(), &options);
    std::vector<float> logits = logitsOf(session.get());
    CHECK(expected.empty() || logits == expected);
    expected = logits;
    // Pages that were given back are there again.
    LibraryPtr other = load(testModel("handwritten"));
    CHECK(logitsOf(createSession(other.get(), &options).get()) == expected);
  }
  setenv("OCKHAM_WEIGHTS", "floating", 1);
  LibraryPtr library = load(testModel("handwritten"));
  ockham_session *session = nullptr;
  CHECK_FAILS(ockham_session_create(library.get(), &options, &session),
              OCKHAM_INVALID_ARGUMENT,
              "OCKHAM_WEIGHTS: expected 'copied' or 'mapped', got 'floating'");
  unsetenv("OCKHAM_WEIGHTS");
}

TEST(filesBeside) {
  Options options;
  LibraryPtr embedded = load(testModel("handwritten"));
  std::vector<float> expected =
      logitsOf(createSession(embedded.get(), &options).get());
  // Data at every alignment that a header can cause.
  for (int padding : {0, 1, 7, 32}) {
    std::string header = goodHeader() + std::string(padding, ' ');
    writeFile(besideFile, safetensors(header, weightBytes()));
    LibraryPtr library = load(testModel("handwritten-file"));
    CHECK_EQ(std::string(ockham_library_model(library.get())->weight_file),
             "handwritten.safetensors");
    CHECK(logitsOf(createSession(library.get(), &options).get()) == expected);
  }
}

TEST(filesThatReplace) {
  LibraryPtr library = load(testModel("handwritten"));
  std::string path = testFile("other.safetensors");
  std::string data = weightBytes();
  std::vector<float> gain(8, 2.0f);
  data.append(reinterpret_cast<const char *>(gain.data()), 32);
  // Spaces, escapes, metadata, tensors nobody asked for, a recipe replaced.
  std::string header =
      " { \"__metadata__\" : {\"format\":\"pt\", \"a\":\"\\u00e4\\n\"} , " +
      std::string(embeddingEntry) + ", " + headEntry +
      R"(, "\u0067ain":{"shape":[8],"data_offsets":[1024,1056],"dtype":"F32"},)"
      R"("unused":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[1056,1059]}} )";
  writeFile(path, safetensors(header, data + "xyz"));
  Options own, replaced;
  replaced.weight_file = path.c_str();
  SessionPtr a = createSession(library.get(), &own);
  SessionPtr b = createSession(library.get(), &replaced);
  SessionPtr c = createSession(library.get(), &replaced);
  CHECK(logitsOf(a.get()) != logitsOf(b.get()));
  CHECK(logitsOf(b.get()) == logitsOf(c.get()));
  ockham_argument output = wanted("gain");
  CHECK_OK(ockham_session_read_weight(b.get(), &output));
  CHECK(take<float>(output) == gain);
  ockham_session *none;
  replaced.weight_file = "/nowhere/weights.safetensors";
  CHECK_FAILS(ockham_session_create(library.get(), &replaced, &none),
              OCKHAM_NOT_FOUND,
              "cannot open the weight file '/nowhere/weights.safetensors': No "
              "such file or directory");
}

#define CHECK_DAMAGE(call, message)                                            \
  CHECK_FAILS(call, OCKHAM_BAD_MODEL,                                          \
              "weight file '" + besideFile + "': " + message)

TEST(damagedFiles) {
  std::string head = headEntry, embedding = embeddingEntry;
  CHECK_OK(tryHeader(goodHeader()));
  std::remove(besideFile.c_str());
  {
    LibraryPtr library = load(testModel("handwritten-file"));
    Options options;
    ockham_session *session;
    CHECK_FAILS_WITH(ockham_session_create(library.get(), &options, &session),
                     OCKHAM_NOT_FOUND, "No such file or directory");
  }
  CHECK_DAMAGE(tryWeights(""),
               "a safetensors file starts with 8 bytes of header length, but "
               "it has 0 bytes");
  CHECK_DAMAGE(tryWeights("only text, no tensors"),
               "its header should have 8675467940024053359 bytes, but only 13 "
               "follow; it is cut off or not a safetensors file");
  std::string whole = safetensors(goodHeader(), weightBytes());
  CHECK_DAMAGE(tryWeights(whole.substr(0, whole.size() - 100)),
               "tensor 'head': data_offsets [512, 1024] go beyond the data of "
               "924 bytes; is the file cut off?");
  CHECK_DAMAGE(tryHeader("{" + embedding + " " + head + "}"),
               "header: expected '}', got '\"' at byte 67");
  CHECK_DAMAGE(tryHeader("[]"), "header: expected '{', got '[' at byte 0");
  CHECK_DAMAGE(tryHeader("{" + embedding + "," + head),
               "header: expected '}', got the end at byte 130");
  CHECK_DAMAGE(tryHeader(goodHeader() + "x"),
               "header: text behind the closing brace at byte 131");
  CHECK_DAMAGE(tryHeader("{" + embedding + "," + embedding + "}"),
               "there are two tensors 'embedding'");
  CHECK_DAMAGE(
      tryHeader("{" + embedding + R"(,"head":{"dtype":"F32","shape":[8,16]}})"),
      "tensor 'head': dtype, shape and two data_offsets are expected, "
      "data_offsets are missing");
  CHECK_DAMAGE(
      tryHeader("{" + embedding +
                R"(,"head":{"dtype":"F32","shape":[8,-16]}})"),
      "tensor 'head': header: expected a number that is not negative at byte "
      "100");
  CHECK_DAMAGE(
      tryHeader(
          "{" + embedding +
          R"(,"head":{"dtype":"F32","shape":[8,17],"data_offsets":[512,1024]}})"),
      "tensor 'head': float32 [8, 17] takes 544 bytes, but its data_offsets "
      "[512, 1024] span 512");
  CHECK_DAMAGE(
      tryHeader(
          "{" + embedding +
          R"(,"head":{"dtype":"F32","shape":[8,16],"data_offsets":[1024,512]}})"),
      "tensor 'head': data_offsets [1024, 512] end before they begin");
  CHECK_DAMAGE(
      tryHeader(
          "{" + embedding +
          R"(,"head":{"dtype":"F32","shape":[8,16],"data_offsets":[256,768]}})"),
      "tensors 'embedding' and 'head' overlap: data_offsets [0, 512] and [256, "
      "768]");
  CHECK_DAMAGE(
      tryHeader(R"({"x":{"dtype":"F32","shape":[99999999999999999999])"),
      "tensor 'x': header: a number that is too large at byte 47");
  CHECK_DAMAGE(tryHeader(R"({"x\q":1})"),
               "header: unknown escape in a string at byte 5");
}

TEST(filesOfOtherModels) {
  std::string at = "'" + besideFile + "'";
  CHECK_FAILS(tryHeader("{" + std::string(embeddingEntry) + "}"),
              OCKHAM_BAD_MODEL,
              at + " has no tensor 'head', expected float32 [8, 16]; it has: "
                   "'embedding'");
  auto withHead = [](const char *head) {
    return "{" + std::string(embeddingEntry) + ",\"head\":" + head + "}";
  };
  CHECK_FAILS(
      tryHeader(withHead(
          R"({"dtype":"F32","shape":[16,8],"data_offsets":[512,1024]})")),
      OCKHAM_BAD_MODEL,
      at + ", tensor 'head': expected float32 [8, 16], got float32 [16, 8]");
  CHECK_FAILS(
      tryHeader(withHead(
          R"({"dtype":"F64","shape":[8,8],"data_offsets":[512,1024]})")),
      OCKHAM_BAD_MODEL,
      at + ", tensor 'head': expected float32 [8, 16], got float64 [8, 8]");
  CHECK_FAILS(
      tryHeader(withHead(
          R"({"dtype":"F8_E5M2","shape":[8,16],"data_offsets":[512,640]})")),
      OCKHAM_BAD_MODEL,
      at + ", tensor 'head': expected float32 [8, 16], got F8_E5M2 [8, 16]");
}

//===----------------------------------------------------------------------===//
// Recipes
//===----------------------------------------------------------------------===//

TEST(normalsAreNormal) {
  constexpr uint64_t count = 1 << 20;
  std::vector<double> values(count);
  initializeWeight(values.data(), OCKHAM_F64, {OCKHAM_INIT_NORMAL, 0, 1, 42}, 0,
                   count);
  double mean = 0, square = 0, cube = 0, fourth = 0, pairs = 0, largest = 0;
  for (uint64_t i = 0; i < count; ++i) {
    double x = values[i];
    mean += x / count;
    square += x * x / count;
    cube += x * x * x / count;
    fourth += x * x * x * x / count;
    pairs += x * values[(i + 1) % count] / count;
    largest = std::max(largest, std::fabs(x));
  }
  CHECK(std::fabs(mean) < 0.004);
  CHECK(std::fabs(square - 1) < 0.006);
  CHECK(std::fabs(cube) < 0.015);
  CHECK(std::fabs(fourth - 3) < 0.04);
  CHECK(std::fabs(pairs) < 0.004);
  CHECK(largest > 4 && largest < 6.8);
}

TEST(normalsDoNotDependOnPieces) {
  WeightRecipe recipe = {OCKHAM_INIT_NORMAL, 0.5, 0.25, 7};
  std::vector<float> whole(1003), pieces(1003);
  initializeWeight(whole.data(), OCKHAM_F32, recipe, 0, 1003);
  uint64_t begin = 0;
  for (uint64_t step = 1; begin < 1003; ++step) {
    uint64_t end = std::min<uint64_t>(1003, begin + step);
    initializeWeight(pieces.data(), OCKHAM_F32, recipe, begin, end);
    begin = end;
  }
  CHECK(whole == pieces);
  recipe.seed = 8;
  initializeWeight(pieces.data(), OCKHAM_F32, recipe, 0, 1003);
  CHECK(whole != pieces);
}

/// The values are part of what a compiled model means: they must never change.
TEST(normalsAreTheSameEverywhere) {
  double values[6];
  initializeWeight(values, OCKHAM_F64, {OCKHAM_INIT_NORMAL, 0, 1, 1}, 0, 6);
  static const double expected[] = {
      0x1.8587c522ced06p-2,  -0x1.2f637896251b5p-2, -0x1.fe6e17d4792fep-3,
      -0x1.00fb7a67278c7p+0, 0x1.40ff4f1bf1582p-1,  -0x1.4499853ef5219p-1};
  for (int i = 0; i < 6; ++i)
    CHECK_EQ(values[i], expected[i]);
  // Against the definition with libm, to its rounding.
  initializeWeight(values, OCKHAM_F64, {OCKHAM_INIT_NORMAL, 0, 1, 0}, 0, 4);
  // Philox4x32-10 of counter 0, key 0, from the paper's test vectors.
  static const uint32_t words[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c,
                                   0x9b00dbd8};
  for (int pair = 0; pair < 2; ++pair) {
    double u = (words[2 * pair] + 0.5) / 4294967296.0;
    double angle = 2 * M_PI * (words[2 * pair + 1] + 0.5) / 4294967296.0;
    double radius = std::sqrt(-2 * std::log(u));
    CHECK(std::fabs(values[2 * pair] - radius * std::cos(angle)) < 1e-14);
    CHECK(std::fabs(values[2 * pair + 1] - radius * std::sin(angle)) < 1e-14);
  }
}

TEST(rounding) {
  struct {
    double value;
    uint16_t half, brain;
  } rows[] = {{0, 0, 0},
              {-0.0, 0x8000, 0x8000},
              {1, 0x3c00, 0x3f80},
              {-2, 0xc000, 0xc000},
              {65504, 0x7bff, 0x4780},
              {65519.99, 0x7bff, 0x4780},
              {65520, 0x7c00, 0x4780},
              {1 + 1 / 2048.0, 0x3c00, 0x3f80},         // A tie, to even.
              {1 + 3 / 2048.0, 0x3c02, 0x3f80},         // A tie, to even.
              {1 + 1 / 2048.0 + 1e-12, 0x3c01, 0x3f80}, // Just above.
              {1 + 1 / 256.0, 0x3c04, 0x3f80},
              {1 + 3 / 256.0, 0x3c0c, 0x3f82},
              {1.9999, 0x4000, 0x4000},
              {std::ldexp(1, -24), 0x0001, 0x3380},
              {std::ldexp(1, -25), 0x0000, 0x3300},
              {std::ldexp(1.5, -25), 0x0001, 0x3340},
              {std::ldexp(1023, -24), 0x03ff, 0x3880},
              {std::ldexp(1, -133), 0, 0x0001},
              {3.4e38, 0x7c00, 0x7f80},
              {1e300, 0x7c00, 0x7f80},
              {-INFINITY, 0xfc00, 0xff80},
              {NAN, 0x7e00, 0x7fc0}};
  for (const auto &row : rows) {
    CHECK_EQ(roundToHalf(row.value), row.half);
    CHECK_EQ(roundToBFloat16(row.value), row.brain);
  }
}

TEST(recipesInModels) {
  LibraryPtr library = load(testModel("probe"));
  std::vector<uint16_t> expected(300000);
  initializeWeight(expected.data(), OCKHAM_BF16,
                   {OCKHAM_INIT_NORMAL, 0.5, 0.25, 11}, 0, expected.size());
  SessionPtr session = createSession(library.get(), nullptr);
  ockham_argument output = wanted("normal");
  CHECK_OK(ockham_session_read_weight(session.get(), &output));
  CHECK_EQ(output.managed->dl_tensor.dtype.code, kDLBfloat);
  CHECK(take<uint16_t>(output) == expected);
  output = wanted("constant");
  CHECK_OK(ockham_session_read_weight(session.get(), &output));
  CHECK(take<int32_t>(output) == std::vector<int32_t>(4, -3));
}

TEST(recipesThatMakeNothing) {
  CHECK(!canInitialize(OCKHAM_I32, {OCKHAM_INIT_NORMAL, 0, 1, 0}));
  CHECK(!canInitialize(OCKHAM_U8, {OCKHAM_INIT_CONSTANT, 256, 0, 0}));
  CHECK(!canInitialize(OCKHAM_U16, {OCKHAM_INIT_CONSTANT, 65536, 0, 0}));
  CHECK(!canInitialize(OCKHAM_U32, {OCKHAM_INIT_CONSTANT, -1, 0, 0}));
  CHECK(!canInitialize(OCKHAM_U64, {OCKHAM_INIT_NORMAL, 0, 1, 0}));
  CHECK(!canInitialize(OCKHAM_I8, {OCKHAM_INIT_CONSTANT, 0.5, 0, 0}));
  CHECK(!canInitialize(OCKHAM_BOOL, {OCKHAM_INIT_CONSTANT, 2, 0, 0}));
  CHECK(!canInitialize(OCKHAM_F32, {OCKHAM_INIT_NORMAL, NAN, 1, 0}));
  CHECK(!canInitialize(OCKHAM_F32, {OCKHAM_INIT_STORED, 0, 1, 0}));
  CHECK(canInitialize(OCKHAM_F16, {OCKHAM_INIT_CONSTANT, INFINITY, 0, 0}));
}

TEST(unsignedTypes) {
  CHECK(canInitialize(OCKHAM_U32, {OCKHAM_INIT_CONSTANT, 4294967295.0, 0, 0}));
  uint32_t values[3] = {};
  initializeWeight(values, OCKHAM_U32,
                   {OCKHAM_INIT_CONSTANT, 4294967295.0, 0, 0}, 0, 3);
  CHECK(values[0] == UINT32_MAX && values[2] == UINT32_MAX);
  uint16_t narrow[2] = {};
  initializeWeight(narrow, OCKHAM_U16, {OCKHAM_INIT_CONSTANT, 65535, 0, 0}, 0,
                   2);
  CHECK(narrow[1] == UINT16_MAX);
  CHECK(std::string(ockham_dtype_name(OCKHAM_U16)) == "uint16");
  CHECK(ockham_dtype_bytes(OCKHAM_U32) == 4);
  CHECK(ockham_dtype_bytes(OCKHAM_U64) == 8);
  // Behind the last one.
  CHECK(std::string(ockham_dtype_name(14)) == "unknown type");
  CHECK(ockham_dtype_bytes(14) == 0);
}

int main() { return check::runAll(); }
