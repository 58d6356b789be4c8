//===- library-test.cpp - Loading libraries, good and bad -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CPU/Features.h"
#include "Helpers.h"

// Compiled models contain these structs: their layout is version 1 of the ABI.
static_assert(sizeof(ockham_dim) == 16 && sizeof(ockham_tensor_spec) == 24);
static_assert(sizeof(ockham_tensor) == 24 && sizeof(ockham_state_spec) == 32);
static_assert(sizeof(ockham_weight_spec) == 80);
static_assert(sizeof(ockham_host) == 120 && sizeof(ockham_call) == 64);
static_assert(sizeof(ockham_entry) == 56 && sizeof(ockham_model) == 144);

static ockham_status tryLoad(const std::string &path,
                             const ockham_library_options *options = nullptr) {
  ockham_library *library = reinterpret_cast<ockham_library *>(1);
  ockham_status status = ockham_library_load(path.c_str(), options, &library);
  CHECK_EQ(library == nullptr, status != OCKHAM_OK);
  ockham_library_close(library);
  return status;
}

TEST(facts) {
  LibraryPtr library = load(testModel("handwritten"));
  const ockham_model *model = ockham_library_model(library.get());
  CHECK_EQ(std::string(model->name), "running-sum");
  CHECK_EQ(std::string(model->target), "cpu");
  CHECK_EQ(std::string(model->producer), "by hand");
  CHECK_EQ(model->entry_count, 3);
  CHECK_EQ(model->weight_count, 3);
  CHECK_EQ(model->state_count, 6);
  CHECK_EQ(std::string(ockham_library_path(library.get())),
           testModel("handwritten"));
  CHECK_EQ(ockham_runtime_abi_version(), 1u);
}

TEST(entries) {
  LibraryPtr library = load(testModel("handwritten"));
  const ockham_entry *entry;
  CHECK_OK(ockham_library_find_entry(library.get(), "decode", &entry));
  CHECK_EQ(entry->kind, static_cast<int32_t>(OCKHAM_ENTRY_DECODE));
  char text[64];
  CHECK_EQ(ockham_format_spec(&entry->inputs[0], text, sizeof(text)), 16u);
  CHECK_EQ(std::string(text), "int64 [batch, 1]");
  CHECK_EQ(ockham_format_spec(&entry->inputs[0], text, 6), 16u);
  CHECK_EQ(std::string(text), "int64");
  CHECK_FAILS(ockham_library_find_entry(library.get(), "dance", &entry),
              OCKHAM_NOT_FOUND,
              "the model 'running-sum' has no entry point 'dance'; it has: "
              "'forward', 'decode', 'train_step'");
  CHECK(entry == nullptr);
}

TEST(nullArguments) {
  ockham_library *library;
  CHECK_FAILS(ockham_library_load(nullptr, nullptr, &library),
              OCKHAM_INVALID_ARGUMENT, "path: expected a pointer, got null");
  CHECK_FAILS(ockham_library_load("x", nullptr, nullptr),
              OCKHAM_INVALID_ARGUMENT, "library: expected a pointer, got null");
  ockham_library_options options = {};
  CHECK_FAILS(tryLoad(testModel("handwritten"), &options),
              OCKHAM_INVALID_ARGUMENT,
              "ockham_library_options: struct_bytes is 0; set it to "
              "sizeof(ockham_library_options), 8");
  struct {
    ockham_library_options known;
    uint32_t future[2];
  } newer = {{sizeof(newer), 0}, {0, 0}};
  CHECK_OK(tryLoad(testModel("handwritten"), &newer.known));
  newer.future[1] = 3;
  CHECK_FAILS(tryLoad(testModel("handwritten"), &newer.known),
              OCKHAM_UNSUPPORTED,
              "ockham_library_options: it has 16 bytes and sets options that "
              "this runtime, which knows 8 bytes, does not have");
  ockham_library_close(nullptr);
  CHECK(ockham_library_model(nullptr) == nullptr);
}

