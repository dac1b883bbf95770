/** Who called whom: the frames of a thread, by call frame information where there is some, else by frame pointers. */
import type { FrameFacts } from '../../arch/module.js';
import { numberOf } from '../base/byte-order.js';
import { type CallerFrame, callerByRules, type FrameRegisters, frameRulesAt } from '../debug-info/index.js';
import type { CodeFile, MappedFiles } from './mapped-files.js';
import { MemoryPieces } from './memory-pieces.js';
import type { ProcessSnapshot, ThreadSnapshot } from './snapshot.js';

export interface Frame {
  readonly pc: bigint;
  /** As it is in the file: C++ names are mangled. undefined: unknown. */
  readonly symbol: string | undefined;
  /** From the beginning of that function. */
  readonly offset: number | undefined;
  readonly file: CodeFile | undefined;
  /** The kernel made it for a signal handler: the next one is what was interrupted. */
  readonly isSignalFrame: boolean;
}

interface State {
  readonly registers: FrameRegisters;
  readonly pc: bigint;
  /** The address is one that a call returns to: the call is in front of it. */
  readonly isReturn: boolean;
}

/** Debuggers do not go beyond it. */
const outermostSymbol = 'main';
/** A stack that goes round in circles, or one of a recursion without end. */
const mostFrames = 100_000;

/** The innermost frame first. */
export function backtrace(
  snapshot: ProcessSnapshot,
  thread: ThreadSnapshot,
  files: MappedFiles,
): readonly Frame[] {
  const walk = new Walk(snapshot, thread, files);
  const frames: Frame[] = [];
  const { frames: facts } = snapshot.arch;
  let state = stateOf(registersOf(snapshot, thread), facts, false);
  while (state !== undefined && frames.length < mostFrames) {
    const { frame, caller } = walk.step(state);
    frames.push(frame);
    if (frame.symbol === outermostSymbol) break;
    state = caller;
  }
  return frames;
}

function stateOf(registers: FrameRegisters, facts: FrameFacts, isReturn: boolean): State | undefined {
  const pc = registers.get(facts.programCounter);
  return pc === undefined ? undefined : { registers, pc, isReturn };
}

/** By DWARF number. */
function registersOf({ registerFile }: ProcessSnapshot, { general }: ThreadSnapshot): FrameRegisters {
  const { regset } = registerFile.byRole('pc');
  const access = { read: () => general, write: () => false };
  const registers = new Map<number, bigint>();
  for (const register of registerFile.registers) {
    if (register.dwarf === undefined || register.regset !== regset) continue;
    const bytes = registerFile.read(register, access);
    if (bytes !== undefined) registers.set(register.dwarf, numberOf(bytes));
  }
  return registers;
}

class Walk {
  readonly #facts: FrameFacts;
  readonly #pointerBytes: 4 | 8;
  readonly #stack: MemoryPieces;
  readonly #code: MemoryPieces;
  readonly #files: MappedFiles;

  constructor({ arch, kernelCode }: ProcessSnapshot, thread: ThreadSnapshot, files: MappedFiles) {
    this.#facts = arch.frames;
    this.#pointerBytes = arch.pointerBytes;
    this.#stack = new MemoryPieces(thread.stack);
    this.#code = new MemoryPieces(kernelCode);
    this.#files = files;
  }

