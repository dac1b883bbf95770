/** The wish of an engine that only listens. */
import type { Attachment } from './attachment.js';

/** From now on the engine holds nothing: neither the threads that there are, nor those to come. */
export function letRun(attachment: Attachment): void {
  attachment.newThreads = 'continue';
  const action = { kind: 'continue' } as const;
  attachment.resume(Array.from(attachment.process.threads.values(), (thread) => ({ thread, action })));
}
