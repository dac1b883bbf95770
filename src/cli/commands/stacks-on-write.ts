/** `outstep stack --on-write`: the stack of whoever writes a text, at the moment when it does. */
import { readlinkSync } from 'node:fs';
import { asciiText } from 'gdb-js-rsp-parser';
import { systemCallsOf } from '../../../arch/system-calls.js';
import { isOutstepError, linesOf, messageOf } from '../../base/errors.js';
import { hostProcess } from '../../base/host-process.js';
import { address, type Pid } from '../../base/ids.js';
import { type CallEvent, type CoreEvent, callOf, type Process, Tracer } from '../../core/index.js';
import { ScriptedEngine } from '../../engines/scripted/index.js';
import { KnownFiles, stackJson, stacksWith, stackText, takeSnapshot } from '../../snapshot/index.js';
import { inheritedDescriptors } from '../inherited-descriptors.js';
import { StartError } from '../start-error.js';
import { nextStopSignal } from '../stop-signal.js';
import { SharedTerminal } from '../terminal.js';
import { launchOptions } from './program-words.js';
import type { Streams } from './subcommand.js';

/** Of which process, and which writes. */
export interface WriteWatch {
  /** A process that runs already, or a program and its arguments. */
  readonly target: { readonly pid: Pid } | { readonly program: readonly string[] };
  /** Every write that has this in it, as UTF-8. */
  readonly text: string;
  readonly descriptor: number;
  readonly isJson: boolean;
}

/** Standard error is often the same terminal as standard output, which is not meant by that. */
const lastStandardDescriptor = 2;
const calls = ['write', 'writev'] as const;
/** Of one call, as much as is looked through. */
const longestWriteBytes = 1 << 20;
/** IOV_MAX, <linux/uio.h>. */
const mostParts = 1024;
/** Symbols of large libraries take their time. */
const longestLookMs = 60_000;

/** The exit status is the program's; 0 where it was attached to. @throws StartError */
export async function showStacksOnWrite(watch: WriteWatch, { output, errors }: Streams): Promise<number> {
  using tracer = new Tracer((message, cause) => errors.line(`outstep: ${message}: ${messageOf(cause)}`));
  return await new StacksOnWrite(watch, tracer, { output, errors }).untilEnd();
}