TEST(filesThatAreNoLibraries) {
  CHECK_FAILS(tryLoad("/nowhere/model.so"), OCKHAM_NOT_FOUND,
              "cannot open the model '/nowhere/model.so': No such file or "
              "directory");
  CHECK_FAILS(tryLoad("/tmp"), OCKHAM_BAD_MODEL,
              "'/tmp' is no compiled model: it is a folder");
  std::string path = testFile("bad.so");
  auto message = [&](const char *why) {
    return "'" + path + "' is no compiled model: " + why;
  };
  writeFile(path, "");
  CHECK_FAILS(tryLoad(path), OCKHAM_BAD_MODEL, message("the file is empty"));
  writeFile(path, "just some text\n");
  CHECK_FAILS(tryLoad(path), OCKHAM_BAD_MODEL,
              message("a shared library (ELF) is expected, but the file does "
                      "not start like one"));
  writeFile(path, "\177ELF");
  CHECK_FAILS(tryLoad(path), OCKHAM_BAD_MODEL,
              message("it is cut off after 4 bytes"));
  std::string whole = readFile(testModel("handwritten"));
  for (size_t part : {1, 2, 5, 9}) {
    writeFile(path, whole.substr(0, whole.size() * part / 10));
    CHECK_FAILS_WITH(tryLoad(path), OCKHAM_BAD_MODEL, "it is cut off");
  }
  std::string other = whole;
  other[18] = static_cast<char>(243); // e_machine
  writeFile(path, other);
  CHECK_FAILS_WITH(tryLoad(path), OCKHAM_UNSUPPORTED,
                   "was compiled for RISC-V, but this is");
  other = whole;
  other[16] = 1; // e_type
  writeFile(path, other);
  CHECK_FAILS(tryLoad(path), OCKHAM_BAD_MODEL,
              message("it is an object file that was not linked"));
}

TEST(librariesThatAreNoModels) {
  CHECK_FAILS(tryLoad(testModel("no-query")), OCKHAM_BAD_MODEL,
              "'" + testModel("no-query") +
                  "' is a shared library, but no compiled model: it does not "
                  "export 'ockham_model_query'");
  CHECK_FAILS(tryLoad(testModel("newer-abi")), OCKHAM_UNSUPPORTED,
              "the model '" + testModel("newer-abi") +
                  "' follows ABI version 2, but this runtime knows versions "
                  "up to 1; use a newer runtime");
  CHECK_FAILS(tryLoad(testModel("newer-only")), OCKHAM_UNSUPPORTED,
              "the model '" + testModel("newer-only") +
                  "' needs a newer runtime: it has no table for ABI version "
                  "1, the newest that this runtime knows");
}

TEST(tablesThatContradictThemselves) {
  static const char *const messages[] = {
      "model table: two are called 'a' among its inputs",
      "entry 'allocate', input 'value': 77 is no value of ockham_dtype",
      "entry 'copy': it has no run function",
      "weight 'packed': it takes 128 bytes at offset 64, but the embedded "
      "weights have 128 bytes",
      "weight 'normal': bfloat16 [1000, 300] takes 600000 bytes, but the table "
      "says 599999",
      "weight 'constant': a recipe of kind 1 with mean -3, std 0 makes no "
      "int32",
      "has a table of 16 bytes, but one of ABI version 1 has",
      "model table: name, target, features, producer or options is a null "
      "pointer",
      "the model 'probe' was compiled for the target 'abacus', but this "
      "runtime "
      "was built for: cpu, cuda",
      "state 'from_constant': it is int32 [count], but the weight 'constant' "
      "that it starts from is int32 [4], row-major",
      "model table: 6 entries are counted, but their table is a null pointer",
      "weight 'packed': its bytes are stored, but the model has neither "
      "embedded weights nor a weight file",
      "faster table 2 has 16 bytes and ABI version 1, expected at least 112 "
      "and version 1",
      "faster table 2 has 112 bytes and ABI version 2, expected at least 112 "
      "and version 1",
      "faster table 2 has 5 entry points, 3 weights and 0 states, expected 6, "
      "3 and 0 as in the first"};
  for (int kind = 1; kind <= 15; ++kind) {
    std::string name = "probe-broken-" + std::to_string(kind);
    ockham_status code = kind == 9 ? OCKHAM_UNSUPPORTED : OCKHAM_BAD_MODEL;
    CHECK_FAILS_WITH(tryLoad(testModel(name.c_str())), code,
                     messages[kind - 1]);
  }
}

