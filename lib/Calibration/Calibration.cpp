//===- Calibration.cpp - Reading and writing calibration files ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Calibration/Calibration.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;

namespace ockham {

static constexpr StringLiteral kFormat = "ockham calibration";
static constexpr int64_t kVersion = 1;

const NormCalibration *Calibration::find(StringRef name) const {
  auto found = llvm::find_if(
      norms, [&](const NormCalibration &norm) { return norm.name == name; });
  return found == norms.end() ? nullptr : &*found;
}

namespace {

/// One file while it is read.
class Reader {
public:
  explicit Reader(StringRef path) : path(path) {}

  Expected<Calibration> read();

private:
  Error fail(const Twine &text) {
    return createStringError(path.str() + ": " + text.str());
  }
  Error readNorm(const json::Object &object, size_t index,
                 NormCalibration &norm);
  Error readNumbers(const json::Object &object, const NormCalibration &norm,
                    StringRef key, std::vector<double> &numbers);

  StringRef path;
};

} // namespace

static std::string print(const json::Value &value) {
  std::string text;
  raw_string_ostream(text) << value;
  // A message is no place for a whole file.
  if (text.size() > 40)
    text = text.substr(0, 40) + "...";
  return text;
}

Error Reader::readNumbers(const json::Object &object,
                          const NormCalibration &norm, StringRef key,
                          std::vector<double> &numbers) {
  const json::Array *array = object.getArray(key);
  if (!array || array->empty())
    return fail("norm '" + norm.name + "': expected \"" + key +
                "\" with a number for each position class" +
                (array ? ", got none" : ""));
  for (const json::Value &value : *array) {
    std::optional<double> number = value.getAsNumber();
    if (!number)
      return fail("norm '" + norm.name + "': expected numbers in \"" + key +
                  "\", got " + print(value));
    numbers.push_back(*number);
  }
  return Error::success();
}

Error Reader::readNorm(const json::Object &object, size_t index,
                       NormCalibration &norm) {
  std::optional<StringRef> name = object.getString("name");
  if (!name)
    return fail("norm " + Twine(index) + " has no \"name\"");
  norm.name = name->str();
  norm.kind = object.getString("kind").value_or("").str();
  if (norm.kind != "layer" && norm.kind != "rms")
    return fail("norm '" + norm.name +
                "': expected \"kind\" \"layer\" or \"rms\", got \"" +
                norm.kind + "\"");
  std::optional<int64_t> width = object.getInteger("width");
  if (!width || *width < 1)
    return fail("norm '" + norm.name +
                "': expected \"width\", the number of elements of a row" +
                (width ? ", got " + Twine(*width) : Twine()));
  norm.width = *width;
  std::vector<double> std, least, most, rows;
  if (Error error = readNumbers(object, norm, "std", std))
    return error;
  for (auto [i, number] : llvm::enumerate(std))
    if (!std::isfinite(number) || number <= 0)
      return fail("norm '" + norm.name + "': expected a positive std of " +
                  "position class " + Twine(i) + ", got " +
                  print(json::Value(number)));
  // Those are for people; a file written by hand may leave them out.
  for (auto [key, list] : {std::pair("least", &least), std::pair("most", &most),
                           std::pair("rows", &rows)})
    if (object.get(key)) {
      if (Error error = readNumbers(object, norm, key, *list))
        return error;
      if (list->size() != std.size())
        return fail("norm '" + norm.name + "': expected " + Twine(std.size()) +
                    " numbers in \"" + key + "\" (as in \"std\"), got " +
                    Twine(list->size()));
    }
  for (size_t i = 0; i < std.size(); ++i) {
    StdStatistics &statistics = norm.classes.emplace_back();
    statistics.mean = std[i];
    statistics.least = least.empty() ? std[i] : least[i];
    statistics.most = most.empty() ? std[i] : most[i];
    statistics.rows = rows.empty() ? 0 : static_cast<int64_t>(rows[i]);
  }
  return Error::success();
}

Expected<Calibration> Reader::read() {
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!buffer)
    return createStringError("cannot read the calibration '" + path.str() +
                             "': " + buffer.getError().message());
  Expected<json::Value> parsed = json::parse((*buffer)->getBuffer());
  if (!parsed)
    return fail("not JSON: " + toString(parsed.takeError()));
  const json::Object *root = parsed->getAsObject();
  if (!root || root->getString("format") != kFormat)
    return fail("no calibration: expected \"format\": \"" + kFormat +
                "\"; 'ockham calibrate' makes one");
  std::optional<int64_t> version = root->getInteger("version");
  if (version != kVersion)
    return fail("expected version " + Twine(kVersion) + " of the format, got " +
                (version ? Twine(*version) : Twine("none")));
  const json::Array *norms = root->getArray("norms");
  if (!norms)
    return fail("expected \"norms\", a list");
  Calibration calibration;
  calibration.model = root->getString("model").value_or("").str();
  StringSet<> names;
  for (auto [index, value] : llvm::enumerate(*norms)) {
    const json::Object *object = value.getAsObject();
    if (!object)
      return fail("expected norm " + Twine(index) + " to be an object, got " +
                  print(value));
    NormCalibration &norm = calibration.norms.emplace_back();
    if (Error error = readNorm(*object, index, norm))
      return error;
    if (!names.insert(norm.name).second)
      return fail("norm '" + norm.name + "' is there twice");
  }
  return calibration;
}

Expected<Calibration> readCalibration(StringRef path) {
  return Reader(path).read();
}

void writeCalibration(const Calibration &calibration, raw_ostream &os) {
  json::OStream json(os, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("format", kFormat);
    json.attribute("version", kVersion);
    json.attribute("model", json::fixUTF8(calibration.model));
    json.attributeArray("norms", [&] {
      for (const NormCalibration &norm : calibration.norms)
        json.object([&] {
          auto list = [&](StringRef key, auto getNumber) {
            json.attributeArray(key, [&] {
              for (const StdStatistics &statistics : norm.classes)
                json.value(getNumber(statistics));
            });
          };
          json.attribute("name", json::fixUTF8(norm.name));
          json.attribute("kind", norm.kind);
          json.attribute("width", norm.width);
          list("std", [](const StdStatistics &s) { return s.mean; });
          list("least", [](const StdStatistics &s) { return s.least; });
          list("most", [](const StdStatistics &s) { return s.most; });
          list("rows", [](const StdStatistics &s) { return s.rows; });
        });
    });
  });
  os << "\n";
}

} // namespace ockham
