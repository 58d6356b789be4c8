//===- DrawSVG.cpp - Pictures as SVG --------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Picture.h"
#include "PictureLayout.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using llvm::StringRef;

namespace ockham::report {

static constexpr double kMargin = 14.0, kTitleHeight = 30.0, kBetween = 56.0;
/// More stripes than these are not drawn; the number stands in the text.
static constexpr int64_t kMostStripes = 32;

std::string escapeXML(StringRef text) {
  std::string result;
  for (char c : text) {
    if (c == '&')
      result += "&amp;";
    else if (c == '<')
      result += "&lt;";
    else if (c == '>')
      result += "&gt;";
    else if (c == '"')
      result += "&quot;";
    else if (static_cast<unsigned char>(c) < ' ' && c != '\n' && c != '\t')
      result += ' ';
    else
      result += c;
  }
  return result;
}

StringRef getPictureStyle() {
  return R"css(
.ockham { font-family: Helvetica, Arial, sans-serif; font-size: 13px; }
.ockham text { fill: #223; text-anchor: middle; }
.ockham .page { fill: #fff; }
.ockham .head { font-size: 15px; font-weight: bold; }
.ockham .line { font-size: 12px; fill: #445; }
.ockham .label { font-size: 11px; fill: #556; text-anchor: start; font-style: italic; }
.ockham .along { font-size: 11px; fill: #8a6508; font-style: italic; }
.ockham .box { fill: #f2f2f4; stroke: #778; stroke-width: 1.2; }
.ockham .norm { fill: #fbe3d6; stroke: #c06a2c; }
.ockham .linear { fill: #dde8f7; stroke: #4a72b0; }
.ockham .attention { fill: #dff0df; stroke: #3f8a45; }
.ockham .activation { fill: #ece3f7; stroke: #7a56b0; }
.ockham .sum, .ockham .gain { fill: #fff; stroke: #445; stroke-width: 1.4; }
.ockham .stripe { fill: #3f8a45; opacity: .45; }
.ockham .wire { fill: none; stroke: #556; stroke-width: 1.4; }
.ockham .stream { stroke: #b8860b; stroke-width: 4; opacity: .75; }
.ockham .tip { fill: #556; }
.ockham .changed { stroke-width: 3; }
.ockham .added { stroke-width: 3; stroke-dasharray: 8 2; }
.ockham .ghost { fill: none; stroke: #999; stroke-width: 1.2; stroke-dasharray: 4 3; }
.ockham text.gone { fill: #999; }
.ockham .strike { stroke: #c33; stroke-width: 1.4; opacity: .7; }
@media (prefers-color-scheme: dark) {
.ockham .page { fill: #16171b; }
.ockham text { fill: #e4e6ee; }
.ockham .line { fill: #c2c6d4; }
.ockham .label { fill: #a9aec0; }
.ockham .along { fill: #e0b040; }
.ockham .box { fill: #2b2d36; stroke: #8a8fa3; }
.ockham .norm { fill: #4a2f20; stroke: #e09055; }
.ockham .linear { fill: #22324d; stroke: #7ba4e6; }
.ockham .attention { fill: #1f3b24; stroke: #6cc074; }
.ockham .activation { fill: #37294d; stroke: #ad8ae0; }
.ockham .sum, .ockham .gain { fill: #1c1d22; stroke: #c2c6d4; }
.ockham .stripe { fill: #6cc074; }
.ockham .wire { stroke: #a9aec0; }
.ockham .stream { stroke: #e0b040; }
.ockham .tip { fill: #a9aec0; }
.ockham .ghost { fill: none; stroke: #777; }
.ockham text.gone { fill: #888; }
.ockham .strike { stroke: #f66; }
}
)css";
}

namespace {
class Drawer {
public:
  Drawer(const Picture &picture, const PictureLayout &layout, double left,
         double bottom, llvm::raw_ostream &os)
      : picture(picture), layout(layout), left(left), bottom(bottom), os(os) {}

  void draw();

private:
  double x(double value) const { return left + value; }
  double y(double value) const { return bottom - value; }
  void drawWire(const Wire &wire);
  void drawShape(const Shape &shape, const Place &place);
  void drawText(StringRef text, double atX, double atY, StringRef style);
  void drawHeads(int64_t heads, const Place &place, double atY);

  const Picture &picture;
  const PictureLayout &layout;
  double left, bottom;
  llvm::raw_ostream &os;
};
} // namespace

static llvm::format_object<double> number(double value) {
  return llvm::format("%.1f", value);
}

void Drawer::drawText(StringRef text, double atX, double atY, StringRef style) {
  os << "<text x=\"" << number(atX) << "\" y=\"" << number(atY) << '"';
  if (!style.empty())
    os << " class=\"" << style << '"';
  os << '>';
  // "_X" is lower; what follows is back on the line.
  bool isBack = false;
  while (!text.empty()) {
    auto [plain, rest] = text.split('_');
    if (isBack && !plain.empty())
      os << "<tspan dy=\"-3\">" << escapeXML(plain) << "</tspan>";
    else
      os << escapeXML(plain);
    if (rest.empty())
      break;
    os << "<tspan dy=\"3\" font-size=\"10\">" << escapeXML(rest.take_front(1))
       << "</tspan>";
    isBack = true;
    text = rest.drop_front(1);
  }
  os << "</text>\n";
}

void Drawer::drawWire(const Wire &wire) {
  os << "<path class=\"wire" << (wire.isStream ? " stream" : "") << "\" d=\"";
  for (size_t i = 0; i < wire.points.size(); ++i)
    os << (i ? "L" : "M") << number(x(wire.points[i].x)) << ' '
       << number(y(wire.points[i].y));
  os << "\"/>\n";
  const Point &end = wire.points.back();
  const Point &before = wire.points[wire.points.size() - 2];
  double ex = x(end.x), ey = y(end.y);
  // A stream's end is wide enough to be seen without a tip.
  if (!wire.isStream) {
    double size = 7.0, half = 3.5;
    os << "<path class=\"tip\" d=\"M" << number(ex) << ' ' << number(ey);
    if (std::fabs(before.y - end.y) < 0.5) {
      double back = before.x > end.x ? size : -size;
      os << 'L' << number(ex + back) << ' ' << number(ey - half) << 'L'
         << number(ex + back) << ' ' << number(ey + half);
    } else {
      os << 'L' << number(ex - half) << ' ' << number(ey + size) << 'L'
         << number(ex + half) << ' ' << number(ey + size);
    }
    os << "Z\"/>\n";
  }
  if (wire.label.empty())
    return;
  if (wire.isStream) {
    // Along the line, from the bottom to the top.
    double atX = ex - 10.0, atY = y((before.y + end.y) / 2.0);
    os << "<text class=\"along\" x=\"" << number(atX) << "\" y=\""
       << number(atY) << "\" transform=\"rotate(-90 " << number(atX) << ' '
       << number(atY) << ")\">" << escapeXML(wire.label) << "</text>\n";
    return;
  }
  drawText(wire.label, x(wire.labelAt.x), y(wire.labelAt.y), "label");
}

void Drawer::drawHeads(int64_t heads, const Place &place, double atY) {
  if (heads > kMostStripes)
    return;
  double room = place.width - 24.0, pitch = room / heads;
  double width = std::min(10.0, pitch * 0.75);
  double start = x(place.centre.x) - pitch * heads / 2.0;
  for (int64_t head = 0; head < heads; ++head)
    os << "<rect class=\"stripe\" x=\""
       << number(start + pitch * head + (pitch - width) / 2.0) << "\" y=\""
       << number(atY) << "\" width=\"" << number(width)
       << "\" height=\"9\" rx=\"1.5\"/>\n";
}

static StringRef getClass(const Shape &shape) {
  for (StringRef op : {"norm", "linear", "attention", "activation"})
    if (shape.op == op)
      return op;
  return "";
}

void Drawer::drawShape(const Shape &shape, const Place &place) {
  bool isGhost = shape.state == ShapeState::Removed;
  double cx = x(place.centre.x), cy = y(place.centre.y);
  std::string style = isGhost ? "ghost" : "";
  StringRef textStyle = isGhost ? "gone" : "";
  switch (shape.kind) {
  case ShapeKind::Input:
  case ShapeKind::Output:
    drawText(shape.title, cx, cy + 4.0, "line");
    return;
  case ShapeKind::Sum:
    os << "<circle class=\"sum\" cx=\"" << number(cx) << "\" cy=\""
       << number(cy) << "\" r=\"12\"/>\n<path class=\"wire\" d=\"M"
       << number(cx - 6) << ' ' << number(cy) << "h12M" << number(cx) << ' '
       << number(cy - 6) << "v12\"/>\n";
    return;
  case ShapeKind::Gain:
    os << "<circle class=\"" << (isGhost ? "ghost" : "gain") << "\" cx=\""
       << number(cx) << "\" cy=\"" << number(cy) << "\" r=\"12\"/>\n";
    drawText("× " + shape.title, cx, cy + 4.0, isGhost ? "line gone" : "line");
    break;
  case ShapeKind::Box: {
    if (!isGhost) {
      style = "box";
      if (StringRef op = getClass(shape); !op.empty())
        style += " " + op.str();
      if (shape.state == ShapeState::Changed)
        style += " changed";
      if (shape.state == ShapeState::Added)
        style += " added";
    }
    os << "<rect class=\"" << style << "\" x=\"" << number(x(place.left()))
       << "\" y=\"" << number(y(place.top())) << "\" width=\""
       << number(place.width) << "\" height=\"" << number(place.height)
       << "\" rx=\"6\"/>\n";
    double line = y(place.top()) + 6.0 + kLineHeight - 4.0;
    drawText(shape.title, cx, line, textStyle);
    for (const std::string &text : shape.lines) {
      line += kLineHeight;
      drawText(text, cx, line, isGhost ? "line gone" : "line");
    }
    if (shape.heads > 0)
      drawHeads(shape.heads, place, line + 6.0);
    break;
  }
  }
  if (isGhost)
    os << "<path class=\"strike\" d=\"M" << number(x(place.left()) - 4) << ' '
       << number(y(place.bottom()) - 3) << 'L' << number(x(place.right()) + 4)
       << ' ' << number(y(place.top()) + 3) << "\"/>\n";
}

void Drawer::draw() {
  for (const Wire &wire : layout.wires)
    drawWire(wire);
  for (size_t i = 0; i < picture.shapes.size(); ++i)
    drawShape(picture.shapes[i], layout.places[i]);
}

void drawSVG(llvm::ArrayRef<TitledPicture> pictures, StringRef description,
             bool standalone, llvm::raw_ostream &os) {
  std::vector<PictureLayout> layouts;
  double width = 2.0 * kMargin - kBetween, height = 0.0;
  for (const TitledPicture &titled : pictures) {
    layouts.push_back(layOut(titled.picture));
    // Room for a title that is wider than its picture.
    double titleWidth = 9.0 * titled.title.size();
    layouts.back().width = std::max(layouts.back().width, titleWidth);
    width += layouts.back().width + kBetween;
    height = std::max(height, layouts.back().height);
  }
  double total = height + kTitleHeight + 2.0 * kMargin;
  os << "<svg";
  if (standalone)
    os << " xmlns=\"http://www.w3.org/2000/svg\"";
  os << " class=\"ockham\" viewBox=\"0 0 " << number(width) << ' '
     << number(total) << "\" width=\"" << number(width) << "\" height=\""
     << number(total) << "\" role=\"img\" aria-label=\""
     << escapeXML(description) << "\">\n";
  if (standalone)
    os << "<style>" << getPictureStyle()
       << "</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n";
  double left = kMargin;
  for (size_t i = 0; i < pictures.size(); ++i) {
    Drawer(pictures[i].picture, layouts[i], left,
           kMargin + kTitleHeight + height, os)
        .draw();
    if (!pictures[i].title.empty())
      os << "<text class=\"head\" x=\"" << number(left + layouts[i].width / 2.0)
         << "\" y=\"" << number(kMargin + 12.0) << "\">"
         << escapeXML(pictures[i].title) << "</text>\n";
    left += layouts[i].width + kBetween;
  }
  os << "</svg>\n";
}

} // namespace ockham::report
