/** `outstep stack`: the stacks of all threads of a running process. */
import { KnownMappings, stackJson, stacksOf, stackText, takeSnapshot } from '../../snapshot/index.js';
import { examined } from './examined.js';
import type { Streams } from './subcommand.js';
import { onlyPid, parseWords } from './words.js';

export const usage = `Usage:  outstep stack [--json] PID

Shows the stacks of all threads of process PID, as gdb's "thread apply all bt" does without
debug information. The process is stopped only while registers and stacks are copied; for how
long is said on standard error.

  --json                Show them as one JSON object.
`;

export async function run(words: readonly string[], { output, errors }: Streams): Promise<number> {
  const { values, positionals } = parseWords(words, { json: { type: 'boolean' } });
  const pid = onlyPid(positionals);
  const mappings = new KnownMappings(pid);
  const { result: snapshot, pauseMs } = await examined(pid, errors, (process) =>
    takeSnapshot(process, mappings),
  );
  const stacks = await stacksOf(snapshot);
  for (const complaint of stacks.complaints) errors.line(complaint);
  output.line(values.json === true ? JSON.stringify({ ...stackJson(stacks), pauseMs }) : stackText(stacks));
  return 0;
}
