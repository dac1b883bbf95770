/** System calls that the program makes on our behalf, at an instruction that no breakpoint is ever put on. */
import type { ArchModule } from '../../arch/module.js';
import type { NativeTracer } from '../native/binding-types.js';
import type { RawMemory } from './memory.js';
import { type Mapping, mappings } from './proc.js';
import type { Thread } from './thread.js';

export class ProgramCalls {
  readonly #native: NativeTracer;
  readonly #memory: RawMemory;
  readonly #arch: ArchModule;
  #instruction: bigint | undefined;

  constructor(native: NativeTracer, memory: RawMemory, arch: ArchModule) {
    this.#native = native;
    this.#memory = memory;
    this.#arch = arch;
  }

  /** For a copy of the memory. */
  copyTo(copy: ProgramCalls): void {
    copy.#instruction = this.#instruction;
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
    const { numberOffset, argumentOffsets, resultOffset, restartOffset } = this.#arch.syscall;
    const result = this.#native.callSystem(thread.tid, {
      instruction: this.#instruction,
      number,
      args,
      numberOffset,
      argumentOffsets,
      resultOffset,
      restartOffset: restartOffset ?? -1,
    });
    thread.forgetRegisters();
    return result;
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
