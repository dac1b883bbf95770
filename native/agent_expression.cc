#include "agent_expression.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

#include "agent_bytecode.h"
#include "agent_format.h"

namespace outstep::agent {

namespace {

constexpr size_t kStackWords = 100;
/** Bounds loops. */
constexpr int kMostInstructions = 100'000;

uint64_t signExtended(uint64_t value, uint64_t bits) {
  if (bits >= 64) return value;
  if (bits == 0) return 0;
  uint64_t unused = 64 - bits;
  return static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused);
}

uint64_t zeroExtended(uint64_t value, uint64_t bits) {
  return bits >= 64 ? value : value & ((uint64_t{1} << bits) - 1);
}

class Evaluator {
 public:
  Evaluator(Tracee& tracee, const Space& space, Variables& variables, std::span<const uint8_t> program)
      : tracee_(tracee), space_(space), variables_(variables), program_(program) {}

  Outcome run();

 private:
  const char* step(uint8_t op, size_t next);
  const char* binary(uint8_t op);
  const char* divide(uint8_t op);
  const char* unary(uint8_t op);
  const char* rearrange(uint8_t op);
  const char* load(size_t size_bytes);
  const char* readRegister();
  const char* record(uint8_t op);
  const char* print();

  static constexpr const char* kUnderflow = "the stack is empty";
  bool holds(size_t count) const { return depth_ >= count; }
  uint64_t pop() { return stack_[--depth_]; }
  uint64_t& top() { return stack_[depth_ - 1]; }
  const char* push(uint64_t value) {
    if (depth_ == kStackWords) return "the stack is full";
    stack_[depth_++] = value;
    return nullptr;
  }

