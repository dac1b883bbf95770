#pragma once

#include <napi.h>
#include <uv.h>

#include "failure.h"
#include "space.h"
#include "spawn.h"
#include "system_call.h"
#include "tracer.h"

namespace outstep::conversion {

/** A NativeError. */
Napi::Object error(Napi::Env env, const Failure& failure);
/** Throws a NativeError. */
Napi::Value raise(Napi::Env env, const Failure& failure);

Napi::Value truth(const Napi::CallbackInfo& info, bool value);
/** What a request returned for the thread of the first argument. ESRCH is news, not an error: false, and the
 * exit event follows. */
Napi::Value doneOrGone(const Napi::CallbackInfo& info, int code, const char* request);

/** From the event loop; what the function throws is an uncaught exception. Within a handle scope. */
void callBack(const Napi::FunctionReference& function);
/** That of the thread that JavaScript runs on. */
uv_loop_t* eventLoop(Napi::Env env);

int64_t integer(const Napi::Value& value);
uint64_t unsigned64(const Napi::Value& value);
Napi::BigInt bigint(Napi::Env env, uint64_t value);
/** The first argument: a thread or process id. */
pid_t tidOf(const Napi::CallbackInfo& info);
/** Of an Int32Array. */
std::vector<pid_t> tids(const Napi::Value& list);
Napi::Int32Array tidList(Napi::Env env, const std::vector<pid_t>& tids);
/** An argument that is the handle of a space. */
int handleOf(const Napi::CallbackInfo& info, size_t index = 0);

SpawnOptions spawnOptions(const Napi::Object& object);
Arch arch(const Napi::Object& object);
/** The plan and, for a slot, the slot itself. */
Plan plan(const Napi::Object& object, Slot* slot);
SystemCall systemCall(const Napi::Object& object);
std::vector<HardwareRange> hardwareRanges(const Napi::Value& list);
std::vector<WatchedValue> watchedValues(const Napi::Value& list);
CaughtCalls caughtCalls(const Napi::Value& numbers, const Napi::Value& are_others);
std::unordered_map<int, std::vector<LoggedRead>> loggedReads(const Napi::Value& list);
Range range(const Napi::Object& object);
ResumeMode resumeMode(const Napi::Value& value);
BreakpointPrograms breakpointPrograms(const Napi::Object& object);
agent::Program program(const Napi::Value& bytes);
Napi::Value bytes(Napi::Env env, const std::string& text);
Napi::Object outcome(Napi::Env env, const agent::Outcome& outcome);
/** The function that makes the object of a stop or an end; made once, and given to `news`. */
Napi::Function eventMaker(Napi::Env env);
/** In their order. */
Napi::Array news(Napi::Env env, const Napi::Function& make, const std::vector<Event>& events);
Napi::String resumeResult(Napi::Env env, ResumeResult result);

}  // namespace outstep::conversion
