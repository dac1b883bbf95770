#include "sentinel_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

namespace outstep {

using sentinel::GuardedSite;
using sentinel::Message;

namespace {

constexpr size_t kFirstCapacity = 512;

uint64_t word(const uint8_t* bytes, size_t length_bytes) {
  uint64_t value = 0;
  memcpy(&value, bytes, length_bytes);
  return value;
}

}  // namespace

GuardTable::~GuardTable() {
  if (sites_ != nullptr) munmap(sites_, capacity_ * sizeof(GuardedSite));
}

int GuardTable::open() {
  memory_.reset(memfd_create("outstep-sites", MFD_CLOEXEC));
  return memory_.isOpen() ? grow() : errno;
}

int GuardTable::grow() {
  size_t size_bytes = capacity_ * sizeof(GuardedSite);
  size_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
  size_t grown_bytes = capacity * sizeof(GuardedSite);
  // With its pages, so that no store meets a lack of memory.
  if (fallocate(memory_.get(), 0, 0, static_cast<off_t>(grown_bytes)) != 0) return errno;
  void* grown = sites_ == nullptr
                    ? mmap(nullptr, grown_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0)
                    : mremap(sites_, size_bytes, grown_bytes, MREMAP_MAYMOVE);
  if (grown == MAP_FAILED) return errno;
  sites_ = static_cast<GuardedSite*>(grown);
  for (size_t record = capacity; record-- > capacity_;) free_.push_back(static_cast<uint32_t>(record));
  capacity_ = capacity;
  return 0;
}

int GuardTable::fill(const GuardedSite& site, uint32_t* record) {
  if (free_.empty()) {
    int code = grow();
    if (code != 0) return code;
  }
  *record = free_.back();
  free_.pop_back();
  GuardedSite& entry = sites_[*record];
  entry.address = site.address;
  entry.original = site.original;
  entry.trap = site.trap;
  entry.memory = site.memory;
  std::atomic_ref(entry.length_bytes).store(site.length_bytes, std::memory_order_release);
  return 0;
}

void GuardTable::changeOriginal(uint32_t record, uint64_t original) {
  std::atomic_ref(sites_[record].original).store(original, std::memory_order_release);
}

void GuardTable::clear(uint32_t record) {
  std::atomic_ref(sites_[record].length_bytes).store(0, std::memory_order_release);
  free_.push_back(record);
}

GuardedThreads::~GuardedThreads() {
  if (record_ != nullptr) munmap(record_, sizeof *record_);
}

int GuardedThreads::open() {
  memory_.reset(memfd_create("outstep-threads", MFD_CLOEXEC));
  if (!memory_.isOpen() || fallocate(memory_.get(), 0, 0, sizeof *record_) != 0) return errno;
  void* mapped = mmap(nullptr, sizeof *record_, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (mapped == MAP_FAILED) return errno;
  record_ = static_cast<sentinel::ThreadRecord*>(mapped);
  return 0;
}

void GuardedThreads::beginCall(const sentinel::ParkedCall& call) {
  sentinel::ParkedCall unfinished = call;
  unfinished.tid = 0;
  record_->call = unfinished;
  std::atomic_ref(record_->call.tid).store(call.tid, std::memory_order_release);
}

void GuardedThreads::endCall() {
  std::atomic_ref(record_->call.tid).store(0, std::memory_order_release);
}

void GuardedThreads::setPoints(uint32_t memory, bool has_points) {
  std::atomic_ref(record_->has_points[memory]).store(has_points ? 1 : 0, std::memory_order_release);
}

int SentinelClient::start() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
  ScopedFd ours(ends[0]);
  ScopedFd its(ends[1]);
  int code = table_.open();
  if (code == 0) code = threads_.open();
  if (code == 0) code = spawn(its.get());
  if (code != 0) return code;
  socket_ = std::move(ours);
  code = send({sentinel::kTable}, table_.descriptor());
  return code == 0 ? send({sentinel::kThreads}, threads_.descriptor()) : code;
}

/** Returns as soon as the sentinel is on its own. */
int SentinelClient::spawn(int its_socket) const {
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, its_socket, STDIN_FILENO);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // Nothing but the end of this process concerns it: neither the terminal's signals nor a service manager's.
  sigset_t all;
  sigfillset(&all);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK);
  // Whose sentinel it is, for whoever looks at the processes.
  char name[] = "outstep-sentinel";
  char server[16];
  snprintf(server, sizeof server, "%d", getpid());
  char* args[] = {name, server, nullptr};
  char* environment[] = {nullptr};
  pid_t pid = 0;
  int code = posix_spawn(&pid, program_.c_str(), &files, &attributes, args, environment);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (code != 0) return code;
  int status = 0;
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) return errno;
  }
  return status == 0 ? 0 : ECHILD;
}

