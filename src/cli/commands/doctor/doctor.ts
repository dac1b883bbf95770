/** `outstep doctor`: whether programs can be debugged here, and what helps. */
import { errorCodes, isOutstepError, messageOf } from '../../../base/errors.js';
import type { Pid } from '../../../base/ids.js';
import { Tracer } from '../../../core/index.js';
import type { Console } from '../../console.js';
import { UsageError } from '../../usage-error.js';
import type { Streams } from '../subcommand.js';
import { parseWords, pidOf } from '../words.js';
import { type Finding, failed, ok } from './finding.js';
import { liveChecks } from './live-checks.js';
import { policyChecks, processCheck } from './policy-checks.js';

export const usage = `Usage:  outstep doctor [--json] [PID]

Checks whether programs can be debugged here: the addon, ptrace, what the machine allows, and a
program that is started, stepped, run to a breakpoint and attached to. With PID also whether
that process may be attached to; it is not stopped for it. A line each, and one that helps.

  --json                Each as a JSON object: check, status (ok, note, failed), text, fix.

Exit status: 0 all is well; 2 no program can be debugged; 3 programs can be started, but not
attached to, or not process PID; 1 a mistake in the command line.
`;

const statuses = { well: 0, nothing: 2, noAttach: 3 } as const;

export async function run(words: readonly string[], { output }: Streams): Promise<number> {
  const { values, positionals } = parseWords(words, { json: { type: 'boolean' } });
  const [word, extra] = positionals;
  if (extra !== undefined) throw new UsageError(`Unknown argument: ${extra}`);
  const pid = word === undefined ? undefined : pidOf(word);
  const failures: string[] = [];
  for await (const finding of examine(pid)) {
    print(finding, values.json === true, output);
    if (finding.status === 'failed') failures.push(finding.check);
  }
  if (failures.length === 0) return statuses.well;
  const isOnlyAttaching = failures.every((check) => check === 'attach' || check.startsWith('process'));
  return isOnlyAttaching ? statuses.noAttach : statuses.nothing;
}

async function* examine(pid: Pid | undefined): AsyncGenerator<Finding> {
  let tracer: Tracer;
  try {
    tracer = new Tracer();
  } catch (error) {
    if (!isOutstepError(error) || error.code !== errorCodes.NO_ADDON) throw error;
    yield failed('addon', messageOf(error));
    return;
  }
  try {
    yield ok('addon', `compiled code for ${tracer.machineFacts.machine} is loaded`);
    yield* policyChecks(tracer);
    yield* liveChecks(tracer);
    if (pid !== undefined) yield processCheck(tracer, pid);
  } finally {
    tracer.dispose();
  }
}

const marks = { ok: 'ok  ', note: 'note', failed: 'FAIL' } as const;

function print({ check, status, text, fix }: Finding, asJson: boolean, output: Console): void {
  if (asJson) {
    output.line(JSON.stringify({ check, status, text, fix }));
    return;
  }
  output.line(`${marks[status]}  ${check}: ${text}`);
  if (fix !== undefined) output.line(`      Fix: ${fix}`);
}