class StacksOnWrite {
  readonly #watch: WriteWatch;
  readonly #streams: Streams;
  readonly #engine: ScriptedEngine;
  readonly #terminal = new SharedTerminal();
  /** A character is a byte. */
  readonly #wanted: string;
  #onEnd: (status: number) => void = () => undefined;
  readonly #ended = new Promise<number>((resolve) => {
    this.#onEnd = resolve;
  });
  readonly #files = new Map<Process, KnownFiles>();
  #process: Process | undefined;

  constructor(watch: WriteWatch, tracer: Tracer, streams: Streams) {
    this.#watch = watch;
    this.#streams = streams;
    this.#wanted = asciiText(new TextEncoder().encode(watch.text));
    this.#engine = new ScriptedEngine(tracer, {
      name: 'stacks on write',
      events: ['system-call-entry', 'exec', 'fork', 'vfork', 'exit'],
      systemCalls: 'none',
      held: true,
      timeoutMs: longestLookMs,
      onEvent: (event) => this.#onEvent(event),
    });
  }

  async untilEnd(): Promise<number> {
    const { target } = this.#watch;
    const stopped = nextStopSignal();
    try {
      this.#process =
        'pid' in target
          ? await this.#engine.attach(target.pid)
          : await this.#engine.launch(launchOptions(target.program, inheritedDescriptors()));
    } catch (error) {
      throw isOutstepError(error) ? new StartError(linesOf(error).join('\n')) : error;
    }
    const { pid } = this.#process;
    if ('program' in target) this.#terminal.lend(pid);
    this.#select(this.#process);
    this.#engine.resume();
    if ('pid' in target) this.#streams.errors.line(`outstep: Process ${pid} attached`);
    const first = await Promise.race([this.#ended, stopped.then((signal) => ({ signal }))]);
    if ('program' in target) this.#terminal.takeBack(pid);
    if (typeof first === 'object' && 'program' in target && this.#process.isAlive)
      hostProcess.kill(pid, first.signal - 128);
    await this.#engine.detach();
    for (const process of [...this.#files.keys()]) this.#forget(process);
    if ('pid' in target) return 0;
    return typeof first === 'object' ? first.signal : first;
  }

  /** The numbers are those of the program that runs, which may be for another machine than the one before. */
  #select(process: Process): void {
    const table = systemCallsOf(process.arch);
    const numbers = calls.flatMap((name) => table.numberOf(name) ?? []);
    this.#engine.attachmentTo(process).setCaughtSystemCalls(new Set(numbers));
  }

  #onEvent(event: CoreEvent): Promise<undefined> | undefined {
    if (event.kind === 'system-call-entry' && this.#isWanted(event)) return this.#show(event);
    if (event.kind === 'exec') this.#select(event.thread.process);
    if (event.kind !== 'exit') return undefined;
    this.#forget(event.process);
    if (event.process === this.#process)
      this.#onEnd(event.status.kind === 'exited' ? event.status.code : 128 + event.status.signal);
    return undefined;
  }

  #isWanted(event: CallEvent): boolean {
    const { process } = event.thread;
    const [descriptor = -1n, at = 0n, count = 0n] = callOf(event).arguments;
    const isVector = systemCallsOf(process.arch).nameOf(event.number) === 'writev';
    const parts = isVector ? partsOf(process, at, Number(count)) : [bytesAt(process, at, count)];
    const text = parts.map(asciiText).join('');
    return text.includes(this.#wanted) && this.#isMeant(process, Number(BigInt.asIntN(32, descriptor)));
  }

  #forget(process: Process): void {
    this.#files.get(process)?.[Symbol.dispose]();
    this.#files.delete(process);
  }

  /** perror(3) writes to a copy of standard error. */
  #isMeant({ pid }: Process, descriptor: number): boolean {
    const meant = this.#watch.descriptor;
    if (descriptor <= lastStandardDescriptor || descriptor === meant) return descriptor === meant;
    const file = fileBehind(pid, descriptor);
    return file !== undefined && file === fileBehind(pid, meant);
  }

  async #show({ thread }: CallEvent): Promise<undefined> {
    const { process } = thread;
    const known = this.#files.get(process) ?? new KnownFiles(process.pid);
    this.#files.set(process, known);
    const snapshot = takeSnapshot(process, known.mappings, [thread]);
    const stacks = await stacksWith(snapshot, known.at(snapshot));
    for (const complaint of stacks.complaints) this.#streams.errors.line(complaint);
    const { output } = this.#streams;
    if (this.#watch.isJson) output.line(JSON.stringify(stackJson(stacks)));
    else output.line(`Process ${process.pid} writes "${this.#watch.text}":\n${stackText(stacks)}\n`);
  }
}

/** undefined: it is not open, or not to be looked at. */
function fileBehind(pid: Pid, descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

function bytesAt(process: Process, at: bigint, count: bigint): Uint8Array {
  const length = count > BigInt(longestWriteBytes) ? longestWriteBytes : Number(count);
  return process.memory.read(address(at), length);
}

/** struct iovec: where and how much, each as wide as a pointer. */
function partsOf(process: Process, at: bigint, count: number): Uint8Array[] {
  const wordBytes = process.arch.pointerBytes;
  const vector = process.memory.read(address(at), Math.min(count, mostParts) * 2 * wordBytes);
  const view = new DataView(vector.buffer, vector.byteOffset, vector.byteLength);
  const word = (offset: number): bigint =>
    wordBytes === 8 ? view.getBigUint64(offset, true) : BigInt(view.getUint32(offset, true));
  const parts: Uint8Array[] = [];
  let left = longestWriteBytes;
  for (let offset = 0; offset + 2 * wordBytes <= vector.length && left > 0; offset += 2 * wordBytes) {
    const length = word(offset + wordBytes);
    const part = bytesAt(process, word(offset), length > BigInt(left) ? BigInt(left) : length);
    parts.push(part);
    left -= part.length;
  }
  return parts;
}
