/**
 * The methods of the JavaScript class that concern a space: its memory, its sites, and what threads may do in
 * it without a word.
 */
#include <errno.h>

#include <numeric>

#include "conversion.h"
#include "search.h"
#include "tracer_binding.h"

namespace outstep {

using conversion::handleOf;
using conversion::integer;
using conversion::raise;
using conversion::tidOf;
using conversion::unsigned64;

namespace {

Napi::Value noSpace(const Napi::CallbackInfo& info) {
  return raise(info.Env(), {EBADF, "space", 0});
}

}  // namespace

Napi::Value TracerBinding::addSpace(const Napi::CallbackInfo& info) {
  int handle = tracer_.addSpace(tidOf(info), conversion::arch(info[1].As<Napi::Object>()));
  if (handle < 0) return raise(info.Env(), {errno, "open /proc/PID/mem", tidOf(info)});
  return Napi::Number::New(info.Env(), handle);
}

Napi::Value TracerBinding::copySpace(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto pid = static_cast<pid_t>(integer(info[1]));
  int handle = tracer_.copySpace(*space, pid);
  if (handle >= 0) return Napi::Number::New(info.Env(), handle);
  if (errno == ENOENT || errno == ESRCH) return info.Env().Undefined();
  return raise(info.Env(), {errno, "open /proc/PID/mem", pid});
}

Napi::Value TracerBinding::resetSpace(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto pid = static_cast<pid_t>(integer(info[1]));
  int code = tracer_.resetSpace(*space, handleOf(info), pid, conversion::arch(info[2].As<Napi::Object>()));
  if (code != 0) return raise(info.Env(), {code, "open /proc/PID/mem", space->pid});
  return info.Env().Undefined();
}

Napi::Value TracerBinding::removeSpace(const Napi::CallbackInfo& info) {
  tracer_.removeSpace(handleOf(info));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::readMemory(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto into = info[2].As<Napi::Uint8Array>();
  size_t count = space->read(unsigned64(info[1]), into.Data(), into.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

Napi::Value TracerBinding::readRanges(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto addresses = info[1].As<Napi::BigUint64Array>();
  auto lengths = info[2].As<Napi::Uint32Array>();
  auto into = info[3].As<Napi::Uint8Array>();
  size_t total_bytes = std::accumulate(lengths.Data(), lengths.Data() + lengths.ElementLength(), size_t{0});
  if (addresses.ElementLength() != lengths.ElementLength() || total_bytes > into.ByteLength())
    return raise(info.Env(), {EINVAL, "readRanges", space->pid});
  space->readRanges(addresses.Data(), lengths.Data(), lengths.ElementLength(), into.Data());
  return info.Env().Undefined();
}

Napi::Value TracerBinding::writeMemory(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto bytes = info[2].As<Napi::Uint8Array>();
  size_t count = space->write(unsigned64(info[1]), bytes.Data(), bytes.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

Napi::Value TracerBinding::writeRanges(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto addresses = info[1].As<Napi::BigUint64Array>();
  auto lengths = info[2].As<Napi::Uint32Array>();
  auto bytes = info[3].As<Napi::Uint8Array>();
  size_t count = lengths.ElementLength();
  size_t total_bytes = std::accumulate(lengths.Data(), lengths.Data() + count, size_t{0});
  if (addresses.ElementLength() != count || total_bytes > bytes.ByteLength())
    return raise(info.Env(), {EINVAL, "writeRanges", space->pid});
  const uint8_t* from = bytes.Data();
  for (size_t index = 0; index < count; ++index) {
    uint32_t wanted = lengths[index];
    lengths[index] = static_cast<uint32_t>(space->write(addresses[index], from, wanted));
    from += wanted;
  }
  return info.Env().Undefined();
}

Napi::Value TracerBinding::findBytes(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto pattern = info[3].As<Napi::Uint8Array>();
  Search search = outstep::findBytes(*space, unsigned64(info[1]), unsigned64(info[2]),
                                     {pattern.Data(), pattern.ByteLength()}, integer(info[4]) * 1000);
  static constexpr const char* kNames[] = {"found", "absent", "unreadable", "unfinished"};
  auto result = Napi::Object::New(info.Env());
  result.Set("kind", kNames[static_cast<int>(search.end)]);
  result.Set("at", conversion::bigint(info.Env(), search.at));
  return result;
}

Napi::Value TracerBinding::setSite(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  uint64_t address = unsigned64(info[1]);
  Slot slot;
  Plan plan = conversion::plan(info[2].As<Napi::Object>(), &slot);
  slot.site = address;
  if (plan.slot != 0) space->slots[plan.slot] = slot;
  space->sites[address] = plan;
  space->is_armed = true;
  return info.Env().Undefined();
}

Napi::Value TracerBinding::removeSite(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->removeSite(unsigned64(info[1]));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::removeSlot(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->removeSlot(unsigned64(info[1]));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::isSlotInUse(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), tracer_.isSlotInUse(unsigned64(info[0])));
}

Napi::Value TracerBinding::setPrograms(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  uint64_t address = unsigned64(info[1]);
  if (info[2].IsObject()) {
    space->programs[address] = conversion::breakpointPrograms(info[2].As<Napi::Object>());
  } else {
    space->programs.erase(address);
  }
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setHardwarePrograms(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->hardware_programs.clear();
  auto list = info[1].As<Napi::Array>();
  for (uint32_t index = 0; index < list.Length(); ++index) {
    auto row = list.Get(index).As<Napi::Object>();
    space->hardware_programs[unsigned64(row.Get("address"))] = conversion::breakpointPrograms(row);
  }
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setHardwareRanges(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->hardware_ranges = conversion::hardwareRanges(info[1]);
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setWatchedValues(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->watchValues(conversion::watchedValues(info[1]));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::guard(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto original = info[2].As<Napi::Uint8Array>();
  if (original.ByteLength() != space->arch.breakpoint_bytes.size()) {
    return raise(info.Env(), {EINVAL, "guard", 0});
  }
  Failure failure = tracer_.guard(handleOf(info), *space, unsigned64(info[1]), original.Data());
  return failure ? raise(info.Env(), failure) : info.Env().Undefined();
}

Napi::Value TracerBinding::guardThreads(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  Failure failure = tracer_.guardThreads(handleOf(info), *space);
  return failure ? raise(info.Env(), failure) : info.Env().Undefined();
}

Napi::Value TracerBinding::unguard(const Napi::CallbackInfo& info) {
  tracer_.unguard(handleOf(info), unsigned64(info[1]));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setPassSignals(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->pass_signals = unsigned64(info[1]);
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setCaughtCalls(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->caught_calls = conversion::caughtCalls(info[1], info[2]);
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setLoggedCalls(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  auto ends = info[1].As<Napi::Uint8Array>();
  space->logged_calls.ends.assign(ends.Data(), ends.Data() + ends.ByteLength());
  space->logged_calls.others = static_cast<uint8_t>(integer(info[2]));
  space->logged_calls.reads = conversion::loggedReads(info[3]);
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setCallFilter(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->call_filter.calls = conversion::caughtCalls(info[1], info[2]);
  space->call_filter.mark = static_cast<unsigned long>(integer(info[3]));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::answerCalls(const Napi::CallbackInfo& info) {
  Failure failure = tracer_.answerCalls(tidOf(info), static_cast<int>(integer(info[1])));
  return failure.code == 0 ? info.Env().Undefined() : conversion::raise(info.Env(), failure);
}

Napi::Value TracerBinding::setQuietChildren(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->quiet_children = {info[1].ToBoolean().Value(), info[2].ToBoolean().Value()};
  return info.Env().Undefined();
}

Napi::Value TracerBinding::setWatched(const Napi::CallbackInfo& info) {
  Space* space = tracer_.space(handleOf(info));
  if (space == nullptr) return noSpace(info);
  space->is_watched = info[1].ToBoolean().Value();
  return info.Env().Undefined();
}

}  // namespace outstep
