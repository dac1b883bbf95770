import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DebugServer } from '../support/debug-server.js';
import { compileFixture } from '../support/fixture.js';
import { Gdb } from '../support/gdb.js';
import { runLldb } from '../support/lldb.js';

const threadCount = 32;
const callCount = 5;
const manyIgnored = 1_000_000;

async function connectAll(server: DebugServer, path: string, count: number): Promise<Gdb[]> {
  const gdbs: Gdb[] = [];
  for (let index = 0; index < count; index++) {
    const gdb = await Gdb.start([`file ${path}`]);
    gdbs.push(gdb);
    await gdb.execute(`target remote ${server.address}`, 60_000);
  }
  return gdbs;
}

async function close(gdbs: readonly Gdb[]): Promise<void> {
  for (const gdb of gdbs) await gdb[Symbol.asyncDispose]();
}

async function hitsOf(gdb: Gdb): Promise<number> {
  const text = await gdb.execute('info breakpoints');
  return Number(/breakpoint already hit (\d+) time/.exec(text)?.[1] ?? 0);
}

describe('gdb: several debuggers on one process', () => {
  for (const count of [2, 5]) {
    it(`${count} with a breakpoint in the same function each count every hit of 32 threads`, async () => {
      const path = await compileFixture('hot-threads', { flags: ['-pthread'] });
      await using server = await DebugServer.start(['localhost:0', path, `${threadCount}`, `${callCount}`]);
      const gdbs = await connectAll(server, path, count);
      try {
        for (const gdb of gdbs) {
          await gdb.execute('break hot');
          await gdb.execute(`ignore 1 ${manyIgnored}`);
        }
        for (const gdb of gdbs) await gdb.resume('continue');
        for (const gdb of gdbs) assert.equal((await gdb.nextStop(180_000)).reason, 'exited-normally');
        for (const gdb of gdbs) assert.equal(await hitsOf(gdb), threadCount * callCount);
      } finally {
        await close(gdbs);
      }
    });
  }

  it('gdb and lldb each count every hit', async () => {
    const path = await compileFixture('hot-threads', { flags: ['-pthread'] });
    await using server = await DebugServer.start(['localhost:0', path, `${threadCount}`, `${callCount}`]);
    const [gdb] = await connectAll(server, path, 1);
    assert.ok(gdb);
    try {
      await gdb.execute('break hot');
      await gdb.execute(`ignore 1 ${manyIgnored}`);
      const lldb = runLldb([
        `file ${path}`,
        `gdb-remote ${server.address}`,
        `breakpoint set --name hot --ignore-count ${manyIgnored}`,
        'continue',
        'breakpoint list',
      ]);
      // Whoever lets the program run first would leave the other one fewer hits.
      for (
        let looks = 0;
        !/lldb from host[^\n]*lets every thread run/.test(gdb.process.output.text);
        looks++
      ) {
        assert.ok(looks < 3000, gdb.process.output.text);
        await gdb.execute('monitor engines');
      }
      await gdb.resume('continue');
      assert.equal((await gdb.nextStop(180_000)).reason, 'exited-normally');
      const outputs = await lldb;
      assert.match(outputs[3] ?? '', /exited with status = 0/);
      assert.match(outputs[4] ?? '', new RegExp(`hit count = ${threadCount * callCount}\\b`));
      assert.equal(await hitsOf(gdb), threadCount * callCount);
    } finally {
      await close([gdb]);
    }
  });

  it('one that is killed leaves the other and the program as they were', async () => {
    const path = await compileFixture('hot-threads', { flags: ['-pthread'] });
    await using server = await DebugServer.start(['localhost:0', path, '4', '50']);
    const [first, second] = await connectAll(server, path, 2);
    assert.ok(first && second);
    try {
      await first.execute('break hot');
      await first.execute(`ignore 1 ${manyIgnored}`);
      await second.execute('break run');
      await second.resume('continue');
      await first.resume('continue');
      assert.equal((await second.nextStop()).function, 'run');
      second.process.signal('SIGKILL');
      await second.process.waitForExit();
      assert.equal((await first.nextStop(60_000)).reason, 'exited-normally');
      assert.equal(await hitsOf(first), 200);
    } finally {
      await close([first, second]);
    }
  });

  it('are told of each other, and when one kills or lets go', async () => {
    const path = await compileFixture('hot-threads', { flags: ['-pthread'] });
    await using server = await DebugServer.start(['localhost:0', path, '2', '5']);
    const [first, second, third] = await connectAll(server, path, 3);
    assert.ok(first && second && third);
    try {
      await first.execute('monitor engines');
      await first.waitForOutput(/(?:gdb from host[\s\S]*?holds every thread[\s\S]*?){3}/);
      await first.resume('continue');
      await first.waitForOutput(/Also on this program: gdb from host/);
      await second.execute('detach');
      await first.waitForOutput(/gdb from host .* has let go of process \d+/);
      await third.execute('kill');
      assert.equal((await first.nextStop()).reason, 'exited-signalled');
    } finally {
      await close([first, second, third]);
    }
  });
});
