/** What a command in the guest needs of the host, for as long as it runs: a compiler, and patience. */
import { compileFixture } from '../support/fixture.js';
import { serveCompiler } from '../support/remote-compiler.js';
import type { Guest, RunOptions } from './guest.js';

/** The host, as seen from QEMU's own network. */
const host = '10.0.2.2';
/** Seen: 10 to 20 on an idle machine. */
const timeFactor = 20;

/** Runs a command with this process's streams. @returns its exit status */
export async function runWithServices(
  guest: Guest,
  command: readonly string[],
  options: RunOptions = {},
): Promise<number> {
  const { server, port } = await serveCompiler(compileFixture);
  const env = {
    OUTSTEP_TEST_COMPILER: `${host}:${port}`,
    OUTSTEP_TEST_TIME_FACTOR: `${timeFactor}`,
    ...options.env,
  };
  try {
    return await guest.run(command, { ...options, env });
  } finally {
    server.close();
  }
}
