/** The methods of the JavaScript class that concern the state of one thread. */
#include <errno.h>
#include <string.h>

#include <algorithm>

#include "conversion.h"
#include "ptrace_ops.h"
#include "tracer_binding.h"

namespace outstep {

using conversion::bigint;
using conversion::integer;
using conversion::raise;
using conversion::tidOf;
using conversion::unsigned64;

/** Small ones are parts of a buffer that they share, for the sake of the memory manager and the collector. */
Napi::Uint8Array TracerBinding::newBytes(Napi::Env env, size_t size_bytes) {
  if (size_bytes > kPoolBytes / 16) return Napi::Uint8Array::New(env, size_bytes);
  if (pool_.IsEmpty() || pool_used_bytes_ + size_bytes > kPoolBytes) {
    pool_ = Napi::Persistent(Napi::ArrayBuffer::New(env, kPoolBytes));
    pool_used_bytes_ = 0;
  }
  auto bytes = Napi::Uint8Array::New(env, size_bytes, pool_.Value(), pool_used_bytes_);
  pool_used_bytes_ += (size_bytes + 7) & ~size_t{7};
  return bytes;
}

Napi::Value TracerBinding::getRegset(const Napi::CallbackInfo& info) {
  return regsetOf(info.Env(), tidOf(info), static_cast<int>(integer(info[1])),
                  static_cast<size_t>(integer(info[2])));
}

Napi::Value TracerBinding::getRegsets(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto tids = info[0].As<Napi::Int32Array>();
  auto notes = info[1].As<Napi::Int32Array>();
  auto sizes = info[2].As<Napi::Uint32Array>();
  size_t count = tids.ElementLength();
  if (notes.ElementLength() != count || sizes.ElementLength() != count)
    return raise(env, {EINVAL, "getRegsets", 0});
  auto sets = Napi::Array::New(env, count);
  for (size_t index = 0; index < count && !env.IsExceptionPending(); ++index)
    sets.Set(static_cast<uint32_t>(index), regsetOf(env, tids[index], notes[index], sizes[index]));
  return sets;
}

Napi::Value TracerBinding::regsetOf(Napi::Env env, pid_t tid, int note, size_t size_bytes) {
  Tracee* tracee = tracer_.find(tid);
  if (tracee == nullptr || tracee->state != RunState::kStopped) return env.Undefined();
  Space* space = tracer_.spaceOf(*tracee);
  Napi::Uint8Array into = newBytes(env, size_bytes);
  size_t stored = size_bytes;
  int code = 0;
  if (space != nullptr && note == space->arch.general_note) {
    if (!loadGeneral(*tracee, space->arch)) return env.Undefined();
    stored = std::min(size_bytes, space->arch.general_size_bytes);
    std::copy_n(tracee->general.data(), stored, into.Data());
  } else {
    code = ptrace_ops::getRegset(tracee->tid, note, into.Data(), &stored);
  }
  if (code == 0)
    return stored == size_bytes
               ? into
               : into.Get("slice").As<Napi::Function>().Call(
                     into, {Napi::Number::New(env, 0), Napi::Number::New(env, static_cast<double>(stored))});
  bool is_absent = code == ENODEV || code == ENXIO || code == EINVAL || code == EIO;
  if (code == ESRCH || is_absent) return env.Undefined();
  return raise(env, {code, "PTRACE_GETREGSET", tracee->tid});
}

Napi::Value TracerBinding::setRegset(const Napi::CallbackInfo& info) {
  Tracee* tracee = stopped(info);
  if (tracee == nullptr) return conversion::truth(info, false);
  int note = static_cast<int>(integer(info[1]));
  auto bytes = info[2].As<Napi::Uint8Array>();
  Space* space = tracer_.spaceOf(*tracee);
  if (space != nullptr && note == space->arch.general_note &&
      bytes.ByteLength() == space->arch.general_size_bytes) {
    tracee->general.assign(bytes.Data(), bytes.Data() + bytes.ByteLength());
    tracee->is_general_valid = true;
    tracee->noteChange();
    return conversion::truth(info, true);
  }
  int code = ptrace_ops::setRegset(tracee->tid, note, bytes.Data(), bytes.ByteLength());
  if (code == 0) tracer_.noteDebugSet(*tracee, note, bytes.Data(), bytes.ByteLength());
  return conversion::doneOrGone(info, code, "PTRACE_SETREGSET");
}

Napi::Value TracerBinding::readTags(const Napi::CallbackInfo& info) {
  auto address = unsigned64(info[1]);
  auto count = static_cast<size_t>(integer(info[2]));
  std::vector<uint8_t> tags(count);
  int code = ptrace_ops::readTags(tidOf(info), address, tags.data(), &count);
  if (code != 0) return conversion::raise(info.Env(), {code, "PTRACE_PEEKMTETAGS", tidOf(info)});
  auto result = Napi::Uint8Array::New(info.Env(), count);
  std::copy_n(tags.begin(), count, result.Data());
  return result;
}

Napi::Value TracerBinding::writeTags(const Napi::CallbackInfo& info) {
  auto tags = info[2].As<Napi::Uint8Array>();
  size_t count = tags.ByteLength();
  int code = ptrace_ops::writeTags(tidOf(info), unsigned64(info[1]), tags.Data(), &count);
  if (code != 0) return conversion::raise(info.Env(), {code, "PTRACE_POKEMTETAGS", tidOf(info)});
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

Napi::Value TracerBinding::pokeUser(const Napi::CallbackInfo& info) {
  const Tracee* tracee = tracer_.find(tidOf(info));
  if (Space* space = tracee == nullptr ? nullptr : tracer_.spaceOf(*tracee)) space->is_armed = true;
  int code = ptrace_ops::pokeUser(tidOf(info), static_cast<size_t>(integer(info[1])), unsigned64(info[2]));
  return conversion::doneOrGone(info, code, "PTRACE_POKEUSER");
}

Napi::Value TracerBinding::getSiginfo(const Napi::CallbackInfo& info) {
  siginfo_t value;
  if (stopped(info) == nullptr || ptrace_ops::getSiginfo(tidOf(info), &value) != 0)
    return info.Env().Undefined();
  auto bytes = Napi::Uint8Array::New(info.Env(), sizeof value);
  memcpy(bytes.Data(), &value, sizeof value);
  return bytes;
}

Napi::Value TracerBinding::setSiginfo(const Napi::CallbackInfo& info) {
  auto bytes = info[1].As<Napi::Uint8Array>();
  siginfo_t value = {};
  memcpy(&value, bytes.Data(), std::min(sizeof value, bytes.ByteLength()));
  return conversion::doneOrGone(info, ptrace_ops::setSiginfo(tidOf(info), &value), "PTRACE_SETSIGINFO");
}

Napi::Value TracerBinding::threadPointers(const Napi::CallbackInfo& info) {
  std::vector<pid_t> tids = conversion::tids(info[0]);
  auto pointers = Napi::BigUint64Array::New(info.Env(), tids.size());
  for (size_t index = 0; index < tids.size(); ++index) pointers[index] = tracer_.threadPointer(tids[index]);
  return pointers;
}

Napi::Value TracerBinding::hitOwners(const Napi::CallbackInfo& info) {
  Tracee* tracee = stopped(info);
  if (tracee == nullptr || !tracee->hit_owners) return info.Env().Undefined();
  auto list = Napi::Array::New(info.Env(), tracee->hit_owners->size());
  for (size_t index = 0; index < tracee->hit_owners->size(); ++index) {
    list.Set(static_cast<uint32_t>(index), Napi::Number::New(info.Env(), (*tracee->hit_owners)[index]));
  }
  return list;
}

Napi::Value TracerBinding::evaluate(const Napi::CallbackInfo& info) {
  Tracee* tracee = stopped(info);
  Space* space = tracee == nullptr ? nullptr : tracer_.spaceOf(*tracee);
  if (space == nullptr) return info.Env().Undefined();
  agent::Outcome outcome = tracer_.evaluate(*tracee, *space, conversion::program(info[1]));
  return conversion::outcome(info.Env(), outcome);
}

Napi::Value TracerBinding::hitSite(const Napi::CallbackInfo& info) {
  const Tracee* tracee = tracer_.find(tidOf(info));
  // What it has reached while it was ahead is still to be told.
  bool is_told = tracee != nullptr && !tracer_.isAhead(tracee->tid);
  return bigint(info.Env(), is_told ? tracee->hit_site : 0);
}

Napi::Value TracerBinding::forgetHit(const Napi::CallbackInfo& info) {
  Tracee* tracee = tracer_.find(tidOf(info));
  if (tracee != nullptr) tracee->hit_site = 0;
  return info.Env().Undefined();
}

Napi::Value TracerBinding::hasTransferred(const Napi::CallbackInfo& info) {
  const Tracee* tracee = stopped(info);
  return conversion::truth(info, tracee != nullptr && tracer_.hasTransferred(*tracee));
}

}  // namespace outstep
