//===- ockham-emulate.cpp - Run GPU kernels on the host -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DriverRun.h"
#include "mlir/Parser/Parser.h"
#include "ockham/Emulator/Frontend.h"
#include "ockham/Emulator/Mutations.h"
#include "ockham/Support/Registration.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

using namespace ockham;
using namespace ockham::emulator;
namespace cl = llvm::cl;

static cl::OptionCategory category("Options of ockham-emulate");

static cl::opt<std::string> inputFile(cl::Positional, cl::Required,
                                      cl::desc("<kernels.mlir, .ll or .bc>"),
                                      cl::cat(category));
static cl::opt<std::string> kernelName("kernel",
                                       cl::desc("Kernel to run; may be left "
                                                "out if there is only one"),
                                       cl::cat(category));
static cl::opt<std::string> chip("chip",
                                 cl::desc("GPU that .mlir is lowered for, if "
                                          "it names none"),
                                 cl::init("sm_90a"), cl::cat(category));
static cl::list<uint32_t> gridSize("grid", cl::CommaSeparated,
                                   cl::desc("Blocks: x[,y[,z]]"),
                                   cl::cat(category));
static cl::list<uint32_t> blockSize("block", cl::CommaSeparated,
                                    cl::desc("Threads of a block: x[,y[,z]]"),
                                    cl::cat(category));
static cl::list<uint32_t>
    clusterSize("cluster", cl::CommaSeparated,
                cl::desc("Blocks of a cluster: x[,y[,z]]"), cl::cat(category));
static cl::opt<uint32_t> dynamicShared("shared",
                                       cl::desc("Dynamic shared memory, in "
                                                "bytes"),
                                       cl::init(0), cl::cat(category));
static cl::list<std::string>
    bufferTexts("buffer",
                cl::desc("Array in global memory: name=f32[4x8], and then "
                         "=zeros, =ones, =iota, =random:SEED or =FILE.npy"),
                cl::cat(category));
static cl::list<std::string>
    argumentTexts("arg",
                  cl::desc("Argument of the kernel, in order: a buffer, a "
                           "number like i32:5, or a tensor map like "
                           "map:buffer:box=64x64:swizzle=128 (mapval: for one "
                           "that is passed by value)"),
                  cl::cat(category));
static cl::list<std::string> printNames("print",
                                        cl::desc("Buffer to print afterwards"),
                                        cl::cat(category));
static cl::list<std::string>
    saveTexts("save", cl::desc("Buffer to write to a file: name=FILE.npy"),
              cl::cat(category));
static cl::list<std::string>
    expectTexts("expect", cl::desc("What a buffer must hold: name=FILE.npy"),
                cl::cat(category));
static cl::opt<double>
    tolerance("tolerance",
              cl::desc("Allowed difference, relative to 1 + |expected|"),
              cl::init(0), cl::cat(category));
static cl::opt<Completion> completion(
    "completion", cl::desc("When asynchronous work is done:"),
    cl::values(clEnumValN(Completion::Eager, "eager", "when it is issued"),
               clEnumValN(Completion::Lazy, "lazy", "when it is waited for"),
               clEnumValN(Completion::Random, "random", "in between")),
    cl::init(Completion::Lazy), cl::cat(category));
static cl::opt<Schedule> schedule(
    "schedule", cl::desc("Which thread runs next:"),
    cl::values(clEnumValN(Schedule::RoundRobin, "round-robin", "in order"),
               clEnumValN(Schedule::Random, "random", "any")),
    cl::init(Schedule::RoundRobin), cl::cat(category));
static cl::opt<uint64_t> seed("seed", cl::desc("Of all that is random"),
                              cl::init(1), cl::cat(category));
static cl::opt<unsigned>
    jobs("jobs",
         cl::desc("OS threads that run blocks; 0 for one per core. With more "
                  "than one, runs differ"),
         cl::init(1), cl::cat(category));
static cl::opt<bool> noRaces("no-races",
                             cl::desc("Do without the race detector"),
                             cl::init(false), cl::cat(category));
static cl::opt<bool>
    allModes("all-modes",
             cl::desc("Run eager, lazy, and random with three seeds"),
             cl::init(false), cl::cat(category));
static cl::opt<bool>
    summary("summary",
            cl::desc("Print how often each instruction ran, what "
                     "moved, bank conflicts, how much of a "
                     "sector is used, and what fits into a "
                     "multiprocessor"),
            cl::init(false), cl::cat(category));
static cl::opt<bool> emitLLVM("emit-llvm",
                              cl::desc("Print the bitcode instead of running"),
                              cl::init(false), cl::cat(category));
