import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { asciiBytes, hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { packetSizeBytes } from '../../../src/engines/gdb/features.js';
import { bounded } from '../../support/bounded.js';
import { newServer } from './traced-session.js';
import { WireClient } from './wire-client.js';

async function withClient(test: (client: WireClient) => Promise<void>): Promise<void> {
  const { server } = newServer({ multi: true });
  try {
    const client = new WireClient(server);
    await client.greet();
    await test(client);
  } finally {
    server.dispose();
  }
}

/** The descriptor of an `F` reply. */
function descriptorOf(reply: string): string {
  assert.match(reply, /^F[0-9a-f]+$/);
  return reply.slice(1);
}

function open(client: WireClient, path: string, flags = 0, mode = 0): Promise<string> {
  return client.request(`vFile:open:${hexOfText(path)},${flags.toString(16)},${mode.toString(16)}`);
}

describe('vFile', () => {
  it('copies a file with every byte there is to the server and back', () =>
    withClient(async (client) => {
      const folder = mkdtempSync(join(tmpdir(), 'host-io-'));
      try {
        const path = join(folder, 'copy');
        const content = Uint8Array.from({ length: 256 }, (_, index) => index);
        const writer = descriptorOf(await open(client, path, 0x201, 0o600));
        const request = new Uint8Array([...asciiBytes(`vFile:pwrite:${writer},0,`), ...content]);
        assert.equal(await client.request(request), 'F100');
        assert.equal(await client.request(`vFile:close:${writer}`), 'F0');
        assert.deepEqual(new Uint8Array(readFileSync(path)), content);
        const reader = descriptorOf(await open(client, path));
        const reply = await client.request(`vFile:pread:${reader},fffff,0`);
        assert.deepEqual(asciiBytes(reply), new Uint8Array([...asciiBytes('F100;'), ...content]));
        assert.equal(await client.request(`vFile:pread:${reader},10,100`), 'F0;');
        assert.match(await client.request(`vFile:fstat:${reader}`), /^F40;[\s\S]{64}$/);
        assert.equal(await client.request(`vFile:unlink:${hexOfText(path)}`), 'F0');
        assert.equal(existsSync(path), false);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }));

  it('gives what fits into a packet at once, and of larger files a piece', () =>
    withClient(async (client) => {
      const folder = mkdtempSync(join(tmpdir(), 'host-io-'));
      try {
        const path = join(folder, 'library');
        writeFileSync(path, '');
        const descriptor = descriptorOf(await open(client, path));
        const whole = `vFile:pread:${descriptor},${packetSizeBytes.toString(16)},0`;
        truncateSync(path, 0x18_0000);
        assert.match(await client.request(whole), /^F180000;/);
        truncateSync(path, packetSizeBytes + 1);
        assert.match(await client.request(whole), /^F40000;/);
        assert.match(await client.request(`vFile:pread:${descriptor},100,0`), /^F100;/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    }));

  it('reads files of /proc, which have no size', () =>
    withClient(async (client) => {
      const descriptor = descriptorOf(await open(client, '/proc/self/maps'));
      assert.match(await client.request(`vFile:pread:${descriptor},1000,0`), /^F[0-9a-f]+;[0-9a-f]+-/);
    }));

  it('reads links and describes files', () =>
    withClient(async (client) => {
      const path = process.execPath;
      const link = `F${path.length.toString(16)};${path}`;
      assert.equal(await client.request(`vFile:readlink:${hexOfText('/proc/self/exe')}`), link);
      assert.match(
        await client.request(`vFile:stat:${hexOfText('/proc/self/exe')}`),
        /^F40;[\s\S]{8}\0\0\x81/,
      );
      assert.match(
        await client.request(`vFile:lstat:${hexOfText('/proc/self/exe')}`),
        /^F40;[\s\S]{8}\0\0\xa1/,
      );
    }));

  it('tells a link without its file from what is not there', () =>
    withClient(async (client) => {
      const folder = mkdtempSync(join(tmpdir(), 'links-'));
      try {
        const link = join(folder, 'link');
        symlinkSync('nowhere', link);
        assert.equal(await client.request(`vFile:stat:${hexOfText(link)}`), 'F-1,58');
        assert.match(await client.request(`vFile:lstat:${hexOfText(link)}`), /^F40;[\s\S]{8}\0\0\xa1/);
        assert.equal(await client.request(`vFile:stat:${hexOfText(`${link}s`)}`), 'F-1,2');
        assert.equal(await client.request(`vFile:lstat:${hexOfText(`${link}s`)}`), 'F-1,2');
      } finally {
        rmSync(folder, { recursive: true });
      }
    }));

  it('answers mistakes with error numbers of the protocol', () =>
    withClient(async (client) => {
      assert.equal(await open(client, 'just probing'), 'F-1,2');
      assert.equal(await open(client, '/etc/passwd/x'), 'F-1,14');
      assert.equal(await client.request('vFile:close:7'), 'F-1,9');
      assert.equal(await client.request('vFile:pread:0,10,0'), 'F-1,9');
      assert.equal(await client.request('vFile:close:-1'), 'F-1,9');
      assert.equal(await client.request('vFile:setfs:7ffffffe'), 'F-1,2');
      const descriptor = descriptorOf(await open(client, '/etc/passwd'));
      assert.equal(await client.request(`vFile:pread:${descriptor},10,ffffffffffffffff`), 'F-1,16');
    }));

  it('answers malformed requests with an error and unknown operations with nothing', () =>
    withClient(async (client) => {
      for (const broken of ['open:2f', 'open:2,0,0', 'open:,0,0', 'close:', 'pread:1,2', 'setfs:x']) {
        assert.equal(await client.request(`vFile:${broken}`), 'E16', broken);
      }
      assert.equal(await client.request('vFile:mkdir:2f'), '');
      assert.equal(await client.request('vFile:setfs:0'), 'F0');
    }));

  it('closes what the client left open', () =>
    withClient(async (client) => {
      const descriptor = Number.parseInt(descriptorOf(await open(client, '/etc/passwd')), 16);
      assert.ok(existsSync(`/proc/self/fd/${descriptor}`));
      client.disconnect();
      assert.equal(existsSync(`/proc/self/fd/${descriptor}`), false);
    }));

  it('looks at the file system of a process that has its own', async function () {
    if (process.getuid?.() !== 0) this.skip();
    const [folder, place] = [mkdtempSync(join(tmpdir(), 'root-')), mkdtempSync(join(tmpdir(), 'place-'))];
    const script = `mount --bind ${folder} ${place} && cd ${place} && echo inside >marker && ln -s ${place}/marker link && echo ready && read end`;
    const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    try {
      await bounded(once(child.stdout, 'data'), 10_000, () => 'a process with a mount of its own');
      await withClient(async (client) => {
        assert.equal(await open(client, join(place, 'marker')), 'F-1,2');
        assert.equal(await client.request(`vFile:setfs:${child.pid?.toString(16)}`), 'F0');
        const descriptor = descriptorOf(await open(client, join(place, 'link')));
        assert.equal(await client.request(`vFile:pread:${descriptor},10,0`), 'F7;inside\n');
        assert.equal(await client.request('vFile:setfs:0'), 'F0');
        assert.equal(await open(client, join(place, 'marker')), 'F-1,2');
      });
    } finally {
      child.stdin.end();
      await once(child, 'exit');
      for (const made of [folder, place]) rmSync(made, { recursive: true });
    }
  });
});
