/** A fixture that prints NAME=VALUE lines and `ready`, with its memory at hand: /proc/PID/mem needs no tracer here. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { type ProgramMemory, ProgramReader } from '../../../src/core/program/index.js';
import { type CompileOptions, compileFixture } from '../../support/fixture.js';
import { TestProcess } from '../../support/test-process.js';

export class ProcessMemory implements ProgramMemory, Disposable {
  readonly #descriptor: number;

  constructor(pid: number) {
    this.#descriptor = openSync(`/proc/${pid}/mem`, 'r');
  }

  read(at: bigint, lengthBytes: number): Uint8Array {
    const bytes = new Uint8Array(lengthBytes);
    try {
      return bytes.subarray(0, readSync(this.#descriptor, bytes, 0, lengthBytes, at));
    } catch {
      return bytes.subarray(0, 0);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor);
  }
}

export interface RunningProgram {
  readonly pid: number;
  readonly path: string;
  readonly reader: ProgramReader;
  readonly auxiliaryVector: Uint8Array;
  /** The number that the program printed under this name. */
  value(name: string): bigint;
}

export async function withProgram(
  name: string,
  options: { readonly compile?: CompileOptions; readonly args?: readonly string[] },
  test: (program: RunningProgram) => void | Promise<void>,
): Promise<void> {
  const path = await compileFixture(name, options.compile);
  await using running = await TestProcess.start(name, [path, ...(options.args ?? [])]);
  await running.output.match(/^ready$/m, 15_000);
  using memory = new ProcessMemory(running.pid);
  const values = new Map(
    [...running.output.text.matchAll(/^([\w.]+)=(\w+)$/gm)].map(([, key = '', text = '']) => [key, text]),
  );
  await test({
    pid: running.pid,
    path,
    reader: new ProgramReader(memory, 8),
    auxiliaryVector: new Uint8Array(readFileSync(`/proc/${running.pid}/auxv`)),
    value: (key) => BigInt(values.get(key) ?? `${key} was not printed`),
  });
}