static cl::opt<bool>
    noDebugInfo("no-debug-info",
                cl::desc("Leave source locations out; with them, ptxas does "
                         "not optimise"),
                cl::init(false), cl::cat(category));
static cl::opt<bool>
    mutants("mutants",
            cl::desc("Break the kernel's synchronisation in every way there "
                     "is, and tell what notices"),
            cl::init(false), cl::cat(category));
static cl::list<unsigned>
    mutantNumbers("mutant", cl::CommaSeparated,
                  cl::desc("With --mutants: only those of these numbers"),
                  cl::cat(category));
static cl::opt<bool>
    expectEmpty("expect-empty",
                cl::desc("With --mutants: groups of cp.async are ended, and "
                         "fail if there are copies in them"),
                cl::init(false), cl::cat(category));
static cl::opt<bool>
    untilNoticed("until-noticed",
                 cl::desc("With --mutants: run a mutant in the modes up to the "
                          "one that notices it"),
                 cl::init(false), cl::cat(category));
static cl::opt<std::string>
    driverLibrary("driver",
                  cl::desc("Library with the CUDA driver's calls, such as "
                           "libcuda.so.1: runs --image there as well and "
                           "compares all buffers bit for bit, or, if "
                           "--tolerance is given, within it"),
                  cl::cat(category));
static cl::opt<std::string>
    driverImage("image",
                cl::desc("The same kernels for --driver: PTX, a cubin"),
                cl::cat(category));
static cl::opt<bool> timing("timing", cl::desc("Print the time of each run"),
                            cl::init(false), cl::cat(category));

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

namespace {
struct Mode {
  const char *name;
  Completion completion;
  Schedule schedule;
  uint64_t seed;
};
} // namespace

static const Mode kModes[] = {
    {"eager", Completion::Eager, Schedule::RoundRobin, 1},
    {"lazy", Completion::Lazy, Schedule::RoundRobin, 1},
    {"random 1", Completion::Random, Schedule::Random, 1},
    {"random 2", Completion::Random, Schedule::Random, 2},
    {"random 3", Completion::Random, Schedule::Random, 3}};

/// The bitcode of the input, whatever form it has.
static llvm::Expected<std::string> readKernels() {
  auto file = llvm::MemoryBuffer::getFileOrSTDIN(inputFile);
  if (!file)
    return makeError("cannot read " + inputFile + ": " +
                     file.getError().message());
  llvm::StringRef text = (*file)->getBuffer();
  bool isLLVM = text.starts_with("BC") || text.starts_with("; ModuleID") ||
                llvm::StringRef(inputFile).ends_with(".ll");
  if (isLLVM)
    return text.str();
  mlir::DialectRegistry registry;
  registerEverything(registry);
  mlir::MLIRContext context(registry);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(*file), llvm::SMLoc());
  mlir::SourceMgrDiagnosticHandler handler(sources, &context);
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context);
  if (!module)
    return makeError("the file could not be read");
  return compileKernels(*module, chip, !noDebugInfo);
}

/// The kernel that is meant.
static llvm::Error chooseKernel(const Module &module) {
  std::vector<std::string> names = module.getKernelNames();
  if (kernelName.empty() && names.size() != 1)
    return makeError("there are " + llvm::Twine(names.size()) +
                     " kernels: choose one with --kernel");
  if (kernelName.empty())
    kernelName = names.front();
  return module.getParameterSizes(kernelName).takeError();
}

static llvm::Expected<Dim3> getDim(const cl::list<uint32_t> &list) {
  Dim3 dim = {1, 1, 1};
  if (list.size() > 3)
    return makeError("expected at most 3 sizes after --" + list.ArgStr +
                     ", got " + llvm::Twine(list.size()));
  std::copy(list.begin(), list.end(), dim.begin());
  return dim;
}

namespace {
/// One run of a kernel: what it reported, and what it left in the buffers.
struct Run {
  LaunchResult result;
  /// Empty if the grid ran to its end.
  std::string failure;
  std::vector<NpyArray> buffers;
};

class Emulation {
public:
  llvm::Error prepare();
  llvm::Expected<Run> run(Module &module, const Options &options);
  /// Prints what there is to print; false if anything is wrong.
  llvm::Expected<bool> check(const Run &run, llvm::StringRef mode);
  llvm::Error save(const Run &run);
  /// Compares with what another driver does; false if that differs.
  llvm::Expected<bool> compareWithDriver(const Run &run);
  llvm::Expected<bool> runMutants(llvm::StringRef code, Module &module);

