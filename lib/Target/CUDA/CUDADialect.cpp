//===- CUDADialect.cpp - Kernels of thread blocks -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/CUDA/CUDADialect.h"

#include "Layout.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

#include "ockham/Target/CUDA/CUDADialect.cpp.inc"

#include "ockham/Target/CUDA/CUDAEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ockham/Target/CUDA/CUDAAttrs.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "ockham/Target/CUDA/CUDATypes.cpp.inc"

#define GET_OP_CLASSES
#include "ockham/Target/CUDA/CUDAOps.cpp.inc"

void CUDADialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ockham/Target/CUDA/CUDAAttrs.cpp.inc"
      >();
  addTypes<
#define GET_TYPEDEF_LIST
#include "ockham/Target/CUDA/CUDATypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "ockham/Target/CUDA/CUDAOps.cpp.inc"
      >();
}

int64_t cuda::getMostSharedBytes(int64_t arch) {
  // A block's share of a multiprocessor, without the 1024 bytes that the
  // driver takes (CUDA C++ Programming Guide, compute capabilities). What is
  // not known has as little as the least.
  switch (arch) {
  case 80:
  case 87:
    return 163 * 1024;
  case 90:
  case 100:
  case 101:
  case 103:
  case 110:
    return 227 * 1024;
  default:
    return 99 * 1024;
  }
}

int64_t StrategyAttr::getMostShared() const {
  int64_t most = getMostSharedBytes(getArch());
  return getShared() == 0 ? most : std::min(most, getShared());
}

//===----------------------------------------------------------------------===//
// Strategy
//===----------------------------------------------------------------------===//

static ParseResult parsePair(AsmParser &parser, SmallVector<int64_t> &pair) {
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, [&] {
        return parser.parseInteger(pair.emplace_back());
      }))
    return failure();
  if (pair.size() != 2)
    return parser.emitError(loc)
           << "has " << pair.size() << " numbers, expected rows and columns";
  return success();
}

Attribute StrategyAttr::parse(AsmParser &parser, Type) {
  int64_t arch = 80, vector = 0, stages = 1, fastest = 0, shared = 0,
          slices = 1;
  DotKind dot = DotKind::None;
  SmallVector<int64_t> warps, lanes;
  if (parser.parseLess())
    return {};
  do {
    SMLoc loc = parser.getCurrentLocation();
    StringRef name;
    if (parser.parseKeyword(&name) || parser.parseEqual())
      return {};
    ParseResult result = success();
    if (name == "dot") {
      StringRef kind;
      result = parser.parseKeyword(&kind);
      std::optional<DotKind> known = symbolizeDotKind(kind);
      if (succeeded(result) && !known) {
        parser.emitError(loc)
            << "has dot = " << kind << ", expected mma, tf32, fma or none";
        return {};
      }
      dot = known.value_or(DotKind::None);
    } else if (name == "warps") {
      result = parsePair(parser, warps);
    } else if (name == "lanes") {
      result = parsePair(parser, lanes);
    } else if (name == "arch") {
      result = parser.parseInteger(arch);
    } else if (name == "vector") {
      result = parser.parseInteger(vector);
    } else if (name == "stages") {
      result = parser.parseInteger(stages);
    } else if (name == "fastest") {
      result = parser.parseInteger(fastest);
    } else if (name == "slices") {
      result = parser.parseInteger(slices);
    } else if (name == "shared") {
      result = parser.parseInteger(shared);
    } else {
      parser.emitError(loc) << "has '" << name
                            << "', expected arch, dot, warps, lanes, vector, "
                               "stages, slices, fastest or shared";
      return {};
    }
    if (failed(result))
      return {};
  } while (succeeded(parser.parseOptionalComma()));
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseGreater())
    return {};
  if (warps.empty() || lanes.empty() || vector == 0) {
    parser.emitError(loc) << "has no "
                          << (warps.empty()   ? "warps"
                              : lanes.empty() ? "lanes"
                                              : "vector")
                          << ", expected all of warps, lanes and vector";
    return {};
  }
  return StrategyAttr::get(parser.getContext(), arch, dot, warps, lanes, vector,
                           stages, fastest, shared, slices);
}

