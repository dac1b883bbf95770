/** Whether gdb can debug a trivial program through a server at all: a run of the suite would only find out slowly. */

import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';
import { TestProcess } from '../support/test-process.js';

const startLimitMs = 10_000;
const gdbLimitMs = 40_000;

/** @throws Error with what the server or gdb said instead. */
export async function checkStartUp(gdb: string, server: string, board: string): Promise<void> {
  const program = realpathSync('/bin/true');
  if (board.includes('stdio')) {
    await runProgram(gdb, program, [`target remote | ${server} --once stdio ${program}`, 'continue']);
    return;
  }
  const comm = `localhost:${await findFreePort()}`;
  const isExtended = board.includes('extended');
  const command = [server, '--once', ...(isExtended ? ['--multi', comm] : [comm, program])];
  await using started = await TestProcess.start(command.join(' '), command);
  await started.output.match(/Listening on/, startLimitMs);
  const commands = isExtended
    ? [`target extended-remote ${comm}`, `set remote exec-file ${program}`, 'run']
    : [`target remote ${comm}`, 'continue'];
  await runProgram(gdb, program, commands);
}

async function runProgram(gdb: string, program: string, commands: readonly string[]): Promise<void> {
  const settings = ['set sysroot', 'set auto-connect-native-target off'];
  await using session = await TestProcess.start('gdb', [
    ...[gdb, '-nx', '-nw', '-batch'],
    ...settings.flatMap((setting) => ['-iex', setting]),
    ...commands.flatMap((command) => ['-ex', command]),
    program,
  ]);
  await session.output.match(/exited normally\]/, gdbLimitMs);
}

async function findFreePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  listener.close();
  await once(listener, 'close');
  if (address === null || typeof address === 'string') throw new Error('the listener has no port');
  return address.port;
}
