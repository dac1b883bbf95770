#pragma once

#include <signal.h>
#include <sys/ptrace.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "agent_expression.h"
#include "call_log.h"
#include "child_signal.h"
#include "failure.h"
#include "sentinel_client.h"
#include "space.h"
#include "tracee.h"
#include "wait_clock.h"

namespace outstep {

/** Which end of a system call a thread has reached. */
enum class CallEnd { kNone, kEntry, kReturn };

/** src/native/news-types.ts NativeEvent. */
struct Event {
  enum class Kind { kStopped, kExited, kKilled, kPrinted, kBorn, kCallLog };
  pid_t tid = 0;
  Kind kind = Kind::kStopped;
  int code = 0;
  int event = 0;
  unsigned long message = 0;
  int signal_code = 0;
  pid_t sender = 0;
  uint64_t pc = 0;
  bool at_site = false;
  bool stepped = false;
  bool refused = false;
  bool in_long_range = false;
  bool in_sequence = false;
  uint64_t debug_status = 0;
  /** A client has its answer. */
  bool told = false;
  CallEnd call_end = CallEnd::kNone;
  int call_number = -1;
  /** si_addr of a trap. */
  uint64_t trap_address = 0;

  /** PTRACE_O_TRACESYSGOOD. */
  bool isSystemCallStop() const { return event == 0 && code == (SIGTRAP | 0x80); }
  /** kPrinted: by the commands of whom, and what. */
  int owner = 0;
  std::string text;
  /** kBorn: whose thread it is. */
  pid_t process = 0;
  /** kCallLog: as `CallLog` makes them. */
  std::vector<uint64_t> words;
};

/** PTRACE_CONT, PTRACE_SINGLESTEP, PTRACE_SYSCALL. */
enum class RunRequest { kContinue, kStep, kSystemCall };

enum class ResumeResult { kRunning, kGone, kRefused, kSequence, kStretch, kDone };

/** What one look at the threads of a process came to. */
struct Seizure {
  /** Each has been interrupted. */
  std::vector<pid_t> seized;
  /** They are listed and have ended already. */
  std::vector<pid_t> ended;
  /** Those behind it were left alone. */
  Failure refusal;
};

/**
 * The threads traced by one OS thread. Decides by itself every stop that its tables decide (steps inside a
 * range, passed signals, the ends of out-of-line steps) and hands up the rest. ptrace(2) ties all of this to
 * the thread that made it.
 */
class Tracer {
 public:
  /** `sentinel` is the path of its program. `event_loop` can be read as soon as the event loop of this thread
   * has something to do, as the descriptor of epoll_create(2) can. */
  Tracer(std::string sentinel, int event_loop)
      : sentinel_program_(std::move(sentinel)), event_loop_(event_loop) {}

  Tracee* find(pid_t tid);
  Space* space(int handle);
  Space* spaceOf(const Tracee& tracee) { return space(tracee.space); }

  pid_t spawn(const struct SpawnOptions& options, Failure* failure);
  int seize(pid_t tid, int space_handle, bool exit_kill);
  /** Seizes and interrupts the threads of a space's process that are not known yet. */
  Seizure seizeThreads(int space_handle);
  /** Whether a process has no thread but those that are known. False where the kernel does not count them. */
  bool knowsEveryThread(int space_handle);
  /** The stopped threads of a space that have a signal to take; the process's own counts where there is one
   * thread. */
  std::vector<pid_t> awaitingSignal(int space_handle);
  void adopt(pid_t tid, int space_handle);
  int interrupt(pid_t tid);
  int detach(Tracee& tracee, int signal);
  void forget(pid_t tid);
  void park(pid_t tid);

  int addSpace(pid_t pid, Arch arch);
  /** For a child of a process: the same sites and slots in its own memory, or in the same one. -1: errno says
   * why. */
  int copySpace(const Space& original, pid_t pid);
  /** After an exec: another memory, without sites, and maybe another machine. */
  int resetSpace(Space& space, int handle, pid_t pid, Arch arch);
  void removeSpace(int handle);
  /** Programs that were launched die with this process and need no sentinel. */
  Failure guard(int handle, const Space& space, uint64_t address, const uint8_t* original);
  Failure guardThreads(int handle, const Space& space);
  void unguard(int handle, uint64_t address);
  /** See system_call.h. */
  std::optional<uint64_t> callSystem(Tracee& tracee, const struct SystemCall& call);
  /** Has somebody who outlives this process answer the calls that come by a descriptor of a program. */
  Failure answerCalls(pid_t pid, int listener);