  step(state: State): { readonly frame: Frame; readonly caller: State | undefined } {
    const { pc, isReturn } = state;
    const at = isReturn ? pc - 1n : pc;
    const file = this.#files.fileAt(at);
    const symbol = file?.functionAt(at);
    const offset = file && symbol && Number(pc - file.bias) - symbol.address;
    const described = file && this.#byRules(file, at, state);
    const trampoline = described === undefined ? this.#byTrampoline(state) : undefined;
    const isSignalFrame = described?.isSignalFrame ?? trampoline !== undefined;
    const found =
      described?.caller ??
      trampoline ??
      (described === undefined ? this.#byConvention(state, offset === 0) : undefined);
    const frame = { pc, symbol: symbol?.name, offset, file, isSignalFrame };
    return { frame, caller: found && this.#checked(state, found, isSignalFrame) };
  }

  /** undefined: nothing is said of this address. A frame without a caller is the outermost. */
  #byRules(
    file: CodeFile,
    at: bigint,
    { registers }: State,
  ): { readonly caller: FrameRegisters | undefined; readonly isSignalFrame: boolean } | undefined {
    try {
      const address = Number(at - file.bias);
      const description = file.frames.find(address);
      if (description === undefined) return undefined;
      const rules = frameRulesAt(description, address);
      const { stackPointer } = this.#facts;
      const caller = callerByRules(rules, registers, this.#stack, this.#pointerBytes, stackPointer);
      return { caller: caller && this.#returned(caller), isSignalFrame: rules.isSignalFrame };
    } catch (error) {
      // Damaged information says nothing.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #returned({ registers, returnAddress }: CallerFrame): FrameRegisters | undefined {
    return returnAddress === undefined ? undefined : this.#withPc(registers, returnAddress);
  }

  #withPc(registers: FrameRegisters, returnAddress: bigint): FrameRegisters {
    const pc = returnAddress & this.#facts.returnAddressMask;
    return new Map(registers).set(this.#facts.programCounter, pc);
  }

  #byTrampoline({ registers, pc }: State): FrameRegisters | undefined {
    const stackPointer = registers.get(this.#facts.stackPointer);
    if (stackPointer === undefined) return undefined;
    for (const { code, registers: saved } of this.#facts.signalTrampolines) {
      const there = this.#code.read(pc, code.length) ?? this.#files.codeAt(pc, code.length);
      if (there === undefined || !code.every((byte, index) => there[index] === byte)) continue;
      const interrupted = new Map<number, bigint>();
      for (const [register, offset] of saved) {
        const value = this.#stack.word(stackPointer + BigInt(offset), this.#pointerBytes);
        if (value !== undefined) interrupted.set(register, value);
      }
      return interrupted;
    }
    return undefined;
  }

  /** Without a word about the function: a call of no code, its first instruction, or code with frame pointers. */
  #byConvention({ registers, pc, isReturn }: State, isAtStart: boolean): FrameRegisters | undefined {
    const { stackPointer, framePointer, linkRegister } = this.#facts;
    const sp = registers.get(stackPointer);
    const isFresh = !isReturn && (isAtStart || !this.#files.isExecutable(pc));
    if (isFresh && linkRegister !== undefined) {
      const link = registers.get(linkRegister);
      return link === undefined ? undefined : this.#withPc(registers, link);
    }
    return isFresh ? this.#popped(registers, sp) : this.#popped(registers, registers.get(framePointer), true);
  }

  /** @param at where the return address is, or with `hasRecord` the caller's frame pointer in front of it */
  #popped(registers: FrameRegisters, at: bigint | undefined, hasRecord = false): FrameRegisters | undefined {
    if (at === undefined) return undefined;
    const width = BigInt(this.#pointerBytes);
    const returnAt = hasRecord ? at + width : at;
    const returnAddress = this.#stack.word(returnAt, this.#pointerBytes);
    if (returnAddress === undefined) return undefined;
    const caller = new Map(this.#withPc(registers, returnAddress));
    caller.set(this.#facts.stackPointer, returnAt + width);
    const saved = hasRecord ? this.#stack.word(at, this.#pointerBytes) : undefined;
    if (saved !== undefined) caller.set(this.#facts.framePointer, saved);
    return caller;
  }

  /** undefined: it leads nowhere. */
  #checked(from: State, registers: FrameRegisters, isSignalFrame: boolean): State | undefined {
    const caller = stateOf(registers, this.#facts, !isSignalFrame);
    if (caller === undefined) return undefined;
    // What a signal has interrupted may be a jump to nowhere.
    if (!isSignalFrame && !this.#files.isExecutable(caller.pc - 1n)) return undefined;
    const { stackPointer } = this.#facts;
    const [before, after] = [from.registers.get(stackPointer), registers.get(stackPointer)];
    if (before === undefined || after === undefined) return undefined;
    // A leaf without a frame of its own leaves the stack pointer where it is; a handler may be on another stack.
    const hasMoved = after > before || (after === before && caller.pc !== from.pc) || isSignalFrame;
    return hasMoved ? caller : undefined;
  }
}
