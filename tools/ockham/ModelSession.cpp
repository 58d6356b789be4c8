//===- ModelSession.cpp - A loaded model and its session ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelSession.h"

#include <cstdio>
#include <cstring>

namespace ockham::tool {

ModelSession::~ModelSession() {
  if (session)
    ockham_session_destroy(session);
  if (library)
    ockham_library_close(library);
}

std::string ModelSession::open(const std::string &path,
                               const SessionSettings &settings) {
  size_t dot = path.rfind('.');
  std::string extension = dot == std::string::npos ? "" : path.substr(dot);
  if (extension == ".onnx" || extension == ".mlir")
    return path + ": expected a compiled model; 'ockham compile " + path +
           " -o " + path.substr(0, dot) +
           ".so' makes one, and 'ockham run "
           "--interpret' runs the file as it is";
  // A name without a slash is a file here, not a library of the system.
  std::string file = path.find('/') == std::string::npos ? "./" + path : path;
  if (ockham_library_load(file.c_str(), nullptr, &library) != OCKHAM_OK)
    return ockham_last_error();
  this->settings = settings;
  return "";
}

std::string ModelSession::start() {
  if (session)
    return "";
  std::vector<ockham_binding> bindings;
  for (const auto &[symbol, extent] : settings.dims)
    bindings.push_back({symbol.c_str(), extent});
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.threads = static_cast<int32_t>(settings.threads);
  options.device = settings.device.empty() ? nullptr : settings.device.c_str();
  options.weight_file =
      settings.weightFile.empty() ? nullptr : settings.weightFile.c_str();
  options.bindings = bindings.data();
  options.binding_count = static_cast<uint32_t>(bindings.size());
  if (ockham_session_create(library, &options, &session) != OCKHAM_OK)
    return ockham_last_error();
  return "";
}

std::string ModelSession::findEntry(const std::string &name,
                                    const ockham_entry *&entry) {
  if (name.empty() && model().entry_count > 0) {
    entry = &model().entries[0];
    return "";
  }
  if (ockham_library_find_entry(library, name.c_str(), &entry) != OCKHAM_OK)
    return ockham_last_error();
  return "";
}

uint64_t countElements(const std::vector<int64_t> &shape) {
  uint64_t count = 1;
  for (int64_t extent : shape)
    count *= static_cast<uint64_t>(extent);
  return count;
}

std::string ModelSession::run(const ockham_entry &entry, NamedArrays &inputs,
                              NamedArrays &outputs) {
  std::string problem = start();
  if (!problem.empty())
    return problem;
  std::vector<ockham_tensor> tensors(inputs.size());
  std::vector<ockham_argument> in(inputs.size(), ockham_argument{});
  for (size_t i = 0; i < inputs.size(); ++i) {
    NpyArray &array = inputs[i].second;
    tensors[i] = {array.data.data(), array.shape.data(), array.dtype,
                  static_cast<int32_t>(array.shape.size())};
    in[i].name = inputs[i].first.c_str();
    in[i].tensor = &tensors[i];
  }
  std::vector<ockham_argument> out(entry.output_count, ockham_argument{});
  for (int32_t i = 0; i < entry.output_count; ++i)
    out[i].name = entry.outputs[i].name;
  if (ockham_session_run(session, entry.name, in.data(), in.size(), out.data(),
                         out.size()) != OCKHAM_OK)
    return ockham_last_error();
  for (int32_t i = 0; i < entry.output_count; ++i) {
    const DLTensor &result = out[i].managed->dl_tensor;
    NpyArray array;
    array.dtype = static_cast<ockham_dtype>(entry.outputs[i].dtype);
    array.shape.assign(result.shape, result.shape + result.ndim);
    array.data.resize(countElements(array.shape) *
                      ockham_dtype_bytes(array.dtype));
    if (!array.data.empty())
      std::memcpy(array.data.data(),
                  static_cast<const char *>(result.data) + result.byte_offset,
                  array.data.size());
    outputs.push_back({entry.outputs[i].name, std::move(array)});
    ockham_argument_release(&out[i]);
  }
  return "";
}

std::string ModelSession::formatLaunches() {
  std::vector<ockham_launch> launches(
      ockham_session_launches(session, nullptr, 0));
  ockham_session_launches(session, launches.data(), launches.size());
  uint64_t total = 0;
  std::string text;
  for (const ockham_launch &launch : launches) {
    char line[512];
    std::snprintf(line, sizeof(line),
                  "  %-40s %llu x grid %u,%u,%u of %u threads, %u bytes of "
                  "shared memory\n",
                  launch.kernel, static_cast<unsigned long long>(launch.count),
                  launch.grid[0], launch.grid[1], launch.grid[2],
                  launch.block[0] * launch.block[1] * launch.block[2],
                  launch.shared_bytes);
    text += line;
    total += launch.count;
  }
  if (launches.empty())
    return "";
  std::string device = ockham_session_device(session);
  text =
      std::to_string(launches.size()) +
      (launches.size() == 1 ? " kernel and grid, " : " kernels and grids, ") +
      std::to_string(total) + (total == 1 ? " launch" : " launches") + " on " +
      device + ":\n" + text;
  if (ockham_session_detects_races(session))
    text += "race detector: no reports\n";
  else if (device == "emulated")
    text += "race detector: off (OCKHAM_EMULATOR)\n";
  return text;
}

std::string formatSpec(const ockham_tensor_spec &spec) {
  char text[512];
  ockham_format_spec(&spec, text, sizeof(text));
  return text;
}

std::string ModelSession::formatSignature() const {
  const ockham_model &model = this->model();
  std::string text = std::string(model.name) + " (" + model.target;
  if (*model.features)
    text += ", needs " + std::string(model.features);
  text += "; " + std::string(model.producer) + ")\n";
  uint64_t elements = 0;
  for (int32_t i = 0; i < model.weight_count; ++i) {
    const ockham_weight_spec &weight = model.weights[i];
    elements += countElements({weight.shape, weight.shape + weight.rank});
  }
  text += std::to_string(model.weight_count) + " weights, " +
          std::to_string(elements) + " parameters, " +
          (model.weight_file ? "in " + std::string(model.weight_file)
                             : "embedded") +
          "\n";
  for (int32_t i = 0; i < model.entry_count; ++i) {
    const ockham_entry &entry = model.entries[i];
    text += std::string(entry.name) + "\n";
    for (int32_t j = 0; j < entry.input_count; ++j)
      text += "  input  " + std::string(entry.inputs[j].name) + ": " +
              formatSpec(entry.inputs[j]) + "\n";
    for (int32_t j = 0; j < entry.output_count; ++j)
      text += "  output " + std::string(entry.outputs[j].name) + ": " +
              formatSpec(entry.outputs[j]) + "\n";
  }
  for (int32_t i = 0; i < model.state_count; ++i)
    text += "  state  " + std::string(model.states[i].tensor.name) + ": " +
            formatSpec(model.states[i].tensor) + "\n";
  return text;
}

} // namespace ockham::tool