  LaunchConfig config;

private:
  llvm::Expected<const NpyArray *> findResult(const Run &run,
                                              llvm::StringRef name);

  KernelArguments arguments;
  std::vector<std::pair<std::string, NpyArray>> expected;
};
} // namespace

llvm::Error Emulation::prepare() {
  struct {
    cl::list<uint32_t> &list;
    Dim3 &dim;
  } sizes[] = {{gridSize, config.grid},
               {blockSize, config.block},
               {clusterSize, config.cluster}};
  for (auto &[list, dim] : sizes) {
    auto parsed = getDim(list);
    if (!parsed)
      return parsed.takeError();
    dim = *parsed;
  }
  config.dynamicSharedBytes = dynamicShared;
  for (const std::string &text : bufferTexts)
    if (llvm::Error error = arguments.addBuffer(text))
      return error;
  for (const std::string &text : argumentTexts)
    if (llvm::Error error = arguments.addArgument(text))
      return error;
  for (llvm::StringRef text : expectTexts) {
    auto [name, file] = text.split('=');
    NpyArray array;
    std::string problem;
    if (!readNpy(file.str(), array, problem))
      return makeError(problem);
    if (auto buffer = arguments.findBuffer(name); !buffer)
      return buffer.takeError();
    expected.push_back({name.str(), std::move(array)});
  }
  return llvm::Error::success();
}

llvm::Expected<Run> Emulation::run(Module &module, const Options &options) {
  if (llvm::Error error = arguments.reset())
    return std::move(error);
  Run run;
  if (llvm::Error error =
          module.launch(kernelName, config, arguments.getPointers(),
                        arguments.getMemory(), options, run.result))
    run.failure = llvm::toString(std::move(error));
  for (const auto &buffer : arguments.getBuffers())
    run.buffers.push_back(KernelArguments::read(*buffer));
  return std::move(run);
}

llvm::Expected<const NpyArray *> Emulation::findResult(const Run &run,
                                                       llvm::StringRef name) {
  for (auto [i, buffer] : llvm::enumerate(arguments.getBuffers()))
    if (buffer->name == name)
      return &run.buffers[i];
  return makeError("there is no buffer '" + name + "'");
}

static void print(llvm::StringRef name, const NpyArray &array) {
  llvm::outs() << name << ":";
  std::vector<double> numbers = toDoubles(array);
  size_t row = array.shape.empty() ? 1 : array.shape.back();
  for (size_t i = 0; i < numbers.size(); ++i)
    llvm::outs() << (array.shape.size() > 1 && i % row == 0 ? "\n  " : " ")
                 << llvm::format("%.6g", numbers[i]);
  llvm::outs() << '\n';
}

/// How many blocks fit into a multiprocessor, and what limits them.
static void printOccupancy(const LaunchConfig &config,
                           const Statistics &statistics) {
  const Occupancy &occupancy = statistics.occupancy;
  uint64_t threads = config.block[0] * config.block[1] * config.block[2];
  uint64_t blocks = occupancy.getBlocks();
  llvm::outs() << statistics.blocks << " blocks of " << threads
               << " threads with " << occupancy.sharedBytes
               << " bytes of shared memory; an H100's multiprocessor holds "
               << blocks << " (threads allow " << occupancy.byThreads
               << ", shared memory " << occupancy.byShared << ", blocks "
               << occupancy.byBlocks << ")";
  constexpr uint64_t registers = 65536, mostPerThread = 255;
  uint64_t resident = blocks * llvm::alignTo(threads, 32);
  if (resident)
    llvm::outs() << " with at most "
                 << std::min(mostPerThread,
                             llvm::alignDown(registers / resident, 8))
                 << " registers per thread";
  llvm::outs() << '\n';
}

