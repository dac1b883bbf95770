/** From the registers of a function to those of its caller, by the rules of its call frame information. */
import { evaluate, type FrameContext } from './expression.js';
import type { FrameRules, RegisterRule } from './frame-rules.js';

/** By DWARF number. */
export type FrameRegisters = ReadonlyMap<number, bigint>;

export interface StackMemory {
  /** An unsigned word; undefined: it is not known. */
  word(address: bigint, lengthBytes: number): bigint | undefined;
}

export interface CallerFrame {
  readonly registers: FrameRegisters;
  /** As it is stored, maybe signed; undefined: this is the outermost frame. */
  readonly returnAddress: bigint | undefined;
}

/**
 * @param stackPointer DWARF number: in the caller it has the frame's address, unless a rule says otherwise
 * @returns undefined: what is needed for the frame's address is not known. @throws RangeError: damaged information
 */
export function callerByRules(
  rules: FrameRules,
  registers: FrameRegisters,
  stack: StackMemory,
  addressBytes: 4 | 8,
  stackPointer: number,
): CallerFrame | undefined {
  const context: FrameContext = {
    register: (number) => registers.get(number),
    memory: (address, lengthBytes) => stack.word(address, lengthBytes),
    addressBytes,
  };
  const frameAddress = frameAddressOf(rules, context);
  if (frameAddress === undefined) return undefined;
  const ruled = (register: number, rule: RegisterRule): bigint | undefined =>
    apply(rule, register, frameAddress, context);
  const caller = new Map(registers);
  caller.set(stackPointer, frameAddress);
  for (const [register, rule] of rules.registers) {
    const value = ruled(register, rule);
    if (value === undefined) caller.delete(register);
    else caller.set(register, value);
  }
  const returnRule = rules.registers.get(rules.returnColumn) ?? { kind: 'same' };
  return { registers: caller, returnAddress: ruled(rules.returnColumn, returnRule) };
}

function frameAddressOf({ frameAddress }: FrameRules, context: FrameContext): bigint | undefined {
  if (frameAddress.kind === 'expression') return evaluate(frameAddress.expression, context);
  const base = context.register(frameAddress.register);
  return base === undefined ? undefined : moved(base, frameAddress.offset, context);
}

function apply(
  rule: RegisterRule,
  register: number,
  frameAddress: bigint,
  context: FrameContext,
): bigint | undefined {
  const load = (address: bigint | undefined) =>
    address === undefined ? undefined : context.memory(address, context.addressBytes);
  switch (rule.kind) {
    case 'undefined':
      return undefined;
    case 'same':
      return context.register(register);
    case 'register':
      return context.register(rule.register);
    case 'offset':
      return load(moved(frameAddress, rule.offset, context));
    case 'value-offset':
      return moved(frameAddress, rule.offset, context);
    case 'expression':
      return load(evaluate(rule.expression, context, frameAddress));
    case 'value-expression':
      return evaluate(rule.expression, context, frameAddress);
  }
}

function moved(address: bigint, by: number, { addressBytes }: FrameContext): bigint {
  return BigInt.asUintN(addressBytes * 8, address + BigInt(by));
}
