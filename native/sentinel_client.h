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
  Failure guard(int space_handle, const Space& space, uint64_t address, const uint8_t* original);
  /** After the original bytes are back. */
  void unguard(int space_handle, uint64_t address);
  void forgetSpace(int space_handle);
  /** Has the sentinel answer every call that comes by a listener; an errno(3) value or 0. */
  int answer(int listener);

 private:
  struct GuardedSpace {
    sentinel::Message memory = 0;
    std::unordered_map<uint64_t, uint32_t> records;
  };

  int start();
  int spawn(int its_socket) const;
  /** `descriptor` -1: the number is free again. */
  int send(sentinel::Message number, int descriptor) const;
  int addSpace(int space_handle, const Space& space);
  int guardSite(int space_handle, const Space& space, uint64_t address, const uint8_t* original);

  std::string program_;
  /** Its other end sees the end of this process. */
  ScopedFd socket_;
  GuardTable table_;
  bool has_failed_ = false;
  std::unordered_map<int, GuardedSpace> spaces_;
  sentinel::Message next_memory_ = 0;
  std::vector<sentinel::Message> free_memories_;
};

}  // namespace outstep
