/** Sockets for JavaScript, without the streams of Node: converts arguments and results. */
#include "socket_binding.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conversion.h"
#include "socket.h"

namespace outstep {

using conversion::integer;
using conversion::raise;

namespace {

std::string textArgument(const Napi::CallbackInfo& info, size_t index) {
  return info[index].As<Napi::String>().Utf8Value();
}

Napi::Value descriptorOr(const Napi::CallbackInfo& info, int fd, const Failure& failure) {
  return fd < 0 ? raise(info.Env(), failure) : Napi::Number::New(info.Env(), fd);
}

Napi::Object addressObject(Napi::Env env, const SocketAddress& address) {
  auto object = Napi::Object::New(env);
  object.Set("host", address.host);
  object.Set("port", Napi::Number::New(env, address.port));
  return object;
}

Napi::Value resolveHostFunction(const Napi::CallbackInfo& info) {
  std::string problem;
  auto hosts = resolveHost(textArgument(info, 0).c_str(), static_cast<int>(integer(info[1])), &problem);
  if (hosts.empty()) {
    Napi::Error::New(info.Env(), problem).ThrowAsJavaScriptException();
    return info.Env().Undefined();
  }
  auto list = Napi::Array::New(info.Env(), hosts.size());
  for (uint32_t index = 0; index < hosts.size(); ++index) list.Set(index, hosts[index]);
  return list;
}

Napi::Value listenTcpFunction(const Napi::CallbackInfo& info) {
  Failure failure;
  int fd = listenTcp(textArgument(info, 0).c_str(), static_cast<uint16_t>(integer(info[1])), &failure);
  return descriptorOr(info, fd, failure);
}

Napi::Value listenUnixFunction(const Napi::CallbackInfo& info) {
  Failure failure;
  int fd = listenUnix(textArgument(info, 0).c_str(), &failure);
  return descriptorOr(info, fd, failure);
}

Napi::Value isAbandonedUnixFunction(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), probeUnix(textArgument(info, 0).c_str()) == ECONNREFUSED);
}

Napi::Value localAddressFunction(const Napi::CallbackInfo& info) {
  return addressObject(info.Env(), localAddress(static_cast<int>(integer(info[0]))));
}

Napi::Value isSocketFunction(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), isSocket(static_cast<int>(integer(info[0]))));
}

}  // namespace

void defineSocketFunctions(Napi::Env env, Napi::Object exports) {
  exports.Set("resolveHost", Napi::Function::New(env, resolveHostFunction, "resolveHost"));
  exports.Set("listenTcp", Napi::Function::New(env, listenTcpFunction, "listenTcp"));
  exports.Set("listenUnix", Napi::Function::New(env, listenUnixFunction, "listenUnix"));
  exports.Set("isAbandonedUnix", Napi::Function::New(env, isAbandonedUnixFunction, "isAbandonedUnix"));
  exports.Set("localAddress", Napi::Function::New(env, localAddressFunction, "localAddress"));
  exports.Set("isSocket", Napi::Function::New(env, isSocketFunction, "isSocket"));
}

Napi::Function SocketBinding::define(Napi::Env env) {
  return DefineClass(env, "Socket",
                     {
                         InstanceMethod<&SocketBinding::watch>("watch"),
                         InstanceMethod<&SocketBinding::accept>("accept"),
                         InstanceMethod<&SocketBinding::receive>("receive"),
                         InstanceMethod<&SocketBinding::send>("send"),
                         InstanceMethod<&SocketBinding::finish>("finish"),
                         InstanceMethod<&SocketBinding::close>("close"),
                     });
}

SocketBinding::SocketBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<SocketBinding>(info), fd_(static_cast<int>(integer(info[0]))) {
  listener_ = Napi::Persistent(info[2].As<Napi::Function>());
  poll_ = new uv_poll_t;
  int code = uv_poll_init(conversion::eventLoop(info.Env()), poll_, fd_);
  if (code != 0) {
    delete poll_;
    poll_ = nullptr;
    raise(info.Env(), {-code, "uv_poll_init", 0});
    return;
  }
  poll_->data = this;
  if (info[1].ToBoolean().Value()) prepareConnected(fd_);
}

SocketBinding::~SocketBinding() {
  release();
}

void SocketBinding::release() {
  listener_.Reset();
  if (poll_ == nullptr) return;
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  poll_ = nullptr;
  ::close(fd_);
  fd_ = -1;
}

Napi::Value SocketBinding::watch(const Napi::CallbackInfo& info) {
  int events =
      (info[0].ToBoolean().Value() ? UV_READABLE : 0) | (info[1].ToBoolean().Value() ? UV_WRITABLE : 0);
  if (poll_ == nullptr || events == events_) return info.Env().Undefined();
  events_ = events;
  if (events == 0) {
    uv_poll_stop(poll_);
    return info.Env().Undefined();
  }
  uv_poll_start(poll_, events, [](uv_poll_t* handle, int status, int) {
    auto* self = static_cast<SocketBinding*>(handle->data);
    // After an error libuv watches no more; what came before it may be unread.
    if (status < 0) self->events_ = 0;
    Napi::Env env = self->Env();
    Napi::HandleScope scope(env);
    conversion::callBack(self->listener_);
  });
  return info.Env().Undefined();
}

Napi::Value SocketBinding::accept(const Napi::CallbackInfo& info) {
  auto accepted = fd_ < 0 ? std::nullopt : acceptSocket(fd_);
  if (!accepted) return info.Env().Undefined();
  Napi::Object object = addressObject(info.Env(), accepted->peer);
  object.Set("fd", Napi::Number::New(info.Env(), accepted->fd));
  return object;
}

Napi::Value SocketBinding::receive(const Napi::CallbackInfo& info) {
  auto into = info[0].As<Napi::Uint8Array>();
  ssize_t count =
      fd_ < 0 ? -1 : receiveSome(fd_, into.Data(), into.ByteLength(), info[1].ToBoolean().Value());
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

Napi::Value SocketBinding::send(const Napi::CallbackInfo& info) {
  auto bytes = info[0].As<Napi::Uint8Array>();
  ssize_t count = fd_ < 0 ? -1 : sendSome(fd_, bytes.Data(), bytes.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(count));
}

Napi::Value SocketBinding::finish(const Napi::CallbackInfo& info) {
  if (fd_ >= 0) shutdown(fd_, SHUT_WR);
  return info.Env().Undefined();
}

Napi::Value SocketBinding::close(const Napi::CallbackInfo& info) {
  release();
  return info.Env().Undefined();
}

}  // namespace outstep
