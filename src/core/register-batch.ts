/** Registers of many threads at once. */
import { errorCodes, isOutstepError, OutstepError } from '../base/errors.js';
import { isTraceStopped } from './proc.js';
import { Thread } from './thread.js';

/** A register by its name (`RegisterFile.registers`), or a whole regset by its own (`RegisterFile.regsets`). */
export type RegisterRequest =
  | { readonly thread: Thread; readonly register: string }
  | { readonly thread: Thread; readonly regset: string };

/**
 * Reads registers of stopped threads, of one tracer, in one native call: one ptrace request for each regset of a thread
 * that is not known since its stop, and none for threads that are not asked for.
 * @returns for each request its bytes, as `Thread.readRegister` and `Thread.readRegset`, or what is in their way:
 * WRONG_STATE (the thread runs), NO_SUCH_THREAD (it is gone), UNSUPPORTED (there is no such register or set, or it is not
 * available in this thread)
 */
export function readRegisters(requests: readonly RegisterRequest[]): (Uint8Array | OutstepError)[] {
  const [first] = requests;
  if (first === undefined) return [];
  Thread.fetchRegsets(
    first.thread.process.native,
    requests.map((request) => [request.thread, regsetOf(request)] as const),
  );
  return requests.map(readOne);
}

/** Empty: there is no such register. */
function regsetOf(request: RegisterRequest): string {
  if ('regset' in request) return request.regset;
  return request.thread.process.registerFile.byName(request.register)?.regset ?? '';
}

function readOne(request: RegisterRequest): Uint8Array | OutstepError {
  const { thread } = request;
  try {
    const bytes = 'regset' in request ? thread.readRegset(request.regset) : readNamed(request);
    return bytes ?? missing(request);
  } catch (error) {
    if (isOutstepError(error)) return error;
    throw error;
  }
}

function readNamed({ thread, register }: Extract<RegisterRequest, { readonly register: string }>) {
  const found = thread.process.registerFile.byName(register);
  return found && thread.readRegister(found);
}

function missing(request: RegisterRequest): OutstepError {
  const { thread } = request;
  const who = `thread ${thread.tid} of process ${thread.process.pid}`;
  // What was read in this stop before is known even of a thread that is gone.
  if (!isTraceStopped(thread.tid)) return new OutstepError(errorCodes.NO_SUCH_THREAD, `${who} is gone`);
  const what = 'regset' in request ? `register set ${request.regset}` : `register ${request.register}`;
  return new OutstepError(errorCodes.UNSUPPORTED, `${who} has no ${what}`);
}
