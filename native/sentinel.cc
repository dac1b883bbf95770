/**
 * A program that waits for the end of the server, however it comes, and puts the original bytes back wherever
 * a breakpoint still stands in a program that the server had attached to, and the registers of a thread that
 * was making a system call for it, and takes hardware breakpoints and watchpoints from threads. Standard
 * input is a socket, whose end of file is the end of the server. It holds nothing else of the server's: no
 * descriptor, session, directory or environment. Signals are blocked by whoever starts it. It also answers
 * for filters that catch system calls in programs that were let go, for as long as there are such programs.
 */
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bare_system.h"
#include "left_threads.h"
#include "sentinel_table.h"

namespace outstep::sentinel {

namespace {

/** Descriptors by number, those of the shared memory behind the memories'; 0, which is the socket: none. */
int descriptors[kThreads + 1];
/** Whose they are. */
int32_t tids[kThreads + 1];

/** Attempts, a millisecond apart, to trace a program that the kernel has not let go of its dead tracer yet.
 */
constexpr int kMostAttempts = 10'000;

/** The lowest byte of a status of wait(2). */
constexpr int kStopped = 0x7f;

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

void keep(Message content, int descriptor) {
  uint32_t number = content.number;
  if (number == kListener && descriptor > 0 && await(descriptor)) {
    if (listeners++ == 0) stayAlive();
    return;
  }
  if (number > kThreads) {
    bare::close(descriptor);
    return;
  }
  if (descriptors[number] != 0) bare::close(descriptors[number]);
  descriptors[number] = descriptor;
  tids[number] = content.tid;
}

/** Takes one message. False: the server is gone. */
bool receive() {
  Message content;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
  iovec data = {&content, sizeof content};
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
  keep(content, descriptor);
  return true;
}

/** What threads had of the server when it ended. */
ThreadRecord threads;
/** What it was having a program do. */
ParkedCall& parked = threads.call;

uint64_t pcOf(const uint8_t* general) {
  uint64_t pc = 0;
  __builtin_memcpy(&pc, general + parked.pc_offset, parked.register_bytes);
  return pc;
}

/** signal(7). */
constexpr uint64_t kBlockable = ~(uint64_t{1} << (SIGKILL - 1) | uint64_t{1} << (SIGSTOP - 1));

/** Gives a stopped thread back what the call took, as far as the server has not done so itself. */
void unpark() {
  // On the stack it would be zeroed by memset(3), which is not there.
  static uint8_t general[kLargestRegsetBytes];
  iovec now = {general, parked.general_size_bytes};
  if (bare::trace(PTRACE_GETREGSET, parked.tid, parked.general_note, &now) != 0) return;
  if (pcOf(general) - parked.code_address < parked.code_length_bytes) {
    iovec before = {parked.general, parked.general_size_bytes};
    bare::trace(PTRACE_SETREGSET, parked.tid, parked.general_note, &before);
  }
  uint64_t mask = 0;
  bare::trace(PTRACE_GETSIGMASK, parked.tid, sizeof mask, &mask);
  if (mask == (parked.blocked_signals & kBlockable))
    bare::trace(PTRACE_SETSIGMASK, parked.tid, sizeof mask, &parked.signal_mask);
}

/** The thread that was making a call for the server goes on where it was taken from. False: to be tried
 * again. */
bool rescue() {
  if (parked.tid == 0) return true;
  long code = bare::seize(parked.tid);
  if (code == -EPERM) return false;
  int status = 0;
  if (code == 0 && bare::trace(PTRACE_INTERRUPT, parked.tid) == 0 &&
      bare::wait(parked.tid, &status) == parked.tid && (status & 0xff) == kStopped) {
    unpark();
    int signal = status >> 16 == 0 ? status >> 8 : 0;
    bare::detach(parked.tid, signal);
  }
  parked.tid = 0;
  return true;
}

/** Only where the trap still is: the mapping may have been replaced under it. False: to be tried again. */
bool repair(const GuardedSite& site) {
  if (site.length_bytes == 0 || site.length_bytes > kLongestTrapBytes || site.memory >= kMostMemories)
    return true;
  // A thread is on it.
  if (parked.tid != 0 && site.address == parked.code_address && site.memory == parked.memory) return true;
  int memory = descriptors[site.memory];
  uint64_t now = 0;
  if (memory == 0 || bare::readAt(memory, &now, site.length_bytes, site.address) != site.length_bytes)
    return true;
  if (now != site.trap) return true;
  // A program that ended meanwhile needs no repair, and nothing else can be done about another refusal.
  if (bare::writeAt(memory, &site.original, site.length_bytes, site.address) != -EIO) return true;
  // What the program itself may not write is its tracer's alone: proc_mem.force_override=ptrace, in the
  // kernel's list of parameters. It need not stop for that, and is let go when this process ends.
  long code = bare::seize(tids[site.memory]);
  if (code == 0) bare::writeAt(memory, &site.original, site.length_bytes, site.address);
  return code != -EPERM;
}

/** False: some are to be tried again. */
bool takeAllPoints() {
  bool is_done = true;
  for (uint32_t memory = 0; memory < kMostMemories; ++memory) {
    if (threads.has_points[memory] == 0) continue;
    bool is_rid = descriptors[memory] == 0 || takePoints(tids[memory]);
    if (is_rid) threads.has_points[memory] = 0;
    is_done = is_done && is_rid;
  }
  return is_done;
}

/** False: something is to be tried again. */
bool repairOnce() {
  static GuardedSite sites[64];
  uint64_t offset = 0;
  bool is_done = rescue();
  long size;
  while ((size = bare::readAt(descriptors[kTable], sites, sizeof sites, offset)) > 0) {
    for (size_t index = 0; index < static_cast<size_t>(size) / sizeof sites[0]; ++index) {
      is_done = repair(sites[index]) && is_done;
    }
    offset += static_cast<uint64_t>(size);
  }
  return takeAllPoints() && is_done;
}

/** The end of the server's descriptors comes before that of its being a tracer, which nothing else tells. */
void repairAll() {
  if (descriptors[kThreads] != 0) bare::readAt(descriptors[kThreads], &threads, sizeof threads, 0);
  for (int attempt = 0; !repairOnce() && attempt < kMostAttempts; ++attempt) bare::sleep(1'000'000);
}

/** In a process of its own where this one is to go on. */
void repairApart() {
  long child = bare::fork();
  if (child > 0) return;
  repairAll();
  if (child == 0) bare::exit(0);
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
      repairApart();
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
  bare::ignore(SIGCHLD);
  sentinel::serve();
  bare::exit(0);
}

OUTSTEP_ENTRY("sentinelMain");
