#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "space.h"
#include "tracee.h"

namespace outstep {

/**
 * Ends of system calls that are told in a list instead of as stops: src/native/news-types.ts NativeCallLog
 * has its form.
 */
class CallLog {
 public:
  bool isEmpty() const { return words_.empty(); }
  /** Those above had better have a look at it. */
  bool isFull() const { return words_.size() >= kMostWords; }
  /** Whose general registers are at hand. */
  void addEntry(Tracee& tracee, const Space& its_space, int number);
  void addReturn(const Tracee& tracee, const Space& its_space, int number);
  /** What is in it, which is empty then. */
  std::vector<uint64_t> take();

 private:
  /** Of some hundred calls. */
  static constexpr size_t kMostWords = 4096;

  void addHead(const Tracee& tracee, const Space& its_space, int number, uint32_t end);
  void addMemory(const Tracee& tracee, const Space& its_space, int number, bool is_return, uint64_t result);
  void addRead(const Space& its_space, const LoggedRead& read, uint64_t address, uint64_t length_bytes);

  std::vector<uint64_t> words_;
};

}  // namespace outstep
