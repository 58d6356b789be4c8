//===- Npy.cpp - NumPy's .npy files ---------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The format: six bytes of magic, two of version, the length of the header (two
// bytes, four from version 2 on), the header, a Python dictionary as text, then
// the elements.
//
//===----------------------------------------------------------------------===//

#include "ockham/Support/Npy.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace ockham {

static const char kMagic[] = "\x93NUMPY";
static constexpr uint64_t kMagicSize = 6;

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

namespace {
struct NpyType {
  ockham_dtype dtype;
  char kind;
  unsigned bytes;
};
} // namespace

static constexpr NpyType kNpyTypes[] = {
    {OCKHAM_BOOL, 'b', 1}, {OCKHAM_U8, 'u', 1},   {OCKHAM_I8, 'i', 1},
    {OCKHAM_I16, 'i', 2},  {OCKHAM_I32, 'i', 4},  {OCKHAM_I64, 'i', 8},
    {OCKHAM_F16, 'f', 2},  {OCKHAM_BF16, 'V', 2}, {OCKHAM_F32, 'f', 4},
    {OCKHAM_F64, 'f', 8},  {OCKHAM_U16, 'u', 2},  {OCKHAM_U32, 'u', 4},
    {OCKHAM_U64, 'u', 8}};

static const NpyType *findNpyType(ockham_dtype dtype) {
  for (const NpyType &type : kNpyTypes)
    if (type.dtype == dtype)
      return &type;
  return nullptr;
}

