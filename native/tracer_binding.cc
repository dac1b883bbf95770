#include "tracer_binding.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "conversion.h"

namespace outstep {

using conversion::bigint;
using conversion::handleOf;
using conversion::integer;
using conversion::raise;
using conversion::tidOf;
using conversion::unsigned64;

Napi::Function TracerBinding::define(Napi::Env env) {
  return DefineClass(env, "Tracer",
                     {
                         InstanceMethod("spawn", &TracerBinding::spawn),
                         InstanceMethod("seize", &TracerBinding::seize),
                         InstanceMethod("seizeThreads", &TracerBinding::seizeThreads),
                         InstanceMethod("knowsEveryThread", &TracerBinding::knowsEveryThread),
                         InstanceMethod("adopt", &TracerBinding::adopt),
                         InstanceMethod("interrupt", &TracerBinding::interrupt),
                         InstanceMethod("detach", &TracerBinding::detach),
                         InstanceMethod("forget", &TracerBinding::forget),
                         InstanceMethod("kill", &TracerBinding::killProcess),
                         InstanceMethod("tgkill", &TracerBinding::tgkill),
                         InstanceMethod("resume", &TracerBinding::resume),
                         InstanceMethod("stepInPlace", &TracerBinding::stepInPlace),
                         InstanceMethod("wait", &TracerBinding::wait),
                         InstanceMethod("passesStops", &TracerBinding::passesStops),
                         InstanceMethod("watch", &TracerBinding::watch),
                         InstanceMethod("unwatch", &TracerBinding::unwatch),
                         InstanceMethod("getRegset", &TracerBinding::getRegset),
                         InstanceMethod("getRegsets", &TracerBinding::getRegsets),
                         InstanceMethod("setRegset", &TracerBinding::setRegset),
                         InstanceMethod("readTags", &TracerBinding::readTags),
                         InstanceMethod("writeTags", &TracerBinding::writeTags),
                         InstanceMethod("pokeUser", &TracerBinding::pokeUser),
                         InstanceMethod("getSiginfo", &TracerBinding::getSiginfo),
                         InstanceMethod("setSiginfo", &TracerBinding::setSiginfo),
                         InstanceMethod("addSpace", &TracerBinding::addSpace),
                         InstanceMethod("copySpace", &TracerBinding::copySpace),
                         InstanceMethod("resetSpace", &TracerBinding::resetSpace),
                         InstanceMethod("removeSpace", &TracerBinding::removeSpace),
                         InstanceMethod("findBytes", &TracerBinding::findBytes),
                         InstanceMethod("readMemory", &TracerBinding::readMemory),
                         InstanceMethod("readRanges", &TracerBinding::readRanges),
                         InstanceMethod("writeMemory", &TracerBinding::writeMemory),
                         InstanceMethod("writeRanges", &TracerBinding::writeRanges),
                         InstanceMethod("setSite", &TracerBinding::setSite),
                         InstanceMethod("removeSite", &TracerBinding::removeSite),
                         InstanceMethod("removeSlot", &TracerBinding::removeSlot),
                         InstanceMethod("isSlotInUse", &TracerBinding::isSlotInUse),
                         InstanceMethod("setPrograms", &TracerBinding::setPrograms),
                         InstanceMethod("setHardwarePrograms", &TracerBinding::setHardwarePrograms),
                         InstanceMethod("setHardwareRanges", &TracerBinding::setHardwareRanges),
                         InstanceMethod("setWatchedValues", &TracerBinding::setWatchedValues),
                         InstanceMethod("awaitingSignal", &TracerBinding::awaitingSignal),
                         InstanceMethod("threadPointers", &TracerBinding::threadPointers),
                         InstanceMethod("hitOwners", &TracerBinding::hitOwners),
                         InstanceMethod("evaluate", &TracerBinding::evaluate),
                         InstanceMethod("variable", &TracerBinding::variable),
                         InstanceMethod("setVariable", &TracerBinding::setVariable),
                         InstanceMethod("guard", &TracerBinding::guard),
                         InstanceMethod("guardThreads", &TracerBinding::guardThreads),
                         InstanceMethod("unguard", &TracerBinding::unguard),
                         InstanceMethod("setPassSignals", &TracerBinding::setPassSignals),
                         InstanceMethod("setCaughtCalls", &TracerBinding::setCaughtCalls),
                         InstanceMethod("setLoggedCalls", &TracerBinding::setLoggedCalls),
                         InstanceMethod("setCallFilter", &TracerBinding::setCallFilter),
                         InstanceMethod("answerCalls", &TracerBinding::answerCalls),
                         InstanceMethod("setQuietChildren", &TracerBinding::setQuietChildren),
                         InstanceMethod("setWatched", &TracerBinding::setWatched),
                         InstanceMethod("callSystem", &TracerBinding::callSystem),
                         InstanceMethod("expectExits", &TracerBinding::expectExits),
                         InstanceMethod("hitSite", &TracerBinding::hitSite),
                         InstanceMethod("forgetHit", &TracerBinding::forgetHit),
                         InstanceMethod("hasTransferred", &TracerBinding::hasTransferred),
                         InstanceMethod("tableSizes", &TracerBinding::tableSizes),
                         InstanceMethod("park", &TracerBinding::park),
                         InstanceMethod("dispose", &TracerBinding::dispose),
                     });
}

TracerBinding::TracerBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<TracerBinding>(info),
      tracer_(info[0].IsString() ? info[0].As<Napi::String>().Utf8Value() : std::string(),
              uv_backend_fd(conversion::eventLoop(info.Env()))),
      event_maker_(Napi::Persistent(conversion::eventMaker(info.Env()))) {}

TracerBinding::~TracerBinding() {
  closeWatch();
  tracer_.dispose();
}

Tracee* TracerBinding::stopped(const Napi::CallbackInfo& info) {
  Tracee* tracee = tracer_.find(tidOf(info));
  return tracee != nullptr && tracee->state == RunState::kStopped ? tracee : nullptr;
}

Napi::Value TracerBinding::spawn(const Napi::CallbackInfo& info) {
  Failure failure;
  pid_t pid = tracer_.spawn(conversion::spawnOptions(info[0].As<Napi::Object>()), &failure);
  if (pid < 0) return raise(info.Env(), failure);
  return Napi::Number::New(info.Env(), pid);
}

Napi::Value TracerBinding::seize(const Napi::CallbackInfo& info) {
  int code = tracer_.seize(tidOf(info), handleOf(info, 1), info[2].ToBoolean().Value());
  return conversion::doneOrGone(info, code, "PTRACE_SEIZE");
}

Napi::Value TracerBinding::seizeThreads(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Seizure seizure = tracer_.seizeThreads(handleOf(info));
  auto object = Napi::Object::New(env);
  object.Set("seized", conversion::tidList(env, seizure.seized));
  object.Set("ended", conversion::tidList(env, seizure.ended));
  if (seizure.refusal) object.Set("refusal", conversion::error(env, seizure.refusal));
  return object;
}

Napi::Value TracerBinding::knowsEveryThread(const Napi::CallbackInfo& info) {
  return conversion::truth(info, tracer_.knowsEveryThread(handleOf(info)));
}

Napi::Value TracerBinding::adopt(const Napi::CallbackInfo& info) {
  tracer_.adopt(tidOf(info), handleOf(info, 1));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::interrupt(const Napi::CallbackInfo& info) {
  return conversion::doneOrGone(info, tracer_.interrupt(tidOf(info)), "PTRACE_INTERRUPT");
}

Napi::Value TracerBinding::detach(const Napi::CallbackInfo& info) {
  Tracee* tracee = stopped(info);
  if (tracee == nullptr) return conversion::truth(info, false);
  return conversion::doneOrGone(info, tracer_.detach(*tracee, static_cast<int>(integer(info[1]))),
                                "PTRACE_DETACH");
}

Napi::Value TracerBinding::forget(const Napi::CallbackInfo& info) {
  tracer_.forget(tidOf(info));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::killProcess(const Napi::CallbackInfo& info) {
  return conversion::doneOrGone(info, tracer_.kill(tidOf(info)), "kill");
}

Napi::Value TracerBinding::tgkill(const Napi::CallbackInfo& info) {
  long result = syscall(SYS_tgkill, tidOf(info), static_cast<pid_t>(integer(info[1])),
                        static_cast<int>(integer(info[2])));
  return conversion::doneOrGone(info, result == 0 ? 0 : errno, "tgkill");
}

Napi::Value TracerBinding::resume(const Napi::CallbackInfo& info) {
  if (tracer_.isAhead(tidOf(info))) {
    tracer_.catchUp();
    return conversion::resumeResult(info.Env(), ResumeResult::kRunning);
  }
  Tracee* tracee = stopped(info);
  if (tracee == nullptr) return conversion::resumeResult(info.Env(), ResumeResult::kGone);
  ResumeMode mode = conversion::resumeMode(info[1]);
  tracee->range = info[3].IsObject() ? conversion::range(info[3].As<Napi::Object>()) : Range();
  ResumeResult result = tracer_.resume(*tracee, mode, static_cast<int>(integer(info[2])));
  return conversion::resumeResult(info.Env(), result);
}

Napi::Value TracerBinding::stepInPlace(const Napi::CallbackInfo& info) {
  Tracee* tracee = stopped(info);
  return conversion::truth(
      info, tracee != nullptr && tracer_.stepInPlace(*tracee, static_cast<int>(integer(info[1]))));
}

Napi::Value TracerBinding::wait(const Napi::CallbackInfo& info) {
  std::vector<Event> events;
  tracer_.wait(integer(info[0]) * 1000, info[1].ToBoolean().Value(), &events);
  return conversion::news(info.Env(), event_maker_.Value(), events);
}

Napi::Value TracerBinding::passesStops(const Napi::CallbackInfo& info) {
  return conversion::truth(info, tracer_.passesStops());
}

Napi::Value TracerBinding::watch(const Napi::CallbackInfo& info) {
  listener_ = Napi::Persistent(info[0].As<Napi::Function>());
  if (child_signal_ != nullptr) {
    uv_ref(reinterpret_cast<uv_handle_t*>(child_signal_));
    return info.Env().Undefined();
  }
  child_signal_ = new uv_signal_t;
  uv_signal_init(conversion::eventLoop(info.Env()), child_signal_);
  child_signal_->data = this;
  uv_signal_start(
      child_signal_,
      [](uv_signal_t* handle, int) {
        auto* self = static_cast<TracerBinding*>(handle->data);
        Napi::Env env = self->Env();
        Napi::HandleScope scope(env);
        conversion::callBack(self->listener_);
      },
      SIGCHLD);
  return info.Env().Undefined();
}

Napi::Value TracerBinding::unwatch(const Napi::CallbackInfo& info) {
  // A child of a program that was killed may still show itself.
  if (child_signal_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(child_signal_));
  return info.Env().Undefined();
}

void TracerBinding::closeWatch() {
  if (child_signal_ == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(child_signal_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_signal_t*>(handle); });
  child_signal_ = nullptr;
  // It knows whoever owns this object, who would never be collected.
  listener_.Reset();
}

Napi::Value TracerBinding::awaitingSignal(const Napi::CallbackInfo& info) {
  return conversion::tidList(info.Env(), tracer_.awaitingSignal(handleOf(info)));
}

Napi::Value TracerBinding::variable(const Napi::CallbackInfo& info) {
  auto found = tracer_.variables().find(static_cast<uint32_t>(integer(info[0])));
  return found == tracer_.variables().end() ? info.Env().Undefined() : bigint(info.Env(), found->second);
}

Napi::Value TracerBinding::setVariable(const Napi::CallbackInfo& info) {
  auto number = static_cast<uint32_t>(integer(info[0]));
  if (info[1].IsBigInt()) {
    tracer_.variables()[number] = unsigned64(info[1]);
  } else {
    tracer_.variables().erase(number);
  }
  return info.Env().Undefined();
}

Napi::Value TracerBinding::callSystem(const Napi::CallbackInfo& info) {
  Tracee* tracee = stopped(info);
  Space* space = tracee == nullptr ? nullptr : tracer_.spaceOf(*tracee);
  if (space == nullptr) return info.Env().Undefined();
  auto result = tracer_.callSystem(*tracee, conversion::systemCall(info[1].As<Napi::Object>()));
  if (result) return bigint(info.Env(), *result);
  tracer_.expectExit(*tracee);
  return info.Env().Undefined();
}

Napi::Value TracerBinding::expectExits(const Napi::CallbackInfo& info) {
  tracer_.expectExits(tidOf(info));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::tableSizes(const Napi::CallbackInfo& info) {
  Napi::Object sizes = Napi::Object::New(info.Env());
  sizes.Set("threads", Napi::Number::New(info.Env(), static_cast<double>(tracer_.traceeCount())));
  sizes.Set("spaces", Napi::Number::New(info.Env(), static_cast<double>(tracer_.spaceCount())));
  return sizes;
}

Napi::Value TracerBinding::park(const Napi::CallbackInfo& info) {
  tracer_.park(tidOf(info));
  return info.Env().Undefined();
}

Napi::Value TracerBinding::dispose(const Napi::CallbackInfo& info) {
  closeWatch();
  tracer_.dispose();
  return info.Env().Undefined();
}

}  // namespace outstep
