/** The repeater for JavaScript: converts arguments and results. */
#include "repeater_binding.h"

#include "conversion.h"

namespace outstep {

using conversion::integer;
using conversion::unsigned64;

namespace {

std::string packetOf(const Napi::CallbackInfo& info) {
  auto bytes = info[0].As<Napi::Uint8Array>();
  return {reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()};
}

}  // namespace

Napi::Function RepeaterBinding::define(Napi::Env env) {
  return DefineClass(env, "Repeater",
                     {
                         InstanceMethod<&RepeaterBinding::learnSite>("learnSite"),
                         InstanceMethod<&RepeaterBinding::learnRun>("learnRun"),
                         InstanceMethod<&RepeaterBinding::forget>("forget"),
                         InstanceMethod<&RepeaterBinding::serve>("serve"),
                     });
}

RepeaterBinding::RepeaterBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<RepeaterBinding>(info),
      tracer_(Napi::Persistent(info[0].As<Napi::Object>())),
      socket_(Napi::Persistent(info[1].As<Napi::Object>())),
      repeater_(TracerBinding::Unwrap(info[0].As<Napi::Object>())->tracer()) {}

Napi::Value RepeaterBinding::learnSite(const Napi::CallbackInfo& info) {
  repeater_.learnSite(packetOf(info), static_cast<int>(integer(info[1])), unsigned64(info[2]),
                      info[3].ToBoolean().Value());
  return info.Env().Undefined();
}

Napi::Value RepeaterBinding::learnRun(const Napi::CallbackInfo& info) {
  auto object = info[3].As<Napi::Object>();
  Repeater::StopForm form;
  form.site = unsigned64(object.Get("site"));
  auto call = object.Get("call");
  if (call.IsObject()) {
    bool is_entry = call.As<Napi::Object>().Get("isEntry").ToBoolean().Value();
    form.call_end = is_entry ? CallEnd::kEntry : CallEnd::kReturn;
    form.call_number = static_cast<int>(integer(call.As<Napi::Object>().Get("number")));
  }
  form.head = object.Get("head").As<Napi::String>().Utf8Value();
  auto registers = object.Get("registers").As<Napi::Array>();
  for (uint32_t index = 0; index < registers.Length(); ++index)
    form.registers.push_back(static_cast<int>(integer(registers.Get(index))));
  form.tail = object.Get("tail").As<Napi::String>().Utf8Value();
  auto parts = object.Get("tailWhile").As<Napi::Array>();
  for (uint32_t index = 0; index < parts.Length(); ++index) {
    auto part = parts.Get(index).As<Napi::Object>();
    auto bytes = part.Get("bytes").As<Napi::Uint8Array>();
    form.tail_while.push_back({static_cast<int>(integer(part.Get("noteType"))),
                               static_cast<size_t>(integer(part.Get("offset"))),
                               std::vector<uint8_t>(bytes.Data(), bytes.Data() + bytes.ByteLength())});
  }
  auto about_child = object.Get("aboutChild").As<Napi::Array>();
  for (uint32_t index = 0; index < about_child.Length(); ++index)
    form.about_child.push_back(about_child.Get(index).As<Napi::String>().Utf8Value());
  repeater_.learnRun(packetOf(info), static_cast<pid_t>(integer(info[1])), conversion::resumeMode(info[2]),
                     std::move(form));
  return info.Env().Undefined();
}

Napi::Value RepeaterBinding::forget(const Napi::CallbackInfo& info) {
  repeater_.forget();
  return info.Env().Undefined();
}

Napi::Value RepeaterBinding::serve(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto into = info[0].As<Napi::Uint8Array>();
  int fd = SocketBinding::Unwrap(socket_.Value())->descriptor();
  Repeater::Served served;
  served.count = -1;
  if (fd >= 0) served = repeater_.serve(fd, into.Data(), into.ByteLength(), integer(info[1]) * 1000);
  auto result = Napi::Object::New(env);
  result.Set("count", Napi::Number::New(env, static_cast<double>(served.count)));
  result.Set("answered", Napi::Number::New(env, served.answered));
  if (!served.unsent.empty())
    result.Set("unsent", Napi::Buffer<char>::Copy(env, served.unsent.data(), served.unsent.size()));
  if (!served.let_go.empty()) {
    auto let_go = Napi::Array::New(env, served.let_go.size());
    for (size_t index = 0; index < served.let_go.size(); ++index)
      let_go.Set(static_cast<uint32_t>(index), Napi::Number::New(env, served.let_go[index]));
    result.Set("letGo", let_go);
  }
  return result;
}

}  // namespace outstep
