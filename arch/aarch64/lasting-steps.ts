/** One instruction that is run between breakpoints instead of being stepped. */
import { numberOf } from '../../src/base/byte-order.js';
import type { LastingSteps } from '../module.js';
import { decode, instructionBytes, wordAt } from './decode.js';
import { flow } from './flow.js';
import { syscall } from './syscalls.js';

/** rt_sigreturn(2), <asm-generic/unistd.h>: it goes wherever the frame says. */
const sigreturn = 139n;
/** The kernel looks at the lower half of x8. */
const numberBytes = 4;

export const lastingSteps: LastingSteps = {
  instructionBytes,
  exits: (text, at, general) => {
    const word = wordAt(text, 0);
    if (word === undefined) return undefined;
    const instruction = decode(word);
    if (instruction.kind === 'system-call') {
      const { numberOffset } = syscall;
      const number = numberOf(general.subarray(numberOffset, numberOffset + numberBytes));
      const next = at + BigInt(instructionBytes);
      return number === sigreturn ? undefined : [{ kind: 'target', address: next, branch: undefined }];
    }
    const mayStay = 'offset' in instruction && instruction.offset === 0n;
    return mayStay ? undefined : flow(text, at)?.exits;
  },
};
