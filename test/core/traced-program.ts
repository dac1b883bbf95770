/** A fixture launched under the core with one engine that records its events and answers them by a rule. */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { type Address, address, pid } from '../../src/base/ids.js';
import {
  type Attachment,
  type CoreEvent,
  type Engine,
  type EventAnswer,
  type EventKind,
  type LaunchOptions,
  Tracer,
} from '../../src/core/index.js';
import { bounded } from '../support/bounded.js';
import { type CompileOptions, compileFixture } from '../support/fixture.js';
import { thisMachine } from '../support/machine.js';

export const usualKinds: readonly EventKind[] = [
  'signal',
  'breakpoint',
  'program-trap',
  'hardware-breakpoint',
  'watchpoint',
  'step-done',
  'clone',
  'exec',
  'group-stop',
  'thread-exit',
  'exit',
  'printed',
];

/** Records what it hears; holds threads at the kinds named in `holdAt`. */
export class RecordingEngine implements Engine {
  readonly name = 'recorder';
  mask: ReadonlySet<EventKind>;
  readonly events: CoreEvent[] = [];
  holdAt: ReadonlySet<EventKind>;
  #wake: (() => void) | undefined;

  constructor(holdAt: readonly EventKind[] = [], mask: readonly EventKind[] = usualKinds) {
    this.mask = new Set(mask);
    this.holdAt = new Set(holdAt);
  }

  onEvent(event: CoreEvent): EventAnswer {
    this.events.push(event);
    this.#wake?.();
    return this.holdAt.has(event.kind) ? 'hold' : 'pass';
  }

  count(kind: EventKind): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  /** The first event of these kinds that was not taken yet, waited for with a bound. */
  async next<Kind extends EventKind>(...kinds: Kind[]): Promise<Extract<CoreEvent, { kind: Kind }>> {
    for (;;) {
      const at = this.events.findIndex((event) => (kinds as string[]).includes(event.kind));
      const [found] = at < 0 ? [] : this.events.splice(at, 1);
      if (found !== undefined) return found as Extract<CoreEvent, { kind: Kind }>;
      const news = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await bounded(
        news,
        20_000,
        () => `${kinds.join(' or ')}; seen: ${this.events.map((event) => event.kind).join(' ')}`,
      );
    }
  }
}

export interface TracedProgram extends AsyncDisposable {
  readonly tracer: Tracer;
  readonly engine: RecordingEngine;
  readonly attachment: Attachment;
  readonly path: string;
  /** Address of a symbol in the running program. */
  symbol(name: string): Address;
}

export function launchOptions(program: string, args: readonly string[] = []): LaunchOptions {
  return {
    program,
    args,
    environment: process.env as Record<string, string>,
    disableRandomization: true,
    startWithShell: false,
    redirectStdio: true,
  };
}

export async function launchFixture(
  name: string,
  args: readonly string[] = [],
  options: CompileOptions & {
    holdAt?: readonly EventKind[];
    mask?: readonly EventKind[];
    launch?: Partial<LaunchOptions>;
    /** In the place of one made for `holdAt` and `mask`. */
    engine?: RecordingEngine;
  } = {},
): Promise<TracedProgram> {
  const { holdAt, mask, launch, engine: ownEngine, ...compile } = options;
  const path = await compileFixture(name, compile);
  const tracer = new Tracer();
  const engine = ownEngine ?? new RecordingEngine(holdAt, mask);
  const attachment = await tracer.launch({ ...launchOptions(path, args), ...launch }, engine);
  return {
    tracer,
    engine,
    attachment,
    path,
    symbol: (symbol) => address(loadBias(path) + symbolValue(path, symbol)),
    async [Symbol.asyncDispose]() {
      if (attachment.process.isAlive) await attachment.kill();
      tracer.dispose();
    },
  };
}

export function continueAll(attachment: Attachment): void {
  attachment.resume(
    [...attachment.process.threads.values()].map((thread) => ({
      thread,
      action: { kind: 'continue' } as const,
    })),
  );
}

/** Where the kernel loads a position-independent program when randomization is off. */
function loadBias(path: string): bigint {
  const header = printedOnce('readelf', '-h', path);
  if (!/Type:\s+DYN/.test(header)) return 0n;
  if (/Class:\s+ELF32/.test(header)) return 0x56555000n;
  // ELF_ET_DYN_BASE, asm/elf.h: two thirds of the address space, in steps of the largest page (64 KiB on aarch64).
  return { x86_64: 0x555555554000n, aarch64: 0xaaaaaaaa0000n, i386: 0x56555000n }[thisMachine];
}

export function symbolValue(path: string, symbol: string): bigint {
  return BigInt(`0x${symbolFields(path, symbol)[0]}`);
}

/** Bytes of a function's code. */
export function symbolSize(path: string, symbol: string): bigint {
  const fields = symbolFields(path, symbol);
  if (fields.length < 4) throw new Error(`no size of ${symbol} in ${path}`);
  return BigInt(`0x${fields[1]}`);
}

/** Value, size if it has one, kind and name. */
function symbolFields(path: string, symbol: string): readonly string[] {
  const line = printedOnce('nm', '-S', path)
    .split('\n')
    .find((candidate) => candidate.endsWith(` ${symbol}`));
  if (line === undefined) throw new Error(`no symbol ${symbol} in ${path}`);
  return line.split(' ');
}

const printed = new Map<string, string>();

/** Of a file that stays as it is: under emulation each command takes a second. */
function printedOnce(program: string, option: string, path: string): string {
  const key = `${program} ${option} ${path}`;
  const known = printed.get(key);
  if (known !== undefined) return known;
  const text = execFileSync(program, [option, path], { encoding: 'latin1', maxBuffer: 1 << 28 });
  printed.set(key, text);
  return text;
}

export { pid };
