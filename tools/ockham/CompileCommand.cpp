//===- CompileCommand.cpp - ockham compile --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CommandLine.h"
#include "ModelReport.h"
#include "ockham/Driver/Compile.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace ockham;
using namespace ockham::tool;

static void printSummary(const CompileSummary &summary,
                         const CompileOptions &options, bool remarks,
                         double seconds) {
  llvm::raw_ostream &os = llvm::errs();
  os << options.output << ": ";
  if (summary.outputBytes)
    os << llvm::format("%.1f MB, ", summary.outputBytes / 1e6);
  os << formatModel(summary) << llvm::format("; %.1f s\n", seconds);
  if (options.simplify || options.passes)
    os << formatSimplification(summary, remarks) << "\n";
}

int ockham::tool::runCompile(int argc, char **argv) {
  CompileOptions options;
  std::vector<std::pair<std::string, std::string>> dims;
  std::string weights = "embed", passes;
  std::string cpu;
  bool quiet = false, remarks = false, hasPasses = false, asItIs = false;
  bool hasArch = false;

  CommandLine line(
      "compile MODEL.onnx -o OUTPUT [options]",
      "Compiles an ONNX model to a shared library that 'ockham run', the\n"
      "runtime and Python load. A .mlir file of onnx or tfm functions works,\n"
      "too.");
  line.positional("MODEL.onnx", options.input);
  line.text("-o", "FILE", options.output,
            "The file to write; '-' for standard output where --emit gives "
            "text.");
  line.pairs("--dim", "NAME=N", dims,
             "Fix a dimension that the file names, e.g. --dim batch=1. May be "
             "given several times; all other dimensions stay dynamic.");
  line.flag("--no-simplify", asItIs,
            "Compile the model's blocks as they are: without "
            "'ockham-simplify'.");
  line.option("--passes", "PIPELINE",
              "Passes to run on the imported module in place of the default "
              "ones ('ockham-raise,ockham-simplify'), as ockham-opt takes "
              "them. What they leave is lowered as usual.",
              [&](const std::string &given) {
                passes = given;
                hasPasses = true;
                return std::string();
              });
  line.option(
      "--emit", "KIND",
      "What to write: onnx (as imported), tfm, linalg, llvm (all text), object "
      "or lib (default).",
      [&](const std::string &given) {
        static const std::map<std::string, EmitKind> kinds = {
            {"onnx", EmitKind::ONNX},     {"tfm", EmitKind::Tfm},
            {"linalg", EmitKind::Linalg}, {"llvm", EmitKind::LLVM},
            {"object", EmitKind::Object}, {"lib", EmitKind::Library}};
        auto found = kinds.find(given);
        if (found == kinds.end())
          return "'" + given +
                 "' is unknown; expected onnx, tfm, linalg, llvm, object or "
                 "lib";
        options.emit = found->second;
        return std::string();
      });
  line.text("--weights", "embed|FILE", weights,
            "Embed the weights in the library (default), or write them to "
            "FILE.safetensors in the same folder.");
  line.option("--target", "cpu|cuda",
              "What to compile for: cpu (default), or cuda: NVIDIA GPUs "
              "(docs/cuda-runtime.md).",
              [&](const std::string &given) {
                if (given != "cpu" && given != "cuda")
                  return "'" + given + "' is unknown; expected cpu or cuda";
                options.target =
                    given == "cuda" ? TargetKind::CUDA : TargetKind::CPU;
                return std::string();
              });
  line.option("--arch", "LIST",
              "With --target cuda: architectures to generate code for, e.g. "
              "sm_80,sm_90a; sm_80 by default. Code for sm_80 runs on all "
              "later ones.",
              [&](const std::string &given) {
                options.arch = given;
                hasArch = true;
                return std::string();
              });
  line.flag(
      "--strict-kernels", options.strictKernels,
      "With --target cuda: fail where ptxas spills registers, or warns of "
      "code that it could not make fast (C75xx).");
  line.text("--cpu", "NAME", cpu,
            "Processor to generate code for: native (default), baseline, "
            "x86-64-v3 (AVX2), x86-64-v4 (AVX-512) or another of LLVM's "
            "names, with instruction sets that it has besides "
            "(x86-64-v4+avx512bf16+amx-bf16); or portable: those three, and "
            "for products of bf16 two more, one of which is chosen when the "
            "model is loaded.");
  auto readPrecision = [](const std::string &given, auto &to) {
    static const std::map<std::string, Precision> kinds = {
        {"f32", Precision::F32},
        {"bf16", Precision::BF16},
        {"f16", Precision::F16}};
    auto found = kinds.find(given);
    if (found == kinds.end())
      return "'" + given + "' is unknown; expected f32, bf16 or f16";
    to = found->second;
    return std::string();
  };
  line.option(
      "--precision", "f32|tf32|bf16|f16",
      "f32 (default), bf16 or f16: the weights of linears are rounded to it, "
      "which halves what is read of them; sums stay float32. For CUDA, whose "
      "tensor cores take two factors of one type, activations are of that "
      "type as well. With --target cuda also tf32: all is float32, but factors "
      "of products are rounded to 11 bits, for tensor cores.",
      [&](const std::string &given) {
        options.tf32 = given == "tf32";
        if (options.tf32) {
          options.precision = Precision::F32;
          return std::string();
        }
        std::string problem = readPrecision(given, options.precision);
        if (!problem.empty())
          problem += ", or tf32 for CUDA";
        return problem;
      });
  line.option(
      "--activations", "f32|bf16|f16",
      "f32 (default, but for CUDA with --precision), bf16 or f16: what passes "
      "from one kernel to the next, and the matrices of weights, are rounded "
      "to it. Inputs, outputs and losses "
      "keep their types. Halves the memory of a run; without a unit for such "
      "products (AMX) it is slower than float32.",
      [&](const std::string &given) {
        return readPrecision(given, options.activations);
      });
  line.flag("--allow-external-paths", options.allowExternalPaths,
            "Read external data from outside the model's folder as well.");
  line.flag("--print-weights", options.printWeights,
            "Write the bytes of large weights into text output, so that it "
            "can be read again.");
  line.flag("--verify-rewrites", options.verifyRewrites,
            "Interpret the model on random inputs before and after each pass "
            "on onnx and tfm, and fail where results change.");
  line.flag("--print-memory-plan", options.printMemoryPlan,
            "Print where the tensors inside of the model lie in its arena, "
            "with formulas in the extents of the inputs (docs/memory.md).");
  line.flag("--remarks", remarks,
            "Say what was folded, and what was not recognised or kept, and "
            "why.");
  line.flag("--quiet", quiet, "Print nothing but errors.");
  line.epilogue(
      "Examples:\n"
      "  ockham compile gpt2.onnx -o gpt2.so\n"
      "  ockham compile gpt2.onnx -o gpt2.so --weights gpt2.safetensors\n"
      "  ockham compile gpt2.onnx -o gpt2-gpu.so --target cuda --arch "
      "sm_80,sm_90\n"
      "  ockham compile gpt2.onnx --emit tfm -o -");
  int code = line.parse(argc, argv);
  if (code >= 0)
    return code;
  if (options.output.empty())
    return fail("-o is missing: where shall the result go? (see 'ockham "
                "compile --help')");
  bool isText =
      options.emit != EmitKind::Object && options.emit != EmitKind::Library;
  if (options.output == "-" && !isText)
    return fail("-o -: only text can go to standard output; give a file name, "
                "or --emit onnx, tfm, linalg or llvm");
  // An option that would do nothing is a misunderstanding.
  if (weights != "embed" && options.emit != EmitKind::Library)
    return fail("--weights belongs to --emit lib; no other kind has weights");
  bool isCUDA = options.target == TargetKind::CUDA;
  if (hasArch && !isCUDA)
    return fail("--arch belongs to --target cuda; for the CPU there is --cpu");
  if (options.strictKernels && !isCUDA)
    return fail("--strict-kernels belongs to --target cuda");
  if (options.tf32 && !isCUDA)
    return fail(
        "--precision tf32 belongs to --target cuda; processors multiply "
        "float32 as it is, or bf16 and f16");
  if (!cpu.empty() && isCUDA)
    return fail("--cpu belongs to --target cpu; for GPUs there is --arch");
  if (!cpu.empty())
    options.cpu = cpu;
  if (hasPasses && options.emit == EmitKind::ONNX)
    return fail("--passes: --emit onnx writes the module as imported, before "
                "any pass; --emit tfm writes what the passes leave");
  if (asItIs && hasPasses)
    return fail("--no-simplify: --passes already says which passes run");
  if (asItIs && options.emit == EmitKind::ONNX)
    return fail("--no-simplify: --emit onnx writes the module as imported, "
                "before any pass");
  if (options.printMemoryPlan && isText && options.emit != EmitKind::LLVM)
    return fail("--print-memory-plan belongs to --emit llvm, object or lib: "
                "before them no memory is planned");
  if (options.printMemoryPlan && options.output == "-")
    return fail("--print-memory-plan: the plan and '-o -' would mix on "
                "standard output; give -o a file name");
  if (options.printWeights && !isText)
    return fail("--print-weights belongs to --emit onnx, tfm, linalg or llvm");
  std::string problem = parseDims(dims, options.dims);
  if (!problem.empty())
    return fail(problem);
  if (weights != "embed")
    options.weightFile = weights;
  if (hasPasses)
    options.passes = passes;
  options.simplify = !asItIs;
  for (int i = 1; i < argc; ++i)
    options.commandLine += (i > 1 ? " " : "") + std::string(argv[i]);

  Progress progress(quiet, remarks);
  CompileLog log = progress.getLog();
  llvm::Expected<CompileSummary> summary = compileModel(options, log);
  progress.clear();
  if (!summary)
    return fail(llvm::toString(summary.takeError()));
  llvm::outs() << summary->memoryPlan;
  llvm::outs().flush();
  if (!quiet && !isText)
    printSummary(*summary, options, remarks, progress.getSeconds());
  return 0;
}