  /** Whether a thread that runs may be inside the slot at an address, of whatever space. */
  bool isSlotInUse(uint64_t address) const;

  /** `tracee.range` is set for the modes that need one. */
  ResumeResult resume(Tracee& tracee, ResumeMode mode, int signal);
  /** A regset of a thread was set, which may be one with debug registers. */
  void noteDebugSet(Tracee& tracee, int note_type, const uint8_t* bytes, size_t length_bytes);
  bool stepInPlace(Tracee& tracee, int signal);
  /** Whether the step of a stopped thread that has ended took it elsewhere than to the next instruction. */
  bool hasTransferred(const Tracee& tracee);
  /** A thread was let run before those above asked for it: when they do, these events are theirs. */
  void setAhead(pid_t tid, std::vector<Event> events) { ahead_ = {tid, std::move(events)}; }
  bool isAhead(pid_t tid) const { return ahead_ && ahead_->tid == tid; }
  /** They have asked for it. */
  void catchUp();
  /** Lets go of a child that has a copy of a memory, without our traps. False: it has none, or is still to be
   * taken up. */
  bool letCopyGo(const Space& its_space, pid_t child);
  /** Should this process be killed while a thread is held, the kernel lets it go on with the registers it
   * has.
   */
  void storeHeld();
  /** Up to a batch of events, waiting for the first one while any thread runs. A stopped thread has news
   * only when it was killed; `look_at_stopped` asks for that as well. */
  void wait(int64_t timeout_us, bool look_at_stopped, std::vector<Event>* events);
  /** The last wait had stops and nothing to tell of them: it is to be called again without waiting for a
   * signal. */
  bool passesStops() const { return passes_stops_; }
  /** SIGKILL takes stopped threads out of their stops: their exits are waited for. */
  int kill(pid_t pid);
  /** The stopped threads of a process have been killed: their exits are waited for. */
  void expectExits(pid_t pid);
  /** A thread that was found gone while it was thought to be stopped. */
  void expectExit(Tracee& tracee);
  /** Trace state variables, those of every program alike. */
  agent::Variables& variables() { return variables_; }
  agent::Outcome evaluate(Tracee& tracee, const Space& space, std::span<const uint8_t> program);
  /** Of a stopped thread; 0: unknown. */
  uint64_t threadPointer(pid_t tid);
  size_t traceeCount() const { return tracees_.size(); }
  size_t spaceCount() const { return spaces_.size(); }
  /** Kills what was launched, waits a little until it is reaped, and forgets everything else. */
  void dispose();

