/**
 * A program that waits for the end of the server, however it comes, and puts the original bytes back wherever
 * a breakpoint still stands in a program that the server had attached to. Standard input is a socket, whose
 * end of file is the end of the server. It holds nothing else of the server's: no descriptor, session,
 * directory or environment. Signals are blocked by whoever starts it. It also answers for filters that catch
 * system calls in programs that were let go, for as long as there are such programs.
 */
#include <fcntl.h>
#include <unistd.h>

#include "bare_system.h"
#include "sentinel_table.h"

namespace outstep::sentinel {

namespace {

/** Descriptors by number, the table's behind the memories'; 0, which is the socket: none. */
int descriptors[kMostMemories + 1];

/** Waits for the server and for all listeners, by their descriptors. */
int events_fd = -1;
unsigned listeners = 0;

bool await(int descriptor) {
  if (events_fd < 0) events_fd = bare::makeEpoll();
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  return bare::changeEpoll(events_fd, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

/** From now on programs depend on this process. */
void stayAlive() {
  int score = bare::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score < 0) return;
  bare::write(score, "-1000", 5);
  bare::close(score);
}

/** Every call of a filter that was left in a program is to be made. False: nobody is behind it any more. */
bool answer(int listener) {
  seccomp_notif call = {};
  long failure = bare::control(listener, SECCOMP_IOCTL_NOTIF_RECV, &call);
  if (failure != 0) return failure == -EINTR || failure == -ENOENT;
  seccomp_notif_resp reply = {};
  reply.id = call.id;
  reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  // Whoever made it may be gone.
  bare::control(listener, SECCOMP_IOCTL_NOTIF_SEND, &reply);
  return true;
}

void keep(Message number, int descriptor) {
  if (number == kListener && descriptor > 0 && await(descriptor)) {
    if (listeners++ == 0) stayAlive();
    return;
  }
  if (number > kTable) {
    bare::close(descriptor);
    return;
  }
  if (descriptors[number] != 0) bare::close(descriptors[number]);
  descriptors[number] = descriptor;
}

/** Takes one message. False: the server is gone. */
bool receive() {
  Message number = 0;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec data = {&number, sizeof number};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  long size;
  while ((size = bare::receive(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC)) == -EINTR) {
  }
  if (size <= 0) return false;
  int descriptor = 0;
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
    __builtin_memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
  }
  keep(number, descriptor);
  return true;
}

/** Only where the trap still is: the mapping may have been replaced under it. */
void repair(const GuardedSite& site) {
  if (site.length_bytes == 0 || site.length_bytes > kLongestTrapBytes || site.memory >= kMostMemories) return;
  int memory = descriptors[site.memory];
  uint64_t now = 0;
  if (memory == 0 || bare::readAt(memory, &now, site.length_bytes, site.address) != site.length_bytes) return;
  if (now != site.trap) return;
  // A program that ended meanwhile needs no repair, and nothing else can be done about a refusal.
  bare::writeAt(memory, &site.original, site.length_bytes, site.address);
}

void repairAll() {
  // On the stack it would be zeroed by memset(3), which is not there.
  static GuardedSite sites[64];
  uint64_t offset = 0;
  long size;
  while ((size = bare::readAt(descriptors[kTable], sites, sizeof sites, offset)) > 0) {
    for (size_t index = 0; index < static_cast<size_t>(size) / sizeof sites[0]; ++index) repair(sites[index]);
    offset += static_cast<uint64_t>(size);
  }
}

/** Until the server is gone and nobody needs an answer. */
void serve() {
  bool has_server = true;
  while (has_server && listeners == 0) has_server = receive();
  if (!has_server) repairAll();
  has_server = has_server && await(STDIN_FILENO);
  while (has_server || listeners > 0) {
    epoll_event event = {};
    if (bare::waitEpoll(events_fd, &event) != 1) continue;
    int descriptor = event.data.fd;
    if (descriptor == STDIN_FILENO) {
      has_server = receive();
      if (has_server) continue;
      bare::changeEpoll(events_fd, EPOLL_CTL_DEL, STDIN_FILENO, nullptr);
      repairAll();
    } else if ((event.events & EPOLLIN) == 0 || !answer(descriptor)) {
      bare::close(descriptor);
      --listeners;
    }
  }
}

}  // namespace

}  // namespace outstep::sentinel

extern "C" [[noreturn]] void sentinelMain() {
  using namespace outstep;
  bare::closeFrom(STDERR_FILENO + 1);
  if (bare::call(SYS_chdir, bare::pointer("/")) != 0) bare::exit(1);
  // The server waits for this process only; what goes on belongs to init.
  long child = bare::fork();
  if (child != 0) bare::exit(child < 0 ? 1 : 0);
  sentinel::serve();
  bare::exit(0);
}

OUTSTEP_ENTRY("sentinelMain");
