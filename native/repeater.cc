#include "repeater.h"

#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "frame.h"
#include "ptrace_ops.h"
#include "socket.h"
#include "wait_clock.h"

namespace outstep {

namespace {

/** The session knows no more of them, nor of the forms of one. */
constexpr size_t kMostExchanges = 64;
constexpr size_t kLongestFrameBytes = 128;
/** The packets that may be handed back: one for each exchange, and what was said of a child. */
constexpr size_t kHandBackBytes = 2 * kMostExchanges * kLongestFrameBytes;
/** A thread that runs for longer is waited for by the event loop. */
constexpr int64_t kBriefWaitUs = 4000;
/** How much longer to serve until the session has nothing to hear of sites, nor of a child. */
constexpr int64_t kGraceUs = 1000;

constexpr char kOk[] = "$OK#9a";
constexpr char kDigits[] = "0123456789abcdef";

void appendHex(std::string* text, uint8_t byte) {
  *text += kDigits[byte >> 4];
  *text += kDigits[byte & 15];
}

std::string frameOf(const std::string& packet) {
  std::string framed = "$" + packet + "#";
  appendHex(&framed, frame::sum(reinterpret_cast<const uint8_t*>(packet.data()), packet.size()));
  return framed;
}

/** `text` with a process's id in the places of `*`. */
std::string withId(const std::string& text, pid_t pid) {
  char digits[2 * sizeof pid + 1];
  snprintf(digits, sizeof digits, "%x", static_cast<unsigned>(pid));
  std::string filled;
  for (char one : text) {
    if (one == '*') {
      filled += digits;
    } else {
      filled += one;
    }
  }
  return filled;
}

bool isFork(const Event& event) {
  return event.event == PTRACE_EVENT_FORK && event.message != 0;
}

/** The end of a step, a breakpoint, an end of a system call or a fork, and nothing else. */
bool isPlainStop(const Event& event) {
  bool is_other = event.refused || event.in_long_range || event.in_sequence || event.debug_status != 0;
  if (event.kind != Event::Kind::kStopped || is_other) return false;
  if (isFork(event)) return !event.stepped && !event.at_site;
  if (event.isSystemCallStop()) return event.call_end != CallEnd::kNone && !event.stepped && !event.at_site;
  return event.event == 0 && event.code == SIGTRAP && (event.stepped || event.at_site);
}

bool isSameEnd(const Repeater::StopForm& one, const Repeater::StopForm& other) {
  return one.isFork() == other.isFork() && one.site == other.site && one.call_end == other.call_end &&
         one.call_number == other.call_number;
}

/** Regsets are read in whole elements, none of which is larger. */
constexpr size_t kElementBytes = 16;

bool isAsItWas(pid_t tid, const Repeater::StopForm::RegsetPart& part) {
  size_t end = part.offset + part.bytes.size();
  std::vector<uint8_t> now((end + kElementBytes - 1) / kElementBytes * kElementBytes);
  size_t size_bytes = now.size();
  if (ptrace_ops::getRegset(tid, part.note_type, now.data(), &size_bytes) != 0 || size_bytes < end)
    return false;
  return memcmp(now.data() + part.offset, part.bytes.data(), part.bytes.size()) == 0;
}

}  // namespace

Repeater::Exchange& Repeater::exchangeFor(const std::string& packet) {
  std::string framed = frameOf(packet);
  for (Exchange& known : exchanges_)
    if (known.frame == framed) return known;
  if (exchanges_.size() == kMostExchanges) exchanges_.erase(exchanges_.begin());
  exchanges_.emplace_back().frame = std::move(framed);
  return exchanges_.back();
}

void Repeater::learnSite(const std::string& packet, int space, uint64_t address, bool inserts) {
  if (packet.size() + 4 > kLongestFrameBytes) return;
  Exchange& exchange = exchangeFor(packet);
  exchange.is_run = false;
  exchange.space = space;
  exchange.address = address;
  exchange.inserts = inserts;
}

void Repeater::learnRun(const std::string& packet, pid_t tid, ResumeMode mode, StopForm form) {
  const auto is_long = [](const std::string& text) {
    return withId(text, std::numeric_limits<pid_t>::max()).size() + 4 > kLongestFrameBytes;
  };
  const auto& about = form.about_child;
  if (is_long(packet) || about.size() > kMostExchanges || std::any_of(about.begin(), about.end(), is_long))
    return;
  Exchange& exchange = exchangeFor(packet);
  if (!exchange.is_run || exchange.tid != tid || exchange.mode != mode) exchange.forms.clear();
  exchange.is_run = true;
  exchange.tid = tid;
  exchange.mode = mode;
  std::erase_if(exchange.forms, [&](const StopForm& known) { return isSameEnd(known, form); });
  exchange.forms.push_back(std::move(form));
}

const Repeater::Exchange* Repeater::find(const uint8_t* bytes, size_t length_bytes) const {
  for (const Exchange& known : exchanges_) {
    if (known.frame.size() == length_bytes && memcmp(known.frame.data(), bytes, length_bytes) == 0)
      return &known;
  }
  return nullptr;
}

Repeater::Served Repeater::serve(int fd, uint8_t* into, size_t room_bytes, int64_t timeout_us) {
  Served served;
  unheard_.clear();
  child_.reset();
  int64_t deadline = WaitClock::nowMicroseconds() + timeout_us;
  std::string reply;
  for (;;) {
    ssize_t count = receiveSome(fd, into, room_bytes - kHandBackBytes, true);
    if (count <= 0 || !answer(into, static_cast<size_t>(count), &reply)) {
      handBack(into, count, &served);
      return served;
    }
    ssize_t sent = sendSome(fd, reply.data(), reply.size());
    if (sent >= 0) served.unsent = reply.substr(static_cast<size_t>(sent));
    // Out of a held thread's reach nothing of ours may be lost, should this process be killed.
    tracer_.storeHeld();
    int64_t grace_us = hasUnheardSite(false) || child_ ? kGraceUs : 0;
    bool is_over = WaitClock::nowMicroseconds() >= deadline + grace_us;
    if (sent < 0 || !served.unsent.empty() || is_over) {
      handBack(into, 0, &served);
      return served;
    }
  }
}

bool Repeater::answer(const uint8_t* bytes, size_t length_bytes, std::string* reply) {
  if (child_) {
    *reply = kOk;
    return answerAboutChild(bytes, length_bytes);
  }
  const Exchange* found = find(bytes, length_bytes);
  if (found == nullptr || !carryOut(*found, reply)) return false;
  note(*found);
  return true;
}

/** Nothing is done before the last packet: until then the session can still be given all of them. */
bool Repeater::answerAboutChild(const uint8_t* bytes, size_t length_bytes) {
  const auto& expected = child_->form->about_child;
  std::string frame = frameOf(withId(expected[child_->frame_count], child_->pid));
  if (frame.size() != length_bytes || memcmp(frame.data(), bytes, length_bytes) != 0) return false;
  if (child_->frame_count + 1 == expected.size()) return letChildGo();
  child_->frames += frame;
  child_->frame_count += 1;
  return true;
}

bool Repeater::letChildGo() {
  const Tracee* maker = tracer_.find(child_->maker);
  const Space* space = maker == nullptr ? nullptr : tracer_.spaceOf(*maker);
  // A filter must not be left in it without a tracer.
  bool may_go = space != nullptr && space->call_filter.mark == 0;
  if (!may_go || !tracer_.letCopyGo(*space, child_->pid)) return false;
  let_go_.push_back(child_->pid);
  last_stop_.message = 0;
  child_.reset();
  return true;
}

bool Repeater::carryOut(const Exchange& exchange, std::string* reply) {
  if (exchange.is_run) return run(exchange, reply);
  *reply = kOk;
  return changeSite(exchange);
}

bool Repeater::changeSite(const Exchange& exchange) {
  Space* space = tracer_.space(exchange.space);
  if (space == nullptr || space->programs.contains(exchange.address)) return false;
  return exchange.inserts ? putIn(exchange, *space) : takeOut(exchange, *space);
}

bool Repeater::takeOut(const Exchange& exchange, Space& space) {
  const Plan* plan = space.siteAt(exchange.address);
  // Without the instruction it could not be put in again.
  if (plan == nullptr || plan->text.empty()) return false;
  std::vector<uint8_t> now(plan->original.size());
  bool is_there = space.read(exchange.address, now.data(), now.size()) == now.size() &&
                  now == space.arch.breakpoint_bytes;
  if (!is_there || space.write(exchange.address, plan->original.data(), now.size()) != now.size())
    return false;
  space.removeSite(exchange.address);
  tracer_.unguard(exchange.space, exchange.address);
  return true;
}

/** Only where the instruction is the one that the plan was made for. */
bool Repeater::putIn(const Exchange& exchange, Space& space) {
  const Plan* plan = space.removedSite(exchange.address);
  if (plan == nullptr || plan->text.empty() || space.siteAt(exchange.address) != nullptr) return false;
  std::vector<uint8_t> now(plan->text.size());
  if (space.read(exchange.address, now.data(), now.size()) != now.size() || now != plan->text) return false;
  if (tracer_.guard(exchange.space, space, exchange.address, plan->original.data())) return false;
  const auto& trap = space.arch.breakpoint_bytes;
  if (space.write(exchange.address, trap.data(), trap.size()) != trap.size()) {
    tracer_.unguard(exchange.space, exchange.address);
    return false;
  }
  space.sites[exchange.address] = *plan;
  return true;
}

/** At a site it depends on whose it is what a thread does. */
bool Repeater::isReady(Tracee* tracee) {
  Space* space = tracee == nullptr ? nullptr : tracer_.spaceOf(*tracee);
  if (space == nullptr || tracee->state != RunState::kStopped || tracee->owes_stop) return false;
  if (tracee->is_interrupted || tracee->restart_site != 0 || tracee->deferred_signal) return false;
  return loadGeneral(*tracee, space->arch) && space->siteAt(tracee->word(space->arch.pc_offset)) == nullptr;
}

bool Repeater::run(const Exchange& exchange, std::string* reply) {
  Tracee* tracee = tracer_.find(exchange.tid);
  // Should the thread not stop soon, the session must be able to put in what it has not heard of.
  if (hasUnheardSite(true) || !isReady(tracee)) return false;
  std::vector<Event> events;
  if (tracer_.resume(*tracee, exchange.mode, 0) == ResumeResult::kRunning)
    tracer_.wait(kBriefWaitUs, false, &events);
  bool is_plain = events.size() == 1 && events[0].tid == exchange.tid && isPlainStop(events[0]);
  tracee = is_plain ? tracer_.find(exchange.tid) : nullptr;
  const StopForm* form = tracee == nullptr ? nullptr : formOf(exchange, *tracee, events[0]);
  *reply = form == nullptr ? std::string() : formReply(*form, *tracee, events[0]);
  if (!reply->empty()) {
    last_stop_ = events[0];
    last_stop_.told = true;
    if (form->isFork()) child_ = {static_cast<pid_t>(last_stop_.message), exchange.tid, form, {}, 0};
    return true;
  }
  // The session is to let it run, and will find that it does; of the run before it need not hear then.
  std::erase_if(unheard_, [](const Exchange* other) { return other->is_run; });
  tracer_.setAhead(exchange.tid, std::move(events));
  return false;
}

const Repeater::StopForm* Repeater::formOf(const Exchange& exchange, const Tracee& tracee,
                                           const Event& event) const {
  bool has_owners = event.at_site && tracee.hit_owners.has_value();
  // What is in the frames of handlers must be taken out of a copy of them.
  if (has_owners || (isFork(event) && !tracee.handler_marks.empty())) return nullptr;
  StopForm end;
  end.site = event.at_site ? event.pc : 0;
  end.call_end = event.call_end;
  if (end.call_end != CallEnd::kNone) end.call_number = event.call_number;
  if (isFork(event)) end.about_child.emplace_back();
  auto form = std::find_if(exchange.forms.begin(), exchange.forms.end(),
                           [&](const StopForm& known) { return isSameEnd(known, end); });
  return form == exchange.forms.end() ? nullptr : &*form;
}

std::string Repeater::formReply(const StopForm& form, Tracee& tracee, const Event& event) {
  Space* space = tracer_.spaceOf(tracee);
  if (space == nullptr || !loadGeneral(tracee, space->arch)) return {};
  std::string data = form.isFork() ? withId(form.head, static_cast<pid_t>(event.message)) : form.head;
  for (int number : form.registers) {
    const RegisterPlace& place = space->arch.registers.at(static_cast<size_t>(number));
    appendHex(&data, static_cast<uint8_t>(number));
    data += ':';
    for (size_t index = 0; index < place.size_bytes; ++index)
      appendHex(&data, tracee.general[place.offset + index]);
    data += ';';
  }
  if (!std::all_of(form.tail_while.begin(), form.tail_while.end(),
                   [&](const auto& part) { return isAsItWas(tracee.tid, part); }))
    return {};
  return frameOf(data + form.tail);
}

void Repeater::note(const Exchange& exchange) {
  const auto isReplaced = [&](const Exchange* other) {
    if (exchange.is_run || other->is_run) return exchange.is_run && other->is_run;
    return other->space == exchange.space && other->address == exchange.address;
  };
  bool was_unheard = std::erase_if(unheard_, isReplaced) > 0;
  // What is put in and taken out, or the other way round, is as it was.
  if (exchange.is_run || !was_unheard) unheard_.push_back(&exchange);
}

bool Repeater::hasUnheardSite(bool inserted_only) const {
  return std::any_of(unheard_.begin(), unheard_.end(), [&](const Exchange* exchange) {
    return !exchange->is_run && (exchange->inserts || !inserted_only);
  });
}

/** The session does it itself; behind a run only when it has heard of that, and others may look at the sites
 * before. */
void Repeater::undo(const Exchange& exchange, bool is_behind_run) {
  Space* space = tracer_.space(exchange.space);
  if (space == nullptr) return;
  if (exchange.inserts) takeOut(exchange, *space);
  if (!exchange.inserts && is_behind_run) putIn(exchange, *space);
}

void Repeater::handBack(uint8_t* into, ssize_t count, Served* served) {
  std::string packets;
  bool is_behind_run = false;
  for (const Exchange* exchange : std::exchange(unheard_, {})) {
    if (exchange->is_run) {
      tracer_.setAhead(exchange->tid, {last_stop_});
      is_behind_run = true;
    } else {
      undo(*exchange, is_behind_run);
    }
    packets += exchange->frame;
    served->answered += 1;
  }
  if (child_) {
    packets += child_->frames;
    served->answered += static_cast<int>(child_->frame_count);
    child_.reset();
  }
  served->let_go = std::exchange(let_go_, {});
  if (packets.empty()) {
    served->count = count;
    return;
  }
  // That the other end is gone will be said again.
  auto new_bytes = static_cast<size_t>(std::max<ssize_t>(count, 0));
  memmove(into + packets.size(), into, new_bytes);
  memcpy(into, packets.data(), packets.size());
  served->count = static_cast<ssize_t>(packets.size() + new_bytes);
}

}  // namespace outstep
