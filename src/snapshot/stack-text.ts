/** Stacks as gdb's `thread apply all bt` writes them, and as values of JSON. */
import type { ProcessStacks, StackFrame, ThreadStack } from './stacks.js';

/** Without a line feed at the end. */
export function stackText(stacks: ProcessStacks): string {
  const numbered = stacks.threads.map((thread, index) => threadText(thread, index + 1, stacks));
  return numbered.reverse().join('\n\n');
}

function threadText(thread: ThreadStack, number: number, stacks: ProcessStacks): string {
  const { tid, name, threadPointer, frames } = thread;
  const id = threadPointer === 0n ? `LWP ${tid}` : `Thread 0x${threadPointer.toString(16)} (LWP ${tid})`;
  const lines = frames.map((frame, index) => frameText(frame, index, stacks));
  return [`Thread ${number} (${id} "${name}"):`, ...lines].join('\n');
}

function frameText(frame: StackFrame, index: number, { pointerBytes, program }: ProcessStacks): string {
  const number = `#${index}`.padEnd(4);
  if (frame.isSignalFrame) return `${number}<signal handler called>`;
  const pc = `0x${frame.pc.toString(16).padStart(pointerBytes * 2, '0')}`;
  // The kernel's own is no library.
  const isLibrary = frame.file !== undefined && frame.file !== program && !frame.file.startsWith('[');
  const from = isLibrary ? ` from ${frame.file}` : '';
  return `${number}${pc} in ${frame.function ?? '??'} ()${from}`;
}

/** Addresses are texts in hex with `0x`: JSON's numbers are too short. */
export function stackJson(stacks: ProcessStacks): object {
  return {
    pid: stacks.pid,
    threads: stacks.threads.map(({ tid, name, threadPointer, frames }) => ({
      tid,
      name,
      ...(threadPointer === 0n ? {} : { threadPointer: hex(threadPointer) }),
      frames: frames.map((frame) => ({
        pc: hex(frame.pc),
        function: frame.function,
        offset: frame.offset,
        file: frame.file,
        ...(frame.isSignalFrame ? { signalFrame: true } : {}),
      })),
    })),
  };
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}
