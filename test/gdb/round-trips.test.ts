/** How many packets an ordinary session takes: over a slow network each of them costs its time. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { skipOnGnuServer } from '../support/debug-server.js';
import { debugFixture } from '../support/debug-session.js';

/** Names of packets, with the object or operation of those that are families. */
function packetNames(log: string): string[] {
  return [...log.matchAll(/^w \+*\$(vFile:\w+|qXfer:[\w-]+|[qvQ]\w*|.)/gm)].map(([, name = '']) => name);
}

describe('gdb: round trips', () => {
  it('of connect, break main, continue, next and kill are fewer than with gdbserver', async function () {
    skipOnGnuServer(this, 'it takes about 270');
    const ordinary = { settings: ['set sysroot target:'] };
    await debugFixture('stepping', ordinary, async ({ gdb }) => {
      await gdb.execute('break main');
      await gdb.run('continue');
      await gdb.run('next');
      await gdb.execute('kill');
      const names = packetNames(await gdb.packets());
      const count = (wanted: string): number => names.filter((name) => name === wanted).length;
      assert.ok(count('vCont') > 0, 'packets are counted');
      // It is taken for unknown after the first one, where gdbserver looks up a symbol for each library.
      assert.equal(count('qSymbol'), 1);
      // Pieces of 4096 bytes each.
      assert.ok(count('qXfer:features') <= 3, `qXfer:features: ${count('qXfer:features')}`);
      // Each file is one; the dynamic loader is opened twice, and read in turns.
      assert.ok(count('vFile:pread') <= 12, `vFile:pread: ${count('vFile:pread')}`);
      // What the others are, and why gdb cannot be spared them, is in README.md.
      assert.ok(names.length <= 155, `${names.length} packets: ${names.join(' ')}`);
    });
  });
});