void StrategyAttr::print(AsmPrinter &printer) const {
  auto pair = [&](StringRef name, ArrayRef<int64_t> values) {
    printer << ", " << name << " = [" << values[0] << ", " << values[1] << "]";
  };
  printer << "<arch = " << getArch()
          << ", dot = " << stringifyDotKind(getDot());
  pair("warps", getWarps());
  pair("lanes", getLanes());
  printer << ", vector = " << getVector();
  if (getStages() != 1)
    printer << ", stages = " << getStages();
  if (getSlices() != 1)
    printer << ", slices = " << getSlices();
  if (getFastest() != 0)
    printer << ", fastest = " << getFastest();
  if (getShared() != 0)
    printer << ", shared = " << getShared();
  printer << ">";
}

Type cuda::getFactorElement(Value value) {
  if (auto slice = dyn_cast<tile::SliceType>(value.getType()))
    return slice.getElementType();
  return cast<RankedTensorType>(value.getType()).getElementType();
}

int64_t cuda::getDepth(tile::DotOp dot) {
  if (auto slice = dyn_cast<tile::SliceType>(dot.getLhs().getType()))
    return slice.getCols();
  return cast<RankedTensorType>(dot.getLhs().getType()).getDimSize(1);
}

bool cuda::isForTensorCores(tile::DotOp dot) {
  // Two factors of 16 bits, sums of 32; 8 columns of 16 products at once.
  Type lhs = getFactorElement(dot.getLhs());
  RankedTensorType acc = dot.getAcc().getType();
  return lhs == getFactorElement(dot.getRhs()) &&
         (lhs.isBF16() || lhs.isF16()) && acc.getElementType().isF32() &&
         acc.getDimSize(1) > 1 && getDepth(dot) > 1;
}

bool cuda::isForTF32(tile::DotOp dot) {
  // 8 columns of 8 products at once.
  RankedTensorType acc = dot.getAcc().getType();
  return getFactorElement(dot.getLhs()).isF32() &&
         getFactorElement(dot.getRhs()).isF32() &&
         acc.getElementType().isF32() && acc.getDimSize(1) > 1 &&
         getDepth(dot) > 1;
}

static LogicalResult verifySlices(tile::DotOp dot, StrategyAttr strategy) {
  for (Value factor : {dot.getLhs(), dot.getRhs()})
    if (!isa<tile::SliceType>(factor.getType()))
      return dot.emitOpError()
             << "multiplies a block of " << factor.getType()
             << " in slices, expected windows; or a strategy with slices = 1";
  int64_t unit = strategy.getDotDepth() * strategy.getSlices();
  if (getDepth(dot) % unit != 0)
    return dot.emitOpError() << "is " << getDepth(dot) << " deep, expected a "
                             << "multiple of " << unit << " for "
                             << strategy.getSlices() << " slices";
  return success();
}

static LogicalResult verifyDot(tile::DotOp dot, StrategyAttr strategy) {
  if (strategy.getSlices() > 1 && failed(verifySlices(dot, strategy)))
    return failure();
  Type acc = dot.getAcc().getType().getElementType();
  Type lhs = getFactorElement(dot.getLhs()),
       rhs = getFactorElement(dot.getRhs());
  switch (strategy.getDot()) {
  case DotKind::None:
    return dot.emitOpError() << "is in a kernel whose strategy has dot = none, "
                                "expected fma or mma";
  case DotKind::FMA:
    if (!acc.isF32())
      return dot.emitOpError()
             << "has sums of " << acc << ", expected f32 for dot = fma";
    return success();
  case DotKind::TF32:
    if (isForTF32(dot))
      return success();
    if (!acc.isF32() || !lhs.isF32() || !rhs.isF32())
      return dot.emitOpError()
             << "multiplies " << lhs << " and " << rhs << " to " << acc
             << ", but only f32 is rounded to tf32; expected dot = mma for "
                "bf16 and f16, or dot = fma";
    return dot.emitOpError()
           << "has " << dot.getAcc().getType().getDimSize(1) << " columns of "
           << getDepth(dot)
           << " products, but mma.sync makes 8 of 8; expected dot = fma";
  case DotKind::MMA:
    if (isForTensorCores(dot))
      return success();
    if (!acc.isF32() || lhs != rhs || !(lhs.isBF16() || lhs.isF16()))
      return dot.emitOpError()
             << "multiplies " << lhs << " and " << rhs << " to " << acc
             << ", but mma.sync takes two factors of bf16 or of f16 to f32; "
                "expected dot = fma";
    return dot.emitOpError()
           << "has " << dot.getAcc().getType().getDimSize(1) << " columns of "
           << getDepth(dot)
           << " products, but mma.sync makes 8 of 16; expected dot = fma";
  }
  llvm_unreachable("all kinds are listed");
}

