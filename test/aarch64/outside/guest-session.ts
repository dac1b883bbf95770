/** A server in the guest, and a debugger of this machine on it. The guest's name comes in OUTSTEP_GUEST. */
import { resolve } from 'node:path';
import process from 'node:process';
import { compileFixture } from '../../support/fixture.js';
import { Gdb } from '../../support/gdb.js';
import { projectRoot } from '../../support/project-paths.js';
import { TestProcess } from '../../support/test-process.js';
import { Guest } from '../guest.js';

const server = ['node', resolve(projectRoot, 'dist/src/cli/main.js')];
let turns = 0;

function theGuest(): Guest {
  const name = process.env.OUTSTEP_GUEST ?? '';
  const guest = Guest.find(name);
  if (guest === undefined) throw new Error(`no guest "${name}" runs (OUTSTEP_GUEST)`);
  return guest;
}

/** `target remote` from here on a program that the server has started there. */
export async function debugInGuest(fixture: string, test: (gdb: Gdb) => Promise<void>): Promise<void> {
  const guest = theGuest();
  const program = await compileFixture(fixture, { machine: 'aarch64' });
  // Each time the next one: the last server may still be ending.
  const port = guest.state.ports[turns++ % guest.state.ports.length];
  const command = guest.shellCommand([...server, '--once', `0.0.0.0:${port}`, program]);
  await using running = await TestProcess.start('server in the guest', command);
  await running.output.match(/^Listening on port/m, 20_000);
  await using gdb = await Gdb.start(['set sysroot target:'], { program: 'gdb-multiarch' });
  try {
    await gdb.execute(`file ${program}`);
    await gdb.execute(`target remote localhost:${port}`, 60_000);
    await test(gdb);
  } catch (error) {
    if (error instanceof Error)
      error.stack = `${error.stack}\n${gdb.process.output.tail()}\n${running.output.tail()}`;
    throw error;
  }
}
