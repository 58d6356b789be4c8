//===- PictureLayout.cpp - Where shapes and wires go ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PictureLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

namespace ockham::report {

namespace {

constexpr double kGap = 24.0;      ///< Between shapes of a column.
constexpr double kFork = 16.0;     ///< From a shape to where its wire turns.
constexpr double kAlong = 26.0;    ///< For words along the stream.
constexpr double kLayerGap = 34.0; ///< Between layers, for turns.
constexpr double kColumnGap = 22.0;
constexpr double kStreamGap = 34.0; ///< From the stream to the first branch.

struct Series;

/// A shape in a layer, or a wire that passes it.
struct Slot {
  unsigned from, to; ///< The wire; equal for a shape.
  double x = 0.0, width = 0.0;

  bool isShape() const { return from == to; }
};

/// One step of a series: a shape, branches side by side, or (where shapes
/// cannot be told apart into branches) layers of them.
struct Element {
  enum class Kind { Shape, Parallel, Layers } kind = Kind::Shape;
  std::vector<unsigned> shapes;
  std::vector<std::vector<Slot>> layers; ///< From the bottom.
  std::vector<Series> branches;
  bool hasDirect = false;        ///< A wire passes the branches on the axis.
  unsigned source = 0, sink = 0; ///< Of branches.
  int onAxis = -1; ///< Or a branch does that is a skip with a gain.
  double left = 0.0, right = 0.0, height = 0.0;
};

/// Steps from the bottom to the top around one axis.
struct Series {
  std::vector<Element> elements;
  double left = 0.0, right = 0.0, height = 0.0;
};

class Arranger {
public:
  explicit Arranger(const Picture &picture);
  PictureLayout run();

private:
  using Set = std::vector<unsigned>; ///< Sorted.

  Series buildSeries(const Set &set, unsigned source, unsigned sink) const;
  /// The branches between two shapes, or layers of shapes.
  Element buildParallel(const Set &set, unsigned source, unsigned sink) const;
  Element buildLayers(const Set &set, unsigned source, unsigned sink) const;
  void arrangeLayers(Element &element) const;
  Element buildShape(unsigned shape) const;
  std::vector<Set> findComponents(const Set &set) const;
  bool isConnected(const Set &set, unsigned source, unsigned sink,
                   unsigned without) const;
  /// The shapes of `set` from which `shape` is reached (or that it reaches).
  Set reach(const Set &set, unsigned shape, bool forwards) const;
  void measure(Series &series) const;
  void measure(Element &element) const;
  void place(const Series &series, double axis, double bottom);
  void place(const Element &element, double axis, double bottom);
  void addWires();
  Wire route(unsigned from, unsigned to, llvm::StringRef label) const;
  void markStream();

