/** What the kernel says about a process under /proc, see proc(5). */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { bounded } from './bounded.js';

/** State letter of a process: R, S, D, T (stopped by a signal), t (by a tracer), Z. */
export function processState(pid: number): string {
  return statusField(pid, 'State').charAt(0);
}

/** Pid of the tracer, 0 for none. */
export function tracerOf(pid: number): number {
  return Number(statusField(pid, 'TracerPid'));
}

/** Number of the system call that a process is blocked in; undefined: it runs. */
export function systemCallOf(pid: number): number | undefined {
  const [number = ''] = readFileSync(`/proc/${pid}/syscall`, 'utf8').split(' ');
  return /^\d+$/.test(number) ? Number(number) : undefined;
}

function statusField(pid: number, name: string): string {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
}

/** Tids of a process. */
export function threadsOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`).map(Number);
}

export interface Mapping {
  readonly start: bigint;
  readonly end: bigint;
  /** As `r-xp`. */
  readonly permissions: string;
  readonly path: string;
}

export function mappingsOf(pid: number): readonly Mapping[] {
  const lines = readFileSync(`/proc/${pid}/maps`, 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const [range = '', permissions = '', , , , path = ''] = line.split(/\s+/);
    const [start = '', end = ''] = range.split('-');
    return { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), permissions, path };
  });
}

/** All executable text of files that a process has mapped, by the address in hex where it begins. */
export function executableText(pid: number): ReadonlyMap<string, Uint8Array> {
  const text = new Map<string, Uint8Array>();
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const { start, end, permissions, path } of mappingsOf(pid)) {
      if (!permissions.includes('x') || !path.startsWith('/')) continue;
      const bytes = new Uint8Array(Number(end - start));
      readSync(memory, bytes, 0, bytes.length, start);
      text.set(start.toString(16), bytes);
    }
  } finally {
    closeSync(memory);
  }
  return text;
}

/** Whether a process's executable text is what it was, without printing megabytes when it is not. */
export function isSameText(pid: number, before: ReadonlyMap<string, Uint8Array>): boolean {
  const now = executableText(pid);
  return (
    now.size === before.size && [...before].every(([start, bytes]) => isSameBytes(bytes, now.get(start)))
  );
}

export function isSameBytes(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.length === other?.length && one.every((byte, at) => byte === other[at]);
}

/**
 * Waits for a fact of the kernel's that nobody is told of, by looking again at each turn of the event loop.
 * @throws WaitTimeout
 */
export async function eventually(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  let isOver = false;
  const look = async (): Promise<void> => {
    while (!isOver && !(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
  };
  await bounded(look(), timeoutMs, () => what).finally(() => {
    isOver = true;
  });
}
