/** `threads`: all threads with names, in one transfer (GDB manual, "Thread List Format"). */
import { hexOf } from 'gdb-js-rsp-parser';
import type { Process, Thread } from '../../../core/index.js';
import type { GdbSession } from '../session.js';
import type { TransferObject } from './transfer-object.js';
import { escapeXml, utf8Bytes } from './xml.js';

/**
 * The handles are the threads' pthread_t. Where the thread control block lies at the thread pointer (variant 2 of the
 * TLS ABI) both common C libraries use its address; elsewhere it cannot be told without knowing the library.
 */
function handlesOf({ arch, stats }: Process, threads: readonly Thread[]): (index: number) => string {
  if (arch.threadLocal.variant !== 2) return () => '';
  const pointers = stats.pointersOf(threads);
  const digits = hexOf(new Uint8Array(pointers.buffer));
  const spacing = 2 * pointers.BYTES_PER_ELEMENT;
  return (index) =>
    pointers[index] === 0n ? '' : digits.slice(index * spacing, index * spacing + 2 * arch.pointerBytes);
}

/** There may be thousands: one loop over plain text costs a third of what elements made one by one do. */
function elementsOf(session: GdbSession, process: Process, threads: readonly Thread[]): string {
  const stats = process.stats.of(threads);
  const handleAt = handlesOf(process, threads);
  let text = '';
  for (const [index, thread] of threads.entries()) {
    const { name, core } = stats[index] ?? { name: '', core: 0 };
    const handle = handleAt(index);
    text += `<thread id="${session.threadId(thread)}" core="${core}" name="${escapeXml(name)}"`;
    text += handle === '' ? '/>\n' : ` handle="${handle}"/>\n`;
  }
  return text;
}

export const threads: TransferObject = {
  name: 'threads',
  read: (session, annex) => {
    if (annex !== '') return undefined;
    const byProcess = new Map<Process, Thread[]>();
    for (const thread of session.threads()) {
      const others = byProcess.get(thread.process);
      if (others === undefined) byProcess.set(thread.process, [thread]);
      else others.push(thread);
    }
    const elements = Array.from(byProcess, ([process, members]) => elementsOf(session, process, members));
    return utf8Bytes(`<threads>\n${elements.join('')}</threads>\n`);
  },
};
