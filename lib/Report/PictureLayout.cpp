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

namespace ockham::report {

namespace {

constexpr double kGap = 24.0;   ///< Between shapes of a column.
constexpr double kFork = 16.0;  ///< From a shape to where its wire turns.
constexpr double kAlong = 26.0; ///< For words along the stream.
constexpr double kColumnGap = 22.0;
constexpr double kStreamGap = 34.0; ///< From the stream to the first branch.

struct Series;

/// One step of a series: a shape, branches side by side, or (where shapes
/// cannot be told apart into branches) a row of them.
struct Element {
  enum class Kind { Shape, Parallel, Row } kind = Kind::Shape;
  std::vector<unsigned> shapes;
  std::vector<Series> branches;
  bool hasDirect = false; ///< A wire passes the branches on the axis.
  int onAxis = -1;        ///< Or a branch does that is a skip with a gain.
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
  /// The branches between two shapes, or a row of shapes.
  Element buildParallel(const Set &set, unsigned source, unsigned sink) const;
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
  Wire route(unsigned from, unsigned to) const;
  void markStream();

  const Picture &picture;
  std::vector<Set> readers, sources;
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
  element.kind = Element::Kind::Row;
  element.shapes = set;
  return element;
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
    // Shapes that depend on each other stand above each other.
    Set left = set;
    while (!left.empty()) {
      Element row;
      row.kind = Element::Kind::Row;
      for (unsigned shape : left)
        if (llvm::none_of(sources[shape], [&](unsigned from) {
              return llvm::is_contained(left, from);
            }))
          row.shapes.push_back(shape);
      for (unsigned shape : row.shapes)
        llvm::erase(left, shape);
      series.elements.push_back(std::move(row));
    }
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
  case Element::Kind::Row: {
    double width = -kColumnGap;
    for (unsigned shape : element.shapes) {
      width += layout.places[shape].width + kColumnGap;
      element.height = std::max(element.height, layout.places[shape].height);
    }
    element.left = element.right = width / 2.0;
    element.height += 2.0 * kFork;
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
  if (element.kind == Element::Kind::Row) {
    double x = axis - element.left;
    for (unsigned shape : element.shapes) {
      Place &place = layout.places[shape];
      place.centre = {x + place.width / 2.0, bottom + element.height / 2.0};
      x += place.width + kColumnGap;
    }
    return;
  }
  bool isBeside = element.hasDirect || element.onAxis >= 0;
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

Wire Arranger::route(unsigned from, unsigned to) const {
  const Place &a = layout.places[from], &b = layout.places[to];
  Point start{a.centre.x, a.top()};
  Wire wire;
  bool isSum = picture.shapes[to].kind == ShapeKind::Sum;
  bool isAbove = std::fabs(a.centre.x - b.centre.x) < 0.5;
  if (isAbove) {
    wire.points = {start, {b.centre.x, b.bottom()}};
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
    wire.labelAt = {a.centre.x + 6.0, turn - 14.0};
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
      Wire wire = route(input.from, to);
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
