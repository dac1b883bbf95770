/** Traces of system calls as strace(1) writes them with -f and -o, by threads, without what differs from run to run. */

/** A thread by the place of its making: `0` is the first, `0.2` the third that it made. */
export type ThreadName = string;

const unfinished = / ?<unfinished \.\.\.>$/;
const makers = /^(?:clone|clone3|fork|vfork)\(.* = (\d+)$/;

/** What may name threads and processes; elsewhere a number that is the id of one is something else, as a length. */
const hasIds =
  /^(?:\[[ \d]+\] )?(?:--- |\+\+\+ |clone|fork|vfork|wait|getp|gettid|getsid|setpgid|setsid|set_tid|kill|t(?:g)?kill|pidfd|prctl|sched_|get_robust|rt_\w*sigqueue|capget|ptrace|process_|.*(?:pid|tid|TID)=)/;

/** The lines of each thread in their order, with calls that were written in parts joined, and addresses made equal. */
export function traceByThread(text: string): ReadonlyMap<ThreadName, readonly string[]> {
  const lines = new Map<string, string[]>();
  const begun = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, thread, said] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (thread === undefined || said === undefined) continue;
    if (unfinished.test(said)) {
      begun.set(thread, said.replace(unfinished, ''));
      continue;
    }
    const [, rest] = /^<\.\.\. \S+ resumed>(.*)$/.exec(said) ?? [];
    const whole = rest === undefined ? said : (begun.get(thread) ?? '') + rest;
    begun.delete(thread);
    lines.set(thread, [...(lines.get(thread) ?? []), whole.replace(/\) += /, ') = ')]);
  }
  return named(lines);
}

function named(lines: ReadonlyMap<string, readonly string[]>): ReadonlyMap<ThreadName, readonly string[]> {
  const [first = ''] = lines.keys();
  const names = new Map([[first, '0']]);
  for (const [thread, name] of names) {
    const made = (lines.get(thread) ?? []).flatMap((line) => makers.exec(line)?.[1] ?? []);
    for (const [index, child] of made.entries()) if (!names.has(child)) names.set(child, `${name}.${index}`);
  }
  const ids = new RegExp(`\\b(?:${[...names.keys()].join('|')})\\b`, 'g');
  return new Map(
    [...names].map(([thread, name]) => [
      name,
      (lines.get(thread) ?? []).map((line) => {
        const plain = withoutAddresses(line);
        return hasIds.test(plain) ? plain.replace(ids, (id) => `T${names.get(id)}`) : plain;
      }),
    ]),
  );
}

/** Small numbers in hex are no addresses. */
function withoutAddresses(line: string): string {
  return line.replace(/\b0x[0-9a-f]{6,16}\b/g, 'ADDRESS');
}