/// What memory an op touches is known without running it: views, buffers and
/// windows are no results of branches, choices or loops.
static LogicalResult verifyPlaces(Operation *op) {
  auto refuse = [&](Type type, StringRef source, StringRef expected) {
    return op->emitOpError() << source << " " << type
                             << ", but which memory that is must be known when "
                                "compiling; expected "
                             << expected;
  };
  auto verify = [&](Type type, StringRef source, bool isView, bool isBuffer,
                    bool isWindow) -> LogicalResult {
    if (isa<tile::ViewType>(type) && !isView)
      return refuse(type, source,
                    "an argument of the kernel or a part of one "
                    "(tile.subview)");
    if (isa<BufferType>(type) && !isBuffer)
      return refuse(type, source, "ockham_cuda.shared");
    if (isa<tile::SliceType>(type) && !isWindow)
      return refuse(type, source,
                    "what tile.slice, a stream of tile.for or "
                    "ockham_cuda.acquire gives");
    return success();
  };
  for (Type type : op->getResultTypes())
    if (failed(verify(type, "gives", isa<tile::SubviewOp>(op),
                      isa<SharedOp>(op), isa<tile::SliceOp, AcquireOp>(op))))
      return failure();
  auto loop = dyn_cast<tile::ForOp>(op);
  for (Region &region : op->getRegions())
    for (Block &block : region)
      for (BlockArgument argument : block.getArguments())
        if (failed(verify(argument.getType(), "carries", /*isView=*/false,
                          /*isBuffer=*/false,
                          loop &&
                              llvm::is_contained(loop.getWindows(), argument))))
          return failure();
  return success();
}

/// Parts of a whole fill their buffer: what a warp or a slice too many writes
/// would be other buffers'.
static LogicalResult verifyPartRows(Operation *op, StrategyAttr strategy) {
  PartKind kind;
  BufferType buffer;
  RankedTensorType block;
  if (auto put = dyn_cast<PutPartOp>(op)) {
    kind = put.getKind(), buffer = put.getBuffer().getType();
    block = put.getValue().getType();
  } else if (auto get = dyn_cast<GetWholeOp>(op)) {
    kind = get.getKind(), buffer = get.getBuffer().getType();
    block = get.getResult().getType();
  } else {
    return success();
  }
  bool areSlices = kind == PartKind::Slices;
  int64_t parts = areSlices ? strategy.getSlices() : strategy.getWarps()[1];
  int64_t rows = areSlices ? block.getDimSize(0) : 1;
  if (buffer.getRows() == parts * rows)
    return success();
  return op->emitOpError() << "has " << buffer << " for parts of " << parts
                           << (areSlices ? " slices" : " warps beside others")
                           << " with " << rows << " rows each, expected "
                           << parts * rows << " rows";
}

/// All threads of a block run what is in regions, and as often: only of these
/// is that known.
static LogicalResult verifyRegions(Operation *op) {
  if (op->getNumRegions() == 0 || isa<scf::IfOp, scf::ForOp, tile::ForOp>(op))
    return success();
  return op->emitOpError("is in a kernel for CUDA, which knows no such branch "
                         "or loop; expected scf.if, scf.for or tile.for");
}

/// Registers of a thread that a block takes.
static int64_t countRegisters(RankedTensorType type, StrategyAttr strategy) {
  AxisLayout rows = getRowLayout(strategy, type.getDimSize(0));
  AxisLayout cols = getColLayout(strategy, type.getDimSize(1));
  int64_t bits = std::max<int64_t>(type.getElementTypeBitWidth(), 16);
  return llvm::divideCeil(
      rows.offsets.size() * cols.offsets.size() * cols.width * bits, 32);
}

