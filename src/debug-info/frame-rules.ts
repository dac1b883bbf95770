/** Executes call frame instructions: where, at one address of a function, its caller's registers are. DWARF 5 section 6.4.2. */
import { ByteReader } from './byte-reader.js';
import type { FrameDescription } from './frame-section.js';

export type RegisterRule =
  | { readonly kind: 'undefined' }
  | { readonly kind: 'same' }
  /** In memory, at the frame's address plus this. */
  | { readonly kind: 'offset'; readonly offset: number }
  /** The frame's address plus this itself. */
  | { readonly kind: 'value-offset'; readonly offset: number }
  | { readonly kind: 'register'; readonly register: number }
  /** In memory, at what the expression gives. */
  | { readonly kind: 'expression'; readonly expression: Uint8Array }
  | { readonly kind: 'value-expression'; readonly expression: Uint8Array };

/** The canonical frame address. */
export type FrameAddressRule =
  | { readonly kind: 'register'; readonly register: number; readonly offset: number }
  | { readonly kind: 'expression'; readonly expression: Uint8Array };

export interface FrameRules {
  readonly frameAddress: FrameAddressRule;
  /** By DWARF number; those that are missing have the value that they have. */
  readonly registers: ReadonlyMap<number, RegisterRule>;
  readonly returnColumn: number;
  readonly isSignalFrame: boolean;
  /** The return address bears a signature (pointer authentication). */
  readonly isReturnSigned: boolean;
}

interface State {
  frameAddress: FrameAddressRule | undefined;
  registers: Map<number, RegisterRule>;
  isReturnSigned: boolean;
}

const same: RegisterRule = { kind: 'same' };

/** The rules for an address of the file. @throws RangeError: an instruction is unknown, or there is no frame address */
export function frameRulesAt(description: FrameDescription, address: number): FrameRules {
  const { common, start } = description;
  const run = new Run(description, address);
  run.execute(common.instructions);
  run.setInitial();
  run.execute(description.instructions);
  const { frameAddress, registers, isReturnSigned } = run.state;
  if (frameAddress === undefined) throw new RangeError(`no frame address for the function at ${start}`);
  const { returnColumn, isSignalFrame } = common;
  return { frameAddress, registers, returnColumn, isSignalFrame, isReturnSigned };
}

class Run {
  state: State = { frameAddress: undefined, registers: new Map(), isReturnSigned: false };
  #initial: ReadonlyMap<number, RegisterRule> = new Map();
  readonly #saved: State[] = [];
  readonly #description: FrameDescription;
  readonly #wanted: number;
  #location: number;

  constructor(description: FrameDescription, wanted: number) {
    this.#description = description;
    this.#wanted = wanted;
    this.#location = description.start;
  }

  setInitial(): void {
    this.#initial = new Map(this.state.registers);
  }

  /** Up to the row that holds at the wanted address. */
  execute(instructions: Uint8Array): void {
    const reader = new ByteReader(instructions);
    while (!reader.isAtEnd && this.#location <= this.#wanted) {
      const opcode = reader.unsigned(1);
      const operand = opcode & 0x3f;
      switch (opcode >> 6) {
        case 1:
          this.#advance(operand);
          break;
        case 2:
          this.#set(operand, { kind: 'offset', offset: this.#scaled(reader.uleb()) });
          break;
        case 3:
          this.#restore(operand);
          break;
        default:
          this.#extended(opcode, reader);
      }
    }
  }

  #extended(opcode: number, reader: ByteReader): void {
    const register = () => Number(reader.uleb());
    const block = () => reader.bytes(Number(reader.uleb()));
    switch (opcode) {
      case 0x00: // nop
        return;
      case 0x01: // set_loc
        throw new RangeError('an absolute location in call frame instructions');
      case 0x02: // advance_loc1
      case 0x03: // advance_loc2
      case 0x04: // advance_loc4
        this.#advance(reader.unsigned(2 ** (opcode - 2)));
        return;
      case 0x05: // offset_extended
        this.#set(register(), { kind: 'offset', offset: this.#scaled(reader.uleb()) });
        return;
      case 0x06: // restore_extended
        this.#restore(register());
        return;
      case 0x07: // undefined
        this.#set(register(), { kind: 'undefined' });
        return;
      case 0x08: // same_value
        this.#set(register(), same);
        return;
      case 0x09: // register
        this.#set(register(), { kind: 'register', register: register() });
        return;
      case 0x0a: // remember_state
        this.#saved.push({ ...this.state, registers: new Map(this.state.registers) });
        return;
      case 0x0b: // restore_state
        this.state = this.#saved.pop() ?? this.state;
        return;
      case 0x0c: // def_cfa
        this.state.frameAddress = { kind: 'register', register: register(), offset: Number(reader.uleb()) };
        return;
      case 0x0d: // def_cfa_register
        this.state.frameAddress = { ...this.#frameRegister(), register: register() };
        return;
      case 0x0e: // def_cfa_offset
        this.state.frameAddress = { ...this.#frameRegister(), offset: Number(reader.uleb()) };
        return;
      case 0x0f: // def_cfa_expression
        this.state.frameAddress = { kind: 'expression', expression: block() };
        return;
      case 0x10: // expression
        this.#set(register(), { kind: 'expression', expression: block() });
        return;
      case 0x11: // offset_extended_sf
        this.#set(register(), { kind: 'offset', offset: this.#scaled(reader.sleb()) });
        return;
      case 0x12: // def_cfa_sf
        this.state.frameAddress = {
          kind: 'register',
          register: register(),
          offset: this.#scaled(reader.sleb()),
        };
        return;
      case 0x13: // def_cfa_offset_sf
        this.state.frameAddress = { ...this.#frameRegister(), offset: this.#scaled(reader.sleb()) };
        return;
      case 0x14: // val_offset
        this.#set(register(), { kind: 'value-offset', offset: this.#scaled(reader.uleb()) });
        return;
      case 0x15: // val_offset_sf
        this.#set(register(), { kind: 'value-offset', offset: this.#scaled(reader.sleb()) });
        return;
      case 0x16: // val_expression
        this.#set(register(), { kind: 'value-expression', expression: block() });
        return;
      case 0x2d: // AARCH64_negate_ra_state
        this.state.isReturnSigned = !this.state.isReturnSigned;
        return;
      case 0x2e: // GNU_args_size
        reader.uleb();
        return;
      case 0x2f: // GNU_negative_offset_extended
        this.#set(register(), { kind: 'offset', offset: -this.#scaled(reader.uleb()) });
        return;
      default:
        throw new RangeError(`call frame instruction 0x${opcode.toString(16)} is unknown`);
    }
  }

  #scaled(factored: bigint): number {
    return Number(factored) * this.#description.common.dataAlignment;
  }

  #advance(delta: number): void {
    this.#location += delta * this.#description.common.codeAlignment;
  }

  #set(register: number, rule: RegisterRule): void {
    this.state.registers.set(register, rule);
  }

  #restore(register: number): void {
    const initial = this.#initial.get(register);
    if (initial === undefined) this.state.registers.delete(register);
    else this.state.registers.set(register, initial);
  }

  #frameRegister(): { readonly kind: 'register'; readonly register: number; readonly offset: number } {
    const { frameAddress } = this.state;
    if (frameAddress?.kind === 'register') return frameAddress;
    throw new RangeError('a part of a frame address is given that is none of a register');
  }
}
