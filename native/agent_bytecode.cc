#include "agent_bytecode.h"

#include <array>
#include <vector>

namespace outstep::agent {

namespace {

constexpr uint8_t kNone = 0xff;
constexpr size_t kOpCount = 0x35;

/** Bytes of the immediate of each opcode; kNone: the opcode is none, or one of floating point. A format
 * follows that of printf. */
constexpr std::array<uint8_t, kOpCount> immediateSizes() {
  std::array<uint8_t, kOpCount> sizes = {};
  for (uint8_t bad : {0x00, 0x01, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x31}) sizes[bad] = kNone;
  for (uint8_t one : {kTraceQuick, kExt, kConst8, kZeroExt, kPick}) sizes[one] = 1;
  for (uint8_t two : {kIfGoto, kGoto, kConst16, kReg, kGetv, kSetv, kTracev, kTrace16}) sizes[two] = 2;
  sizes[kConst32] = 4;
  sizes[kConst64] = 8;
  sizes[kPrintf] = 3;
  return sizes;
}

constexpr auto kImmediateSizes = immediateSizes();

}  // namespace

uint64_t bigEndian(const uint8_t* bytes, size_t count) {
  uint64_t value = 0;
  for (size_t index = 0; index < count; ++index) value = value << 8 | bytes[index];
  return value;
}

Instruction instructionAt(std::span<const uint8_t> program, size_t at) {
  uint8_t op = program[at];
  if (op >= kOpCount || kImmediateSizes[op] == kNone) return {};
  size_t length = 1u + kImmediateSizes[op];
  if (at + length > program.size()) return {};
  uint64_t immediate = bigEndian(program.data() + at + 1, kImmediateSizes[op]);
  if (op == kPrintf) length += immediate & 0xffff;
  if (at + length > program.size()) return {};
  return {op, immediate, length};
}

const char* fault(std::span<const uint8_t> program) {
  std::vector<bool> is_start(program.size(), false);
  for (size_t at = 0; at < program.size();) {
    Instruction instruction = instructionAt(program, at);
    if (instruction.length_bytes == 0) return "an instruction is unknown or cut off";
    is_start[at] = true;
    at += instruction.length_bytes;
  }
  for (size_t at = 0; at < program.size();) {
    auto [op, target, length] = instructionAt(program, at);
    at += length;
    if (op != kGoto && op != kIfGoto) continue;
    if (target >= program.size() || !is_start[target]) return "a jump leads to no instruction";
  }
  return program.empty() ? "it is empty" : nullptr;
}

}  // namespace outstep::agent
