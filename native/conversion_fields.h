#pragma once

#include <napi.h>

#include <string>
#include <vector>

#include "conversion.h"

/** Fields of objects that JavaScript hands over; what is missing or of another type is 0, false or empty. */
namespace outstep::conversion {

inline std::string text(const Napi::Object& object, const char* name) {
  Napi::Value value = object.Get(name);
  return value.IsString() ? value.As<Napi::String>().Utf8Value() : std::string();
}

inline bool flag(const Napi::Object& object, const char* name) {
  return object.Get(name).ToBoolean().Value();
}

inline int64_t number(const Napi::Object& object, const char* name, int64_t missing = 0) {
  Napi::Value value = object.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Int64Value() : missing;
}

inline size_t offset(const Napi::Object& object, const char* name) {
  return static_cast<size_t>(number(object, name));
}

inline uint64_t word(const Napi::Object& object, const char* name) {
  return unsigned64(object.Get(name));
}

template <typename Add>
void forEach(const Napi::Value& list, Add add) {
  if (!list.IsArray()) return;
  auto array = list.As<Napi::Array>();
  for (uint32_t index = 0; index < array.Length(); ++index) add(array.Get(index));
}

inline std::vector<std::string> texts(const Napi::Value& list) {
  std::vector<std::string> result;
  forEach(list, [&](const Napi::Value& value) { result.push_back(value.As<Napi::String>().Utf8Value()); });
  return result;
}

inline std::vector<std::vector<uint8_t>> byteStrings(const Napi::Value& list) {
  std::vector<std::vector<uint8_t>> result;
  forEach(list, [&](const Napi::Value& value) {
    auto bytes = value.As<Napi::Uint8Array>();
    result.emplace_back(bytes.Data(), bytes.Data() + bytes.ByteLength());
  });
  return result;
}

}  // namespace outstep::conversion
