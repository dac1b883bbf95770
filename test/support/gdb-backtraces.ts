/** The stacks of a process or a core file as gdb sees them, by what ELF files say alone. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface GdbFrame {
  /** undefined: it is the one of a signal. */
  readonly pc: bigint | undefined;
  /** undefined: unknown. */
  readonly function: string | undefined;
}

const settings = [
  'set pagination off',
  'set width 0',
  'set debuginfod enabled off',
  'set debug-file-directory /nonexistent',
];

/** @param target gdb's arguments that name it. @returns frames by tid, the innermost first */
export async function gdbBacktraces(
  target: readonly string[],
): Promise<ReadonlyMap<number, readonly GdbFrame[]>> {
  const before = settings.flatMap((command) => ['-iex', command]);
  const command = ['-batch', '-nx', ...before, ...target, '-ex', 'thread apply all bt'];
  const { stdout } = await promisify(execFile)('gdb', command, { maxBuffer: 1 << 26 });
  const threads = new Map<number, GdbFrame[]>();
  let frames: GdbFrame[] = [];
  for (const line of stdout.split('\n')) {
    const [, tid] = /^Thread \d+ \(.*?LWP (\d+)\)/.exec(line) ?? [];
    if (tid !== undefined) {
      frames = [];
      threads.set(Number(tid), frames);
    }
    if (/^#\d+ +<signal handler called>/.test(line)) frames.push({ pc: undefined, function: undefined });
    const [, pc, name] = /^#\d+ +(0x[0-9a-f]+)(?: \[PAC\])? in (.+?) \(\)/.exec(line) ?? [];
    if (pc !== undefined) frames.push({ pc: BigInt(pc), function: name === '??' ? undefined : name });
  }
  return threads;
}
