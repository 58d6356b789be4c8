//===- MutateONNX.cpp - Changes within the structure of a model -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MutateONNX.h"

#include "ockham/Support/ONNXProtobuf.h"

#include <limits>
#include <random>
#include <vector>

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

/// One field of a message that is set.
struct Place {
  Message *message;
  const FieldDescriptor *field;
};

class Mutator {
public:
  Mutator(unsigned seed, llvm::function_ref<void(std::string &)> mutateBytes)
      : random(seed), mutateBytes(mutateBytes) {}

  void run(Message &model) {
    for (unsigned i = 0, e = 1 + below(3); i < e; ++i) {
      places.clear();
      texts.clear();
      collect(model);
      if (!places.empty())
        mutate(places[below(places.size())]);
    }
  }

private:
  size_t below(size_t end) { return random() % end; }

  void collect(Message &message) {
    const Reflection *reflection = message.GetReflection();
    std::vector<const FieldDescriptor *> fields;
    reflection->ListFields(message, &fields);
    for (const FieldDescriptor *field : fields) {
      places.push_back({&message, field});
      bool isText = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
      if (field->is_repeated()) {
        int size = reflection->FieldSize(message, field);
        for (int i = 0; i < size; ++i)
          if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
            collect(*reflection->MutableRepeatedMessage(&message, field, i));
          else if (isText)
            texts.push_back(reflection->GetRepeatedString(message, field, i));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        collect(*reflection->MutableMessage(&message, field));
      } else if (isText) {
        texts.push_back(reflection->GetString(message, field));
      }
    }
  }

  int64_t changeInteger(int64_t value) {
    static constexpr int64_t interesting[] = {
        0,
        1,
        -1,
        2,
        3,
        4,
        7,
        8,
        64,
        65,
        1024,
        1025,
        -2,
        -9,
        25,
        99,
        1073741824,
        int64_t(1) << 48,
        std::numeric_limits<int64_t>::max(),
        std::numeric_limits<int64_t>::min()};
    switch (below(4)) {
    case 0:
      return static_cast<int64_t>(static_cast<uint64_t>(value) + 1);
    case 1:
      return static_cast<int64_t>(static_cast<uint64_t>(value) - 1);
    case 2:
      return static_cast<int64_t>(static_cast<uint64_t>(value) ^
                                  (uint64_t(1) << below(64)));
    default:
      return interesting[below(std::size(interesting))];
    }
  }

  double changeFloat(double value) {
    static constexpr double interesting[] = {
        0,
        1,
        -1,
        0.5,
        1e-5,
        1e12,
        -1e30,
        std::numeric_limits<double>::infinity(),
        std::numeric_limits<double>::quiet_NaN()};
    return below(2) ? -value : interesting[below(std::size(interesting))];
  }

  std::string changeText(std::string text) {
    // Another name of the model: that is what connects nodes.
    if (below(4) != 0 && !texts.empty())
      return texts[below(texts.size())];
    if (below(4) == 0)
      return "";
    mutateBytes(text);
    return text;
  }

  void mutate(Place place) {
    if (place.field->is_repeated())
      mutateList(*place.message, place.field);
    else
      mutateField(*place.message, place.field);
  }

  void mutateField(Message &message, const FieldDescriptor *field) {
    const Reflection *reflection = message.GetReflection();
    if (below(8) == 0)
      return reflection->ClearField(&message, field);
    switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflection->SetInt32(&message, field,
                                  static_cast<int32_t>(changeInteger(
                                      reflection->GetInt32(message, field))));
    case FieldDescriptor::CPPTYPE_INT64:
      return reflection->SetInt64(
          &message, field, changeInteger(reflection->GetInt64(message, field)));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return reflection->SetFloat(&message, field,
                                  static_cast<float>(changeFloat(
                                      reflection->GetFloat(message, field))));
    case FieldDescriptor::CPPTYPE_STRING:
      return reflection->SetString(
          &message, field, changeText(reflection->GetString(message, field)));
    case FieldDescriptor::CPPTYPE_ENUM: {
      const auto *type = field->enum_type();
      return reflection->SetEnum(&message, field,
                                 type->value(below(type->value_count())));
    }
    default:
      return;
    }
  }

  void mutateList(Message &message, const FieldDescriptor *field) {
    const Reflection *reflection = message.GetReflection();
    int size = reflection->FieldSize(message, field);
    int i = below(size), j = below(size);
    switch (below(4)) {
    case 0:
      return reflection->SwapElements(&message, field, i, j);
    case 1:
      reflection->SwapElements(&message, field, i, size - 1);
      return reflection->RemoveLast(&message, field);
    default:
      break;
    }
    bool grow = below(3) == 0;
    switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32: {
      auto value = static_cast<int32_t>(
          changeInteger(reflection->GetRepeatedInt32(message, field, i)));
      return grow ? reflection->AddInt32(&message, field, value)
                  : reflection->SetRepeatedInt32(&message, field, i, value);
    }
    case FieldDescriptor::CPPTYPE_INT64: {
      int64_t value =
          changeInteger(reflection->GetRepeatedInt64(message, field, i));
      return grow ? reflection->AddInt64(&message, field, value)
                  : reflection->SetRepeatedInt64(&message, field, i, value);
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      auto value = static_cast<float>(
          changeFloat(reflection->GetRepeatedFloat(message, field, i)));
      return grow ? reflection->AddFloat(&message, field, value)
                  : reflection->SetRepeatedFloat(&message, field, i, value);
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value =
          changeText(reflection->GetRepeatedString(message, field, i));
      return grow ? reflection->AddString(&message, field, value)
                  : reflection->SetRepeatedString(&message, field, i, value);
    }
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      // Copied first: the list may move when it grows.
      const Message &from = reflection->GetRepeatedMessage(message, field, i);
      std::unique_ptr<Message> copy(from.New());
      copy->CopyFrom(from);
      Message *to =
          grow ? reflection->AddMessage(&message, field)
               : reflection->MutableRepeatedMessage(&message, field, j);
      return to->CopyFrom(*copy);
    }
    default:
      return;
    }
  }

  std::mt19937 random;
  llvm::function_ref<void(std::string &)> mutateBytes;
  std::vector<Place> places;
  std::vector<std::string> texts;
};

} // namespace

std::string
ockham::mutateModel(llvm::StringRef bytes, unsigned seed,
                    llvm::function_ref<void(std::string &)> mutateBytes) {
  ::onnx::ModelProto model;
  if (!model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    return "";
  Mutator(seed, mutateBytes).run(model);
  return model.SerializeAsString();
}
