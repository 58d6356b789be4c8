//===- Picture.cpp - The shapes of a graph --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Picture.h"

#include "Describe.h"
#include "GraphAlignment.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Format.h"

#include <cmath>

using llvm::StringRef;

namespace ockham::report {

static int64_t getInteger(const Node &node, StringRef key) {
  return node.attributes.getInteger(key).value_or(0);
}

static bool hasAttribute(const Node &node, StringRef key) {
  return node.attributes.get(key) != nullptr;
}

/// An attribute that may be a number, or else `otherwise`.
static std::string formatNumber(const Node &node, StringRef key,
                                StringRef otherwise) {
  std::optional<double> value = node.attributes.getNumber(key);
  if (!value)
    return otherwise.str();
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", *value);
  return text;
}

/// Who reads each node.
static std::vector<std::vector<unsigned>> findReaders(const Graph &graph) {
  std::vector<std::vector<unsigned>> readers(graph.nodes.size());
  for (unsigned i = 0; i < graph.nodes.size(); ++i)
    for (const Edge &input : graph.nodes[i].inputs)
      if (input.node >= 0)
        readers[input.node].push_back(i);
  return readers;
}

namespace {
/// Names the matrices of a block by what reads them: W_Q, W_O, W_1, ...
class MatrixNames {
public:
  explicit MatrixNames(const Graph &graph)
      : graph(graph), readers(findReaders(graph)) {}

  std::string get(unsigned linear) const;

private:
  bool hasEmbedding() const {
    return llvm::any_of(graph.nodes, [](const Node &node) {
      return node.op == "embedding" || node.op == "block";
    });
  }
  /// Adds the roles of what reads result `result` of `node`, through splits and
  /// gains; all results if it is negative.
  void collect(unsigned node, int result,
               std::vector<std::string> &roles) const;

