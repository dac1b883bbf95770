/** What the addon exports; its typed surface is src/native/binding-types.ts. */
#include <linux/kcmp.h>
#include <napi.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "agent_bytecode.h"
#include "conversion.h"
#include "frame_binding.h"
#include "listener.h"
#include "machine.h"
#include "repeater_binding.h"
#include "socket_binding.h"
#include "task_folder.h"
#include "task_lines.h"
#include "terminal.h"
#include "tracer_binding.h"

namespace {

using outstep::conversion::bigint;
using outstep::conversion::integer;
using outstep::conversion::raise;

Napi::Value xsaveFacts(Napi::Env env, const outstep::XsaveFacts& facts) {
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
  object.Set("sizeBytes", Napi::Number::New(env, facts.size_bytes));
  object.Set("components", components);
  return object;
}

Napi::Value machineFacts(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  outstep::MachineFacts facts = outstep::machineFacts();
  auto object = Napi::Object::New(env);
  object.Set("machine", Napi::String::New(env, facts.machine));
  object.Set("hwcap", bigint(env, facts.hwcap));
  object.Set("hwcap2", bigint(env, facts.hwcap2));
  object.Set("xsave", facts.xsave ? xsaveFacts(env, *facts.xsave) : env.Undefined());
  object.Set("vectorBytes", Napi::Number::New(env, facts.vector_bytes));
  object.Set("streamingVectorBytes", Napi::Number::New(env, facts.streaming_vector_bytes));
  object.Set("breakpointSlots", Napi::Number::New(env, facts.breakpoint_slots));
  object.Set("watchpointSlots", Napi::Number::New(env, facts.watchpoint_slots));
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

Napi::Value newSession(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), setsid() >= 0);
}

Napi::Value openTerminal(const Napi::CallbackInfo& info) {
  outstep::Failure failure;
  std::string path;
  int fd = outstep::openTerminal(&path, &failure);
  if (fd < 0) return raise(info.Env(), failure);
  auto terminal = Napi::Object::New(info.Env());
  terminal.Set("fd", fd);
  terminal.Set("path", path);
  return terminal;
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

Napi::Value isEventLoopChild(const Napi::CallbackInfo& info) {
  struct Search {
    pid_t pid;
    bool is_found;
  } search{static_cast<pid_t>(integer(info[0])), false};
  uv_walk(
      outstep::conversion::eventLoop(info.Env()),
      [](uv_handle_t* handle, void* context) {
        auto* sought = static_cast<Search*>(context);
        if (uv_handle_get_type(handle) != UV_PROCESS || uv_is_closing(handle)) return;
        if (uv_process_get_pid(reinterpret_cast<uv_process_t*>(handle)) == sought->pid)
          sought->is_found = true;
      },
      &search);
  return Napi::Boolean::New(info.Env(), search.is_found);
}

Napi::Value taskStats(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  outstep::TaskFolder folder(static_cast<pid_t>(integer(info[0])));
  std::vector<pid_t> tids = outstep::conversion::tids(info[1]);
  auto comms = Napi::Uint8Array::New(env, tids.size() * outstep::kCommBytes);
  auto cpus = Napi::Int32Array::New(env, tids.size());
  for (uint32_t index = 0; index < tids.size(); ++index) {
    auto stat = folder.stat(tids[index]).value_or(outstep::TaskStat{});
    size_t length = std::min(stat.name.size(), outstep::kCommBytes);
    memcpy(comms.Data() + index * outstep::kCommBytes, stat.name.data(), length);
    cpus[index] = stat.cpu;
  }
  auto object = Napi::Object::New(env);
  object.Set("comms", comms);
  object.Set("cpus", cpus);
  return object;
}

Napi::Value taskLines(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  auto object = info[0].As<Napi::Object>();
  const auto text = [&](const char* name) { return object.Get(name).As<Napi::String>().Utf8Value(); };
  outstep::TaskLineFormat format{text("beforeId"), text("beforeCpu"), text("beforeName"),
                                 text("beforePointer"), text("end")};
  outstep::TaskColumns tasks;
  tasks.tids = outstep::conversion::tids(info[1]);
  auto cpus = info[2].As<Napi::Int32Array>();
  auto comms = info[3].As<Napi::Uint8Array>();
  size_t count = tasks.tids.size();
  bool has_pointers = info[4].IsTypedArray();
  size_t pointers = has_pointers ? info[4].As<Napi::BigUint64Array>().ElementLength() : count;
  if (cpus.ElementLength() != count || comms.ByteLength() != count * outstep::kCommBytes ||
      pointers != count) {
    Napi::RangeError::New(env, "columns of different lengths").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  tasks.cpus = cpus.Data();
  tasks.comms = reinterpret_cast<const char*>(comms.Data());
  if (has_pointers) tasks.pointers = info[4].As<Napi::BigUint64Array>().Data();
  tasks.pointer_bytes = static_cast<size_t>(integer(object.Get("pointerBytes")));
  auto name_text = info[5].As<Napi::Function>();
  std::string lines = outstep::taskLines(format, tasks, [&](std::string_view comm) -> std::string {
    if (env.IsExceptionPending()) return {};
    Napi::Value name = name_text.Call({Napi::Buffer<char>::Copy(env, comm.data(), comm.size())});
    return name.IsString() ? name.As<Napi::String>().Utf8Value() : std::string();
  });
  if (env.IsExceptionPending()) return env.Undefined();
  auto bytes = Napi::Uint8Array::New(env, lines.size());
  memcpy(bytes.Data(), lines.data(), lines.size());
  return bytes;
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
  exports.Set("newSession", Napi::Function::New(env, newSession, "newSession"));
  exports.Set("openTerminal", Napi::Function::New(env, openTerminal, "openTerminal"));
  exports.Set("setForegroundGroup", Napi::Function::New(env, setForegroundGroup, "setForegroundGroup"));
  exports.Set("sharesMemory", Napi::Function::New(env, sharesMemory, "sharesMemory"));
  exports.Set("isEventLoopChild", Napi::Function::New(env, isEventLoopChild, "isEventLoopChild"));
  exports.Set("taskStats", Napi::Function::New(env, taskStats, "taskStats"));
  exports.Set("taskLines", Napi::Function::New(env, taskLines, "taskLines"));
  exports.Set("canAnswerCalls", Napi::Function::New(env, canAnswerCalls, "canAnswerCalls"));
  return exports;
}

}  // namespace

NODE_API_MODULE(outstep, init)