LogicalResult StrategyAttr::verifyKernel(Operation *op) const {
  auto kernel = cast<tile::KernelOp>(op);
  if (getArch() < 80)
    return op->emitOpError()
           << "is for sm_" << getArch() << ", expected sm_80 or later";
  for (int64_t size : {getWarps()[0], getWarps()[1], getLanes()[0],
                       getLanes()[1], getVector(), getStages(), getSlices()})
    if (size < 1)
      return op->emitOpError() << "has a size of " << size << " in " << *this
                               << ", expected at least 1";
  if (getShared() < 0)
    return op->emitOpError() << "may have " << getShared()
                             << " bytes of shared memory, expected a positive "
                                "number, or 0 for what the GPU has";
  int64_t lanes = getLanes()[0] * getLanes()[1];
  if (lanes != 32)
    return op->emitOpError()
           << "has warps of " << getLanes()[0] << " x " << getLanes()[1]
           << " = " << lanes << " lanes, expected 32";
  if (getThreads() > 1024)
    return op->emitOpError()
           << "has " << getThreads() << " threads, expected at most 1024";
  for (int64_t size : {getWarps()[0], getWarps()[1], getVector()})
    if (!llvm::isPowerOf2_64(size))
      return op->emitOpError() << "has a size of " << size << " in " << *this
                               << ", expected a power of two";
  if (usesTensorCores() &&
      (getLanes()[0] != 8 || getLanes()[1] != 4 || getVector() != 2))
    return op->emitOpError()
           << "has lanes of " << getLanes()[0] << " x " << getLanes()[1]
           << " with vectors of " << getVector()
           << ", but accumulators of mma.sync lie in 8 x 4 with vectors of 2";
  if (getDot() == DotKind::FMA && getVector() > 4)
    return op->emitOpError()
           << "has vectors of " << getVector()
           << ", but multiply-adds read windows in pieces of 4 numbers";
  int64_t rank = kernel.getGridRank();
  if (rank > 0 && (getFastest() < 0 || getFastest() >= rank))
    return op->emitOpError() << "goes along grid dimension #" << getFastest()
                             << ", but the grid has " << rank;
  for (BlockArgument argument : kernel.getKernelArguments())
    if (auto view = dyn_cast<tile::ViewType>(argument.getType());
        view && view.getInterleave() != 1)
      return op->emitOpError()
             << "has argument #" << argument.getArgNumber() << " of type "
             << view << ", whose rows are interleaved by "
             << view.getInterleave()
             << ", but no product of the GPU reads them so; expected panels "
                "without interleaving";
  int64_t shared = 0;
  WalkResult result = kernel.getBody().walk([&](Operation *inner) {
    if (failed(verifyPlaces(inner)) || failed(verifyRegions(inner)) ||
        failed(verifyPartRows(inner, *this)))
      return WalkResult::interrupt();
    if (auto dot = dyn_cast<tile::DotOp>(inner))
      if (failed(verifyDot(dot, *this)))
        return WalkResult::interrupt();
    if (auto loop = dyn_cast<tile::ForOp>(inner)) {
      int64_t bytes = 0;
      for (Value window : loop.getWindows()) {
        auto type = cast<tile::SliceType>(window.getType());
        bytes +=
            BufferType::get(type.getContext(), type.getRows(), type.getCols(),
                            type.getElementType(), getStages())
                .getBytes();
      }
      shared = std::max(shared, bytes);
    }
    if (auto place = dyn_cast<SharedOp>(inner))
      shared = std::max(shared, static_cast<int64_t>(place.getOffset()) +
                                    place.getBuffer().getType().getBytes());
    for (Value value : inner->getResults())
      if (auto type = dyn_cast<RankedTensorType>(value.getType())) {
        int64_t needed = countRegisters(type, *this);
        if (needed > kMostRegisters) {
          inner->emitOpError()
              << "gives " << type << ", which needs " << needed
              << " registers of each of " << getThreads()
              << " threads, expected at most " << kMostRegisters;
          return WalkResult::interrupt();
        }
      }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  if (int64_t most = getMostShared(); shared > most)
    return op->emitOpError()
           << "needs " << shared << " bytes of shared memory for "
           << getStages() << " stages, but a block of sm_" << getArch()
           << " has at most " << most;
  return success();
}

//===----------------------------------------------------------------------===//
// Buffers
//===----------------------------------------------------------------------===//

Type BufferType::parse(AsmParser &parser) {
  SmallVector<int64_t> shape;
  Type element;
  int64_t stages = 1;
  if (parser.parseLess() ||
      parser.parseDimensionList(shape, /*allowDynamic=*/false) ||
      parser.parseType(element))
    return {};
  if (succeeded(parser.parseOptionalComma()) &&
      (parser.parseKeyword("stages") || parser.parseEqual() ||
       parser.parseInteger(stages)))
    return {};
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseGreater())
    return {};
  if (shape.size() != 2) {
    parser.emitError(loc) << "has " << shape.size()
                          << " extents, expected rows and columns";
    return {};
  }
  return getChecked([&] { return parser.emitError(loc); }, parser.getContext(),
                    shape[0], shape[1], element, stages);
}

void BufferType::print(AsmPrinter &printer) const {
  printer << '<' << getRows() << 'x' << getCols() << 'x' << getElementType();
  if (getStages() != 1)
    printer << ", stages = " << getStages();
  printer << '>';
}

LogicalResult
BufferType::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                   int64_t rows, int64_t cols, Type element, int64_t stages) {
  for (int64_t size : {rows, cols, stages})
    if (size < 1)
      return emitError() << "has an extent of " << size
                         << ", expected a number of at least 1";
  // A piece of 16 bytes holds a whole number of them.
  if (!element.isIntOrFloat() ||
      !llvm::is_contained({1u, 8u, 16u, 32u, 64u},
                          element.getIntOrFloatBitWidth()))
    return emitError() << "has element type " << element
                       << ", expected a float or an integer of 1, 8, 16, 32 or "
                          "64 bits";
  return success();
}