TEST(features) {
#if defined(__x86_64__)
  CHECK_OK(tryLoad(testModel("fits-all")));
#endif
  CHECK_FAILS(tryLoad(testModel("fits-none")), OCKHAM_UNSUPPORTED,
              "the model 'running-sum' was compiled for instructions that this "
              "runtime does not know: avx9000 amx_pony (of: x86-64 sse2 "
              "avx9000 amx_pony); compile the model for this machine");
  ockham_library_options options = {sizeof(options), 1};
  CHECK_OK(tryLoad(testModel("fits-none"), &options));
}

#if defined(__x86_64__)
/// The last table of a chain that this machine can run, and one table where
/// OCKHAM_CPU leaves no other.
TEST(fasterTables) {
  LibraryPtr library = load(testModel("probe"));
  CHECK_EQ(std::string(ockham_library_model(library.get())->producer),
           "by hand, faster");
  // sse2 belongs to the lowest level: it cannot be hidden.
  setenv("OCKHAM_CPU", "x86-64-v2", 1);
  library = load(testModel("probe"));
  CHECK_EQ(std::string(ockham_library_model(library.get())->producer),
           "by hand, faster");
  auto missing = ockham::runtime::findMissingFeatures("sse4.2 avx2 cx8");
  CHECK(missing.unknown.empty());
  CHECK_EQ(missing.hidden.size() + missing.absent.size(), 1u);
  CHECK(missing.hidden.empty() || missing.hidden[0] == "avx2");
  setenv("OCKHAM_CPU", "x86-64-v2 tricorder", 1);
  CHECK_FAILS(tryLoad(testModel("probe")), OCKHAM_INVALID_ARGUMENT,
              "OCKHAM_CPU: expected levels and instruction sets, such as "
              "'x86-64-v3', got 'tricorder'");
  unsetenv("OCKHAM_CPU");
}

/// The system's own list must agree with what CPUID says.
TEST(featuresAgreeWithTheSystem) {
  std::string flags;
  std::ifstream stream("/proc/cpuinfo");
  for (std::string line; std::getline(stream, line);)
    if (line.compare(0, 5, "flags") == 0) {
      flags = line.substr(line.find(':') + 1) + " ";
      break;
    }
  if (flags.empty())
    return;
  for (const char *name :
       {"sse2",     "ssse3",    "sse4_1",      "sse4_2",      "popcnt",
        "avx",      "avx2",     "fma",         "f16c",        "bmi1",
        "bmi2",     "movbe",    "avx512f",     "avx512bw",    "avx512cd",
        "avx512dq", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16",
        "avx_vnni", "gfni",     "amx_tile",    "amx_bf16",    "abm",
        "lahf_lm"}) {
    bool listed =
        flags.find(std::string(" ") + name + " ") != std::string::npos;
    auto missing = ockham::runtime::findMissingFeatures(name);
    CHECK(missing.unknown.empty());
    if (!CHECK_EQ(listed, missing.absent.empty()))
      std::fprintf(stderr, "    %s\n", name);
  }
  CHECK(!ockham::runtime::findMissingFeatures(" x86-64  cx8 ").any());
}
#endif

int main() { return check::runAll(); }
