/** What the addon exports; its typed surface is src/native/binding-types.ts. */
#include <linux/kcmp.h>
#include <napi.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conversion.h"
#include "frame_binding.h"
#include "listener.h"
#include "machine.h"
#include "repeater_binding.h"
#include "socket_binding.h"
#include "task_folder.h"
#include "terminal.h"
#include "tracer_binding.h"

namespace {

using outstep::conversion::bigint;
using outstep::conversion::integer;
using outstep::conversion::raise;

Napi::Value machineFacts(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  outstep::MachineFacts facts = outstep::machineFacts();
  auto components = Napi::Array::New(env, facts.components.size());
  for (uint32_t index = 0; index < facts.components.size(); ++index) {
    auto component = Napi::Object::New(env);
    component.Set("index", Napi::Number::New(env, facts.components[index].index));
    component.Set("offset", Napi::Number::New(env, facts.components[index].offset));
    component.Set("sizeBytes", Napi::Number::New(env, facts.components[index].size_bytes));
    components.Set(index, component);
  }
  auto object = Napi::Object::New(env);
  object.Set("xcr0", bigint(env, facts.xcr0));
  object.Set("xsaveSizeBytes", Napi::Number::New(env, facts.xsave_size_bytes));
  object.Set("xsaveComponents", components);
  return object;
}

Napi::Value agentExpressionFault(const Napi::CallbackInfo& info) {
  const char* fault = outstep::agent::fault(outstep::conversion::program(info[0]));
  return fault == nullptr ? info.Env().Undefined() : Napi::String::New(info.Env(), fault);
}

Napi::Value openSerial(const Napi::CallbackInfo& info) {
  outstep::Failure failure;
  int fd = outstep::openSerial(info[0].As<Napi::String>().Utf8Value().c_str(), &failure);
  return fd < 0 ? raise(info.Env(), failure) : Napi::Number::New(info.Env(), fd);
}

Napi::Value setForegroundGroup(const Napi::CallbackInfo& info) {
  auto before =
      outstep::setForegroundGroup(static_cast<int>(integer(info[0])), static_cast<pid_t>(integer(info[1])));
  return before ? Napi::Number::New(info.Env(), *before) : info.Env().Undefined();
}

/** kcmp(2). A kernel without it says nothing: undefined. */
Napi::Value sharesMemory(const Napi::CallbackInfo& info) {
  long order = syscall(SYS_kcmp, integer(info[0]), integer(info[1]), KCMP_VM, 0, 0);
  return order < 0 ? info.Env().Undefined() : Napi::Boolean::New(info.Env(), order == 0);
}

Napi::Value taskStats(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  outstep::TaskFolder folder(static_cast<pid_t>(integer(info[0])));
  std::vector<pid_t> tids = outstep::conversion::tids(info[1]);
  auto names = Napi::Array::New(env, tids.size());
  auto cpus = Napi::Int32Array::New(env, tids.size());
  for (uint32_t index = 0; index < tids.size(); ++index) {
    auto stat = folder.stat(tids[index]).value_or(outstep::TaskStat{});
    names.Set(index, Napi::String::New(env, stat.name));
    cpus[index] = stat.cpu;
  }
  auto object = Napi::Object::New(env);
  object.Set("names", names);
  object.Set("cpus", cpus);
  return object;
}

Napi::Value canAnswerCalls(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), outstep::listener::canAnswer());
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("Tracer", outstep::TracerBinding::define(env));
  exports.Set("Socket", outstep::SocketBinding::define(env));
  exports.Set("Repeater", outstep::RepeaterBinding::define(env));
  outstep::defineSocketFunctions(env, exports);
  outstep::defineFrameFunctions(env, exports);
  exports.Set("machineFacts", Napi::Function::New(env, machineFacts, "machineFacts"));
  exports.Set("agentExpressionFault", Napi::Function::New(env, agentExpressionFault, "agentExpressionFault"));
  exports.Set("openSerial", Napi::Function::New(env, openSerial, "openSerial"));
  exports.Set("setForegroundGroup", Napi::Function::New(env, setForegroundGroup, "setForegroundGroup"));
  exports.Set("sharesMemory", Napi::Function::New(env, sharesMemory, "sharesMemory"));
  exports.Set("taskStats", Napi::Function::New(env, taskStats, "taskStats"));
  exports.Set("canAnswerCalls", Napi::Function::New(env, canAnswerCalls, "canAnswerCalls"));
  return exports;
}

}  // namespace

NODE_API_MODULE(outstep, init)
