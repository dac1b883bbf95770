/** What the kernel said of threads, as the objects that JavaScript gets. */
#include <signal.h>
#include <sys/ptrace.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "conversion.h"

namespace outstep::conversion {

// An object literal has its shape from the start: set property by property from here, a stop costs 5 us more.
Napi::Function eventMaker(Napi::Env env) {
  static constexpr char kSource[] = R"((
    tid, kind, code, event, message, signalCode, senderPid, pc, atSite, stepped, refused, inLongRange, inSequence,
    debugStatus, told, callEnd, callNumber
  ) => ({
    tid, kind, code, event, message, signalCode, senderPid, pc, atSite, stepped, refused, inLongRange, inSequence,
    debugStatus, told, callEnd, callNumber
  }))";
  return env.RunScript(kSource).As<Napi::Function>();
}

namespace {

Napi::Value printed(Napi::Env env, const Event& event) {
  auto object = Napi::Object::New(env);
  object.Set("tid", Napi::Number::New(env, event.tid));
  object.Set("kind", Napi::String::New(env, "printed"));
  object.Set("owner", Napi::Number::New(env, event.owner));
  object.Set("text", bytes(env, event.text));
  return object;
}

Napi::Value birth(Napi::Env env, const Event& event) {
  auto object = Napi::Object::New(env);
  object.Set("tid", Napi::Number::New(env, event.tid));
  object.Set("kind", Napi::String::New(env, "born"));
  object.Set("process", Napi::Number::New(env, event.process));
  return object;
}

Napi::Value callLog(Napi::Env env, const Event& event) {
  size_t size_bytes = event.words.size() * sizeof(uint64_t);
  auto words = Napi::ArrayBuffer::New(env, size_bytes);
  memcpy(words.Data(), event.words.data(), size_bytes);
  auto object = Napi::Object::New(env);
  object.Set("kind", Napi::String::New(env, "call-log"));
  object.Set("words", words);
  return object;
}

Napi::Value event(Napi::Env env, const Napi::Function& make, const Event& event) {
  if (event.kind == Event::Kind::kPrinted) return printed(env, event);
  if (event.kind == Event::Kind::kBorn) return birth(env, event);
  if (event.kind == Event::Kind::kCallLog) return callLog(env, event);
  const char* kind = event.kind == Event::Kind::kStopped  ? "stopped"
                     : event.kind == Event::Kind::kExited ? "exited"
                                                          : "killed";
  bool is_call = event.call_end != CallEnd::kNone;
  napi_value undefined = env.Undefined();
  return make.Call({
      Napi::Number::New(env, event.tid),
      Napi::String::New(env, kind),
      Napi::Number::New(env, event.code),
      Napi::Number::New(env, event.event),
      Napi::Number::New(env, static_cast<double>(event.message)),
      Napi::Number::New(env, event.signal_code),
      Napi::Number::New(env, event.sender),
      bigint(env, event.pc),
      Napi::Boolean::New(env, event.at_site),
      Napi::Boolean::New(env, event.stepped),
      Napi::Boolean::New(env, event.refused),
      Napi::Boolean::New(env, event.in_long_range),
      Napi::Boolean::New(env, event.in_sequence),
      bigint(env, event.debug_status),
      Napi::Boolean::New(env, event.told),
      is_call ? Napi::String::New(env, event.call_end == CallEnd::kEntry ? "entry" : "return") : undefined,
      is_call ? Napi::Number::New(env, event.call_number) : undefined,
  });
}

/** There is nothing to say of it but that the thread has stopped: for an interrupt, or at its birth. */
bool isPlainEventStop(const Event& event) {
  return event.kind == Event::Kind::kStopped && event.event == PTRACE_EVENT_STOP && event.code == SIGTRAP &&
         !event.stepped && !event.at_site && !event.refused && !event.in_long_range && !event.in_sequence;
}

Napi::Value eventStops(Napi::Env env, std::span<const Event> events) {
  std::vector<pid_t> tids;
  for (const Event& one : events) tids.push_back(one.tid);
  auto object = Napi::Object::New(env);
  object.Set("kind", Napi::String::New(env, "event-stops"));
  object.Set("tids", tidList(env, tids));
  return object;
}

}  // namespace

Napi::Array news(Napi::Env env, const Napi::Function& make, const std::vector<Event>& events) {
  auto list = Napi::Array::New(env);
  uint32_t length = 0;
  for (auto next = events.begin(); next != events.end();) {
    auto end = std::find_if_not(next, events.end(), isPlainEventStop);
    if (end == next) {
      list.Set(length++, event(env, make, *next++));
      continue;
    }
    list.Set(length++, eventStops(env, {next, end}));
    next = end;
  }
  return list;
}

}  // namespace outstep::conversion
