#include "socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "scoped_fd.h"

namespace outstep {

namespace {

constexpr int kBacklog = 16;
/** For a client that answers at once; others are waited for by the event loop. */
constexpr timeval kBriefWait = {0, 3000};

union AnyAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
  sockaddr_un local;
};

SocketAddress textOf(const AnyAddress& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.any.sa_family == AF_INET) {
    inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof text);
    return {text, ntohs(address.v4.sin_port)};
  }
  if (address.any.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof text);
    return {text, ntohs(address.v6.sin6_port)};
  }
  return {};
}

int listenAt(const AnyAddress& address, socklen_t size, Failure* failure) {
  ScopedFd listening(socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listening.isOpen()) {
    *failure = {errno, "socket", 0};
    return -1;
  }
  int on = 1;
  if (address.any.sa_family != AF_UNIX) setsockopt(listening.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listening.get(), &address.any, size) != 0 || listen(listening.get(), kBacklog) != 0) {
    *failure = {errno, "bind", 0};
    return -1;
  }
  return listening.release();
}

/** 0 when the path is too long. */
socklen_t localAddressOf(const char* path, AnyAddress* address) {
  size_t length = strlen(path);
  if (length >= sizeof address->local.sun_path) return 0;
  *address = {};
  address->local.sun_family = AF_UNIX;
  memcpy(address->local.sun_path, path, length);
  return sizeof address->local;
}

}  // namespace

std::vector<std::string> resolveHost(const char* name, int family, std::string* problem) {
  addrinfo hints = {};
  hints.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int code = getaddrinfo(name, nullptr, &hints, &found);
  std::vector<std::string> hosts;
  if (code != 0) {
    *problem = code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
    return hosts;
  }
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    AnyAddress address = {};
    memcpy(&address, one->ai_addr, one->ai_addrlen);
    std::string host = textOf(address).host;
    if (!host.empty()) hosts.push_back(host);
  }
  freeaddrinfo(found);
  if (hosts.empty()) *problem = "the name has no address";
  return hosts;
}

int listenTcp(const char* host, uint16_t port, Failure* failure) {
  AnyAddress address = {};
  if (inet_pton(AF_INET, host, &address.v4.sin_addr) == 1) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    return listenAt(address, sizeof address.v4, failure);
  }
  address = {};
  if (inet_pton(AF_INET6, host, &address.v6.sin6_addr) == 1) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    return listenAt(address, sizeof address.v6, failure);
  }
  *failure = {EINVAL, "bind", 0};
  return -1;
}

int listenUnix(const char* path, Failure* failure) {
  AnyAddress address;
  socklen_t size = localAddressOf(path, &address);
  if (size != 0) return listenAt(address, size, failure);
  *failure = {ENAMETOOLONG, "bind", 0};
  return -1;
}

int probeUnix(const char* path) {
  AnyAddress address;
  socklen_t size = localAddressOf(path, &address);
  if (size == 0) return ENAMETOOLONG;
  ScopedFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.isOpen()) return errno;
  return connect(probe.get(), &address.any, size) == 0 ? 0 : errno;
}

SocketAddress localAddress(int fd) {
  AnyAddress address = {};
  socklen_t size = sizeof address;
  return getsockname(fd, &address.any, &size) == 0 ? textOf(address) : SocketAddress{};
}

bool isSocket(int fd) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

std::optional<AcceptedSocket> acceptSocket(int listening_fd) {
  AnyAddress peer = {};
  socklen_t size = sizeof peer;
  int fd = accept4(listening_fd, &peer.any, &size, SOCK_CLOEXEC);
  if (fd < 0) return std::nullopt;
  int on = 1;
  if (peer.any.sa_family != AF_UNIX) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return AcceptedSocket{fd, textOf(peer)};
}

void prepareConnected(int fd) {
  // The event loop has made it non-blocking; here each call says whether it waits.
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kBriefWait, sizeof kBriefWait);
}

ssize_t receiveSome(int fd, void* into, size_t length_bytes, bool waits) {
  ssize_t count = recv(fd, into, length_bytes, waits ? 0 : MSG_DONTWAIT);
  if (count > 0) return count;
  bool is_over = count == 0 || (errno != EAGAIN && errno != EINTR);
  return is_over ? -1 : 0;
}

ssize_t sendSome(int fd, const void* from, size_t length_bytes) {
  ssize_t count = send(fd, from, length_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (count >= 0) return count;
  return errno == EAGAIN || errno == EINTR ? 0 : -1;
}

}  // namespace outstep
