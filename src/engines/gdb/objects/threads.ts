/**
 * `threads`: all threads with names, in one transfer (GDB manual, "Thread List Format"). The document's lines are made in
 * native code, for thousands of them.
 */
import { escapeXml } from 'gdb-js-rsp-parser/documents';
import type { Thread, ThreadLineFormat } from '../../../core/index.js';
import type { GdbSession } from '../session.js';
import { type TransferObject, utf8Bytes } from './transfer-object.js';

/**
 * The handles are the threads' pthread_t. Where the thread control block lies at the thread pointer (variant 2 of the
 * TLS ABI) both common C libraries use its address; elsewhere it cannot be told without knowing the library.
 */
function formatOf(session: GdbSession, first: Thread): ThreadLineFormat {
  const { threadLocal, pointerBytes } = first.process.arch;
  const beginningOfId = session.threadId(first).slice(0, -first.tid.toString(16).length);
  return {
    beforeId: `<thread id="${beginningOfId}`,
    beforeCpu: '" core="',
    beforeName: '" name="',
    beforePointer: '" handle="',
    end: '"/>\n',
    pointerBytes: threadLocal.variant === 2 ? pointerBytes : 0,
  };
}

function elementsOf(session: GdbSession, first: Thread, group: readonly Thread[]): Uint8Array {
  return first.process.stats.lines(group, formatOf(session, first), escapeXml);
}

/** Those that follow each other and are of one thread group, in one list, with its first. */
function byGroup(threads: Iterable<Thread>): readonly (readonly [Thread, readonly Thread[]])[] {
  const lists: [Thread, Thread[]][] = [];
  for (const thread of threads) {
    const [first, list] = lists.at(-1) ?? [];
    if (first?.process === thread.process && first.group === thread.group) list?.push(thread);
    else lists.push([thread, [thread]]);
  }
  return lists;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export const threads: TransferObject = {
  name: 'threads',
  read: (session, annex) => {
    if (annex !== '') return undefined;
    const elements = byGroup(session.threads()).map(([first, group]) => elementsOf(session, first, group));
    return joined([utf8Bytes('<threads>\n'), ...elements, utf8Bytes('</threads>\n')]);
  },
};