int64_t BufferType::getElementBytes() const {
  return llvm::divideCeil(getElementType().getIntOrFloatBitWidth(), 8);
}
int64_t BufferType::getPaddedRows() const {
  return llvm::alignTo(getRows(), 16);
}
int64_t BufferType::getPaddedCols() const {
  return llvm::alignTo(getCols(), 16);
}
int64_t BufferType::getGroupCols() const {
  int64_t cols = 128 / getElementBytes();
  while (getPaddedCols() % cols != 0)
    cols /= 2;
  return cols;
}
int64_t BufferType::getWindowBytes() const {
  return llvm::alignTo(getPaddedRows() * getPaddedCols() * getElementBytes(),
                       1024);
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult SharedOp::verify() {
  if (static_cast<int64_t>(getOffset()) < 0 || getOffset() % 1024 != 0)
    return emitOpError() << "lies at byte " << getOffset()
                         << ", expected a multiple of 1024";
  return success();
}

LogicalResult CopyOp::verify() {
  BufferType buffer = getBuffer().getType();
  if (getView().getType().getElementType() != buffer.getElementType())
    return emitOpError() << "copies from " << getView().getType() << " to "
                         << buffer << ", expected the same elements";
  if (static_cast<int64_t>(getAhead()) < 0 ||
      static_cast<int64_t>(getAhead()) >= buffer.getStages())
    return emitOpError() << "is " << getAhead() << " windows ahead in "
                         << buffer << ", expected less than "
                         << buffer.getStages();
  if (int64_t bytes = getBytes();
      bytes != 0 && bytes != 4 && bytes != 8 && bytes != 16)
    return emitOpError() << "copies pieces of " << bytes
                         << " bytes, expected 16, 8, 4, or 0 for elements";
  if (auto bytes = static_cast<int64_t>(getBytes());
      bytes != 0 && bytes < buffer.getElementBytes())
    return emitOpError() << "copies pieces of " << bytes << " bytes of "
                         << buffer << ", whose elements have "
                         << buffer.getElementBytes()
                         << "; expected at least one of them, or 0";
  return success();
}

LogicalResult AcquireOp::verify() {
  BufferType buffer = getBuffer().getType();
  tile::SliceType window = getWindow().getType();
  if (window.getRows() != buffer.getRows() ||
      window.getCols() != buffer.getCols() ||
      window.getElementType() != buffer.getElementType())
    return emitOpError() << "gives " << window << " from " << buffer
                         << ", expected the same extents and elements";
  return success();
}

LogicalResult PutOp::verify() {
  BufferType buffer = getBuffer().getType();
  RankedTensorType value = getValue().getType();
  if (value.getDimSize(0) != buffer.getRows() ||
      value.getDimSize(1) != buffer.getCols() ||
      value.getElementType() != buffer.getElementType())
    return emitOpError() << "puts " << value << " to " << buffer
                         << ", expected the same extents and elements";
  return success();
}

/// One row of the buffer per warp beside others, one column per row of the
/// block; of slices, one block below the other.
static LogicalResult verifyParts(Operation *op, PartKind kind,
                                 BufferType buffer, RankedTensorType block) {
  if (kind == PartKind::Slices) {
    if (buffer.getRows() % block.getDimSize(0) == 0 &&
        buffer.getCols() == block.getDimSize(1) &&
        buffer.getElementType() == block.getElementType())
      return success();
    return op->emitOpError() << "has " << buffer << " for slices of " << block
                             << ", expected several of them below each other";
  }
  if (buffer.getCols() == block.getDimSize(0) &&
      buffer.getElementType() == block.getElementType())
    return success();
  return op->emitOpError() << "has " << buffer << " for the rows of " << block
                           << ", expected " << block.getDimSize(0)
                           << " columns of " << block.getElementType();
}

LogicalResult PutPartOp::verify() {
  return verifyParts(*this, getKind(), getBuffer().getType(),
                     getValue().getType());
}

LogicalResult GetWholeOp::verify() {
  RankedTensorType result = getResult().getType();
  if (getKind() != PartKind::Slices && result.getDimSize(1) != 1)
    return emitOpError() << "gives " << result << ", expected one column";
  return verifyParts(*this, getKind(), getBuffer().getType(), result);
}

LogicalResult GetOp::verify() {
  BufferType buffer = getBuffer().getType();
  RankedTensorType result = getResult().getType();
  int64_t rows = buffer.getRows(), cols = buffer.getCols();
  switch (getKind()) {
  case GetKind::Transpose:
    std::swap(rows, cols);
    break;
  case GetKind::Even:
  case GetKind::Odd:
    if (cols % 2 != 0)
      return emitOpError() << "splits the " << cols << " columns of " << buffer
                           << " in two, expected an even number";
    cols /= 2;
    break;
  case GetKind::Scan:
    break;
  }
  if (result.getDimSize(0) != rows || result.getDimSize(1) != cols ||
      result.getElementType() != buffer.getElementType())
    return emitOpError() << "gives " << result << " from " << buffer
                         << ", expected tensor<" << rows << "x" << cols << "x"
                         << buffer.getElementType() << ">";
  return success();
}

LogicalResult cuda::LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto kernel = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(
      getOperation(), getKernelAttr());
  if (!kernel || (!kernel->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()) &&
                  !kernel->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName())))
    return emitOpError() << "names " << getKernelAttr()
                         << ", which is no kernel";
  if (kernel.getNumArguments() != getArguments().size())
    return emitOpError() << "passes " << getArguments().size()
                         << " arguments, but kernel " << getKernelAttr()
                         << " takes " << kernel.getNumArguments();
  for (auto [number, pair] : llvm::enumerate(
           llvm::zip(getArguments().getTypes(), kernel.getArgumentTypes()))) {
    auto [have, want] = pair;
    bool isPointer = isa<LLVM::LLVMPointerType>(want);
    if (isPointer ? isa<LLVM::LLVMPointerType>(have)
                  : have == want || (have.isIndex() && want.isInteger(64)))
      continue;
    return emitOpError() << "passes " << have << " as argument #" << number
                         << " of kernel " << getKernelAttr() << ", expected "
                         << (isPointer
                                 ? LLVM::LLVMPointerType::get(getContext())
                                 : want);
  }
  return success();
}