  const Graph &graph;
  std::vector<std::vector<unsigned>> readers;
};
} // namespace

void MatrixNames::collect(unsigned node, int result,
                          std::vector<std::string> &roles) const {
  auto add = [&](StringRef role) {
    if (!llvm::is_contained(roles, role))
      roles.push_back(role.str());
  };
  for (unsigned reader : readers[node]) {
    const Node &other = graph.nodes[reader];
    for (unsigned i = 0; i < other.inputs.size(); ++i) {
      if (other.inputs[i].node != static_cast<int>(node) ||
          (result >= 0 && static_cast<int>(other.inputs[i].result) != result))
        continue;
      if (other.op == "attention")
        add(i == 0 ? "W_Q" : i == 1 ? "W_K" : "W_V");
      else if (other.op == "activation")
        add("W_1");
      else if (other.op == "split" || other.op == "scale")
        collect(reader, -1, roles);
    }
  }
}

std::string MatrixNames::get(unsigned linear) const {
  std::vector<std::string> roles;
  collect(linear, -1, roles);
  if (!roles.empty()) {
    llvm::sort(roles, [](const std::string &a, const std::string &b) {
      auto place = [](StringRef role) {
        return StringRef("QKV1").find(role.back());
      };
      return place(a) < place(b);
    });
    return llvm::join(roles, ", ");
  }
  // By what it reads.
  int source = graph.nodes[linear].inputs.empty()
                   ? -1
                   : graph.nodes[linear].inputs.front().node;
  while (source >= 0 && graph.nodes[source].op == "scale" &&
         !graph.nodes[source].inputs.empty())
    source = graph.nodes[source].inputs.front().node;
  if (source >= 0 && graph.nodes[source].op == "attention")
    return "W_O";
  if (source >= 0 && graph.nodes[source].op == "activation")
    return "W_2";
  bool isHead = llvm::any_of(graph.outputs, [&](const Edge &edge) {
    return edge.node == static_cast<int>(linear);
  });
  return isHead && hasEmbedding() ? "head" : "W";
}

/// What a matrix is for, in words.
static std::string describeRole(StringRef name) {
  std::string words;
  for (auto [part, word] :
       {std::pair("W_Q", "queries"), std::pair("W_K", "keys"),
        std::pair("W_V", "values"), std::pair("W_O", "out of the heads"),
        std::pair("W_1", "into the MLP"), std::pair("W_2", "out of the MLP"),
        std::pair("head", "scores of all tokens")})
    if (name.contains(part))
      words += (words.empty() ? "" : ", ") + std::string(word);
  return words;
}

static std::string nameActivation(StringRef kind) {
  return llvm::StringSwitch<std::string>(kind)
      .Case("relu", "ReLU")
      .Case("leaky_relu", "LeakyReLU")
      .Case("gelu_erf", "GELU")
      .Case("gelu_tanh", "GELU (tanh)")
      .Case("gelu_sigmoid", "GELU (sigmoid)")
      .Case("silu", "SiLU")
      .Default(kind.str());
}

/// The formula of a norm, as a reader of the papers knows it.
static std::string getNormFormula(const Node &node) {
  StringRef kind = node.attributes.getString("kind").value_or("");
  std::string formula;
  if (kind == "layer")
    formula = "(x − mean) / std";
  else if (kind == "rms")
    formula = "x / rms(x)";
  else if (kind == "fixed") {
    formula = hasAttribute(node, "uncentred") ? "x / σ" : "(x − mean) / σ";
    if (node.attributes.getString("std") == StringRef("position"))
      formula += "[t]";
  } else if (kind == "tanh")
    formula = "tanh(α x)";
  else if (kind == "erf")
    formula = hasAttribute(node, "offset") ? "erf(α x + s)" : "erf(α x)";
  if (hasAttribute(node, "scale"))
    formula += " · g";
  if (hasAttribute(node, "shift"))
    formula += " + b";
  return formula;
}

static void fillAttention(const Node &node, Shape &shape) {
  shape.heads = getInteger(node, "heads");
  std::string scores = "softmax(Q Kᵀ / c)";
  if (hasAttribute(node, "shape")) {
    std::string sum;
    if (const llvm::json::Array *gains = node.attributes.getArray("shape"))
      for (const llvm::json::Value &gain : *gains) {
        StringRef name = gain.getAsString().value_or("");
        if (name == "alpha")
          sum += "α I + ";
        else if (name == "beta")
          sum += "β A";
        else if (name == "gamma")
          sum += " − γ C";
      }
    // Without beta, attention has the factor one.
    if (!StringRef(sum).contains("A"))
      sum = StringRef(sum).contains("C") ? "A" + sum : sum + "A";
    shape.lines.push_back("(" + sum + ") V");
    shape.lines.push_back("A = " + scores);
  } else {
    shape.lines.push_back(scores + " V");
  }
  std::string line;
  for (const std::string &detail : describeDetails(node)) {
    if (line.size() + detail.size() > 26) {
      shape.lines.push_back(line);
      line.clear();
    }
    line += (line.empty() ? "" : ", ") + detail;
  }
  if (!line.empty())
    shape.lines.push_back(line);
}

static Shape makeShape(const Graph &graph, unsigned number,
                       const MatrixNames &names) {
  const Node &node = graph.nodes[number];
  Shape shape;
  shape.op = node.op;
  shape.title = describeKind(node);
  if (node.op == "norm") {
    shape.lines.push_back(getNormFormula(node));
  } else if (node.op == "linear") {
    shape.title = names.get(number);
    if (std::string role = describeRole(shape.title); !role.empty())
      shape.lines.push_back(role);
    shape.lines.push_back(std::to_string(getInteger(node, "in")) + " → " +
                          std::to_string(getInteger(node, "out")) +
                          (hasAttribute(node, "bias") ? ", bias" : ""));
    if (hasAttribute(node, "skip_gain"))
      shape.lines.push_back("skip · I + resid · W");
    if (hasAttribute(node, "row_scale"))
      shape.lines.push_back("rows divided by σ[t]");
    if (hasAttribute(node, "tied"))
      shape.lines.push_back("tied: the embedding's table");
    if (hasAttribute(node, "accumulates"))
      shape.lines.push_back("accumulates onto the sum");
  } else if (node.op == "attention") {
    fillAttention(node, shape);
  } else if (node.op == "activation") {
    shape.title =
        nameActivation(node.attributes.getString("kind").value_or(""));
    if (hasAttribute(node, "width"))
      shape.lines.push_back("width " +
                            std::to_string(getInteger(node, "width")));
    if (hasAttribute(node, "slope"))
      shape.lines.push_back("slope " + formatNumber(node, "slope", "learned"));
  } else if (node.op == "embedding") {
    shape.title = "embedding";
    shape.lines = describeDetails(node);
  } else if (node.op == "block") {
    shape.title = node.attributes.getString("title").value_or("block").str();
    if (std::optional<StringRef> kind = node.attributes.getString("label"))
      shape.lines.push_back(kind->str());
  } else if (node.op == "split") {
    shape.title = "split";
  } else if (node.op == "add") {
    shape.kind = ShapeKind::Sum;
  } else if (node.op == "scale") {
    shape.kind = ShapeKind::Gain;
    shape.title = formatNumber(node, "gain", "g");
  }
  return shape;
}

namespace {
/// Turns a graph with ghosts into shapes.
class PictureMaker {
public:
  PictureMaker(const AlignedGraph &aligned, StringRef inputName,
               StringRef outputName)
      : graph(aligned.graph), aligned(aligned), names(aligned.graph),
        readers(findReaders(aligned.graph)) {
    Shape input;
    input.kind = ShapeKind::Input;
    input.title = inputName.str();
    picture.shapes.push_back(std::move(input));
    for (unsigned i = 0; i < graph.nodes.size(); ++i)
      add(i);
    Shape output;
    output.kind = ShapeKind::Output;
    output.title = outputName.str();
    for (const Edge &edge : graph.outputs)
      output.inputs.push_back({resolve(edge), ""});
    picture.shapes.push_back(std::move(output));
  }

