#include "repeater.h"

#include <string.h>

#include <algorithm>
#include <utility>

#include "frame.h"
#include "socket.h"
#include "wait_clock.h"

namespace outstep {

namespace {

/** The session knows no more of them, nor of the forms of one. */
constexpr size_t kMostExchanges = 64;
constexpr size_t kLongestFrameBytes = 128;
/** The packets that may be handed back: one for each exchange. */
constexpr size_t kHandBackBytes = kMostExchanges * kLongestFrameBytes;
/** A thread that runs for longer is waited for by the event loop. */
constexpr int64_t kBriefWaitUs = 4000;
/** How much longer to serve until the session has nothing to hear of sites. */
constexpr int64_t kGraceUs = 1000;

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

/** The end of a step, a breakpoint or an end of a system call, and nothing else. */
bool isPlainStop(const Event& event) {
  bool is_other = event.refused || event.in_long_range || event.debug_status != 0;
  if (event.kind != Event::Kind::kStopped || is_other) return false;
  if (event.isSystemCallStop()) return event.call_end != CallEnd::kNone && !event.stepped && !event.at_site;
  return event.event == 0 && event.code == SIGTRAP && (event.stepped || event.at_site);
}

bool isSameEnd(const Repeater::StopForm& one, const Repeater::StopForm& other) {
  return one.site == other.site && one.call_end == other.call_end && one.call_number == other.call_number;
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
  if (packet.size() + 4 > kLongestFrameBytes) return;
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
  int64_t deadline = WaitClock::nowMicroseconds() + timeout_us;
  std::string reply;
  for (;;) {
    ssize_t count = receiveSome(fd, into, room_bytes - kHandBackBytes, true);
    const Exchange* found = count > 0 ? find(into, static_cast<size_t>(count)) : nullptr;
    if (found == nullptr || !carryOut(*found, &reply)) {
      handBack(into, count, &served);
      return served;
    }
    note(*found);
    ssize_t sent = sendSome(fd, reply.data(), reply.size());
    if (sent >= 0) served.unsent = reply.substr(static_cast<size_t>(sent));
    // Out of a held thread's reach nothing of ours may be lost, should this process be killed.
    if (found->is_run) tracer_.storeHeld();
    int64_t grace_us = hasUnheardSite(false) ? kGraceUs : 0;
    bool is_over = WaitClock::nowMicroseconds() >= deadline + grace_us;
    if (sent < 0 || !served.unsent.empty() || is_over) {
      handBack(into, 0, &served);
      return served;
    }
  }
}

bool Repeater::carryOut(const Exchange& exchange, std::string* reply) {
  if (exchange.is_run) return run(exchange, reply);
  *reply = "$OK#9a";
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
  bool is_expected = events.size() == 1 && events[0].tid == exchange.tid && isPlainStop(events[0]);
  if (is_expected) *reply = formReply(exchange, *tracer_.find(exchange.tid), events[0]);
  if (is_expected && !reply->empty()) {
    last_stop_ = events[0];
    return true;
  }
  // The session is to let it run, and will find that it does; of the run before it need not hear then.
  std::erase_if(unheard_, [](const Exchange* other) { return other->is_run; });
  tracer_.setAhead(exchange.tid, std::move(events));
  return false;
}

std::string Repeater::formReply(const Exchange& exchange, Tracee& tracee, const Event& event) {
  StopForm end;
  end.site = event.at_site ? event.pc : 0;
  end.call_end = event.call_end;
  if (end.call_end != CallEnd::kNone) end.call_number = event.call_number;
  auto form = std::find_if(exchange.forms.begin(), exchange.forms.end(),
                           [&](const StopForm& known) { return isSameEnd(known, end); });
  Space* space = tracer_.spaceOf(tracee);
  bool has_owners = event.at_site && tracee.hit_owners.has_value();
  if (form == exchange.forms.end() || space == nullptr || has_owners) return {};
  if (!loadGeneral(tracee, space->arch)) return {};
  std::string data = form->head;
  for (int number : form->registers) {
    const RegisterPlace& place = space->arch.registers.at(static_cast<size_t>(number));
    appendHex(&data, static_cast<uint8_t>(number));
    data += ':';
    for (size_t index = 0; index < place.size_bytes; ++index)
      appendHex(&data, tracee.general[place.offset + index]);
    data += ';';
  }
  return frameOf(data);
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