static void printAccesses(const Statistics &statistics) {
  AccessProfile shared, global;
  for (const AccessProfile &access : statistics.accesses) {
    AccessProfile &total = access.shared ? shared : global;
    total.wavefronts += access.wavefronts;
    total.idealWavefronts += access.idealWavefronts;
    total.sectors += access.sectors;
    total.bytes += access.bytes;
  }
  auto percent = [](uint64_t part, uint64_t whole) {
    return llvm::format("%.0f%%", whole ? 100.0 * part / whole : 100.0);
  };
  llvm::outs() << "shared memory: " << statistics.shared.read << " bytes read, "
               << statistics.shared.written
               << " written; threads' accesses take " << shared.wavefronts
               << " wavefronts, " << shared.wavefronts - shared.idealWavefronts
               << " of them because of bank conflicts\n"
               << "global memory: " << statistics.global.read << " bytes read, "
               << statistics.global.written
               << " written; threads' accesses move " << global.sectors
               << " sectors and use "
               << percent(global.bytes, 32 * global.sectors) << " of them\n";
  for (const AccessProfile &access : statistics.accesses) {
    if (access.wavefronts > access.idealWavefronts)
      llvm::outs() << "  " << access.location << ": " << access.instruction
                   << ": " << access.wavefronts << " wavefronts instead of "
                   << access.idealWavefronts << '\n';
    if (!access.shared && access.bytes < 32 * access.sectors)
      llvm::outs() << "  " << access.location << ": " << access.instruction
                   << ": uses " << percent(access.bytes, 32 * access.sectors)
                   << " of " << access.sectors << " sectors\n";
  }
}

static void printSummary(const LaunchConfig &config,
                         const Statistics &statistics) {
  printOccupancy(config, statistics);
  if (!noRaces)
    printAccesses(statistics);
  for (const auto &[instruction, count] : statistics.instructions)
    llvm::outs() << llvm::format("%12llu  ",
                                 static_cast<unsigned long long>(count))
                 << instruction << '\n';
}

llvm::Expected<bool> Emulation::check(const Run &run, llvm::StringRef mode) {
  bool good = true;
  std::string prefix = mode.empty() ? "" : (mode + ": ").str();
  if (!run.failure.empty()) {
    llvm::errs() << prefix << "error: " << run.failure << '\n';
    good = false;
  }
  for (const Report &report : run.result.reports)
    llvm::errs() << prefix << report.message << '\n';
  if (run.result.reportCount) {
    llvm::errs() << prefix << run.result.reportCount
                 << (run.result.reportCount == 1 ? " report\n" : " reports\n");
    good = false;
  }
  for (const auto &[name, array] : expected) {
    auto result = findResult(run, name);
    if (!result)
      return result.takeError();
    double error = getLargestError(**result, array);
    if (error > tolerance) {
      llvm::errs() << prefix << "buffer " << name << " is off by "
                   << llvm::format("%.3g", error) << ", allowed are "
                   << llvm::format("%.3g", double(tolerance)) << '\n';
      good = false;
    }
  }
  if (timing)
    llvm::errs() << prefix
                 << llvm::format("%.1f ms, %.1f ms to compile, "
                                 "%llu switches\n",
                                 run.result.statistics.seconds * 1e3,
                                 run.result.statistics.compileSeconds * 1e3,
                                 static_cast<unsigned long long>(
                                     run.result.statistics.switches));
  return good;
}

llvm::Error Emulation::save(const Run &run) {
  for (const std::string &name : printNames) {
    auto result = findResult(run, name);
    if (!result)
      return result.takeError();
    print(name, **result);
  }
  for (llvm::StringRef text : saveTexts) {
    auto [name, file] = text.split('=');
    auto result = findResult(run, name);
    if (!result)
      return result.takeError();
    std::string problem;
    if (!writeNpy(file.str(), **result, problem))
      return makeError(problem);
  }
  return llvm::Error::success();
}

llvm::Expected<bool> Emulation::compareWithDriver(const Run &run) {
  auto image = llvm::MemoryBuffer::getFile(driverImage);
  if (!image)
    return makeError("cannot read the driver's image '" + driverImage +
                     "': " + image.getError().message());
  auto results = runOnDriver(
      {driverLibrary, (*image)->getBuffer().str(), kernelName, config},
      arguments);
  if (!results)
    return results.takeError();
  bool good = true;
  for (auto [i, buffer] : llvm::enumerate(arguments.getBuffers())) {
    const NpyArray &mine = run.buffers[i], &theirs = (*results)[i];
    bool same = mine.data == theirs.data;
    double error = same ? 0 : getLargestError(mine, theirs);
    bool accepted =
        same || (tolerance.getNumOccurrences() && error <= tolerance);
    llvm::outs() << "driver: buffer " << buffer->name << ": "
                 << (same ? "same bits" : "differs")
                 << (same ? "" : llvm::formatv(", by {0:e3}", error).str())
                 << '\n';
    good &= accepted;
  }
  return good;
}

static Options getOptions(const Mode &mode) {
  Options options;
  options.completion = mode.completion;
  options.schedule = mode.schedule;
  options.seed = mode.seed;
  options.detectRaces = !noRaces;
  options.jobs = jobs;
  options.profile = summary && !noRaces;
  return options;
}

