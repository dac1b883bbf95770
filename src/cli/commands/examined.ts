/** What the subcommands that look at a running process have in common. */
import { isOutstepError, linesOf } from '../../base/errors.js';
import type { Pid } from '../../base/ids.js';
import { type Process, Tracer } from '../../core/index.js';
import { type Examined, examine } from '../../engines/examine/index.js';
import type { Console } from '../console.js';
import { StartError } from '../start-error.js';

/** Says on standard error for how long the process was stopped. @throws StartError */
export async function examined<Result>(
  pid: Pid,
  errors: Console,
  copy: (process: Process) => Result,
): Promise<Examined<Result>> {
  using tracer = new Tracer((message, cause) => errors.line(`outstep: ${message}: ${String(cause)}`));
  try {
    const found = await examine(tracer, pid, copy);
    const threads = found.threads === 1 ? '1 thread' : `${found.threads} threads`;
    errors.line(`Process ${pid} with ${threads} was stopped for ${found.pauseMs.toFixed(1)} ms.`);
    return found;
  } catch (error) {
    throw isOutstepError(error) ? new StartError(linesOf(error).join('\n')) : error;
  }
}
