/** What commands in the guest need of the host while they run: a compiler, patience, and servers that start fast. */
import { compileFixture } from '../support/fixture.js';
import { serveCompiler } from '../support/remote-compiler.js';

/** The host, as seen from QEMU's own network. */
const host = '10.0.2.2';
/** Ten to twenty on an idle machine. */
export const timeFactor = 20;

/** @param work gets the environment in which commands find the services */
export async function withServices<Result>(
  work: (env: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  const { server, port } = await serveCompiler(compileFixture);
  try {
    return await work({
      OUTSTEP_TEST_COMPILER: `${host}:${port}`,
      OUTSTEP_TEST_TIME_FACTOR: `${timeFactor}`,
      OUTSTEP_TEST_COMMAND: 'dist/outstep.cjs',
    });
  } finally {
    server.close();
  }
}