/// Runs each mutant in all modes. Numbers count as wrong if they differ from
/// those of the kernel as it is.
llvm::Expected<bool> Emulation::runMutants(llvm::StringRef code,
                                           Module &module) {
  llvm::MemoryBufferRef buffer(code, inputFile);
  auto list = listMutations(buffer, kernelName);
  if (!list)
    return list.takeError();
  auto reference = run(module, getOptions(kModes[0]));
  if (!reference)
    return reference.takeError();
  auto clean = check(*reference, "unchanged");
  if (!clean || !*clean)
    return clean;
  unsigned byDetector = 0, byFailure = 0, byNumbers[std::size(kModes)] = {};
  unsigned undetected = 0;
  llvm::SmallVector<unsigned> numbers(mutantNumbers.begin(),
                                      mutantNumbers.end());
  if (!mutantNumbers.getNumOccurrences())
    llvm::append_range(numbers, llvm::seq<unsigned>(0, list->size()));
  for (unsigned i : numbers) {
    if (i >= list->size())
      return makeError("there are " + llvm::Twine(list->size()) +
                       " mutants of '" + kernelName + "', got number " +
                       llvm::Twine(i));
    auto mutated = applyMutation(buffer, kernelName, i, expectEmpty);
    if (!mutated)
      return mutated.takeError();
    auto changed = Module::load(llvm::MemoryBufferRef(*mutated, inputFile));
    if (!changed)
      return changed.takeError();
    bool reported = false, failed = false, wrong = false;
    for (auto [m, mode] : llvm::enumerate(kModes)) {
      auto result = run(**changed, getOptions(mode));
      if (!result)
        return result.takeError();
      reported |= result->result.reportCount != 0;
      if (!result->failure.empty()) {
        failed = true;
        if (untilNoticed)
          break;
        continue;
      }
      double error = 0;
      for (size_t k = 0; k < result->buffers.size(); ++k)
        error = std::max(
            error, getLargestError(result->buffers[k], reference->buffers[k]));
      if (error > tolerance) {
        ++byNumbers[m];
        wrong = true;
      }
      if (untilNoticed && (reported || wrong))
        break;
    }
    byDetector += reported;
    byFailure += failed;
    undetected += !reported && !failed && !wrong;
    llvm::outs() << i << ": " << (*list)[i] << ": "
                 << (reported ? "reported"
                     : failed ? "fails"
                     : wrong  ? "only wrong numbers"
                              : "nothing noticed")
                 << (reported && failed ? ", fails" : "")
                 << (reported && wrong ? ", wrong numbers" : "") << '\n';
  }
  llvm::outs() << numbers.size() << " mutants: " << byDetector << " reported, "
               << byFailure << " fail, wrong numbers";
  for (auto [m, mode] : llvm::enumerate(kModes))
    llvm::outs() << (m ? ", " : " ") << byNumbers[m] << ' ' << mode.name;
  llvm::outs() << ", " << undetected << " not noticed\n";
  return true;
}

static llvm::Expected<bool> emulate() {
  auto code = readKernels();
  if (!code)
    return code.takeError();
  if (emitLLVM) {
    llvm::outs() << *code;
    return true;
  }
  auto module = Module::load(llvm::MemoryBufferRef(*code, inputFile));
  if (!module)
    return module.takeError();
  if (llvm::Error error = chooseKernel(**module))
    return std::move(error);
  Emulation emulation;
  if (llvm::Error error = emulation.prepare())
    return std::move(error);
  if (mutants)
    return emulation.runMutants(*code, **module);
  Mode chosen = {"", completion, schedule, seed};
  bool good = true;
  for (const Mode &mode :
       allModes ? llvm::ArrayRef(kModes) : llvm::ArrayRef(chosen)) {
    auto run = emulation.run(**module, getOptions(mode));
    if (!run)
      return run.takeError();
    auto checked = emulation.check(*run, mode.name);
    if (!checked)
      return checked.takeError();
    good &= *checked;
    if (&mode != &chosen && &mode != &kModes[0])
      continue;
    if (llvm::Error error = emulation.save(*run))
      return std::move(error);
    if (summary)
      printSummary(emulation.config, run->result.statistics);
    if (driverLibrary.empty())
      continue;
    auto same = emulation.compareWithDriver(*run);
    if (!same)
      return same.takeError();
    good &= *same;
  }
  return good;
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv,
                              "Ockham: runs GPU kernels on the host\n");
  auto good = emulate();
  if (!good) {
    llvm::errs() << "error: " << llvm::toString(good.takeError()) << '\n';
    return 1;
  }
  return *good ? 0 : 1;
}
