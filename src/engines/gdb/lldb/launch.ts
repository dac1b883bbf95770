/** How programs are started for LLDB: without a shell, and with a terminal of their own where no files are given. */
import { statSync } from 'node:fs';
import { errorCodes, messageOf, OutstepError } from '../../../base/errors.js';
import type { Process } from '../../../core/index.js';
import { PerSession } from '../per-session.js';
import type { GdbServer } from '../server.js';
import type { GdbSession } from '../session.js';
import { PseudoTerminal } from './pseudo-terminal.js';

/** Of one connection: what the packets in front of the launch have asked for. */
export class LaunchRequest implements Disposable {
  readonly files: { input?: string; output?: string; error?: string } = {};
  /** Of the program that was started last. */
  terminal: PseudoTerminal | undefined;
  /** Why the last launch failed; undefined: it did not. */
  failure: string | undefined;

  /** @throws OutstepError UNSUPPORTED for a terminal, whose other end LLDB would not read */
  setFile(which: 'input' | 'output' | 'error', path: string): void {
    if (isTerminal(path)) {
      const message = `${path} is a terminal: without it the program's output comes over this connection`;
      throw new OutstepError(errorCodes.UNSUPPORTED, message);
    }
    this.files[which] = path;
  }

  [Symbol.dispose](): void {
    this.terminal = undefined;
  }
}

/** Major numbers of the slave sides of pseudo terminals: "devices.txt" of the kernel's documentation. */
const firstTerminalMajor = 136;
const lastTerminalMajor = 143;

function isTerminal(path: string): boolean {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status?.isCharacterDevice() !== true) return false;
  const major = (status.rdev >> 8) & 0xfff;
  return major >= firstTerminalMajor && major <= lastTerminalMajor;
}

export const launchRequests = new PerSession(() => new LaunchRequest());

/** `vRun` as LLDB means it, and `A`. @throws OutstepError LAUNCH_FAILED, KERNEL_REFUSED */
export async function launchForLldb(
  session: GdbSession,
  program: string,
  args: readonly string[],
): Promise<Process> {
  const request = launchRequests.of(session);
  request.failure = undefined;
  try {
    return await launch(session, request, program, args);
  } catch (error) {
    request.failure = messageOf(error);
    throw error;
  }
}

/**
 * Starts a program before there is a client: what it prints is sent to the client that speaks first.
 * @throws OutstepError LAUNCH_FAILED
 */
export async function launchForFirstClient(
  server: GdbServer,
  program: string,
  args: readonly string[],
): Promise<void> {
  const terminal = new PseudoTerminal((output) => server.print(output));
  try {
    const process = await server.launch(program, args, { terminal: terminal.path });
    server.atExit(process, () => terminal.close());
  } catch (error) {
    terminal.close();
    throw error;
  }
  server.onFirstClient = (session) => {
    session.output.add(terminal);
    launchRequests.of(session).terminal = terminal;
  };
}

async function launch(
  session: GdbSession,
  request: LaunchRequest,
  program: string,
  args: readonly string[],
): Promise<Process> {
  const { server, launchSettings, output } = session;
  const terminal = new PseudoTerminal(() => undefined);
  output.add(terminal);
  request.terminal = terminal;
  const { environment, workingDirectory, disableRandomization } = launchSettings;
  const settings = {
    environment,
    workingDirectory,
    disableRandomization,
    startWithShell: false,
    stdio: { terminal: terminal.path, ...request.files },
  };
  try {
    const process = await server.startProcess(program, args, settings);
    server.atExit(process, () => terminal.close());
    await server.give(process, session);
    return process;
  } catch (error) {
    terminal.close();
    throw error;
  }
}
