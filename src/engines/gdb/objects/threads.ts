/** `threads`: all threads with names, in one transfer (GDB manual, "Thread List Format"). */
import { hexOf } from 'gdb-js-rsp-parser';
import { littleEndian } from '../../../base/byte-order.js';
import type { Thread } from '../../../core/index.js';
import type { TransferObject } from './transfer-object.js';
import { emptyElement, utf8Bytes } from './xml.js';

/**
 * The handle is the thread's pthread_t. Where the thread control block lies at the thread pointer (variant 2 of the
 * TLS ABI) both common C libraries use its address; elsewhere it cannot be told without knowing the library.
 */
function handleOf(thread: Thread): string | undefined {
  const { arch } = thread.process;
  if (arch.threadLocal.variant !== 2 || !thread.isStopped) return undefined;
  const { threadPointer } = thread;
  return threadPointer === undefined || threadPointer === 0n
    ? undefined
    : hexOf(littleEndian(threadPointer, arch.pointerBytes));
}

export const threads: TransferObject = {
  name: 'threads',
  read: (session, annex) => {
    if (annex !== '') return undefined;
    const elements = [...session.threads()].map((thread) =>
      emptyElement('thread', {
        id: session.threadId(thread),
        core: String(thread.core()),
        name: thread.name(),
        handle: handleOf(thread),
      }),
    );
    return utf8Bytes(`<threads>\n${elements.map((element) => `${element}\n`).join('')}</threads>\n`);
  },
};
