/** `outstep stack`: the stacks of all threads of a running process, or of whoever writes a text. */
import { KnownMappings, stackJson, stacksOf, stackText, takeSnapshot } from '../../snapshot/index.js';
import { UsageError } from '../usage-error.js';
import { examined } from './examined.js';
import { showStacksOnWrite } from './stacks-on-write.js';
import type { Streams } from './subcommand.js';
import { onlyPid, parseWords } from './words.js';

export const usage = `Usage:  outstep stack [--json] PID
        outstep stack --on-write=TEXT [--fd=N] [--json] PID
        outstep stack --on-write=TEXT [--fd=N] [--json] -- PROG [ARGS ...]

Shows the stacks of all threads of process PID, as gdb's "thread apply all bt" does without
debug information. The process is stopped only while registers and stacks are copied; for how
long is said on standard error.

  --on-write=TEXT       Show the stack of each thread that is about to write TEXT to standard
                        error, until the process ends or Ctrl-C: who says that? Children that
                        it makes count as well, and so do copies of the descriptor above 2, as
                        perror(3) makes one. A text in several writes is not found.
  --fd=N                Descriptor N in the place of standard error.
  --json                Show them as one JSON object, or one for each write, a line each.
`;

export async function run(words: readonly string[], streams: Streams): Promise<number> {
  const end = words.indexOf('--');
  const { values, positionals } = parseWords(end < 0 ? words : words.slice(0, end), {
    json: { type: 'boolean', default: false },
    'on-write': { type: 'string' },
    fd: { type: 'string', default: '2' },
  });
  const program = end < 0 ? [] : words.slice(end + 1);
  const { json: isJson, 'on-write': text, fd } = values;
  if (text !== undefined) {
    if (text === '') throw new UsageError('--on-write needs a text.');
    if (!/^\d{1,9}$/.test(fd)) throw new UsageError(`Not a descriptor: --fd=${fd}`);
    if (program.length > 0 && positionals.length > 0)
      throw new UsageError(`Unknown argument: ${positionals[0]}`);
    const target = program.length > 0 ? { program } : { pid: onlyPid(positionals) };
    return await showStacksOnWrite({ target, text, descriptor: Number(fd), isJson }, streams);
  }
  if (program.length > 0) throw new UsageError('A program needs --on-write; without it, give a PID.');
  await showStacks(onlyPid(positionals), isJson, streams);
  return 0;
}

async function showStacks(
  pid: ReturnType<typeof onlyPid>,
  isJson: boolean,
  { output, errors }: Streams,
): Promise<void> {
  const mappings = new KnownMappings(pid);
  const { result: snapshot, pauseMs } = await examined(pid, errors, (process) =>
    takeSnapshot(process, mappings),
  );
  const stacks = await stacksOf(snapshot);
  for (const complaint of stacks.complaints) errors.line(complaint);
  output.line(isJson ? JSON.stringify({ ...stackJson(stacks), pauseMs }) : stackText(stacks));
}
