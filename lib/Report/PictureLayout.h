//===- PictureLayout.h - Where shapes and wires go --------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pictures grow from the bottom, as in the papers. What all activations pass
// lies on one axis; between two such shapes, branches stand side by side, and a
// connection that skips them stays on the axis: the residual stream is a
// straight line.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_PICTURELAYOUT_H
#define OCKHAM_LIB_REPORT_PICTURELAYOUT_H

#include "Picture.h"

namespace ockham::report {

/// In pixels; y grows upwards from the bottom.
struct Point {
  double x = 0.0, y = 0.0;
};

struct Place {
  Point centre;
  double width = 0.0, height = 0.0;

  double bottom() const { return centre.y - height / 2.0; }
  double top() const { return centre.y + height / 2.0; }
  double left() const { return centre.x - width / 2.0; }
  double right() const { return centre.x + width / 2.0; }
};

struct Wire {
  std::vector<Point> points;
  std::string label;
  Point labelAt;
  bool isStream = false; ///< A part of the residual stream.
};

struct PictureLayout {
  std::vector<Place> places; ///< One for each shape.
  std::vector<Wire> wires;
  double width = 0.0, height = 0.0;
};

/// The size of a character in boxes, in pixels.
constexpr double kCharWidth = 7.0, kLineHeight = 17.0;

PictureLayout layOut(const Picture &picture);

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_PICTURELAYOUT_H
