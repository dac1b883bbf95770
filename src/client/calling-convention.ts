/** How functions are called, by architecture: what a thread at the first instruction of one has got. */
import { ClientError, clientErrorCodes } from './client-error.js';
import type { Memory } from './memory.js';
import type { RegisterAccess } from './registers/register-access.js';
import type { Target } from './target.js';

interface Convention {
  readonly architecture: RegExp;
  /** Of the first arguments, in their order. */
  readonly arguments: readonly string[];
  readonly result: string;
  /** Holds the return address; undefined: it is on top of the stack. */
  readonly link: string | undefined;
}

const conventions: readonly Convention[] = [
  {
    // System V Application Binary Interface, AMD64 supplement, 3.2.3.
    architecture: /x86[-_]64/,
    arguments: ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9'],
    result: 'rax',
    link: undefined,
  },
  {
    // System V Application Binary Interface, Intel386 supplement, 2.2.
    architecture: /^i[3-6]86/,
    arguments: [],
    result: 'eax',
    link: undefined,
  },
  {
    // Procedure Call Standard for the Arm 64-bit Architecture, 6.8.
    architecture: /aarch64|arm64/,
    arguments: ['x0', 'x1', 'x2', 'x3', 'x4', 'x5', 'x6', 'x7'],
    result: 'x0',
    link: 'x30',
  },
];

/** The call that a thread has just made: integers and pointers; what comes in vector registers is not counted. */
export class Call {
  readonly #target: Target;
  readonly #registers: RegisterAccess;
  readonly #memory: Memory;

  constructor(target: Target, registers: RegisterAccess, memory: Memory) {
    this.#target = target;
    this.#registers = registers;
    this.#memory = memory;
  }

  /** At the first instruction of a function. @throws ClientError UNSUPPORTED for an architecture that is not known */
  async argument(index: number): Promise<bigint> {
    const { arguments: names, link } = await this.#convention();
    const name = names[index];
    if (name !== undefined) return this.#registers.read(name);
    const onStack = index - names.length + (link === undefined ? 1 : 0);
    return this.#onStack(onStack);
  }

  /** At the first instruction of a function: where it will return to. @throws ClientError UNSUPPORTED */
  async returnAddress(): Promise<bigint> {
    const { link } = await this.#convention();
    return link === undefined ? this.#onStack(0) : this.#registers.read(link);
  }

  /** At the return address. @throws ClientError UNSUPPORTED */
  async result(): Promise<bigint> {
    return this.#registers.read((await this.#convention()).result);
  }

  async #onStack(index: number): Promise<bigint> {
    const [sp, pointerBytes] = await Promise.all([
      this.#registers.readRole('sp'),
      this.#target.pointerBytes(),
    ]);
    return this.#memory.readInteger(sp + BigInt(index * pointerBytes), pointerBytes);
  }

  async #convention(): Promise<Convention> {
    const architecture = await this.#target.architecture();
    const found = conventions.find((each) => each.architecture.test(architecture));
    if (found !== undefined) return found;
    throw new ClientError(clientErrorCodes.UNSUPPORTED, `how functions of ${architecture} are called`);
  }
}
