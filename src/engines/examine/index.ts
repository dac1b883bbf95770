/** Stops a process for as long as it takes to copy what is asked for. */
import type { Pid } from '../../base/ids.js';
import type { Engine, Process, Tracer } from '../../core/index.js';

export interface Examined<Result> {
  readonly result: Result;
  /** No thread was stopped for longer. */
  readonly pauseMs: number;
  readonly threads: number;
}

const engine: Engine = { name: 'examine', mask: new Set(), onEvent: () => 'pass' };

/**
 * Runs `copy` while every thread is stopped; afterwards the process runs on as it was, also where `copy` throws.
 * @throws OutstepError NO_SUCH_PROCESS, ATTACH_REFUSED
 */
export async function examine<Result>(
  tracer: Tracer,
  pid: Pid,
  copy: (process: Process) => Result,
): Promise<Examined<Result>> {
  const startMs = performance.now();
  const attachment = await tracer.attach(pid, engine);
  const threads = attachment.process.threads.size;
  try {
    const result = copy(attachment.process);
    await attachment.detach();
    return { result, pauseMs: performance.now() - startMs, threads };
  } finally {
    await attachment.detach();
  }
}