  Tracee& tracee_;
  const Space& space_;
  Variables& variables_;
  std::span<const uint8_t> program_;
  Outcome outcome_;
  std::array<uint64_t, kStackWords> stack_;
  size_t depth_ = 0;
  /** Of the instruction in hand; behind it. */
  uint64_t immediate_ = 0;
  size_t at_ = 0;
};

Outcome Evaluator::run() {
  for (int count = 0; outcome_.error == nullptr; ++count) {
    if (count == kMostInstructions) {
      outcome_.error = "it takes too long";
    } else if (at_ >= program_.size()) {
      outcome_.error = "it runs off its end";
    } else if (program_[at_] == kEnd) {
      if (depth_ > 0) outcome_.value = top();
      break;
    } else {
      auto [op, immediate, length] = instructionAt(program_, at_);
      if (length == 0) {
        outcome_.error = "an instruction is unknown or cut off";
        break;
      }
      immediate_ = immediate;
      outcome_.error = step(op, at_ + length);
    }
  }
  return std::move(outcome_);
}

const char* Evaluator::step(uint8_t op, size_t next) {
  size_t start = std::exchange(at_, next);
  switch (op) {
    case kConst8:
    case kConst16:
    case kConst32:
    case kConst64:
      return push(immediate_);
    case kReg:
      return readRegister();
    case kGetv: {
      auto found = variables_.find(static_cast<uint32_t>(immediate_));
      return push(found == variables_.end() ? 0 : found->second);
    }
    case kTracev:
      outcome_.recorded.push_back({Recorded::Kind::kVariable, immediate_, 0});
      return nullptr;
    case kGoto:
      at_ = immediate_;
      return nullptr;
    case kPrintf:
      at_ = start;
      return print();
    default:
      return holds(1) ? unary(op) : kUnderflow;
  }
}

/** Everything that needs at least one word on the stack. */
const char* Evaluator::unary(uint8_t op) {
  switch (op) {
    case kIfGoto:
      if (pop() != 0) at_ = immediate_;
      return nullptr;
    case kLogNot:
      top() = top() == 0;
      return nullptr;
    case kBitNot:
      top() = ~top();
      return nullptr;
    case kExt:
      top() = signExtended(top(), immediate_);
      return nullptr;
    case kZeroExt:
      top() = zeroExtended(top(), immediate_);
      return nullptr;
    case kRef8:
      return load(1);
    case kRef16:
      return load(2);
    case kRef32:
      return load(4);
    case kRef64:
      return load(8);
    case kSetv:
      variables_[static_cast<uint32_t>(immediate_)] = top();
      return nullptr;
    case kDup:
    case kPop:
    case kPick:
    case kSwap:
    case kRot:
      return rearrange(op);
    case kTrace:
    case kTraceQuick:
    case kTrace16:
    case kTracenz:
      return record(op);
    default:
      return holds(2) ? binary(op) : kUnderflow;
  }
}

const char* Evaluator::rearrange(uint8_t op) {
  switch (op) {
    case kDup:
      return push(top());
    case kPop:
      pop();
      return nullptr;
    case kPick:
      return holds(immediate_ + 1) ? push(stack_[depth_ - 1 - immediate_]) : kUnderflow;
    case kSwap:
      if (!holds(2)) return kUnderflow;
      std::swap(stack_[depth_ - 1], stack_[depth_ - 2]);
      return nullptr;
    default:
      if (!holds(3)) return kUnderflow;
      std::rotate(&stack_[depth_ - 3], &stack_[depth_ - 1], &stack_[depth_ - 1] + 1);
      return nullptr;
  }
}

const char* Evaluator::binary(uint8_t op) {
  uint64_t right = pop();
  uint64_t& left = top();
  auto signed_left = static_cast<int64_t>(left);
  auto signed_right = static_cast<int64_t>(right);
  switch (op) {
    case kAdd:
      left += right;
      return nullptr;
    case kSub:
      left -= right;
      return nullptr;
    case kMul:
      left *= right;
      return nullptr;
    case kLsh:
      left = right < 64 ? left << right : 0;
      return nullptr;
    case kRshSigned:
      left = static_cast<uint64_t>(signed_left >> std::min<uint64_t>(right, 63));
      return nullptr;
    case kRshUnsigned:
      left = right < 64 ? left >> right : 0;
      return nullptr;
    case kBitAnd:
      left &= right;
      return nullptr;
    case kBitOr:
      left |= right;
      return nullptr;
    case kBitXor:
      left ^= right;
      return nullptr;
    case kEqual:
      left = left == right;
      return nullptr;
    case kLessSigned:
      left = signed_left < signed_right;
      return nullptr;
    case kLessUnsigned:
      left = left < right;
      return nullptr;
    default:
      push(right);
      return divide(op);
  }
}

const char* Evaluator::divide(uint8_t op) {
  uint64_t right = pop();
  uint64_t& left = top();
  if (right == 0) return "it divides by zero";
  // INT64_MIN / -1 overflows: a divisor of -1 negates instead.
  const bool negates = right == UINT64_MAX;
  auto signed_left = static_cast<int64_t>(left);
  auto signed_right = static_cast<int64_t>(right);
  switch (op) {
    case kDivSigned:
      left = negates ? 0 - left : static_cast<uint64_t>(signed_left / signed_right);
      return nullptr;
    case kDivUnsigned:
      left /= right;
      return nullptr;
    case kRemSigned:
      left = negates ? 0 : static_cast<uint64_t>(signed_left % signed_right);
      return nullptr;
    case kRemUnsigned:
      left %= right;
      return nullptr;
    default:
      return "an instruction is unknown";
  }
}

/** Values are little-endian on every machine there is a module for. */
const char* Evaluator::load(size_t size_bytes) {
  uint64_t value = 0;
  if (space_.readOriginal(top(), &value, size_bytes) != size_bytes) return "memory cannot be read";
  top() = value;
  return nullptr;
}

const char* Evaluator::readRegister() {
  const auto& places = space_.arch.registers;
  if (immediate_ >= places.size() || places[immediate_].size_bytes == 0) return "a register cannot be read";
  if (!loadGeneral(tracee_, space_.arch)) return "the thread is gone";
  const RegisterPlace& place = places[immediate_];
  if (place.offset + place.size_bytes > tracee_.general.size()) return "a register cannot be read";
  uint64_t value = 0;
  memcpy(&value, tracee_.general.data() + place.offset, place.size_bytes);
  return push(value);
}

const char* Evaluator::record(uint8_t op) {
  const bool takes_length = op == kTrace || op == kTracenz;
  if (takes_length && !holds(2)) return kUnderflow;
  uint64_t length_bytes = takes_length ? pop() : immediate_;
  uint64_t address = takes_length ? pop() : top();
  if (op == kTracenz) {
    uint64_t most_bytes = std::min<uint64_t>(length_bytes, 0xffff);
    std::vector<char> bytes(most_bytes);
    size_t got = space_.readOriginal(address, bytes.data(), bytes.size());
    size_t before_end = strnlen(bytes.data(), got);
    if (before_end == got && got < most_bytes) return "memory cannot be read";
    length_bytes = std::min<uint64_t>(before_end + 1, most_bytes);
  }
  if (length_bytes > 0) outcome_.recorded.push_back({Recorded::Kind::kMemory, address, length_bytes});
  return nullptr;
}

const char* Evaluator::print() {
  const uint8_t* instruction = program_.data() + at_;
  size_t arg_count = instruction[1];
  size_t format_bytes = bigEndian(instruction + 2, 2);
  std::string_view pattern(reinterpret_cast<const char*>(instruction + 4), format_bytes);
  at_ += 4 + format_bytes;
  // Function and channel: there is one way to print.
  if (!holds(arg_count + 2)) return kUnderflow;
  depth_ -= 2;
  std::vector<uint64_t> args;
  for (size_t index = 0; index < arg_count; ++index) args.push_back(pop());
  return format(pattern, args, space_, &outcome_.text);
}

}  // namespace

Outcome evaluate(Tracee& tracee, const Space& space, Variables& variables, std::span<const uint8_t> program) {
  return Evaluator(tracee, space, variables, program).run();
}

}  // namespace outstep::agent
