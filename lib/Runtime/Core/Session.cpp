//===- Session.cpp - A running model --------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Session.h"
#include "ModelTable.h"
#include "Result.h"
#include "ockham/Runtime/PackPanels.h"
#include <cstdlib>
#include <cstring>
#include <set>

namespace ockham::runtime {

//===----------------------------------------------------------------------===//
// Creation
//===----------------------------------------------------------------------===//

static Status chooseThreads(int32_t wanted, int32_t &threads) {
  constexpr int32_t most = 4096;
  threads = wanted;
  if (wanted < 0 || wanted > most)
    return {OCKHAM_INVALID_ARGUMENT,
            format("threads: expected 1 to %d, or 0 for the default, got %d",
                   most, wanted)};
  if (wanted > 0)
    return Status::ok();
  threads = defaultThreadCount();
  if (const char *text = std::getenv("OCKHAM_NUM_THREADS"))
    if (*text && std::to_string(threads) != text)
      return {OCKHAM_INVALID_ARGUMENT,
              format("the environment's OCKHAM_NUM_THREADS: expected a number "
                     "from 1 to %d, got '%s'",
                     most, text)};
  return Status::ok();
}

static void collectSymbols(const ockham_tensor_spec &spec,
                           std::set<std::string> &symbols) {
  for (int32_t axis = 0; axis < spec.rank; ++axis)
    if (spec.dims[axis].extent < 0 && spec.dims[axis].symbol)
      symbols.insert(spec.dims[axis].symbol);
}

static std::set<std::string> symbolsOf(const ockham_model &model) {
  std::set<std::string> symbols;
  for (int32_t i = 0; i < model.state_count; ++i)
    collectSymbols(model.states[i].tensor, symbols);
  for (int32_t e = 0; e < model.entry_count; ++e) {
    const ockham_entry &entry = model.entries[e];
    for (int32_t i = 0; i < entry.input_count; ++i)
      collectSymbols(entry.inputs[i], symbols);
    for (int32_t i = 0; i < entry.output_count; ++i)
      collectSymbols(entry.outputs[i], symbols);
  }
  return symbols;
}

Status Session::bindSymbols(const ockham_session_options &options) {
  if (options.binding_count > 0 && !options.bindings)
    return {OCKHAM_INVALID_ARGUMENT,
            format("bindings: %u are counted, but their array is a null "
                   "pointer",
                   options.binding_count)};
  std::set<std::string> known = symbolsOf(library->model());
  for (uint32_t i = 0; i < options.binding_count; ++i) {
    const ockham_binding &binding = options.bindings[i];
    if (!binding.symbol || !known.count(binding.symbol)) {
      std::string list;
      for (const std::string &symbol : known)
        list += (list.empty() ? "'" : ", '") + symbol + "'";
      return {OCKHAM_INVALID_ARGUMENT,
              format("bindings: the model '%s' has no dimension '%s'; it has: "
                     "%s",
                     library->model().name,
                     binding.symbol ? binding.symbol : "(null)",
                     list.empty() ? "none" : list.c_str())};
    }
    if (binding.extent < 0)
      return {OCKHAM_INVALID_ARGUMENT,
              format("bindings: dimension '%s': expected at least 0, got "
                     "%" PRId64,
                     binding.symbol, binding.extent)};
    OCKHAM_RETURN_IF_FAILED(
        symbols.bind(binding.symbol, binding.extent, "the session's bindings"));
  }
  return Status::ok();
}

Status Session::createStates() {
  const ockham_model &model = library->model();
  states.resize(model.state_count);
  stateTensors.resize(model.state_count);
  for (int32_t i = 0; i < model.state_count; ++i) {
    const ockham_tensor_spec &spec = model.states[i].tensor;
    State &state = states[i];
    for (int32_t axis = 0; axis < spec.rank; ++axis) {
      const ockham_dim &dim = spec.dims[axis];
      const int64_t *extent =
          dim.extent >= 0 ? &dim.extent : symbols.find(dim.symbol);
      if (!extent)
        return {OCKHAM_INVALID_ARGUMENT,
                format("state '%s' is %s: bind dimension '%s' to an extent "
                       "when the session is created",
                       spec.name, formatSpec(spec).c_str(), dim.symbol)};
      state.shape.push_back(*extent);
    }
    std::string what = format("state '%s'", spec.name);
    auto bytes = denseBytes(spec.dtype, state.shape.data(), spec.rank);
    if (!bytes)
      return {
          OCKHAM_INVALID_ARGUMENT,
          format(
              "%s: %s has more bytes than can be addressed", what.c_str(),
              formatType(spec.dtype, state.shape.data(), spec.rank).c_str())};
    OCKHAM_RETURN_IF_FAILED(
        environment.memory->reserveFixed(*bytes, what.c_str()));
    if (!state.memory.allocate(place, *bytes))
      return {OCKHAM_OUT_OF_MEMORY, format("%s needs %s and %s", what.c_str(),
                                           formatBytes(*bytes).c_str(),
                                           place->describeFree().c_str())};
    state.bytes = *bytes;
    stateBytes += *bytes;
    stateTensors[i] = {state.memory.get(), state.shape.data(), spec.dtype,
                       spec.rank};
    OCKHAM_RETURN_IF_FAILED(resetOne(i));
  }
  return finish();
}

Session::~Session() {
  // Nothing may be under way in memory that goes.
  if (queue)
    (void)finish();
  if (environment.memory)
    environment.memory->trim();
  if (environment.hostMemory)
    environment.hostMemory->trim();
}

Status Session::create(std::shared_ptr<Library> library,
                       const ockham_session_options &options,
                       std::unique_ptr<Session> &result) {
  const ockham_model &model = library->model();
  std::unique_ptr<Session> session(new Session(library));
  CallEnvironment &environment = session->environment;
  std::shared_ptr<Device> &place = session->place;
  OCKHAM_RETURN_IF_FAILED(openDevice(model, options.device, place));
  OCKHAM_RETURN_IF_FAILED(chooseThreads(options.threads, environment.threads));
  OCKHAM_RETURN_IF_FAILED(session->bindSymbols(options));
  std::shared_ptr<Program> program;
  OCKHAM_RETURN_IF_FAILED(library->getProgram(*place, program));
  OCKHAM_RETURN_IF_FAILED(
      library->getWeights(options.weight_file, place, session->sharedWeights));
  session->weights = session->sharedWeights->pointers();
  environment.memory =
      std::make_shared<MemoryPool>(options.memory_limit, place);
  if (!place->isHost())
    environment.memory->noteShared(session->sharedWeights->bytes());
  environment.hostMemory =
      place->isHost() ? environment.memory
                      : std::make_shared<MemoryPool>(0, getHostDevice());
  OCKHAM_RETURN_IF_FAILED(
      place->createStream(std::move(program), session->queue));
  environment.stream = session->queue.get();
  environment.resultsOnDevice = options.results_on_device && !place->isHost();
  OCKHAM_RETURN_IF_FAILED(session->createStates());
  environment.weights = session->weights.data();
  environment.states = session->stateTensors.data();
  environment.symbols = &session->symbols;
  result = std::move(session);
  return Status::ok();
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// One call at a time. What the device is done with is given back behind it.
class Session::Lock {
public:
  explicit Lock(Session &session) : session(session), lock(session.mutex) {}
  ~Lock() {
    std::vector<RetiredTensor> retired = session.queue->takeRetired();
    lock.unlock();
    for (RetiredTensor &tensor : retired)
      tensor.release();
  }
  Lock(const Lock &) = delete;
  Lock &operator=(const Lock &) = delete;

private:
  Session &session;
  std::unique_lock<std::mutex> lock;
};

Status Session::wait() {
  Lock lock(*this);
  OCKHAM_RETURN_IF_FAILED(queue->finish("an earlier call"));
  return queue->takeFailure();
}

/// Waits, for a copy that shows what calls have computed.
Status Session::finishReading() {
  OCKHAM_RETURN_IF_FAILED(finish());
  Status earlier = queue->takeFailure();
  if (earlier.failed())
    return {earlier.code(), "an earlier call: " + earlier.message()};
  return Status::ok();
}

void Session::getMemory(ockham_memory &memory) {
  Lock lock(*this);
  MemoryPool::Usage usage = environment.memory->getUsage();
  memory.states = stateBytes;
  memory.weights = ownWeightBytes;
  memory.shared_weights = sharedWeights->bytes();
  memory.workspace = usage.held;
  memory.workspace_used = usage.used;
  memory.peak = usage.peak;
  memory.limit = usage.limit;
}

void Session::trim() {
  Lock lock(*this);
  (void)finish();
  environment.memory->trim();
  environment.hostMemory->trim();
}

std::vector<ockham_launch> Session::launches() {
  Lock lock(*this);
  return queue->launches();
}

Status Session::workspaceBytes(const char *name, const ockham_argument *inputs,
                               size_t inputCount, uint64_t &bytes) {
  const ockham_entry *entry;
  OCKHAM_RETURN_IF_FAILED(library->findEntry(name, entry));
  Lock lock(*this);
  Call call(environment, *entry);
  OCKHAM_RETURN_IF_FAILED(call.bindInputs(inputs, inputCount, true));
  return call.workspaceBytes(bytes);
}

Status Session::run(const char *name, ockham_argument *inputs,
                    size_t inputCount, ockham_argument *outputs,
                    size_t outputCount, DLManagedTensor **results) {
  const ockham_entry *entry;
  OCKHAM_RETURN_IF_FAILED(library->findEntry(name, entry));
  Lock lock(*this);
  Call call(environment, *entry);
  Status status = call.bindInputs(inputs, inputCount, false);
  if (!status.failed())
    status = call.bindOutputs(outputs, outputCount);
  if (!status.failed())
    status = call.run(results);
  if (status.failed()) {
    // Copies of inputs may be under way, which the caller gives back.
    (void)queue->finish(entry->name);
    return status;
  }
  if (!environment.resultsOnDevice)
    return Status::ok();
  std::vector<RetiredTensor> retired;
  for (auto [arguments, count] :
       {std::pair(inputs, inputCount), std::pair(outputs, outputCount)})
    for (size_t i = 0; i < count; ++i)
      if (RetiredTensor tensor = RetiredTensor::take(arguments[i]);
          !tensor.empty())
        retired.push_back(tensor);
  queue->retire(std::move(retired));
  return Status::ok();
}

//===----------------------------------------------------------------------===//
// States and weights
//===----------------------------------------------------------------------===//

/// Finds the element of `array` that is called `name`.
template <typename Array, typename NameOf>
static Status findByName(const char *kind, const char *name, const Array *array,
                         int32_t count, NameOf nameOf, int32_t &index) {
  std::string known;
  for (index = 0; index < count; ++index) {
    if (name && std::strcmp(nameOf(array[index]), name) == 0)
      return Status::ok();
    if (index < 32)
      known += format("%s'%s'", index ? ", " : "", nameOf(array[index]));
    else if (index == 32)
      known += format(" and %d more", count - index);
  }
  return {OCKHAM_NOT_FOUND, format("the model has no %s '%s'; it has: %s", kind,
                                   name ? name : "(null)",
                                   known.empty() ? "none" : known.c_str())};
}

static void setFixedShape(std::vector<ockham_dim> &dims,
                          ockham_tensor_spec &spec, const char *name,
                          int32_t dtype, const int64_t *shape, int32_t rank) {
  for (int32_t axis = 0; axis < rank; ++axis)
    dims.push_back({shape[axis], nullptr});
  spec = {name, dtype, rank, dims.data()};
}

Status Session::findState(const char *name, NamedTensor &found) const {
  const ockham_model &model = library->model();
  OCKHAM_RETURN_IF_FAILED(findByName(
      "state", name, model.states, model.state_count,
      [](const ockham_state_spec &spec) { return spec.tensor.name; },
      found.index));
  const ockham_tensor &tensor = stateTensors[found.index];
  found.what = format("state '%s'", name);
  setFixedShape(found.dims, found.spec, name, tensor.dtype, tensor.shape,
                tensor.rank);
  return Status::ok();
}

Status Session::findWeight(const char *name, NamedTensor &found) const {
  const ockham_model &model = library->model();
  OCKHAM_RETURN_IF_FAILED(findByName(
      "weight", name, model.weights, model.weight_count,
      [](const ockham_weight_spec &spec) { return spec.name; }, found.index));
  const ockham_weight_spec &weight = model.weights[found.index];
  found.what = format("weight '%s'", name);
  PanelLayout panels;
  if (std::strcmp(weight.layout, rowMajorLayout) != 0 &&
      !parsePanels(weight.layout, weight.shape, weight.rank,
                   dtypeBytes(weight.dtype), panels))
    return {OCKHAM_UNSUPPORTED,
            format("%s has the packed layout '%s'; only weights in %s and in "
                   "panels can be read and written",
                   found.what.c_str(), weight.layout, rowMajorLayout)};
  setFixedShape(found.dims, found.spec, name, weight.dtype, weight.shape,
                weight.rank);
  return Status::ok();
}

TensorView Session::viewHost(const NamedTensor &tensor,
                             const void *data) const {
  TensorView view;
  view.data = static_cast<char *>(const_cast<void *>(data));
  view.dtype = tensor.spec.dtype;
  for (const ockham_dim &dim : tensor.dims)
    view.shape.push_back(dim.extent);
  return view;
}

TensorView Session::viewDevice(const NamedTensor &tensor,
                               const void *data) const {
  TensorView view = viewHost(tensor, data);
  view.device = place->place();
  return view;
}

Status Session::copy(const TensorView &from, const TensorView &to) {
  if (from.bytes() == 0)
    return Status::ok();
  if (!isOnHost(to))
    return isOnHost(from) ? queue->copyIn(to.data, from)
                          : queue->copy(to.data, from.data, from.bytes());
  if (!isOnHost(from))
    return queue->copyOut(to, from.data);
  if (to.strides.empty())
    copyToDense(from, to.data);
  else
    copyFromDense(from.data, to);
  return Status::ok();
}

/// A tensor of the caller, on the host or dense on the device, which is to be
/// read or written.
Status Session::checkPlace(const NamedTensor &tensor,
                           const TensorView &view) const {
  SymbolTable none;
  OCKHAM_RETURN_IF_FAILED(
      checkTensor(tensor.what, tensor.spec, view, place->place(), false, none));
  if (isOnHost(view))
    return Status::ok();
  if (view.strides.empty())
    return queue->use(view.data, view.bytes());
  return {OCKHAM_INVALID_ARGUMENT,
          format("%s: expected a dense row-major tensor in the memory of %s, "
                 "got one with strides; make it contiguous first",
                 tensor.what.c_str(), place->name())};
}

Status Session::copyOut(const NamedTensor &from, const TensorView &data,
                        const ockham_argument &output,
                        DLManagedTensor *&result) {
  TensorView view;
  OCKHAM_RETURN_IF_FAILED(readArgument(output, from.what, view));
  if (view.given) {
    if (view.readOnly)
      return {OCKHAM_INVALID_ARGUMENT, from.what + ": its buffer is read-only"};
    OCKHAM_RETURN_IF_FAILED(checkPlace(from, view));
    OCKHAM_RETURN_IF_FAILED(copy(data, view));
    return finishReading();
  }
  Status status = Status::ok();
  const std::shared_ptr<MemoryPool> &pool = environment.hostMemory;
  void *memory = pool->allocate(data.bytes(), MemoryPool::Lifetime::Result,
                                ("a copy of " + from.what).c_str(), status);
  OCKHAM_RETURN_IF_FAILED(status);
  result = createResult(pool, memory, from.spec.dtype, data.shape);
  OCKHAM_RETURN_IF_FAILED(copy(data, viewHost(from, memory)));
  return finishReading();
}

Status Session::checkInput(const NamedTensor &to, const ockham_argument &input,
                           TensorView &view) const {
  OCKHAM_RETURN_IF_FAILED(readArgument(input, to.what, view));
  if (!view.given)
    return {OCKHAM_INVALID_ARGUMENT,
            format("%s: a tensor %s is expected, got none", to.what.c_str(),
                   formatSpec(to.spec).c_str())};
  return checkPlace(to, view);
}

Status Session::readState(const ockham_argument &output,
                          DLManagedTensor *&result) {
  Lock lock(*this);
  NamedTensor state;
  OCKHAM_RETURN_IF_FAILED(findState(output.name, state));
  return copyOut(state, viewDevice(state, stateTensors[state.index].data),
                 output, result);
}

Status Session::writeState(const ockham_argument &input) {
  Lock lock(*this);
  NamedTensor state;
  TensorView view;
  OCKHAM_RETURN_IF_FAILED(findState(input.name, state));
  OCKHAM_RETURN_IF_FAILED(checkInput(state, input, view));
  OCKHAM_RETURN_IF_FAILED(
      copy(view, viewDevice(state, stateTensors[state.index].data)));
  return finish();
}

Status Session::resetOne(int32_t index) {
  State &state = states[index];
  int32_t weight = library->model().states[index].weight;
  if (weight >= 0)
    return queue->copy(state.memory.get(), weights[weight], state.bytes);
  return queue->fill(state.memory.get(), 0, 1, state.bytes);
}

Status Session::resetState(const char *name) {
  Lock lock(*this);
  if (name) {
    NamedTensor state;
    OCKHAM_RETURN_IF_FAILED(findState(name, state));
    OCKHAM_RETURN_IF_FAILED(resetOne(state.index));
    return finish();
  }
  for (size_t i = 0; i < states.size(); ++i)
    OCKHAM_RETURN_IF_FAILED(resetOne(static_cast<int32_t>(i)));
  return finish();
}

/// Memory of the host for a weight that is packed or unpacked.
static Status allocateHost(const std::string &what, uint64_t bytes,
                           AlignedMemory &memory) {
  memory.reset(allocateAligned(bytes));
  if (memory)
    return Status::ok();
  return {OCKHAM_OUT_OF_MEMORY,
          format("%s needs %s and the system has no more memory", what.c_str(),
                 formatBytes(bytes).c_str())};
}

/// The bytes of a weight in its layout.
static TensorView viewBytes(const void *data, uint64_t bytes, DLDevice device) {
  TensorView view;
  view.data = static_cast<char *>(const_cast<void *>(data));
  view.dtype = OCKHAM_U8;
  view.shape = {static_cast<int64_t>(bytes)};
  view.device = device;
  return view;
}

Status Session::readWeight(const ockham_argument &output,
                           DLManagedTensor *&result) {
  Lock lock(*this);
  NamedTensor weight;
  OCKHAM_RETURN_IF_FAILED(findWeight(output.name, weight));
  const ockham_weight_spec &spec = library->model().weights[weight.index];
  PanelLayout panels;
  if (!parsePanels(spec.layout, spec.shape, spec.rank, dtypeBytes(spec.dtype),
                   panels))
    return copyOut(weight, viewDevice(weight, weights[weight.index]), output,
                   result);
  const void *bytes = weights[weight.index];
  AlignedMemory dense, packed;
  if (!place->isHost()) {
    OCKHAM_RETURN_IF_FAILED(allocateHost(weight.what, spec.bytes, packed));
    OCKHAM_RETURN_IF_FAILED(
        copy(viewBytes(bytes, spec.bytes, place->place()),
             viewBytes(packed.get(), spec.bytes, {kDLCPU, 0})));
    bytes = packed.get();
  }
  OCKHAM_RETURN_IF_FAILED(allocateHost(
      weight.what, *denseBytes(spec.dtype, spec.shape, spec.rank), dense));
  unpackPanels(static_cast<char *>(dense.get()),
               static_cast<const char *>(bytes), panels);
  return copyOut(weight, viewHost(weight, dense.get()), output, result);
}

Status Session::writeWeight(const ockham_argument &input) {
  Lock lock(*this);
  NamedTensor weight;
  TensorView view;
  OCKHAM_RETURN_IF_FAILED(findWeight(input.name, weight));
  OCKHAM_RETURN_IF_FAILED(checkInput(weight, input, view));
  const ockham_weight_spec &spec = library->model().weights[weight.index];
  PanelLayout panels;
  bool packed = parsePanels(spec.layout, spec.shape, spec.rank,
                            dtypeBytes(spec.dtype), panels);
  AlignedMemory dense, onHost;
  if (packed)
    OCKHAM_RETURN_IF_FAILED(allocateHost(
        weight.what, *denseBytes(spec.dtype, spec.shape, spec.rank), dense));
  if (packed && !place->isHost())
    OCKHAM_RETURN_IF_FAILED(allocateHost(weight.what, spec.bytes, onHost));
  DeviceMemory &own = ownWeights[weight.index];
  bool isFirst = !own;
  const void *shared = weights[weight.index];
  if (isFirst) {
    uint64_t bytes = spec.bytes;
    Status room = environment.memory->reserveFixed(
        bytes, ("the session's own " + weight.what).c_str());
    if (!room.failed()) {
      if (!own.allocate(place, bytes)) {
        environment.memory->unreserveFixed(bytes);
        room = {OCKHAM_OUT_OF_MEMORY,
                format("%s needs %s and %s", weight.what.c_str(),
                       formatBytes(bytes).c_str(),
                       place->describeFree().c_str())};
      }
    }
    if (room.failed()) {
      ownWeights.erase(weight.index);
      return room;
    }
    ownWeightBytes += bytes;
    weights[weight.index] = own.get();
  }
  auto write = [&]() -> Status {
    if (!packed) {
      OCKHAM_RETURN_IF_FAILED(copy(view, viewDevice(weight, own.get())));
      return finish();
    }
    OCKHAM_RETURN_IF_FAILED(copy(view, viewHost(weight, dense.get())));
    void *to = onHost ? onHost.get() : own.get();
    packPanels(static_cast<char *>(to), static_cast<const char *>(dense.get()),
               panels, 0, panels.countPanels());
    if (onHost)
      OCKHAM_RETURN_IF_FAILED(
          copy(viewBytes(to, spec.bytes, {kDLCPU, 0}),
               viewBytes(own.get(), spec.bytes, place->place())));
    return finish();
  };
  Status written = write();
  if (written.failed() && isFirst) {
    // The model's own weight is better than half a one.
    weights[weight.index] = shared;
    ownWeights.erase(weight.index);
    ownWeightBytes -= spec.bytes;
    environment.memory->unreserveFixed(spec.bytes);
  }
  return written;
}

} // namespace ockham::runtime