int SentinelClient::send(Message content, int descriptor) const {
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  iovec data = {&content, sizeof content};
  msghdr message = {};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (descriptor >= 0) {
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
  }
  ssize_t size;
  while ((size = sendmsg(socket_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT)) < 0 && errno == EINTR) {
  }
  return size < 0 ? errno : 0;
}

int SentinelClient::addSpace(int space_handle, const Space& space) {
  uint32_t number = free_memories_.empty() ? next_memory_ : free_memories_.back();
  if (number >= sentinel::kMostMemories) return EMFILE;
  GuardedSpace guarded;
  guarded.memory = number;
  int code = sendMemory(&guarded, space);
  if (code != 0) return code;
  if (free_memories_.empty()) {
    ++next_memory_;
  } else {
    free_memories_.pop_back();
  }
  spaces_[space_handle] = std::move(guarded);
  return 0;
}

int SentinelClient::sendMemory(GuardedSpace* guarded, const Space& space) const {
  int code = send({guarded->memory, space.memory_task}, space.memory.get());
  if (code == 0) guarded->task = space.memory_task;
  return code;
}

int SentinelClient::guardSpace(int space_handle, const Space& space) {
  int code = socket_.isOpen() ? 0 : start();
  if (code == 0 && !spaces_.contains(space_handle)) code = addSpace(space_handle, space);
  if (code != 0) return code;
  GuardedSpace& guarded = spaces_[space_handle];
  return guarded.task == space.memory_task ? 0 : sendMemory(&guarded, space);
}

int SentinelClient::guardSite(int space_handle, const Space& space, uint64_t address, const uint8_t* original,
                              const std::vector<uint8_t>& trap) {
  if (trap.size() > sentinel::kLongestTrapBytes) return EINVAL;
  int code = guardSpace(space_handle, space);
  if (code != 0) return code;
  GuardedSpace& guarded = spaces_[space_handle];
  uint64_t original_word = word(original, trap.size());
  auto known = guarded.records.find(address);
  if (known != guarded.records.end()) {
    table_.changeOriginal(known->second, original_word);
    return 0;
  }
  GuardedSite site = {address, original_word, word(trap.data(), trap.size()), guarded.memory,
                      static_cast<uint32_t>(trap.size())};
  uint32_t record = 0;
  code = table_.fill(site, &record);
  if (code == 0) guarded.records[address] = record;
  return code;
}

int SentinelClient::answer(int listener) {
  int code = socket_.isOpen() ? 0 : start();
  return code == 0 ? send({sentinel::kListener}, listener) : code;
}

Failure SentinelClient::guard(int space_handle, const Space& space, uint64_t address, const uint8_t* original,
                              const std::vector<uint8_t>& trap) {
  if (has_failed_ && !spaces_.contains(space_handle)) return {};
  return failOnce(guardSite(space_handle, space, address, original, trap));
}

Failure SentinelClient::guardThreads(int space_handle, const Space& space) {
  if (has_failed_ && !spaces_.contains(space_handle)) return {};
  int code = guardSpace(space_handle, space);
  if (code == 0) threads_.setPoints(spaces_[space_handle].memory, true);
  return failOnce(code);
}

Failure SentinelClient::failOnce(int code) {
  if (code == 0 || has_failed_) return {};
  has_failed_ = true;
  return {code, "sentinel", 0};
}

void SentinelClient::unguard(int space_handle, uint64_t address) {
  auto space = spaces_.find(space_handle);
  if (space == spaces_.end()) return;
  auto known = space->second.records.find(address);
  if (known == space->second.records.end()) return;
  table_.clear(known->second);
  space->second.records.erase(known);
}

bool SentinelClient::beginCall(int space_handle, const Space& space, sentinel::ParkedCall call,
                               const uint8_t* original, const std::vector<uint8_t>& code) {
  if (guardSite(space_handle, space, call.code_address, original, code) != 0) return false;
  call.memory = spaces_[space_handle].memory;
  threads_.beginCall(call);
  return true;
}

void SentinelClient::forgetSpace(int space_handle) {
  auto space = spaces_.find(space_handle);
  if (space == spaces_.end()) return;
  for (const auto& [address, record] : space->second.records) table_.clear(record);
  uint32_t number = space->second.memory;
  threads_.setPoints(number, false);
  spaces_.erase(space);
  // If this is lost, the descriptor goes with the next use of the number.
  send({number}, -1);
  free_memories_.push_back(number);
}

}  // namespace outstep