 private:
  std::vector<pid_t> threadsOf(int space_handle) const;
  bool run(Tracee& tracee, bool step, int signal);
  void switchOff(Tracee& tracee, const Space& space);
  /** Sets the debug registers again, if they were off for the last step. */
  bool switchOn(Tracee& tracee);
  void noteAccess(Tracee& tracee, const Space& space, const Event& event, bool was_unwatched);
  bool mustGoUnwatched(Tracee& tracee, const Space& space, int signal);
  RunRequest requestFor(Tracee& tracee, bool step, int signal);
  /** A stop by a seccomp filter. False: it is none of ours, and the thread goes on. */
  bool onFilterStop(Tracee& tracee, Space& its_space, Event* event);
  void outdoFilter(const Tracee& maker, Space& its_space);
  /** Keeps account of whether a thread is inside a system call. */
  void noteCall(Tracee& tracee, const Event& event);
  /** As `onStop`; `ended` is what was under way. */
  bool onCallStop(Tracee& tracee, const Space& space, Phase ended, Event* event);
  /** Puts an end of a call into the log. False: it is to be told as a stop. */
  bool logCall(Tracee& tracee, const Space& space, bool is_entry, Event* event);
  /** What was logged before the next event. */
  void reportCalls(std::vector<Event>* events);
  /** Those above have had the log: threads that waited for that go on. */
  void releaseLogged(std::vector<Event>* events);
  bool isLogDue() const { return !logged_.empty() || call_log_.isFull(); }
  /** Whether only one instruction may be executed now. */
  bool mustStep(Tracee& tracee, int signal);
  static bool isPassedFreely(const Tracee& tracee, const Space& its_space);
  /** Lets a thread go on with a system call in the slot of a site that is gone. */
  ResumeResult resumeCall(Tracee& tracee, const Space& its_space, int signal);
  /** Whether a signal ends a process with a core dump. */
  static bool endsProcess(const Space& its_space, int signal);
  /** Whether a step would stop the thread inside a sequence; see Sequence of arch/plan.ts. */
  bool entersSequence(Tracee& tracee);
  /** Whether the thread has run out of its range; a step says so itself. */
  static bool hasLeftRange(const Tracee& tracee, uint64_t pc);
  /** Whether a step, range step or block step is over at the present pc. */
  bool isStepEnd(Tracee& tracee, const Space& space);
  /** A block step is not over, and what is to come of it is not known. */
  static bool isOutOfStretch(const Tracee& tracee);
  ResumeResult passSite(Tracee& tracee, Space& space, const Plan& plan, int signal);
  /** False: nobody need hear of it, the thread goes on. */
  bool onStop(Tracee& tracee, Event* event);
  /** As `onStop`, for a signal that is about to be delivered; `stopped_at`: the pc as it was. */
  bool onSignalStop(Tracee& tracee, Space& space, uint64_t stopped_at, Event* event);
  static void noteRestart(Tracee& tracee, const Space& space);
  bool collectsTrap(Tracee& tracee, const Space& space);
  void endPhase(Tracee& tracee, uint64_t pc);
  /** Of a thread whose stop is told. */
  void endStepping(Tracee& tracee, Event* event);
  bool onTrap(Tracee& tracee, Space& space, Event* event);
  std::optional<bool> onSiteTrap(Tracee& tracee, Space& space, Event* event);
  bool onOtherSignal(Tracee& tracee, Space& space, const siginfo_t& info, Event* event);
  bool onPassedSignal(Tracee& tracee, Space& space, const siginfo_t& info, Event* event);
  /** Executes the instruction at a site before a signal is delivered. False: the signal goes first. */
  bool deferSignal(Tracee& tracee, Space& space, const siginfo_t& info);
  /** The signal to be injected now that the instruction is done; 0: none. */
  int takeDeferred(Tracee& tracee);
  void resendDeferred(Tracee& tracee, const Space& space);
  void recogniseDeferred(Tracee& tracee, siginfo_t* info);
  /** Evaluates conditions, runs commands. False: nobody is to hear of the hit. */
  bool concernsAnyone(Tracee& tracee, const Space& space, const BreakpointPrograms& programs);
  bool isSiteHit(Tracee& tracee, const Space& space, uint64_t address);
  bool isConditionTrue(Tracee& tracee, const Space& space, const OwnerPrograms& owner);
  void runCommands(Tracee& tracee, const Space& space, const OwnerPrograms& owner);
  void takePrinted(std::vector<Event>* events);
  bool isSilentHardwareHit(Tracee& tracee, const Space& space, const Event& event);
  bool isRemovedSite(const Space& space, uint64_t address) const;
  bool goOn(Tracee& tracee, int signal, Event* event);
  bool readDebugStatus(Tracee& tracee, const Space& space, Event* event);

  /** What a child has from the thread that made it. */
  struct Newborn {
    /** It stands in it as well; 0: in none. */
    uint64_t slot = 0;
    /** In its copy of the memory. */
    std::vector<HandlerMark> handler_marks;
  };

  void noteBirth(const Tracee& tracee, const Event& event);
  /** Before a signal that ends the process with a core dump: no other thread may show a slot in it. */
  void emptySlots(const Tracee& dying, int signal);
  void leaveSlot(Tracee& tracee);

  /** What waitpid(2) says of a thread. */
  struct Status {
    pid_t tid;
    int status;
    /** The kernel still has it: see `keepsTraps`. */
    bool is_kept = false;
  };

  static constexpr int kFirstStopStatus = PTRACE_EVENT_STOP << 16 | SIGTRAP << 8 | 0x7f;

