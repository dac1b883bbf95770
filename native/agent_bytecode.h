#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace outstep::agent {

/** GDB's manual, appendix "Bytecode Descriptions"; without those of floating point. */
enum Op : uint8_t {
  kAdd = 0x02,
  kSub = 0x03,
  kMul = 0x04,
  kDivSigned = 0x05,
  kDivUnsigned = 0x06,
  kRemSigned = 0x07,
  kRemUnsigned = 0x08,
  kLsh = 0x09,
  kRshSigned = 0x0a,
  kRshUnsigned = 0x0b,
  kTrace = 0x0c,
  kTraceQuick = 0x0d,
  kLogNot = 0x0e,
  kBitAnd = 0x0f,
  kBitOr = 0x10,
  kBitXor = 0x11,
  kBitNot = 0x12,
  kEqual = 0x13,
  kLessSigned = 0x14,
  kLessUnsigned = 0x15,
  kExt = 0x16,
  kRef8 = 0x17,
  kRef16 = 0x18,
  kRef32 = 0x19,
  kRef64 = 0x1a,
  kIfGoto = 0x20,
  kGoto = 0x21,
  kConst8 = 0x22,
  kConst16 = 0x23,
  kConst32 = 0x24,
  kConst64 = 0x25,
  kReg = 0x26,
  kEnd = 0x27,
  kDup = 0x28,
  kPop = 0x29,
  kZeroExt = 0x2a,
  kSwap = 0x2b,
  kGetv = 0x2c,
  kSetv = 0x2d,
  kTracev = 0x2e,
  kTracenz = 0x2f,
  kTrace16 = 0x30,
  kPick = 0x32,
  kRot = 0x33,
  kPrintf = 0x34,
};

/** An instruction of a program; an unsigned number, most significant byte first, follows the opcode. */
struct Instruction {
  uint8_t op = 0;
  uint64_t immediate = 0;
  /** 0: there is none at that place, or it is cut off. */
  size_t length_bytes = 0;
};

/** The one at `at`, which is inside the program. */
Instruction instructionAt(std::span<const uint8_t> program, size_t at);

uint64_t bigEndian(const uint8_t* bytes, size_t count);

/** Why a program can never be evaluated: an opcode that is none, something cut off, a jump to nowhere.
 * nullptr: nothing is wrong with it. */
const char* fault(std::span<const uint8_t> program);

}  // namespace outstep::agent