  Picture take() { return std::move(picture); }

private:
  void add(unsigned number);
  void addInputs(unsigned number, Shape &shape);
  unsigned resolve(const Edge &edge) const {
    return edge.node < 0 ? 0 : shapes.at(edge.node);
  }
  bool isInnerSum(unsigned number) const;

  const Graph &graph;
  const AlignedGraph &aligned;
  MatrixNames names;
  std::vector<std::vector<unsigned>> readers;
  std::map<int, unsigned> shapes;
  Picture picture;
};
} // namespace

/// Whether a sum is only a term of another one.
bool PictureMaker::isInnerSum(unsigned number) const {
  if (graph.nodes[number].op != "add" || readers[number].size() != 1 ||
      graph.nodes[readers[number].front()].op != "add")
    return false;
  return llvm::none_of(graph.outputs, [&](const Edge &edge) {
    return edge.node == static_cast<int>(number);
  });
}

void PictureMaker::addInputs(unsigned number, Shape &shape) {
  const Node &node = graph.nodes[number];
  auto add = [&](unsigned from, StringRef label) {
    // Several parts of one value are one line: "Q, K, V".
    for (Shape::Input &input : shape.inputs)
      if (input.from == from && node.op == "attention") {
        input.label += ", " + label.str();
        return;
      }
    shape.inputs.push_back({from, label.str()});
  };
  for (unsigned i = 0; i < node.inputs.size(); ++i) {
    const Edge &input = node.inputs[i];
    if (node.op == "attention") {
      add(resolve(input), i == 0 ? "Q" : i == 1 ? "K" : i == 2 ? "V" : "");
    } else if (node.op == "add" && input.node >= 0 && isInnerSum(input.node)) {
      addInputs(input.node, shape);
    } else {
      add(resolve(input), "");
    }
  }
}

void PictureMaker::add(unsigned number) {
  const Node &node = graph.nodes[number];
  // The parts of a product are seen from where its wires go.
  if (node.op == "split" && !node.inputs.empty() &&
      aligned.states[number] != ShapeState::Removed) {
    shapes[number] = resolve(node.inputs.front());
    return;
  }
  if (isInnerSum(number))
    return;
  Shape shape = makeShape(graph, number, names);
  shape.state = aligned.states[number];
  for (const std::string &note : aligned.notes[number])
    shape.lines.push_back(note);
  addInputs(number, shape);
  if (shape.inputs.empty())
    shape.inputs.push_back({0, ""});
  shapes[number] = picture.shapes.size();
  picture.shapes.push_back(std::move(shape));
}

Picture makePicture(const Graph &graph, StringRef inputName,
                    StringRef outputName) {
  AlignedGraph same;
  same.graph = expandGains(graph);
  same.states.assign(same.graph.nodes.size(), ShapeState::Same);
  same.notes.resize(same.graph.nodes.size());
  return PictureMaker(same, inputName, outputName).take();
}

Picture makeChangePicture(const Graph &before, const Graph &after,
                          StringRef inputName, StringRef outputName) {
  AlignedGraph aligned = alignGraphs(expandGains(before), expandGains(after));
  return PictureMaker(aligned, inputName, outputName).take();
}

Graph collapseBlocks(const Report &report, const Snapshot &of) {
  std::vector<BlockGroup> groups = groupBlocks(report);
  Graph result;
  result.inputs = of.model.inputs;
  std::map<int, int> places;
  unsigned block = 0;
  size_t group = 0;
  auto map = [&](const Edge &edge) {
    Edge mapped = edge;
    if (edge.node >= 0)
      mapped.node = places[edge.node];
    return mapped;
  };
  for (unsigned i = 0; i < of.model.nodes.size(); ++i) {
    Node node = of.model.nodes[i];
    for (Edge &input : node.inputs)
      input = map(input);
    if (node.op == "block" && groups.empty()) {
      // Formed by the passes: before, there was none to compare with.
      node.attributes["label"] =
          describeBlockKind(node.attributes.getString("kind").value_or(""));
    } else if (node.op == "block") {
      while (group + 1 < groups.size() && groups[group].last < block)
        ++group;
      const BlockGroup &range = groups[group];
      bool continues =
          block > range.first && block <= range.last && !result.nodes.empty() &&
          result.nodes.back().op == "block" && node.inputs.size() == 1 &&
          node.inputs.front().node == static_cast<int>(result.nodes.size()) - 1;
      ++block;
      if (continues) {
        places[i] = result.nodes.size() - 1;
        continue;
      }
      StringRef kind = node.attributes.getString("kind").value_or("");
      node.attributes["label"] = describeBlockKind(kind);
      node.attributes["title"] = describeRange(range);
    }
    places[i] = result.nodes.size();
    result.nodes.push_back(std::move(node));
  }
  for (const Edge &output : of.model.outputs)
    result.outputs.push_back(map(output));
  return result;
}

} // namespace ockham::report