  const Picture &picture;
  std::vector<Set> readers, sources;
  /// Where wires pass layers: below and above the layer.
  std::map<std::pair<unsigned, unsigned>, std::vector<std::pair<Point, Point>>>
      passages;
  PictureLayout layout;
};

} // namespace

/// Characters, not bytes; a mark that lowers the next one is none.
static double measureText(llvm::StringRef text) {
  double width = 0.0;
  for (unsigned char c : text)
    if ((c & 0xc0) != 0x80 && c != '_')
      width += kCharWidth;
  return width;
}

static Place measureShape(const Shape &shape) {
  Place place;
  switch (shape.kind) {
  case ShapeKind::Input:
  case ShapeKind::Output:
    place.width = measureText(shape.title);
    place.height = kLineHeight;
    return place;
  case ShapeKind::Sum:
  case ShapeKind::Gain:
    place.width = place.height = 24.0;
    return place;
  case ShapeKind::Box:
    break;
  }
  double width = measureText(shape.title);
  for (const std::string &line : shape.lines)
    width = std::max(width, measureText(line) * 0.92);
  place.width = std::max(110.0, width + 18.0);
  place.height = 12.0 + kLineHeight * (1.0 + shape.lines.size());
  if (shape.heads > 0)
    place.height += 14.0;
  return place;
}

Arranger::Arranger(const Picture &picture)
    : picture(picture), readers(picture.shapes.size()),
      sources(picture.shapes.size()) {
  for (unsigned to = 0; to < picture.shapes.size(); ++to) {
    layout.places.push_back(measureShape(picture.shapes[to]));
    for (const Shape::Input &input : picture.shapes[to].inputs) {
      if (!llvm::is_contained(sources[to], input.from))
        sources[to].push_back(input.from);
      if (!llvm::is_contained(readers[input.from], to))
        readers[input.from].push_back(to);
    }
  }
}

bool Arranger::isConnected(const Set &set, unsigned source, unsigned sink,
                           unsigned without) const {
  std::vector<unsigned> stack = {source};
  std::vector<bool> seen(picture.shapes.size(), false);
  while (!stack.empty()) {
    unsigned shape = stack.back();
    stack.pop_back();
    for (unsigned reader : readers[shape]) {
      // A wire from the source to the sink is not what is asked about.
      if (reader == sink && shape != source)
        return true;
      if (reader == without || seen[reader] || !llvm::is_contained(set, reader))
        continue;
      seen[reader] = true;
      stack.push_back(reader);
    }
  }
  return false;
}

Arranger::Set Arranger::reach(const Set &set, unsigned shape,
                              bool forwards) const {
  Set found;
  std::vector<unsigned> stack = {shape};
  while (!stack.empty()) {
    unsigned current = stack.back();
    stack.pop_back();
    for (unsigned next : forwards ? readers[current] : sources[current])
      if (llvm::is_contained(set, next) && !llvm::is_contained(found, next)) {
        found.push_back(next);
        stack.push_back(next);
      }
  }
  llvm::sort(found);
  return found;
}

std::vector<Arranger::Set> Arranger::findComponents(const Set &set) const {
  std::vector<Set> components;
  Set left = set;
  while (!left.empty()) {
    Set component, stack = {left.front()};
    while (!stack.empty()) {
      unsigned shape = stack.back();
      stack.pop_back();
      if (!llvm::is_contained(left, shape))
        continue;
      llvm::erase(left, shape);
      component.push_back(shape);
      llvm::append_range(stack, readers[shape]);
      llvm::append_range(stack, sources[shape]);
    }
    llvm::sort(component);
    components.push_back(std::move(component));
  }
  // Attention stands before the MLP; else as the data flows.
  auto attends = [&](const Set &shapes) {
    return llvm::any_of(shapes, [&](unsigned shape) {
      return picture.shapes[shape].op == "attention";
    });
  };
  llvm::sort(components, [&](const Set &a, const Set &b) {
    return std::pair(!attends(a), a.front()) <
           std::pair(!attends(b), b.front());
  });
  return components;
}

Element Arranger::buildShape(unsigned shape) const {
  Element element;
  element.shapes.push_back(shape);
  return element;
}

Element Arranger::buildParallel(const Set &set, unsigned source,
                                unsigned sink) const {
  Element element;
  element.hasDirect = llvm::is_contained(readers[source], sink);
  element.source = source;
  element.sink = sink;
  std::vector<Set> components = findComponents(set);
  if (components.size() > 1 || element.hasDirect) {
    element.kind = Element::Kind::Parallel;
    for (const Set &component : components)
      element.branches.push_back(buildSeries(component, source, sink));
    bool isSum = picture.shapes[sink].kind == ShapeKind::Sum;
    for (size_t i = 0; i < components.size() && isSum; ++i)
      if (!element.hasDirect && element.onAxis < 0 &&
          llvm::all_of(
              components[i],
              [&](unsigned shape) {
                return picture.shapes[shape].kind == ShapeKind::Gain;
              }))
        element.onAxis = i;
    return element;
  }
  return buildLayers(set, source, sink);
}

/// Shapes that depend on each other stand above each other; wires that pass a
/// layer take a slot in it.
Element Arranger::buildLayers(const Set &set, unsigned source,
                              unsigned sink) const {
  Element element;
  element.kind = Element::Kind::Layers;
  std::map<unsigned, unsigned> ranks;
  unsigned count = 0;
  for (unsigned shape : set) {
    unsigned rank = 0;
    for (unsigned from : sources[shape])
      if (auto found = ranks.find(from); found != ranks.end())
        rank = std::max(rank, found->second + 1);
    ranks[shape] = rank;
    count = std::max(count, rank + 1);
  }
  element.layers.resize(count);
  for (unsigned shape : set)
    element.layers[ranks[shape]].push_back(
        {shape, shape, 0.0, layout.places[shape].width});
  auto pass = [&](unsigned from, unsigned to, unsigned first, unsigned last) {
    for (unsigned rank = first; rank < last; ++rank)
      element.layers[rank].push_back({from, to, 0.0, 10.0});
  };
  for (unsigned shape : set) {
    for (unsigned from : sources[shape])
      pass(from, shape, ranks.count(from) ? ranks[from] + 1 : 0, ranks[shape]);
    if (llvm::is_contained(readers[shape], sink))
      pass(shape, sink, ranks[shape] + 1, count);
  }
  return element;
}

/// Orders the slots of each layer and finds their x around the axis.
void Arranger::arrangeLayers(Element &element) const {
  auto isLinked = [](const Slot &below, const Slot &above,
                     const std::vector<Set> &sources) {
    if (!below.isShape() && !above.isShape())
      return below.from == above.from && below.to == above.to;
    if (below.isShape() && above.isShape())
      return llvm::is_contained(sources[above.from], below.from);
    return below.isShape() ? above.from == below.from : below.to == above.from;
  };
  auto attends = [&](const Slot &slot) {
    return picture.shapes[slot.to].op == "attention" ||
           picture.shapes[slot.from].op == "attention";
  };
  // The middle of what a slot is linked to in another layer.
  auto findMiddle = [&](const Slot &slot, const std::vector<Slot> &other,
                        bool isBelow, double fallback) {
    double sum = 0.0;
    unsigned links = 0;
    for (const Slot &candidate : other)
      if (isBelow ? isLinked(candidate, slot, sources)
                  : isLinked(slot, candidate, sources)) {
        sum += candidate.x;
        ++links;
      }
    return links ? sum / links : fallback;
  };
  auto spread = [](std::vector<Slot> &layer) {
    double shift = 0.0, wanted = 0.0;
    for (const Slot &slot : layer)
      wanted += slot.x;
    for (size_t i = 1; i < layer.size(); ++i)
      layer[i].x =
          std::max(layer[i].x, layer[i - 1].x + kColumnGap +
                                   (layer[i - 1].width + layer[i].width) / 2.0);
    for (const Slot &slot : layer)
      shift += slot.x;
    shift = layer.empty() ? 0.0 : (shift - wanted) / layer.size();
    for (Slot &slot : layer)
      slot.x -= shift;
  };
  for (size_t i = 0; i < element.layers.size(); ++i) {
    std::vector<Slot> &layer = element.layers[i];
    for (Slot &slot : layer)
      slot.x = i ? findMiddle(slot, element.layers[i - 1], true, 0.0) : 0.0;
    llvm::sort(layer, [&](const Slot &a, const Slot &b) {
      return std::tuple(std::round(a.x), !attends(a), a.to, a.from) <
             std::tuple(std::round(b.x), !attends(b), b.to, b.from);
    });
    spread(layer);
  }
  for (unsigned sweep = 0; sweep < 60; ++sweep)
    for (size_t step = 0; step < element.layers.size(); ++step) {
      size_t i = sweep % 2 ? step : element.layers.size() - 1 - step;
      for (Slot &slot : element.layers[i]) {
        double below =
            i ? findMiddle(slot, element.layers[i - 1], true, slot.x) : slot.x;
        double above =
            i + 1 < element.layers.size()
                ? findMiddle(slot, element.layers[i + 1], false, slot.x)
                : slot.x;
        slot.x = (below + above) / 2.0;
      }
      spread(element.layers[i]);
    }
  // What hangs on one wire at both ends is drawn straight.
  auto countLinks = [&](const Slot &slot, const std::vector<Slot> &other,
                        bool isBelow) {
    return llvm::count_if(other, [&](const Slot &candidate) {
      return isBelow ? isLinked(candidate, slot, sources)
                     : isLinked(slot, candidate, sources);
    });
  };
  for (size_t i = 1; i < element.layers.size(); ++i) {
    std::vector<Slot> &layer = element.layers[i];
    const std::vector<Slot> &lower = element.layers[i - 1];
    for (size_t k = 0; k < layer.size(); ++k) {
      if (countLinks(layer[k], lower, true) != 1)
        continue;
      const Slot &below = *llvm::find_if(lower, [&](const Slot &candidate) {
        return isLinked(candidate, layer[k], sources);
      });
      if (countLinks(below, layer, false) != 1)
        continue;
      auto isFree = [&](const Slot &other, double distance) {
        return distance >= (other.width + layer[k].width) / 2.0 + 8.0;
      };
      if ((k == 0 || isFree(layer[k - 1], below.x - layer[k - 1].x)) &&
          (k + 1 == layer.size() ||
           isFree(layer[k + 1], layer[k + 1].x - below.x)))
        layer[k].x = below.x;
    }
  }
  double left = 0.0, right = 0.0;
  for (const std::vector<Slot> &layer : element.layers)
    for (const Slot &slot : layer) {
      left = std::min(left, slot.x - slot.width / 2.0);
      right = std::max(right, slot.x + slot.width / 2.0);
    }
  for (std::vector<Slot> &layer : element.layers)
    for (Slot &slot : layer)
      slot.x -= (left + right) / 2.0;
}

Series Arranger::buildSeries(const Set &set, unsigned source,
                             unsigned sink) const {
  Series series;
  // What every way passes. Numbers follow the data flow.
  Set cuts;
  for (unsigned shape : set)
    if (!isConnected(set, source, sink, shape))
      cuts.push_back(shape);
  if (cuts.empty() && !set.empty()) {
    series.elements.push_back(buildLayers(set, source, sink));
    return series;
  }
  unsigned previous = source;
  auto addBetween = [&](unsigned from, unsigned to) {
    Set between;
    Set above = from == source ? set : reach(set, from, /*forwards=*/true);
    Set below = to == sink ? set : reach(set, to, /*forwards=*/false);
    for (unsigned shape : above)
      if (shape != from && shape != to && llvm::is_contained(below, shape) &&
          !llvm::is_contained(cuts, shape))
        between.push_back(shape);
    if (!between.empty())
      series.elements.push_back(buildParallel(between, from, to));
  };
  for (unsigned cut : cuts) {
    addBetween(previous, cut);
    series.elements.push_back(buildShape(cut));
    previous = cut;
  }
  if (!cuts.empty())
    addBetween(previous, sink);
  return series;
}

void Arranger::measure(Element &element) const {
  switch (element.kind) {
  case Element::Kind::Shape: {
    const Place &place = layout.places[element.shapes.front()];
    element.left = element.right = place.width / 2.0;
    element.height = place.height;
    return;
  }
  case Element::Kind::Layers: {
    arrangeLayers(element);
    element.height = 2.0 * kFork - kLayerGap;
    for (const std::vector<Slot> &layer : element.layers) {
      double height = 0.0;
      for (const Slot &slot : layer) {
        element.left = std::max(element.left, slot.width / 2.0 - slot.x);
        element.right = std::max(element.right, slot.width / 2.0 + slot.x);
        if (slot.isShape())
          height = std::max(height, layout.places[slot.from].height);
      }
      element.height += height + kLayerGap;
    }
    return;
  }
  case Element::Kind::Parallel:
    break;
  }
  double width = 0.0, firstAxis = 0.0, lastAxis = 0.0;
  for (size_t i = 0; i < element.branches.size(); ++i) {
    Series &branch = element.branches[i];
    measure(branch);
    element.height = std::max(element.height, branch.height);
    if (static_cast<int>(i) == element.onAxis)
      continue;
    if (width > 0.0)
      width += kColumnGap;
    else
      firstAxis = branch.left;
    lastAxis = width + branch.left;
    width += branch.left + branch.right;
  }
  element.height += 2.0 * kFork;
  if (element.hasDirect || element.onAxis >= 0) {
    element.left = kAlong;
    element.right = kStreamGap + width;
  } else {
    element.left = (firstAxis + lastAxis) / 2.0;
    element.right = width - element.left;
  }
}

void Arranger::measure(Series &series) const {
  series.height = series.elements.empty() ? 0.0 : -kGap;
  for (Element &element : series.elements) {
    measure(element);
    series.left = std::max(series.left, element.left);
    series.right = std::max(series.right, element.right);
    series.height += element.height + kGap;
  }
}

void Arranger::place(const Element &element, double axis, double bottom) {
  if (element.kind == Element::Kind::Shape) {
    layout.places[element.shapes.front()].centre = {
        axis, bottom + element.height / 2.0};
    return;
  }
  if (element.kind == Element::Kind::Layers) {
    bottom += kFork;
    for (const std::vector<Slot> &layer : element.layers) {
      double height = 0.0;
      for (const Slot &slot : layer)
        if (slot.isShape())
          height = std::max(height, layout.places[slot.from].height);
      for (const Slot &slot : layer) {
        double x = axis + slot.x;
        if (slot.isShape())
          layout.places[slot.from].centre = {x, bottom + height / 2.0};
        else
          passages[{slot.from, slot.to}].push_back(
              {{x, bottom}, {x, bottom + height}});
      }
      bottom += height + kLayerGap;
    }
    return;
  }
  bool isBeside = element.hasDirect || element.onAxis >= 0;
  if (element.hasDirect)
    passages[{element.source, element.sink}].push_back(
        {{axis, bottom}, {axis, bottom + element.height}});
  double x = axis + (isBeside ? kStreamGap : -element.left);
  for (size_t i = 0; i < element.branches.size(); ++i) {
    const Series &branch = element.branches[i];
    if (static_cast<int>(i) == element.onAxis) {
      place(branch, axis, bottom + (element.height - branch.height) / 2.0);
      continue;
    }
    place(branch, x + branch.left,
          bottom + (element.height - branch.height) / 2.0);
    x += branch.left + branch.right + kColumnGap;
  }
}

void Arranger::place(const Series &series, double axis, double bottom) {
  for (const Element &element : series.elements) {
    place(element, axis, bottom);
    bottom += element.height + kGap;
  }
}

Wire Arranger::route(unsigned from, unsigned to, llvm::StringRef label) const {
  const Place &a = layout.places[from], &b = layout.places[to];
  Point start{a.centre.x, a.top()};
  Wire wire;
  bool isSum = picture.shapes[to].kind == ShapeKind::Sum;
  bool isAbove = std::fabs(a.centre.x - b.centre.x) < 3.0;
  auto found = passages.find({from, to});
  if (found != passages.end() && !isAbove) {
    wire.points.push_back(start);
    double x = start.x;
    auto moveTo = [&](double next, double turn) {
      if (std::fabs(next - x) < 3.0)
        return;
      wire.points.push_back({x, turn});
      wire.points.push_back({next, turn});
      x = next;
    };
    bool isFirst = true;
    for (const auto &[below, above] : found->second) {
      moveTo(below.x, isFirst ? start.y + kFork * 0.75 : below.y - kFork * 0.4);
      isFirst = false;
    }
    wire.labelAt = {x + 6.0, found->second.back().second.y - 8.0};
    if (isSum && std::fabs(x - b.centre.x) > 0.5) {
      wire.points.push_back({x, b.centre.y});
      wire.points.push_back(
          {x > b.centre.x ? b.right() : b.left(), b.centre.y});
      return wire;
    }
    moveTo(std::clamp(x, b.left() + 12.0, b.right() - 12.0),
           b.bottom() - kFork * 0.75);
    wire.points.push_back({x, b.bottom()});
    return wire;
  }
  if (isAbove) {
    wire.points = {{b.centre.x, start.y}, {b.centre.x, b.bottom()}};
    wire.labelAt = {b.centre.x + 6.0, b.bottom() - 12.0};
  } else if (isSum) {
    double side = a.centre.x > b.centre.x ? b.right() : b.left();
    wire.points = {start, {a.centre.x, b.centre.y}, {side, b.centre.y}};
  } else if (sources[to].size() == 1) {
    double fork = a.top() + kFork * 0.75;
    wire.points = {start,
                   {a.centre.x, fork},
                   {b.centre.x, fork},
                   {b.centre.x, b.bottom()}};
    wire.labelAt = {b.centre.x + 6.0, b.bottom() - 12.0};
  } else if (a.centre.x > b.left() + 6.0 && a.centre.x < b.right() - 6.0) {
    wire.points = {start, {a.centre.x, b.bottom()}};
    wire.labelAt = {a.centre.x + 6.0, b.bottom() - 12.0};
  } else {
    // To the near end of the box.
    double port = a.centre.x > b.centre.x ? b.right() - 12.0 : b.left() + 12.0;
    double turn = b.bottom() - kFork * 0.75;
    wire.points = {start, {a.centre.x, turn}, {port, turn}, {port, b.bottom()}};
    // On the side of the last piece where no wire comes from.
    wire.labelAt = {port + 5.0, b.bottom() - 11.0};
    if (a.centre.x > b.centre.x)
      wire.labelAt.x = port - 5.0 - 0.8 * measureText(label);
  }
  return wire;
}

/// From the top, along the straight line of sums and of what all rows pass.
void Arranger::markStream() {
  auto findWire = [&](unsigned from, unsigned to) -> Wire & {
    size_t number = 0;
    for (unsigned shape = 0; shape < picture.shapes.size(); ++shape)
      for (const Shape::Input &input : picture.shapes[shape].inputs) {
        if (shape == to && input.from == from)
          return layout.wires[number];
        ++number;
      }
    llvm_unreachable("a wire that was not drawn");
  };
  auto isStraight = [&](unsigned from, unsigned to) {
    return std::fabs(layout.places[from].centre.x -
                     layout.places[to].centre.x) < 0.5;
  };
  // Around the blocks, it is what they pass on.
  bool isModel = false;
  for (unsigned shape = 0; shape < picture.shapes.size(); ++shape)
    for (const Shape::Input &input : picture.shapes[shape].inputs) {
      llvm::StringRef op = picture.shapes[input.from].op;
      if (op != "embedding" && op != "block")
        continue;
      isModel = true;
      findWire(input.from, shape).isStream = true;
    }
  if (isModel)
    return;
  unsigned shape = picture.shapes.size() - 1;
  bool isNamed = false;
  while (true) {
    const Shape &current = picture.shapes[shape];
    bool carries = current.kind != ShapeKind::Box || current.op == "norm";
    if (!carries)
      break;
    // A sum's stream is what comes from below.
    auto below = llvm::find_if(current.inputs, [&](const Shape::Input &input) {
      return isStraight(input.from, shape);
    });
    if (below == current.inputs.end())
      break;
    Wire &wire = findWire(below->from, shape);
    wire.isStream = true;
    // The name stands where there is room for it.
    if (!isNamed && current.kind == ShapeKind::Sum &&
        wire.points.back().y - wire.points.front().y > 100.0) {
      wire.label = "residual stream";
      isNamed = true;
    }
    shape = below->from;
  }
  // And what comes in.
  for (unsigned reader : readers[0])
    if (isStraight(0, reader))
      findWire(0, reader).isStream = true;
}

void Arranger::addWires() {
  for (unsigned to = 0; to < picture.shapes.size(); ++to)
    for (const Shape::Input &input : picture.shapes[to].inputs) {
      Wire wire = route(input.from, to, input.label);
      wire.label = input.label;
      layout.wires.push_back(std::move(wire));
    }
  markStream();
}

PictureLayout Arranger::run() {
  unsigned output = picture.shapes.size() - 1;
  Set inner;
  for (unsigned shape = 1; shape < output; ++shape)
    inner.push_back(shape);
  Series series;
  series.elements.push_back(buildShape(0));
  // All of a picture may be one pair of branches, as without any cut.
  Series middle = buildSeries(inner, 0, output);
  for (Element &element : middle.elements)
    series.elements.push_back(std::move(element));
  series.elements.push_back(buildShape(output));
  measure(series);
  layout.width = series.left + series.right;
  layout.height = series.height;
  place(series, series.left, 0.0);
  addWires();
  return std::move(layout);
}

PictureLayout layOut(const Picture &picture) { return Arranger(picture).run(); }

} // namespace ockham::report
