/** Starts a program, looks into it, steps it, has it run to a breakpoint, lets it go and attaches to it. */
import { linesOf } from '../../../base/errors.js';
import { hostProcess } from '../../../base/host-process.js';
import type { Attachment, Thread, Tracer } from '../../../core/index.js';
import { type Finding, failed, ok } from './finding.js';
import { patientOptions, Watcher } from './patient.js';

/** The findings up to the first that failed: the others need what it has tried. */
export async function* liveChecks(tracer: Tracer): AsyncGenerator<Finding> {
  const watcher = new Watcher();
  let attachment: Attachment | undefined;
  const steps: readonly (readonly [string, () => Promise<string>])[] = [
    [
      'launch',
      async () => {
        attachment = await tracer.launch(patientOptions(), watcher);
        return 'a program is started and stands at its first instruction';
      },
    ],
    ['memory', async () => readsMemory(held(attachment))],
    ['step', async () => stepsOnce(held(attachment), watcher)],
    ['breakpoint', async () => reachesEntry(held(attachment), watcher)],
    [
      'attach',
      async () => {
        attachment = await attachesAgain(tracer, held(attachment), watcher);
        return 'a running program is attached to';
      },
    ],
  ];
  try {
    for (const [check, attempt] of steps) {
      const finding = await findingOf(check, attempt);
      yield finding;
      if (finding.status === 'failed') break;
    }
  } finally {
    await attachment?.kill();
  }
}

async function findingOf(check: string, attempt: () => Promise<string>): Promise<Finding> {
  try {
    return ok(check, await attempt());
  } catch (error) {
    const lines = linesOf(error);
    const fix = lines.find((line) => line.startsWith('Fix: '))?.slice('Fix: '.length);
    return failed(check, lines.filter((line) => !line.startsWith('Fix: ')).join(': '), fix);
  }
}

interface Held {
  readonly attachment: Attachment;
  readonly thread: Thread;
}

function held(attachment: Attachment | undefined): Held {
  const [thread] = attachment?.process.threads.values() ?? [];
  if (attachment === undefined || thread === undefined) throw new Error('the program is gone');
  return { attachment, thread };
}

function readsMemory({ attachment, thread }: Held): string {
  const bytes = attachment.process.memory.read(thread.pc, 1);
  if (bytes.length === 0) throw new Error(`nothing can be read at its pc, 0x${thread.pc.toString(16)}`);
  return 'registers and memory are read';
}

async function stepsOnce({ attachment, thread }: Held, watcher: Watcher): Promise<string> {
  const before = thread.pc;
  const event = watcher.next();
  attachment.resume([{ thread, action: { kind: 'step' } }]);
  const { kind } = await event;
  if (kind !== 'step-done' || thread.pc === before) throw new Error(`a step ended in ${kind} at the same pc`);
  return 'an instruction is stepped';
}

async function reachesEntry({ attachment, thread }: Held, watcher: Watcher): Promise<string> {
  const entry = attachment.process.program.entryPoint();
  if (entry === undefined) throw new Error('the kernel does not say where the program begins');
  attachment.insertBreakpoint(entry);
  const event = watcher.next();
  attachment.resume([{ thread, action: { kind: 'continue' } }]);
  const { kind } = await event;
  if (kind !== 'breakpoint' || thread.pc !== entry) throw new Error(`it went past the breakpoint: ${kind}`);
  attachment.removeBreakpoint(entry);
  return 'a breakpoint is hit';
}

/** It is stopped before it is let go, so that it cannot end. */
async function attachesAgain(tracer: Tracer, { attachment }: Held, watcher: Watcher): Promise<Attachment> {
  const { pid } = attachment.process;
  hostProcess.kill(pid, 'SIGSTOP');
  await attachment.detach();
  return tracer.attach(pid, watcher);
}
