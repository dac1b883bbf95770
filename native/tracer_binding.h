#pragma once

#include <napi.h>
#include <uv.h>

#include "tracer.h"

namespace outstep {

/** The JavaScript class of src/native/tracer-types.ts: converts arguments and results, decides nothing. */
class TracerBinding : public Napi::ObjectWrap<TracerBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit TracerBinding(const Napi::CallbackInfo& info);
  ~TracerBinding() override;

  Tracer& tracer() { return tracer_; }

 private:
  static constexpr size_t kPoolBytes = 0x8000;

  Napi::Value spawn(const Napi::CallbackInfo& info);
  Napi::Value seize(const Napi::CallbackInfo& info);
  Napi::Value seizeThreads(const Napi::CallbackInfo& info);
  Napi::Value knowsEveryThread(const Napi::CallbackInfo& info);
  Napi::Value adopt(const Napi::CallbackInfo& info);
  Napi::Value interrupt(const Napi::CallbackInfo& info);
  Napi::Value detach(const Napi::CallbackInfo& info);
  Napi::Value forget(const Napi::CallbackInfo& info);
  Napi::Value killProcess(const Napi::CallbackInfo& info);
  Napi::Value tgkill(const Napi::CallbackInfo& info);
  Napi::Value resume(const Napi::CallbackInfo& info);
  Napi::Value stepInPlace(const Napi::CallbackInfo& info);
  Napi::Value wait(const Napi::CallbackInfo& info);
  Napi::Value passesStops(const Napi::CallbackInfo& info);
  Napi::Value watch(const Napi::CallbackInfo& info);
  Napi::Value unwatch(const Napi::CallbackInfo& info);
  Napi::Uint8Array newBytes(Napi::Env env, size_t size_bytes);
  Napi::Value getRegset(const Napi::CallbackInfo& info);
  Napi::Value getRegsets(const Napi::CallbackInfo& info);
  Napi::Value setRegset(const Napi::CallbackInfo& info);
  Napi::Value readTags(const Napi::CallbackInfo& info);
  Napi::Value writeTags(const Napi::CallbackInfo& info);
  Napi::Value pokeUser(const Napi::CallbackInfo& info);
  Napi::Value getSiginfo(const Napi::CallbackInfo& info);
  Napi::Value setSiginfo(const Napi::CallbackInfo& info);
  Napi::Value addSpace(const Napi::CallbackInfo& info);
  Napi::Value copySpace(const Napi::CallbackInfo& info);
  Napi::Value resetSpace(const Napi::CallbackInfo& info);
  Napi::Value removeSpace(const Napi::CallbackInfo& info);
  Napi::Value findBytes(const Napi::CallbackInfo& info);
  Napi::Value readMemory(const Napi::CallbackInfo& info);
  Napi::Value readRanges(const Napi::CallbackInfo& info);
  Napi::Value writeMemory(const Napi::CallbackInfo& info);
  Napi::Value writeRanges(const Napi::CallbackInfo& info);
  Napi::Value setSite(const Napi::CallbackInfo& info);
  Napi::Value removeSite(const Napi::CallbackInfo& info);
  Napi::Value removeSlot(const Napi::CallbackInfo& info);
  Napi::Value isSlotInUse(const Napi::CallbackInfo& info);
  Napi::Value setPrograms(const Napi::CallbackInfo& info);
  Napi::Value setHardwarePrograms(const Napi::CallbackInfo& info);
  Napi::Value awaitingSignal(const Napi::CallbackInfo& info);
  Napi::Value threadPointers(const Napi::CallbackInfo& info);
  Napi::Value hitOwners(const Napi::CallbackInfo& info);
  Napi::Value evaluate(const Napi::CallbackInfo& info);
  Napi::Value variable(const Napi::CallbackInfo& info);
  Napi::Value setVariable(const Napi::CallbackInfo& info);
  Napi::Value setHardwareRanges(const Napi::CallbackInfo& info);
  Napi::Value setWatchedValues(const Napi::CallbackInfo& info);
  Napi::Value guard(const Napi::CallbackInfo& info);
  Napi::Value guardThreads(const Napi::CallbackInfo& info);
  Napi::Value unguard(const Napi::CallbackInfo& info);
  Napi::Value setPassSignals(const Napi::CallbackInfo& info);
  Napi::Value setCaughtCalls(const Napi::CallbackInfo& info);
  Napi::Value setLoggedCalls(const Napi::CallbackInfo& info);
  Napi::Value setCallFilter(const Napi::CallbackInfo& info);
  Napi::Value answerCalls(const Napi::CallbackInfo& info);
  Napi::Value setQuietChildren(const Napi::CallbackInfo& info);
  Napi::Value setWatched(const Napi::CallbackInfo& info);
  Napi::Value callSystem(const Napi::CallbackInfo& info);
  Napi::Value expectExits(const Napi::CallbackInfo& info);
  Napi::Value hitSite(const Napi::CallbackInfo& info);
  Napi::Value forgetHit(const Napi::CallbackInfo& info);
  Napi::Value hasTransferred(const Napi::CallbackInfo& info);
  Napi::Value tableSizes(const Napi::CallbackInfo& info);
  Napi::Value park(const Napi::CallbackInfo& info);
  Napi::Value dispose(const Napi::CallbackInfo& info);

  /** The stopped thread named by argument 0, with its space; nullptr when it is gone or runs. */
  Tracee* stopped(const Napi::CallbackInfo& info);
  Napi::Value regsetOf(Napi::Env env, pid_t tid, int note, size_t size_bytes);
  void closeWatch();

  Tracer tracer_;
  Napi::FunctionReference event_maker_;
  /** Owned by the event loop from the first `watch` until it is closed. */
  uv_signal_t* child_signal_ = nullptr;
  Napi::FunctionReference listener_;
  /** What `newBytes` hands out. */
  Napi::Reference<Napi::ArrayBuffer> pool_;
  size_t pool_used_bytes_ = 0;
};

}  // namespace outstep
