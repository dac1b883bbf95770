#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tracer.h"

namespace outstep {

/**
 * Carries out packets that come again, and answers them, while nothing happens that it was not prepared for.
 * What they mean has been decided above, once; see native/README.md. All that they change is heard of above
 * before anything else is.
 */
class Repeater {
 public:
  explicit Repeater(Tracer& tracer) : tracer_(tracer) {}

  /** A site without programs of one owner is put in, or taken out, and `OK` is the answer. */
  void learnSite(const std::string& packet, int space, uint64_t address, bool inserts);

  /** How a stop is answered: a beginning, and the registers of the `p` packet with these numbers behind it.
   */
  struct StopForm {
    /** The site that was reached; 0: none. Without site and call a step has ended. */
    uint64_t site = 0;
    /** The end of a system call that was reached, and its number. */
    CallEnd call_end = CallEnd::kNone;
    int call_number = -1;
    std::string head;
    std::vector<int> registers;
    /** The end of the answer: other registers, whose values are these while parts of regsets are as they
     * were.
     */
    std::string tail;
    struct RegsetPart {
      int note_type = 0;
      size_t offset = 0;
      std::vector<uint8_t> bytes;
    };
    std::vector<RegsetPart> tail_while;
    /** Not empty: it is the stop of a fork. What the client then says of the child, in order; `OK` is the
     * answer to each, and with the last one the child is let go. In these and in `head` `*` stands for the
     * child's id in hex digits. */
    std::vector<std::string> about_child;

    bool isFork() const { return !about_child.empty(); }
  };

  /** A thread steps or continues while every other one stays stopped. */
  void learnRun(const std::string& packet, pid_t tid, ResumeMode mode, StopForm form);
  void forget() { exchanges_.clear(); }

  struct Served {
    /** Bytes for the session, from the start of the buffer; -1: the other end is gone. */
    ssize_t count = 0;
    /** So many packets at their beginning have been answered. */
    int answered = 0;
    /** What the socket had no room for. */
    std::string unsent;
    /** Children that the client was told of and has let go: the session does not hear of them. */
    std::vector<pid_t> let_go;
  };

  /** Answers packets of a connected socket for as long as it can, and `timeout_us` at most. */
  Served serve(int fd, uint8_t* into, size_t room_bytes, int64_t timeout_us);

 private:
  struct Exchange {
    /** The whole packet, with `$` and checksum. */
    std::string frame;
    bool is_run = false;
    int space = -1;
    uint64_t address = 0;
    bool inserts = false;
    pid_t tid = 0;
    ResumeMode mode = ResumeMode::kStep;
    std::vector<StopForm> forms;
  };

  /** The child of a fork that the client was told of, until it is let go. */
  struct ToldChild {
    pid_t pid = 0;
    pid_t maker = 0;
    const StopForm* form = nullptr;
    /** What the client has said of it. */
    std::string frames;
    size_t frame_count = 0;
  };

  Exchange& exchangeFor(const std::string& packet);
  const Exchange* find(const uint8_t* bytes, size_t length_bytes) const;
  /** False: it cannot be, and the packet is the session's. */
  bool answer(const uint8_t* bytes, size_t length_bytes, std::string* reply);
  bool answerAboutChild(const uint8_t* bytes, size_t length_bytes);
  bool letChildGo();
  bool carryOut(const Exchange& exchange, std::string* reply);
  bool changeSite(const Exchange& exchange);
  bool takeOut(const Exchange& exchange, Space& space);
  bool putIn(const Exchange& exchange, Space& space);
  bool run(const Exchange& exchange, std::string* reply);
  bool isReady(Tracee* tracee);
  bool hasUnheardSite(bool inserted_only) const;
  const StopForm* formOf(const Exchange& exchange, const Tracee& tracee, const Event& event) const;
  /** Empty: it cannot be formed. */
  std::string formReply(const StopForm& form, Tracee& tracee, const Event& event);
  void note(const Exchange& exchange);
  void undo(const Exchange& exchange, bool is_behind_run);
  /** Puts before `count` new bytes the packets that the session has to hear of. */
  void handBack(uint8_t* into, ssize_t count, Served* served);

  Tracer& tracer_;
  std::vector<Exchange> exchanges_;
  /** What the session has not heard of, in order: of the runs the last one, of each site what it differs by.
   */
  std::vector<const Exchange*> unheard_;
  /** The end of that run. */
  Event last_stop_;
  std::optional<ToldChild> child_;
  std::vector<pid_t> let_go_;
};

}  // namespace outstep
