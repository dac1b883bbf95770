import assert from 'node:assert/strict';
import { readFileSync, readlinkSync } from 'node:fs';
import { cpus } from 'node:os';
import { describe, it } from 'mocha';
import { debugFixture, type Session } from '../support/debug-session.js';
import type { Gdb } from '../support/gdb.js';
import { mappingsOf } from '../support/proc-files.js';

async function inMain({ gdb }: Session): Promise<void> {
  await gdb.execute('break main');
  await gdb.run('continue');
}

async function pidOf(gdb: Gdb): Promise<number> {
  return Number(/process (\d+)/.exec(await gdb.execute('info inferiors'))?.[1]);
}

describe('gdb: information about the program', () => {
  it("info auxv is the kernel's", async () => {
    await debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await inMain(session);
      const shown = await gdb.execute('info auxv');
      assert.match(shown, /^6 +AT_PAGESZ +System page size +4096$/m);
      assert.match(shown, /^0 +AT_NULL/m);
      const raw = readFileSync(`/proc/${await pidOf(gdb)}/auxv`);
      const entries = new Map<bigint, bigint>();
      for (let at = 0; at + 16 <= raw.length; at += 16)
        entries.set(raw.readBigUInt64LE(at), raw.readBigUInt64LE(at + 8));
      const entry = /^9 +AT_ENTRY .* (0x[0-9a-f]+)$/m.exec(shown)?.[1] ?? '0';
      assert.equal(BigInt(entry), entries.get(9n));
    });
  });

  it('info proc mappings, exe, cwd and cmdline', async () => {
    await debugFixture('arguments', { args: ['some', 'words'], cwd: '/tmp' }, async (session) => {
      const { gdb, program } = session;
      await inMain(session);
      const pid = await pidOf(gdb);
      const shown = await gdb.execute('info proc mappings');
      for (const { start, end, path } of mappingsOf(pid)) {
        assert.match(
          shown,
          new RegExp(
            `0x0*${start.toString(16)} +0x0*${end.toString(16)} .*${path.replace(/[[\]]/g, '\\$&')}`,
          ),
        );
      }
      const proc = await gdb.execute('info proc');
      assert.ok(proc.includes(`exe = '${program}'`), proc);
      assert.ok(proc.includes("cwd = '/tmp'"), proc);
      assert.ok(proc.includes(`cmdline = '${program} some words'`), proc);
      assert.match(await gdb.execute('info proc status'), new RegExp(`^Pid:\\t${pid}$`, 'm'));
      assert.match(await gdb.execute('info proc stat'), /Process: \d+/);
    });
  });

  it('info sharedlibrary lists the libraries with their places', async () => {
    await debugFixture('inferior-calls', { compile: { flags: ['-lm'] } }, async (session) => {
      const { gdb } = session;
      await inMain(session);
      const shown = await gdb.execute('info sharedlibrary');
      const paths = new Set(mappingsOf(await pidOf(gdb)).map(({ path }) => path));
      for (const name of ['ld-linux-x86-64', 'libc', 'libm']) {
        const row = new RegExp(`^(0x[0-9a-f]+) .*/${name}\\.so[.0-9]*$`, 'm').exec(shown);
        assert.ok(row !== null, shown);
        assert.ok([...paths].some((path) => path.includes(name)));
      }
      assert.match(await gdb.execute('info symbol sqrt'), /^sqrt.* of .*libm/);
    });
  });

  it('info os processes and threads list them', async () => {
    await debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await inMain(session);
      const pid = await pidOf(gdb);
      assert.match(await gdb.execute('info os'), /processes/);
      assert.match(await gdb.execute('info os processes'), new RegExp(`^${pid} +\\S+ .*stepping`, 'm'));
      const ownRows = async (table: string): Promise<string[]> =>
        (await gdb.execute(`info os ${table}`)).split('\n').filter((row) => row.startsWith(`${pid} `));
      assert.match((await ownRows('threads')).join('\n'), new RegExp(`^\\d+ +stepping +${pid} +\\d+ *$`));
      for (const row of await ownRows('files')) assert.match(row, /^\d+ +stepping +\d+ +\S/);
      await assert.rejects(gdb.execute('info os nonsense'), /Can not fetch data now/);
      await gdb.waitForOutput(/Empty data returned by target. +Wrong osdata type/);
    });
  });

  it('stops tell which processor the thread was on', async () => {
    await debugFixture('stepping', {}, async ({ gdb }) => {
      await gdb.execute('break main');
      for (const command of ['continue', 'stepi']) {
        const { fields } = await gdb.run(command);
        const core = Number(fields.core);
        assert.ok(Number.isInteger(core) && core >= 0 && core < cpus().length, `${command}: ${fields.core}`);
      }
    });
  });

  it('x, disassemble and find read memory', async () => {
    await debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await inMain(session);
      const listing = await gdb.execute('x/20i $pc');
      assert.equal(listing.trimEnd().split('\n').length, 20);
      assert.match(listing, /^=> 0x[0-9a-f]+ <main\+\d+>:/);
      assert.match(await gdb.execute('disassemble factorial'), /call .*<factorial>/);
      assert.match(await gdb.execute('x/s ((char *) (long) $sp)'), /0x7f/);
      await gdb.execute('set var total = 0x12345678');
      assert.match(await gdb.execute('x/4xb &total'), /0x78\s+0x56\s+0x34\s+0x12/);
      assert.match(await gdb.execute('find /w &total, +64, 0x12345678'), /<total>/);
    });
  });

  it('memory that is not there is an error, and no more', async () => {
    await debugFixture('stepping', {}, async (session) => {
      const { gdb } = session;
      await inMain(session);
      await assert.rejects(gdb.execute('x/x 16'), /Cannot access memory at address 0x10/);
      await assert.rejects(gdb.execute('set var *(int *)16 = 1'), /Cannot access memory at address 0x10/);
      await assert.rejects(gdb.execute('x/x 0xffffffffff600000 - 4096'), /Cannot access memory/);
      await assert.rejects(
        gdb.execute('break *16').then(() => gdb.run('continue')),
        /Cannot insert breakpoint/,
      );
      await gdb.execute('delete');
      // What lies before the end of a mapping is read, as far as it goes.
      const stack = mappingsOf(await pidOf(gdb)).find(({ path }) => path === '[stack]');
      const end = stack?.end ?? 0n;
      await assert.rejects(gdb.execute(`x/4xg ${end - 16n}`), /Cannot access memory at address/);
      assert.ok(gdb.process.output.text.includes(`0x${(end - 16n).toString(16)}:`));
      assert.equal((await gdb.run('continue')).reason, 'exited-normally');
    });
  });

  it('dump and restore move larger pieces of memory', async () => {
    await debugFixture('registers', {}, async ({ gdb, at }) => {
      await gdb.execute(`break ${at('ready')}`);
      await gdb.run('continue');
      const file = `${gdb.folder}/vectors`;
      await gdb.execute(`dump binary value ${file} vector_in`);
      const bytes = readFileSync(file);
      assert.deepEqual([...bytes.subarray(64, 68)], [3, 4, 5, 6]);
      await gdb.execute(`restore ${file} binary &vector_out`);
      assert.equal(await gdb.evaluate('(int) memcmp(vector_in, vector_out, sizeof vector_in)'), '0');
    });
  });

  it("the default sysroot: the program's files come through the server", async () => {
    await debugFixture(
      'stepping',
      { settings: ['set sysroot target:'], logsPackets: false },
      async (session) => {
        const { gdb, program } = session;
        await inMain(session);
        const shown = await gdb.execute('info sharedlibrary');
        assert.match(shown, /Yes.* target:.*libc\.so\.6/);
        const pid = await pidOf(gdb);
        assert.equal(readlinkSync(`/proc/${pid}/exe`), program);
        const copy = `${gdb.folder}/copy`;
        await gdb.execute(`remote get ${program} ${copy}`);
        assert.deepEqual(readFileSync(copy), readFileSync(program));
        await gdb.execute(`remote put ${copy} ${copy}-back`);
        assert.deepEqual(readFileSync(`${copy}-back`), readFileSync(program));
        await gdb.execute(`remote delete ${copy}-back`);
        await assert.rejects(
          gdb.execute(`remote get ${copy}-back ${copy}`),
          /No such file|Remote I\/O error/,
        );
      },
    );
  });

  it("gdb without the program's file asks the server for it", async () => {
    await debugFixture(
      'stepping',
      { settings: ['set sysroot target:'], logsPackets: false },
      async ({ gdb, program }) => {
        await gdb.execute('file');
        await gdb.execute('exec-file');
        await gdb.execute(`exec-file target:${program}`);
        await gdb.execute(`symbol-file target:${program}`);
        await gdb.execute('break twice');
        assert.equal((await gdb.run('continue')).function, 'twice');
      },
    );
  });

  it('monitor help answers, an unknown command is refused', async () => {
    await debugFixture('stepping', {}, async ({ gdb }) => {
      await gdb.execute('monitor help');
      await gdb.waitForOutput(/The following monitor commands are supported/);
      await assert.rejects(gdb.execute('monitor nonsense'), /Protocol error with Rcmd/);
      await gdb.waitForOutput(/Unknown monitor command/);
    });
  });
});
