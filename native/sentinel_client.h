#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "failure.h"
#include "scoped_fd.h"
#include "sentinel_table.h"
#include "space.h"

namespace outstep {

/** The table of guarded sites, in memory that outlives this process. */
class GuardTable {
 public:
  GuardTable() = default;
  GuardTable(const GuardTable&) = delete;
  GuardTable& operator=(const GuardTable&) = delete;
  ~GuardTable();

  /** Both return an errno(3) value or 0. */
  int open();
  int fill(const sentinel::GuardedSite& site, uint32_t* record);
  void changeOriginal(uint32_t record, uint64_t original);
  void clear(uint32_t record);
  int descriptor() const { return memory_.get(); }

 private:
  int grow();

  ScopedFd memory_;
  sentinel::GuardedSite* sites_ = nullptr;
  size_t capacity_ = 0;
  std::vector<uint32_t> free_;
};

/** What threads have of this process, in memory that outlives it. */
class GuardedThreads {
 public:
  GuardedThreads() = default;
  GuardedThreads(const GuardedThreads&) = delete;
  GuardedThreads& operator=(const GuardedThreads&) = delete;
  ~GuardedThreads();

  /** An errno(3) value or 0. */
  int open();
  void beginCall(const sentinel::ParkedCall& call);
  void endCall();
  void setPoints(uint32_t memory, bool has_points);
  int descriptor() const { return memory_.get(); }

 private:
  ScopedFd memory_;
  sentinel::ThreadRecord* record_ = nullptr;
};

/**
 * Keeps the sentinel (sentinel.cc) informed of the sites in attached programs; started with the first of
 * them. There is one for each Tracer, because a Tracer may end before its process does: its thread is
 * terminated, and the programs are to be repaired then.
 */
class SentinelClient {
 public:
  explicit SentinelClient(std::string program) : program_(std::move(program)) {}

  /**
   * Before a trap is written, and when the bytes under it have changed. `original` is as long as the trap. A
   * failure is told once; from then on no further space is guarded.
   */
  Failure guard(int space_handle, const Space& space, uint64_t address, const uint8_t* original,
                const std::vector<uint8_t>& trap);
  /** Before a thread gets hardware breakpoints or watchpoints; until the space is forgotten. Failures as
   * `guard`. */
  Failure guardThreads(int space_handle, const Space& space);
  /** After the original bytes are back. */
  void unguard(int space_handle, uint64_t address);
  void forgetSpace(int space_handle);
  /**
   * Before `code` is written over `original`, to `call.code_address`, and a thread sent there. False: nobody
   * would look after the thread.
   */
  bool beginCall(int space_handle, const Space& space, sentinel::ParkedCall call, const uint8_t* original,
                 const std::vector<uint8_t>& code);
  /** After the thread has its registers back, or is gone; the code is unguarded when it is gone as well. */
  void endCall() { threads_.endCall(); }
  /** Has the sentinel answer every call that comes by a listener; an errno(3) value or 0. */
  int answer(int listener);

 private:
  struct GuardedSpace {
    uint32_t memory = 0;
    /** Whose descriptor it is. */
    pid_t task = 0;
    std::unordered_map<uint64_t, uint32_t> records;
  };

  int start();
  int spawn(int its_socket) const;
  /** `descriptor` -1: the number is free again. */
  int send(sentinel::Message content, int descriptor) const;
  int addSpace(int space_handle, const Space& space);
  int sendMemory(GuardedSpace* guarded, const Space& space) const;
  /** Has the sentinel know the space. */
  int guardSpace(int space_handle, const Space& space);
  Failure failOnce(int code);
  int guardSite(int space_handle, const Space& space, uint64_t address, const uint8_t* original,
                const std::vector<uint8_t>& trap);

  std::string program_;
  /** Its other end sees the end of this process. */
  ScopedFd socket_;
  GuardTable table_;
  GuardedThreads threads_;
  bool has_failed_ = false;
  std::unordered_map<int, GuardedSpace> spaces_;
  uint32_t next_memory_ = 0;
  std::vector<uint32_t> free_memories_;
};

}  // namespace outstep
