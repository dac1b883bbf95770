#include "frame_binding.h"

#include "frame.h"

namespace outstep {

namespace {

/** The argument behind those that were used: where the result goes, which must have room. */
uint8_t* roomFor(const Napi::CallbackInfo& info, size_t index, size_t needed_bytes) {
  auto into = info[index].As<Napi::Uint8Array>();
  static uint8_t nothing;
  // An empty array has no place in memory.
  if (into.ByteLength() >= needed_bytes) return needed_bytes == 0 ? &nothing : into.Data();
  Napi::RangeError::New(info.Env(), "no room for the result").ThrowAsJavaScriptException();
  return nullptr;
}

Napi::Value lengthOf(const Napi::CallbackInfo& info, size_t length_bytes) {
  return Napi::Number::New(info.Env(), static_cast<double>(length_bytes));
}

Napi::Value encodeHexFrame(const Napi::CallbackInfo& info) {
  auto bytes = info[0].As<Napi::Uint8Array>();
  uint8_t* into = roomFor(info, 1, frame::roomFor(bytes.ByteLength()));
  if (into == nullptr) return info.Env().Undefined();
  return lengthOf(info, frame::encodeHex(bytes.Data(), bytes.ByteLength(), into));
}

Napi::Value encodeBinaryFrame(const Napi::CallbackInfo& info) {
  std::string prefix = info[0].As<Napi::String>().Utf8Value();
  auto bytes = info[1].As<Napi::Uint8Array>();
  uint8_t* into = roomFor(info, 2, frame::roomFor(prefix.size() + bytes.ByteLength()));
  if (into == nullptr) return info.Env().Undefined();
  return lengthOf(info, frame::encodeBinary(prefix, bytes.Data(), bytes.ByteLength(), into));
}

Napi::Value takeData(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto bytes = info[0].As<Napi::Uint8Array>();
  auto at = static_cast<size_t>(info[2].As<Napi::Number>().Int64Value());
  uint8_t* into = roomFor(info, 1, at + bytes.ByteLength());
  if (into == nullptr) return env.Undefined();
  auto taken = frame::takeData(bytes.Data(), bytes.ByteLength(), into + at, info[3].ToBoolean().Value());
  auto result = Napi::Object::New(env);
  result.Set("takenBytes", lengthOf(info, taken.taken_bytes));
  result.Set("plainBytes", lengthOf(info, taken.plain_bytes));
  result.Set("sum", lengthOf(info, taken.sum));
  result.Set("isEscaped", Napi::Boolean::New(env, taken.is_escaped));
  return result;
}

}  // namespace

void defineFrameFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("encodeHexFrame", Napi::Function::New(env, encodeHexFrame, "encodeHexFrame"));
  exports.Set("encodeBinaryFrame", Napi::Function::New(env, encodeBinaryFrame, "encodeBinaryFrame"));
  exports.Set("takeData", Napi::Function::New(env, takeData, "takeData"));
}

}  // namespace outstep
