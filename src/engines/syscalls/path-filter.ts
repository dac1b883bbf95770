/** Whether a call has to do with certain files: by a path among its arguments, or by a descriptor. */
import { descriptor, folderDescriptor, path } from './decode/basics.js';
import type { CallFacts, Signature } from './decode/call-facts.js';
import { intOf } from './decode/call-facts.js';

/** PATH_MAX, <linux/limits.h>. */
const longestPath = 4096;

/** Paths are compared as they are written. */
export function namesOneOf(
  paths: ReadonlySet<string>,
  signature: Signature | undefined,
  call: CallFacts,
  describe: (descriptor: number) => string | undefined,
): boolean {
  return (
    signature?.parameters.some(({ onEntry }, index) => {
      const value = call.args[index] ?? 0n;
      if (onEntry === descriptor || onEntry === folderDescriptor)
        return paths.has(describe(intOf(value)) ?? '');
      if (onEntry !== path) return false;
      const found = call.memory.string(value, longestPath);
      return found !== undefined && paths.has(new TextDecoder().decode(found.bytes));
    }) ?? false
  );
}
