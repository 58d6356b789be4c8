//===- Picture.h - What is drawn of a graph ---------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A picture is a graph of shapes with words, made from the graph of a block
// (Report.h): gains of sums become shapes of their own, splits that only feed
// an attention disappear, nested sums become one. The picture of what a block
// became holds what was removed, too, as ghosts in its old place.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_PICTURE_H
#define OCKHAM_LIB_REPORT_PICTURE_H

#include "ockham/Report/Report.h"

namespace ockham::report {

/// What became of a shape, in a picture of the state after simplification.
enum class ShapeState {
  Same,
  Changed, ///< It has taken something in, or is another one of its kind.
  Removed, ///< A ghost.
  Added
};

enum class ShapeKind {
  Input,  ///< Where the activations come in.
  Output, ///< Where they go out.
  Box,
  Sum, ///< A circle with a plus.
  Gain ///< A circle with a factor.
};

struct Shape {
  ShapeKind kind = ShapeKind::Box;
  ShapeState state = ShapeState::Same;
  std::string op;    ///< As in Node; decides about the colour.
  std::string title; ///< "_X" sets X lower.
  std::vector<std::string> lines;
  int64_t heads = 0; ///< Of an attention, drawn as stripes.

  struct Input {
    unsigned from;
    std::string label;
  };
  std::vector<Input> inputs;
};

/// Shapes in the order of the data flow; the first is the input and the last
/// the output.
struct Picture {
  std::vector<Shape> shapes;
};

/// The picture of one graph. `inputName` and `outputName` are written at the
/// ends.
Picture makePicture(const Graph &graph, llvm::StringRef inputName,
                    llvm::StringRef outputName);

/// The picture of `after`, with what was in `before` and is gone.
Picture makeChangePicture(const Graph &before, const Graph &after,
                          llvm::StringRef inputName,
                          llvm::StringRef outputName);

/// The graph around the blocks in which a row of like blocks is one node, named
/// for the reader. `of` is report.before or report.after.
Graph collapseBlocks(const Report &report, const Snapshot &of);

/// A picture with more shapes is not drawn.
constexpr unsigned kMostShapes = 60;

/// Pictures side by side with their titles, as an SVG element. `standalone`
/// adds what a file of its own needs.
struct TitledPicture {
  std::string title;
  Picture picture;
};
void drawSVG(llvm::ArrayRef<TitledPicture> pictures,
             llvm::StringRef description, bool standalone,
             llvm::raw_ostream &os);

/// The style sheet of pictures, for light and dark.
llvm::StringRef getPictureStyle();

/// The text with the characters of XML replaced.
std::string escapeXML(llvm::StringRef text);

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_PICTURE_H
