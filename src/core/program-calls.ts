/**
 * System calls that the program makes on our behalf, at an instruction that no breakpoint is ever put on: the kernel's own in
 * the vDSO, or one that is put behind the text of an object, where a thread whose tracer was killed can wait for the sentinel.
 */
import type { ArchModule } from '../../arch/module.js';
import type { NativeTracer } from '../native/binding-types.js';
import type { RawMemory } from './memory.js';
import { type Mapping, mappings } from './proc.js';
import { textTails } from './text-tails.js';
import type { Thread } from './thread.js';

const lastErrorNumber = 4095;

export class ProgramCalls {
  readonly #native: NativeTracer;
  readonly #memory: RawMemory;
  readonly #arch: ArchModule;
  #instruction: bigint | undefined;
  /** Of programs that outlive us; 0n: there is no room. */
  #parking: bigint | undefined;
  #count = 0;

  constructor(native: NativeTracer, memory: RawMemory, arch: ArchModule) {
    this.#native = native;
    this.#memory = memory;
    this.#arch = arch;
  }

  /** How many calls were made: between two values that are equal none has changed the memory. */
  get count(): number {
    return this.#count;
  }

  /** For a copy of the memory. */
  copyTo(copy: ProgramCalls): void {
    copy.#instruction = this.#instruction;
    copy.#parking = this.#parking;
  }

  /**
   * The kernel's result, negative errno included; undefined: the thread is gone, or there is no instruction for it.
   * @param thread stopped, and not inside a system call
   * @param maps its memory, when it was looked at already
   */
  call(
    thread: Thread,
    number: number,
    args: readonly bigint[],
    maps?: readonly Mapping[],
  ): bigint | undefined {
    this.#instruction ??= this.#find(maps ?? mappings(thread.process.pid));
    if (this.#instruction === undefined) return undefined;
    this.#count += 1;
    if (thread.process.origin === 'attached') this.#parking ??= this.#findParking(thread, maps);
    const { numberOffset, argumentOffsets, resultOffset, restartOffset, parkingCode } = this.#arch.syscall;
    const result = this.#native.callSystem(thread.tid, {
      instruction: this.#instruction,
      number,
      args,
      numberOffset,
      argumentOffsets,
      resultOffset,
      restartOffset: restartOffset ?? -1,
      parking: this.#parking ?? 0n,
      parkingCode,
    });
    thread.forgetRegisters();
    return result;
  }

  /** The error number in a result of the kernel's; 0 where it is none. */
  errorOf(result: bigint): number {
    const number = -BigInt.asIntN(this.#arch.pointerBytes * 8, result);
    return number > 0n && number <= lastErrorNumber ? Number(number) : 0;
  }

  /** Behind the first text there is, which is the program's own and stays. */
  #findParking(thread: Thread, maps: readonly Mapping[] = mappings(thread.process.pid)): bigint {
    for (const { parking } of textTails(maps, this.#memory)) return parking;
    return 0n;
  }

  /** In the kernel's own vDSO. */
  #find(maps: readonly Mapping[]): bigint | undefined {
    const vdso = maps.find((mapping) => mapping.name === '[vdso]');
    if (vdso === undefined) return undefined;
    const text = new Uint8Array(Number(vdso.end - vdso.start));
    const length = this.#memory.read(vdso.start, text);
    const wanted = this.#arch.syscall.instruction;
    for (let at = 0; at + wanted.length <= length; at += this.#arch.instructionAlignment) {
      if (wanted.every((byte, index) => text[at + index] === byte)) return vdso.start + BigInt(at);
    }
    return undefined;
  }
}
