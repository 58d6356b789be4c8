//===- TensorReader.cpp - Tensors of a model file -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TensorReader.h"

#include "mlir/IR/Builders.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <cstring>
#include <limits>

using namespace mlir;
namespace path = llvm::sys::path;

namespace ockham::importer {

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

Type getElementType(int32_t dataType, MLIRContext *context) {
  Builder b(context);
  switch (dataType) {
  case pb::TensorProto::FLOAT:
    return b.getF32Type();
  case pb::TensorProto::DOUBLE:
    return b.getF64Type();
  case pb::TensorProto::FLOAT16:
    return b.getF16Type();
  case pb::TensorProto::BFLOAT16:
    return b.getBF16Type();
  case pb::TensorProto::BOOL:
    return b.getI1Type();
  case pb::TensorProto::INT8:
    return b.getI8Type();
  case pb::TensorProto::INT16:
    return b.getI16Type();
  case pb::TensorProto::INT32:
    return b.getI32Type();
  case pb::TensorProto::INT64:
    return b.getI64Type();
  case pb::TensorProto::UINT8:
    return b.getIntegerType(8, /*isSigned=*/false);
  case pb::TensorProto::UINT16:
    return b.getIntegerType(16, /*isSigned=*/false);
  case pb::TensorProto::UINT32:
    return b.getIntegerType(32, /*isSigned=*/false);
  case pb::TensorProto::UINT64:
    return b.getIntegerType(64, /*isSigned=*/false);
  default:
    return Type();
  }
}

std::string getElementTypeName(int32_t dataType) {
  if (pb::TensorProto::DataType_IsValid(dataType))
    return pb::TensorProto::DataType_Name(
        static_cast<pb::TensorProto::DataType>(dataType));
  // Newer than the library's list.
  static constexpr StringLiteral newer[] = {
      "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2", "FLOAT8E5M2FNUZ", "UINT4",
      "INT4",         "FLOAT4E2M1",     "FLOAT8E8M0", "UINT2",          "INT2"};
  constexpr int32_t first = 17;
  if (dataType >= first &&
      dataType < first + static_cast<int32_t>(std::size(newer)))
    return newer[dataType - first].str();
  return "number " + std::to_string(dataType);
}

std::string findShapeProblem(ArrayRef<int64_t> shape) {
  constexpr size_t maxRank = 64;
  if (shape.size() > maxRank)
    return "has rank " + std::to_string(shape.size()) + ", expected at most " +
           std::to_string(maxRank);
  // The bytes of any tensor must be countable; 1 << 48 elements are more than
  // any machine holds.
  constexpr uint64_t maxElements = uint64_t(1) << 48;
  uint64_t elements = 1;
  for (int64_t extent : shape)
    if (extent > 0)
      elements = llvm::SaturatingMultiply<uint64_t>(elements, extent);
  if (elements > maxElements)
    return "has shape " + formatShape(shape) +
           ", more elements than any memory holds";
  return "";
}

FailureOr<RankedTensorType> TensorReader::getType(const pb::TensorProto &tensor,
                                                  const llvm::Twine &what) {
  Type element = getElementType(tensor.data_type(), context);
  if (!element)
    return messages.error(what + " has element type " +
                          getElementTypeName(tensor.data_type()) +
                          ", which is not supported");
  SmallVector<int64_t> shape(tensor.dims().begin(), tensor.dims().end());
  std::string problem = findShapeProblem(shape);
  if (!problem.empty())
    return messages.error(what + " " + problem);
  for (int64_t extent : shape)
    if (extent < 0)
      return messages.error(what + " has shape " + formatShape(shape) +
                            ", expected extents of at least 0");
  return RankedTensorType::get(shape, element);
}

//===----------------------------------------------------------------------===//
// Typed fields
//===----------------------------------------------------------------------===//

/// Stores the values of a repeated field as elements of type `To`.
template <typename To, typename Field>
static FailureOr<std::unique_ptr<std::string>>
convertField(const Field &field, RankedTensorType type, Messages &messages,
             const llvm::Twine &what) {
  int64_t elements = type.getNumElements();
  if (field.size() != elements)
    return messages.error(what + " of shape " + formatShape(type.getShape()) +
                          " has " + count(field.size(), "element") +
                          ", expected " + llvm::Twine(elements));
  auto bytes = std::make_unique<std::string>();
  bytes->resize(elements * sizeof(To));
  for (int64_t i = 0; i < elements; ++i) {
    To value = static_cast<To>(field.Get(i));
    if constexpr (std::is_integral_v<To>)
      if (static_cast<int64_t>(value) != static_cast<int64_t>(field.Get(i)))
        return messages.error(what + ": element " + llvm::Twine(i) + " is " +
                              llvm::Twine(field.Get(i)) +
                              ", which its type cannot hold");
    std::memcpy(bytes->data() + i * sizeof(To), &value, sizeof(To));
  }
  return bytes;
}

static FailureOr<std::unique_ptr<std::string>>
convertTypedField(const pb::TensorProto &tensor, RankedTensorType type,
                  Messages &messages, const llvm::Twine &what) {
  switch (tensor.data_type()) {
  case pb::TensorProto::FLOAT:
    return convertField<float>(tensor.float_data(), type, messages, what);
  case pb::TensorProto::DOUBLE:
    return convertField<double>(tensor.double_data(), type, messages, what);
  case pb::TensorProto::INT64:
    return convertField<int64_t>(tensor.int64_data(), type, messages, what);
  case pb::TensorProto::INT32:
    return convertField<int32_t>(tensor.int32_data(), type, messages, what);
  case pb::TensorProto::INT16:
    return convertField<int16_t>(tensor.int32_data(), type, messages, what);
  case pb::TensorProto::INT8:
    return convertField<int8_t>(tensor.int32_data(), type, messages, what);
  case pb::TensorProto::UINT8:
  case pb::TensorProto::BOOL:
    return convertField<uint8_t>(tensor.int32_data(), type, messages, what);
  case pb::TensorProto::UINT16:
    return convertField<uint16_t>(tensor.int32_data(), type, messages, what);
  case pb::TensorProto::UINT32:
    return convertField<uint32_t>(tensor.uint64_data(), type, messages, what);
  case pb::TensorProto::UINT64:
    return convertField<uint64_t>(tensor.uint64_data(), type, messages, what);
  default:
    // (B)float16: the bits of each element in one int32.
    return convertField<uint16_t>(tensor.int32_data(), type, messages, what);
  }
}

//===----------------------------------------------------------------------===//
// External data
//===----------------------------------------------------------------------===//

/// Whether `file`, with all links followed, lies in or below `folder`.
static bool isInside(StringRef file, StringRef folder) {
  SmallString<256> realFile, realFolder;
  if (llvm::sys::fs::real_path(file, realFile) ||
      llvm::sys::fs::real_path(folder, realFolder))
    return false;
  auto fileIt = path::begin(realFile), fileEnd = path::end(realFile);
  for (StringRef part :
       llvm::make_range(path::begin(realFolder), path::end(realFolder))) {
    if (fileIt == fileEnd || *fileIt != part)
      return false;
    ++fileIt;
  }
  return true;
}

FailureOr<std::shared_ptr<llvm::MemoryBuffer>>
TensorReader::openExternal(StringRef location, const llvm::Twine &what) {
  auto known = files.find(location);
  if (known != files.end())
    return known->second;
  std::string name =
      "external data file " + quote(location) + " of " + what.str();
  if (location.empty() || location.contains('\0'))
    return messages.error(name + " is not a path");
  SmallString<256> folder(path::parent_path(messages.getPath()));
  if (folder.empty())
    folder = ".";
  SmallString<256> file(folder);
  if (path::is_absolute(location))
    file = location;
  else
    path::append(file, location);
  // First by the words of the path, before anything outside is touched; links
  // are followed below.
  SmallString<256> plain(location);
  path::remove_dots(plain, /*remove_dot_dot=*/true);
  bool leaves = path::is_absolute(plain) ||
                (!plain.empty() && *path::begin(plain) == "..");
  static constexpr StringLiteral howToAllow =
      " outside the model's folder; --allow-external-paths allows it";
  if (!allowExternalPaths && leaves)
    return messages.error(name + " lies" + howToAllow);
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(file, status)) {
    if (error == std::errc::no_such_file_or_directory)
      return messages.error(name + " is missing");
    return messages.error(name + " cannot be read: " + error.message());
  }
  if (!allowExternalPaths && !isInside(file, folder))
    return messages.error(name + " is a link that leads" + howToAllow);
  if (!llvm::sys::fs::is_regular_file(status))
    return messages.error(name + " is not a regular file");
  auto buffer = llvm::MemoryBuffer::getFile(file, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return messages.error(name +
                          " cannot be read: " + buffer.getError().message());
  std::shared_ptr<llvm::MemoryBuffer> shared = std::move(*buffer);
  files[location] = shared;
  if (onExternalFile)
    onExternalFile(file);
  return shared;
}

FailureOr<AsmResourceBlob>
TensorReader::mapExternal(const pb::TensorProto &tensor, uint64_t size,
                          const llvm::Twine &what) {
  StringRef location;
  uint64_t offset = 0, length = size;
  for (const pb::StringStringEntryProto &entry : tensor.external_data()) {
    if (entry.key() == "location") {
      location = entry.value();
      continue;
    }
    bool isOffset = entry.key() == "offset";
    // Checksums and keys that are not known change nothing.
    if (!isOffset && entry.key() != "length")
      continue;
    if (StringRef(entry.value()).getAsInteger(10, isOffset ? offset : length))
      return messages.error("external data of " + what + " has " + entry.key() +
                            " " + quote(entry.value()) +
                            ", expected a number of bytes");
  }
  auto file = openExternal(location, what);
  if (failed(file))
    return failure();
  if (length != size)
    return messages.error("external data of " + what + " has " +
                          count(length, "byte") + ", expected " +
                          llvm::Twine(size));
  uint64_t fileSize = (*file)->getBufferSize();
  if (offset > fileSize || length > fileSize - offset)
    return messages.error("external data of " + what + " is " +
                          count(length, "byte") + " at offset " +
                          llvm::Twine(offset) + " of " + quote(location) +
                          ", but the file has " + count(fileSize, "byte"));
  return makeBufferBlob(*file, offset, length);
}

//===----------------------------------------------------------------------===//
// Bytes
//===----------------------------------------------------------------------===//

FailureOr<AsmResourceBlob> TensorReader::takeBytes(pb::TensorProto &tensor,
                                                   RankedTensorType type,
                                                   const llvm::Twine &what) {
  if (tensor.has_segment())
    return messages.error(what + " is stored in segments, which is not "
                                 "supported");
  uint64_t size = getStorageBytes(type);
  FailureOr<AsmResourceBlob> blob = failure();
  if (tensor.data_location() == pb::TensorProto::EXTERNAL) {
    blob = mapExternal(tensor, size, what);
  } else if (tensor.has_raw_data()) {
    if (tensor.raw_data().size() != size)
      return messages.error(what + " of shape " + formatShape(type.getShape()) +
                            " has " + count(tensor.raw_data().size(), "byte") +
                            ", expected " + llvm::Twine(size));
    blob =
        makeStringBlob(std::unique_ptr<std::string>(tensor.release_raw_data()));
  } else {
    auto bytes = convertTypedField(tensor, type, messages, what);
    if (succeeded(bytes))
      blob = makeStringBlob(std::move(*bytes));
  }
  if (failed(blob) || !type.getElementType().isInteger(1))
    return blob;
  // Any byte but 0 is true; everybody else may rely on 0 and 1.
  ArrayRef<char> bytes = blob->getData();
  if (llvm::all_of(bytes, [](char c) { return c == 0 || c == 1; }))
    return blob;
  auto normal = std::make_unique<std::string>(bytes.begin(), bytes.end());
  for (char &c : *normal)
    c = c != 0;
  return makeStringBlob(std::move(normal));
}

FailureOr<DenseElementsAttr>
TensorReader::readConstant(pb::TensorProto &tensor, const llvm::Twine &what) {
  auto type = getType(tensor, what);
  if (failed(type))
    return failure();
  auto blob = takeBytes(tensor, *type, what);
  if (failed(blob))
    return failure();
  ArrayRef<char> bytes = blob->getData();
  if (type->getElementType().isInteger(1)) {
    SmallVector<bool> values(bytes.begin(), bytes.end());
    return DenseElementsAttr::get(*type, values);
  }
  if (bytes.empty())
    return DenseElementsAttr::get(*type, ArrayRef<Attribute>());
  return DenseElementsAttr::getFromRawBuffer(*type, bytes);
}

} // namespace ockham::importer
