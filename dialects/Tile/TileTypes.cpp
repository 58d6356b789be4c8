//===- TileTypes.cpp - Matrices in memory ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/TileDialect.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ockham::tile;

#define GET_TYPEDEF_CLASSES
#include "dialects/Tile/TileTypes.cpp.inc"

void TileDialect::registerTypes() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Tile/TileTypes.cpp.inc"
      >();
}

SliceType ockham::tile::getSliceType(ViewType view, int64_t rows,
                                     int64_t cols) {
  return SliceType::get(view.getContext(), rows, cols, view.getElementType(),
                        view.getPanel(), view.getInterleave());
}

/// `<?x768xf32, panels<48, interleave = 2>>`
template <typename T>
static Type parseMatrix(AsmParser &parser) {
  SMLoc loc = parser.getCurrentLocation();
  SmallVector<int64_t> shape;
  Type element;
  int64_t panel = 0, interleave = 1;
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/true) ||
      parser.parseType(element))
    return {};
  if (succeeded(parser.parseOptionalComma())) {
    if (parser.parseKeyword("panels") || parser.parseLess() ||
        parser.parseInteger(panel))
      return {};
    if (succeeded(parser.parseOptionalComma()) &&
        (parser.parseKeyword("interleave") || parser.parseEqual() ||
         parser.parseInteger(interleave)))
      return {};
    if (parser.parseGreater())
      return {};
    if (panel < 1) {
      parser.emitError(loc, "has panels of ")
          << panel << " columns, expected 1 or more";
      return {};
    }
  }
  if (parser.parseGreater())
    return {};
  if (shape.size() != 2) {
    parser.emitError(loc, "has ")
        << shape.size() << " extents, expected rows and columns";
    return {};
  }
  return T::getChecked([&] { return parser.emitError(loc); },
                       parser.getContext(), shape[0], shape[1], element, panel,
                       interleave);
}

template <typename T>
static void printMatrix(T type, AsmPrinter &printer) {
  auto printExtent = [&](int64_t extent) {
    if (ShapedType::isDynamic(extent))
      printer << '?';
    else
      printer << extent;
    printer << 'x';
  };
  printer << '<';
  printExtent(type.getRows());
  printExtent(type.getCols());
  printer << type.getElementType();
  if (type.isPacked()) {
    printer << ", panels<" << type.getPanel();
    if (type.getInterleave() != 1)
      printer << ", interleave = " << type.getInterleave();
    printer << '>';
  }
  printer << '>';
}

static LogicalResult
verifyMatrix(llvm::function_ref<InFlightDiagnostic()> emitError, int64_t rows,
             int64_t cols, Type element, int64_t panel, int64_t interleave,
             bool isStatic) {
  for (int64_t extent : {rows, cols}) {
    if (ShapedType::isDynamic(extent) ? isStatic : extent < 1)
      return emitError() << "has an extent of "
                         << (ShapedType::isDynamic(extent)
                                 ? std::string("?")
                                 : std::to_string(extent))
                         << ", expected a number of at least 1";
  }
  if (!isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element) &&
      !element.isInteger(32) && !element.isInteger(64) && !element.isInteger(1))
    return emitError() << "has element type " << element
                       << ", expected f16, bf16, f32, f64, i1, i32 or i64";
  if (panel < 0 || interleave < 1 || (panel == 0 && interleave != 1))
    return emitError() << "has panels of " << panel << " columns with "
                       << interleave
                       << " rows interleaved, expected at least 1 of each";
  return success();
}

LogicalResult
ViewType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                 int64_t rows, int64_t cols, Type element, int64_t panel,
                 int64_t interleave) {
  return verifyMatrix(emitError, rows, cols, element, panel, interleave,
                      /*isStatic=*/false);
}

LogicalResult
SliceType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                  int64_t rows, int64_t cols, Type element, int64_t panel,
                  int64_t interleave) {
  return verifyMatrix(emitError, rows, cols, element, panel, interleave,
                      /*isStatic=*/true);
}

Type ViewType::parse(AsmParser &parser) {
  return parseMatrix<ViewType>(parser);
}
Type SliceType::parse(AsmParser &parser) {
  return parseMatrix<SliceType>(parser);
}
void ViewType::print(AsmPrinter &printer) const { printMatrix(*this, printer); }
void SliceType::print(AsmPrinter &printer) const {
  printMatrix(*this, printer);
}

SmallVector<int64_t, 3> ViewType::getPackedShape() const {
  auto divide = [](int64_t extent, int64_t by) {
    return ShapedType::isDynamic(extent) ? extent : (extent + by - 1) / by;
  };
  return {divide(getCols(), getPanel()), divide(getRows(), getInterleave()),
          getPanel() * getInterleave()};
}