/// `descr` is a byte order and a type, e.g. "<f4" or "|b1".
static const NpyType *findNpyType(const std::string &descr) {
  if (descr.size() != 3 || !std::strchr("<>|=", descr[0]))
    return nullptr;
  for (const NpyType &type : kNpyTypes)
    if (type.kind == descr[1] && type.bytes == unsigned(descr[2] - '0'))
      return &type;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// The header
//===----------------------------------------------------------------------===//

namespace {
/// What the dictionary says.
struct NpyHeader {
  std::string descr;
  bool fortranOrder = false;
  std::vector<int64_t> shape;
  bool hasDescr = false, hasOrder = false, hasShape = false;
};

/// Reads the dictionary; nothing but the three keys and literals of their types
/// can stand there.
class NpyHeaderParser {
public:
  explicit NpyHeaderParser(const std::string &text) : text(text) {}

  bool parse(NpyHeader &header) {
    if (!eat('{'))
      return false;
    while (!eat('}')) {
      std::string name;
      if (!parseString(name) || !eat(':'))
        return false;
      if (name == "descr" && parseString(header.descr))
        header.hasDescr = true;
      else if (name == "fortran_order" && parseBool(header.fortranOrder))
        header.hasOrder = true;
      else if (name == "shape" && parseShape(header.shape))
        header.hasShape = true;
      else
        return false;
      if (!eat(',') && !peek('}'))
        return false;
    }
    skipSpace();
    return position == text.size() && header.hasDescr && header.hasOrder &&
           header.hasShape;
  }

private:
  void skipSpace() {
    while (position < text.size() && std::strchr(" \t\r\n", text[position]) &&
           text[position])
      ++position;
  }
  bool peek(char c) {
    skipSpace();
    return position < text.size() && text[position] == c;
  }
  bool eat(char c) {
    if (!peek(c))
      return false;
    ++position;
    return true;
  }
  bool eatWord(const std::string &word) {
    skipSpace();
    if (text.compare(position, word.size(), word) != 0)
      return false;
    position += word.size();
    return true;
  }
  bool parseString(std::string &value) {
    skipSpace();
    if (!peek('\'') && !peek('"'))
      return false;
    size_t end = text.find(text[position], position + 1);
    if (end == std::string::npos)
      return false;
    value = text.substr(position + 1, end - position - 1);
    position = end + 1;
    return true;
  }
  bool parseBool(bool &value) {
    value = eatWord("True");
    return value || eatWord("False");
  }
  bool parseShape(std::vector<int64_t> &shape) {
    if (!eat('('))
      return false;
    while (!eat(')')) {
      int64_t extent = 0;
      if (!parseExtent(extent))
        return false;
      shape.push_back(extent);
      if (!eat(',') && !peek(')'))
        return false;
    }
    return true;
  }
  bool parseExtent(int64_t &extent) {
    skipSpace();
    size_t start = position;
    while (position < text.size() && text[position] >= '0' &&
           text[position] <= '9') {
      int64_t digit = text[position++] - '0';
      if (extent > (INT64_MAX - digit) / 10)
        return false;
      extent = extent * 10 + digit;
    }
    // Python 2 wrote long integers with an L.
    size_t end = position;
    if (end > start && position < text.size() && text[position] == 'L')
      ++position;
    return end > start;
  }

  const std::string &text;
  size_t position = 0;
};
} // namespace

static std::string formatNpyShape(const std::vector<int64_t> &shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i)
    text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

/// Bytes of an array of `shape`; false when they exceed 63 bits.
static bool getNpyBytes(const std::vector<int64_t> &shape,
                        unsigned elementBytes, uint64_t &bytes) {
  bytes = elementBytes;
  for (int64_t extent : shape)
    if (extent == 0) {
      bytes = 0;
      return true;
    }
  for (int64_t extent : shape) {
    if (extent < 0 || bytes > uint64_t(INT64_MAX) / uint64_t(extent))
      return false;
    bytes *= uint64_t(extent);
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

static bool isLittleEndianMachine() {
  const uint16_t one = 1;
  char first;
  std::memcpy(&first, &one, 1);
  return first == 1;
}

static void swapBytes(std::vector<char> &data, unsigned elementBytes) {
  for (size_t i = 0; i + elementBytes <= data.size(); i += elementBytes)
    std::reverse(data.begin() + i, data.begin() + i + elementBytes);
}

/// Elements in Fortran order, where the first index runs fastest, to C order.
static std::vector<char> fromFortranOrder(const std::vector<char> &data,
                                          const std::vector<int64_t> &shape,
                                          unsigned elementBytes) {
  std::vector<char> result(data.size());
  std::vector<int64_t> index(shape.size(), 0);
  for (uint64_t to = 0; to < data.size() / elementBytes; ++to) {
    uint64_t from = 0;
    for (size_t axis = shape.size(); axis-- > 0;)
      from = from * uint64_t(shape[axis]) + uint64_t(index[axis]);
    std::memcpy(&result[to * elementBytes], &data[from * elementBytes],
                elementBytes);
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis])
        break;
      index[axis] = 0;
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

bool parseNpy(const char *bytes, uint64_t size, const std::string &name,
              NpyArray &array, std::string &error) {
  auto fail = [&](const std::string &message) {
    error = name + ": " + message;
    return false;
  };
  if (size == 0)
    return fail("the file is empty, expected a .npy array");
  if (size < kMagicSize || std::memcmp(bytes, kMagic, kMagicSize) != 0) {
    if (size >= 2 && bytes[0] == 'P' && bytes[1] == 'K')
      return fail("this is a .npz archive, expected a single .npy array");
    return fail("not a .npy file");
  }
  if (size < 10)
    return fail("the file is cut off after " + std::to_string(size) +
                " bytes, within the header");
  unsigned version = static_cast<unsigned char>(bytes[6]);
  if (version < 1 || version > 3)
    return fail(".npy version " + std::to_string(version) +
                " is not supported, expected 1 to 3");
  unsigned lengthBytes = version == 1 ? 2 : 4;
  uint64_t start = kMagicSize + 2 + lengthBytes, length = 0;
  if (size < start)
    return fail("the file is cut off after " + std::to_string(size) +
                " bytes, within the header");
  for (unsigned i = lengthBytes; i-- > 0;)
    length =
        length * 256 + static_cast<unsigned char>(bytes[kMagicSize + 2 + i]);
  if (size - start < length)
    return fail("the file is cut off after " + std::to_string(size) +
                " bytes; its header ends at " + std::to_string(start + length));
  std::string text(bytes + start, length);
  NpyHeader header;
  if (!NpyHeaderParser(text).parse(header))
    return fail("cannot understand the header: " +
                text.substr(0, text.find_last_not_of(" \n") + 1));
  const NpyType *type = findNpyType(header.descr);
  if (!type)
    return fail("element type '" + header.descr +
                "' is not supported; supported are bool, uint8, int8 to int64, "
                "float16 to float64 and bfloat16");
  uint64_t expected = 0, actual = size - start - length;
  if (!getNpyBytes(header.shape, type->bytes, expected))
    return fail("shape " + formatNpyShape(header.shape) + " is too large");
  if (expected != actual)
    return fail("an array of shape " + formatNpyShape(header.shape) +
                " and type '" + header.descr + "' has " +
                std::to_string(expected) + " bytes, the file has " +
                std::to_string(actual));
  array.dtype = type->dtype;
  array.shape = header.shape;
  array.data.assign(bytes + start + length, bytes + size);
  char order = header.descr[0];
  if ((order == '<' && !isLittleEndianMachine()) ||
      (order == '>' && isLittleEndianMachine()))
    swapBytes(array.data, type->bytes);
  if (header.fortranOrder)
    array.data = fromFortranOrder(array.data, array.shape, type->bytes);
  // Any byte but 0 is true in NumPy; here true is 1.
  if (array.dtype == OCKHAM_BOOL)
    for (char &element : array.data)
      element = element != 0;
  return true;
}

bool readNpy(const std::string &path, NpyArray &array, std::string &error) {
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file) {
    error = path + ": cannot open: " + std::strerror(errno);
    return false;
  }
  std::vector<char> bytes;
  char buffer[65536];
  while (size_t count = std::fread(buffer, 1, sizeof(buffer), file))
    bytes.insert(bytes.end(), buffer, buffer + count);
  bool failed = std::ferror(file);
  int code = errno;
  std::fclose(file);
  if (failed) {
    error = path + ": cannot read: " + std::strerror(code);
    return false;
  }
  return parseNpy(bytes.data(), bytes.size(), path, array, error);
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

bool writeNpy(const std::string &path, const NpyArray &array,
              std::string &error) {
  const NpyType *type = findNpyType(array.dtype);
  uint64_t expected = 0;
  if (!type) {
    error = path + ": element type " + std::to_string(int(array.dtype)) +
            " cannot be written";
    return false;
  }
  if (!getNpyBytes(array.shape, type->bytes, expected) ||
      expected != array.data.size()) {
    error = path + ": an array of shape " + formatNpyShape(array.shape) +
            " has " + std::to_string(expected) + " bytes, got " +
            std::to_string(array.data.size());
    return false;
  }
  char order = type->bytes == 1 ? '|' : isLittleEndianMachine() ? '<' : '>';
  std::string header = "{'descr': '";
  header += order;
  header += type->kind;
  header +=
      std::to_string(type->bytes) + "', 'fortran_order': False, 'shape': (";
  for (int64_t extent : array.shape)
    header += std::to_string(extent) + ", ";
  header += "), }";
  // Padded so that the elements start at a multiple of 64 bytes.
  unsigned lengthBytes = header.size() + 64 < 65536 ? 2 : 4;
  size_t prefix = kMagicSize + 2 + lengthBytes;
  header.append((64 - (prefix + header.size() + 1) % 64) % 64, ' ');
  header += '\n';
  std::string head(kMagic, kMagicSize);
  head += lengthBytes == 2 ? '\x01' : '\x02';
  head += '\x00';
  for (unsigned i = 0; i < lengthBytes; ++i)
    head += static_cast<char>(header.size() >> (8 * i));
  head += header;

  std::FILE *file = std::fopen(path.c_str(), "wb");
  if (!file) {
    error = path + ": cannot create: " + std::strerror(errno);
    return false;
  }
  std::error_code ignored;
  bool written =
      std::fwrite(head.data(), 1, head.size(), file) == head.size() &&
      std::fwrite(array.data.data(), 1, array.data.size(), file) ==
          array.data.size();
  int code = errno;
  if (std::fclose(file) != 0) {
    code = written ? errno : code;
    written = false;
  }
  if (!written) {
    if (std::filesystem::is_regular_file(path, ignored))
      std::remove(path.c_str());
    error = path + ": cannot write: " + std::strerror(code);
  }
  return written;
}

} // namespace ockham
