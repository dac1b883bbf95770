/** Whether gdb can debug a trivial program through a server at all: a run of the suite would only find out slowly. */

import { TestProcess } from '../support/test-process.js';
import type { SuiteMachine } from './suite-machine.js';

const startLimitMs = 10_000;
const gdbLimitMs = 40_000;

/** @throws Error with what the server or gdb said instead. */
export async function checkStartUp(
  gdb: string,
  server: string,
  board: string,
  machine: SuiteMachine,
): Promise<void> {
  const program = machine.trivialProgram;
  if (board.includes('stdio')) {
    await runProgram(gdb, machine, [`target remote | ${server} --once stdio ${program}`, 'continue']);
    return;
  }
  const { listen, connect } = await machine.freeAddress();
  const isExtended = board.includes('extended');
  const command = machine.commandLine([
    ...[server, '--once'],
    ...(isExtended ? ['--multi', listen] : [listen, program]),
  ]);
  await using started = await TestProcess.start(command.join(' '), command);
  await started.output.match(/Listening on/, startLimitMs * machine.patience);
  const commands = isExtended
    ? [`target extended-remote ${connect}`, `set remote exec-file ${program}`, 'run']
    : [`target remote ${connect}`, 'continue'];
  await runProgram(gdb, machine, commands);
}

async function runProgram(gdb: string, machine: SuiteMachine, commands: readonly string[]): Promise<void> {
  const settings = [...machine.gdbSettings, 'set auto-connect-native-target off'];
  await using session = await TestProcess.start('gdb', [
    ...[gdb, '-nx', '-nw', '-batch'],
    ...settings.flatMap((setting) => ['-iex', setting]),
    ...commands.flatMap((command) => ['-ex', command]),
    machine.trivialProgram,
  ]);
  await session.output.match(/exited normally\]/, gdbLimitMs * machine.patience);
}
