#include "frame_binding.h"

#include "frame.h"

namespace outstep {

namespace {

/** The argument behind those that were used: where the result goes, which must have room. */
uint8_t* roomFor(const Napi::CallbackInfo& info, size_t index, size_t needed_bytes) {
  auto into = info[index].As<Napi::Uint8Array>();
  if (into.ByteLength() >= needed_bytes) return into.Data();
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

Napi::Value endOfData(const Napi::CallbackInfo& info) {
  auto bytes = info[0].As<Napi::Uint8Array>();
  return lengthOf(info, frame::endOfData(bytes.Data(), bytes.ByteLength()));
}

Napi::Value sumBytes(const Napi::CallbackInfo& info) {
  auto bytes = info[0].As<Napi::Uint8Array>();
  return Napi::Number::New(info.Env(), frame::sum(bytes.Data(), bytes.ByteLength()));
}

Napi::Value unescapeBytes(const Napi::CallbackInfo& info) {
  auto bytes = info[0].As<Napi::Uint8Array>();
  uint8_t* into = roomFor(info, 1, bytes.ByteLength());
  if (into == nullptr) return info.Env().Undefined();
  return lengthOf(info, frame::unescape(bytes.Data(), bytes.ByteLength(), into));
}

}  // namespace

void defineFrameFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("encodeHexFrame", Napi::Function::New(env, encodeHexFrame, "encodeHexFrame"));
  exports.Set("encodeBinaryFrame", Napi::Function::New(env, encodeBinaryFrame, "encodeBinaryFrame"));
  exports.Set("endOfData", Napi::Function::New(env, endOfData, "endOfData"));
  exports.Set("sumBytes", Napi::Function::New(env, sumBytes, "sumBytes"));
  exports.Set("unescapeBytes", Napi::Function::New(env, unescapeBytes, "unescapeBytes"));
}

}  // namespace outstep
