#pragma once

#include <napi.h>
#include <uv.h>

namespace outstep {

/** A socket on the event loop: `Socket` of src/native/socket-types.ts. */
class SocketBinding : public Napi::ObjectWrap<SocketBinding> {
 public:
  static Napi::Function define(Napi::Env env);
  explicit SocketBinding(const Napi::CallbackInfo& info);
  ~SocketBinding() override;

  /** -1: it is closed. */
  int descriptor() const { return fd_; }

 private:
  Napi::Value watch(const Napi::CallbackInfo& info);
  Napi::Value accept(const Napi::CallbackInfo& info);
  Napi::Value receive(const Napi::CallbackInfo& info);
  Napi::Value send(const Napi::CallbackInfo& info);
  Napi::Value finish(const Napi::CallbackInfo& info);
  Napi::Value close(const Napi::CallbackInfo& info);
  void release();

  Napi::FunctionReference listener_;
  uv_poll_t* poll_ = nullptr;
  int fd_ = -1;
  int events_ = 0;
};

/** Adds the functions that open sockets. */
void defineSocketFunctions(Napi::Env env, Napi::Object exports);

}  // namespace outstep
