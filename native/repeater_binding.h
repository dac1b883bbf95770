#pragma once

#include <napi.h>

#include "repeater.h"
#include "socket_binding.h"
#include "tracer_binding.h"

namespace outstep {

/** `Repeater` of src/native/socket-types.ts. */
class RepeaterBinding : public Napi::ObjectWrap<RepeaterBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit RepeaterBinding(const Napi::CallbackInfo& info);

 private:
  Napi::Value learnSite(const Napi::CallbackInfo& info);
  Napi::Value learnRun(const Napi::CallbackInfo& info);
  Napi::Value forget(const Napi::CallbackInfo& info);
  Napi::Value serve(const Napi::CallbackInfo& info);

  /** Kept alive for `repeater_`. */
  Napi::ObjectReference tracer_;
  Napi::ObjectReference socket_;
  Repeater repeater_;
};

}  // namespace outstep
