#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "failure.h"

namespace outstep {

/** One end of a connection; a Unix domain socket has no host. */
struct SocketAddress {
  std::string host;
  uint16_t port = 0;
};

/** A descriptor and who is at the other end. */
struct AcceptedSocket {
  int fd = -1;
  SocketAddress peer;
};

/** The numeric addresses of a host name, in the resolver's order; `family` 4, 6 or 0. Empty: see `problem`.
 */
std::vector<std::string> resolveHost(const char* name, int family, std::string* problem);

/** Listening sockets, non-blocking; -1: see `failure`. `host` is numeric. */
int listenTcp(const char* host, uint16_t port, Failure* failure);
int listenUnix(const char* path, Failure* failure);
/** Whether somebody accepts connections at a Unix domain socket; otherwise an errno(3) value. */
int probeUnix(const char* path);

SocketAddress localAddress(int fd);
bool isSocket(int fd);

/** The next client of a listening socket, or none. It sends without delay and blocks for a short time only.
 */
std::optional<AcceptedSocket> acceptSocket(int listening_fd);
/** What a connected socket needs for `receiveSome`. */
void prepareConnected(int fd);

/** Bytes received; 0: none came; -1: the other end is gone. With `waits` a few milliseconds are waited for
 * the first.
 */
ssize_t receiveSome(int fd, void* into, size_t length_bytes, bool waits);
/** Bytes that found room; -1: the other end is gone. Never waits. */
ssize_t sendSome(int fd, const void* from, size_t length_bytes);

}  // namespace outstep
