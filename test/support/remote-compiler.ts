/**
 * Fixtures for a machine without a fast compiler: the host, which has this folder at the same path, compiles them. The
 * environment variable OUTSTEP_TEST_COMPILER (`host:port`) says where it listens.
 */
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import process from 'node:process';
import { json, text } from 'node:stream/consumers';
import { messageOf } from '../../src/base/errors.js';
import type { CompileOptions } from './fixture.js';

const service = process.env.OUTSTEP_TEST_COMPILER;

export const hasRemoteCompiler = service !== undefined;

interface Job {
  readonly name: string;
  readonly options: CompileOptions;
}

/** @returns the path of the compiled fixture @throws Error with the compiler's messages */
export async function compileRemotely(name: string, options: CompileOptions): Promise<string> {
  const call = request(`http://${service}/`, { method: 'POST' });
  const job: Job = { name, options };
  call.end(JSON.stringify(job));
  const [answer] = await once(call, 'response');
  const said = await text(answer);
  if (answer.statusCode !== 200) throw new Error(`the host does not compile ${name}: ${said}`);
  return said;
}

/** Compiles for others, on a free port of the loopback interface. */
export async function serveCompiler(
  compile: (name: string, options: CompileOptions) => Promise<string>,
): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer(async (call, answer) => {
    try {
      const { name, options } = (await json(call)) as Job;
      answer.end(await compile(name, options));
    } catch (error) {
      answer.writeHead(500).end(messageOf(error));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return { server, port: address.port };
}