  static bool isFirstStop(int status);
  /** The stop of a thread that made a child. True: nobody need hear of it, both go on. */
  bool takeChild(Tracee& maker, Space& its_space, Event* event);
  bool takeThread(const Tracee& maker, const Space& its_space, pid_t child);
  bool claimFirstStop(pid_t child, bool* is_alive);
  static bool restoreCopy(const Space& its_space, pid_t child);
  /** The first stop of a child whose maker's has not been read. */
  void keepEarly(pid_t child);
  void reportEarly(std::vector<Event>* events);
  /** Before anything else of threads that were let run unheard. */
  void reportBirths(std::vector<Event>* events);

  pid_t anyRunningTid() const;
  bool anyRunning() const { return running_ > 0; }
  void setState(Tracee& tracee, RunState state);
  bool reapKnown(pid_t tid, bool block, std::vector<Status>* taken);
  /**
   * A thread whose stop was taken from the kernel goes on without the signal when this process is killed. So
   * where the pc lies behind a trap, the stops of programs that would outlive us are only looked at (WNOWAIT)
   * until the pc is right or the thread runs again.
   */
  bool keepsTraps() const;
  bool isKept(const siginfo_t& info);
  /** The pc of a thread that has run into a trap is the site's at once, also if this process ends now. */
  void moveBack(pid_t tid);
  /** Takes a kept stop from the kernel, as `moveBack`. */
  void takeKept(Status* kept);
  bool awaitOnly(pid_t tid, std::vector<Status>* taken);
  bool drain(bool block, std::vector<Status>* taken);
  bool drainStop(std::vector<Status>* taken);
  bool takeNext(bool is_busy, std::vector<Event>* events);
  bool doOthersWait() const;
  bool isAwaited(pid_t tid);
  bool awaitInterrupted(std::vector<Status>* taken);
  void takeInterrupted(std::vector<Status>* taken);
  void takeRound(std::vector<Event>* events);
  bool reapReleased(pid_t pid);
  void reapLaunched();
  void takeStop(const Status& one, std::vector<Event>* events);
  void scanKnown(std::vector<Status>* taken);
  void take(pid_t tid, int status, std::vector<Event>* events);

  std::unordered_map<pid_t, std::unique_ptr<Tracee>> tracees_;
  std::unordered_map<int, std::unique_ptr<Space>> spaces_;
  std::unordered_set<pid_t> launched_;
  /** Launched and let go: still children of this thread, whatever Tracer it has, and nobody else waits for
   * them. */
  static thread_local std::unordered_set<pid_t> released_;
  /** Children that have not been seen yet, made by a thread in a slot or inside a handler. */
  std::unordered_map<pid_t, Newborn> newborns_;
  int next_space_ = 1;
  int running_ = 0;
  /** Threads whose registers were changed since `storeHeld`. */
  std::vector<pid_t> changed_;
  pid_t last_run_ = 0;
  agent::Variables variables_;
  /** In the order of their interrupts; those that have stopped since included. */
  std::deque<pid_t> interrupted_;
  /** Some of them have stopped since they were waited for last. */
  bool are_stopping_ = false;
  /** Threads that run and that nobody has heard of yet. */
  std::vector<pid_t> unreported_;
  /** Children at their first stops. */
  std::vector<pid_t> early_;
  /** Taken from the kernel before their turn. */
  std::vector<Status> unclaimed_;
  CallLog call_log_;
  /** The stops of threads that wait until those above have had the log. */
  std::vector<Event> logged_;
  /** Printed by commands and not handed up yet. */
  std::vector<Event> printed_;
  struct Ahead {
    pid_t tid;
    std::vector<Event> events;
  };
  std::optional<Ahead> ahead_;
  /** Taken already, and to be handed up first. */
  std::vector<Event> caught_up_;
  /** A thread has ended since stops were last signalled. */
  bool has_ended_ = false;
  bool passes_stops_ = false;
  /** A thread that was waited for is there no more. */
  bool has_vanished_ = false;
  StopSignals stop_signals_;
  std::string sentinel_program_;
  int event_loop_;
  std::optional<SentinelClient> sentinel_;
};

}  // namespace outstep
