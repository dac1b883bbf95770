import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'mocha';
import { fileErrnoOf, fileErrnoOfError } from '../../../src/engines/gdb/file-errors.js';
import { FileSystem, UnknownDescriptor } from '../../../src/engines/gdb/file-system.js';
import { resolveWithin } from '../../../src/engines/gdb/file-system-root.js';

function withFolder(test: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'files-'));
  try {
    test(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Flags of the protocol. */
const writeOnly = 0x1;
const create = 0x200;
const exclusive = 0x800;

function errnoOf(action: () => unknown): number | undefined {
  try {
    action();
  } catch (error) {
    return fileErrnoOfError(error);
  }
  return 0;
}

describe('files of a connection', () => {
  it('are created, written, read and removed', () =>
    withFolder((folder) => {
      const path = join(folder, 'file');
      using files = new FileSystem();
      const writer = files.open(path, writeOnly | create | exclusive, 0o100640);
      assert.equal(files.write(writer, Uint8Array.of(1, 2, 3, 4), 2), 4);
      files.close(writer);
      assert.equal(lstatSync(path).mode & 0o777, 0o640);
      const reader = files.open(path, 0, 0);
      assert.deepEqual([...files.read(reader, new Uint8Array(100), 1n)], [0, 1, 2, 3, 4]);
      assert.deepEqual([...files.read(reader, new Uint8Array(2), 3n)], [2, 3]);
      assert.equal(files.read(reader, new Uint8Array(10), 6n).length, 0);
      files.unlink(path);
      assert.equal(existsSync(path), false);
    }));

  it('fail with the numbers of the protocol', () =>
    withFolder((folder) => {
      using files = new FileSystem();
      assert.equal(
        errnoOf(() => files.open(join(folder, 'none'), 0, 0)),
        2,
      );
      assert.equal(
        errnoOf(() => files.open('n'.repeat(300), 0, 0)),
        91,
      );
      assert.equal(
        errnoOf(() => files.unlink(folder)),
        21,
      );
      assert.equal(
        errnoOf(() => files.readLink(folder)),
        22,
      );
      assert.equal(fileErrnoOf(38), 88);
      assert.equal(fileErrnoOf(11), 9999);
      assert.equal(fileErrnoOfError(new Error('not of the system')), undefined);
    }));

  it('are only those that it has opened itself, and end with it', () => {
    const files = new FileSystem();
    const descriptor = files.open('/proc/self/status', 0, 0);
    assert.throws(() => files.close(0), UnknownDescriptor);
    assert.throws(() => files.read(descriptor + 1, new Uint8Array(1), 0n), UnknownDescriptor);
    assert.ok(existsSync(`/proc/self/fd/${descriptor}`));
    files[Symbol.dispose]();
    assert.equal(existsSync(`/proc/self/fd/${descriptor}`), false);
    assert.throws(() => files.read(descriptor, new Uint8Array(1), 0n), UnknownDescriptor);
    files[Symbol.dispose]();
  });

  it('are described by 64 bytes, big-endian', () =>
    withFolder((folder) => {
      writeFileSync(join(folder, 'file'), 'hello');
      symlinkSync('file', join(folder, 'link'));
      using files = new FileSystem();
      const expected = lstatSync(join(folder, 'file'));
      const descriptor = files.open(join(folder, 'link'), 0, 0);
      for (const bytes of [files.status(join(folder, 'link')), files.statusOfDescriptor(descriptor)]) {
        const view = new DataView(bytes.buffer);
        assert.equal(bytes.length, 64);
        assert.equal(view.getUint32(8), expected.mode);
        assert.equal(view.getUint32(12), 1);
        assert.equal(view.getBigUint64(28), 5n);
        assert.equal(view.getUint32(56), Math.floor(expected.mtimeMs / 1000));
      }
      const link = new DataView(files.statusOfLink(join(folder, 'link')).buffer);
      assert.equal(link.getUint32(8) & 0o170000, 0o120000);
      assert.equal(new TextDecoder().decode(files.readLink(join(folder, 'link'))), 'file');
    }));
});

describe('paths below another root', () => {
  it('never leave it, whatever links and dots they hold', () =>
    withFolder((root) => {
      mkdirSync(join(root, 'folder'));
      writeFileSync(join(root, 'folder/file'), 'inside');
      symlinkSync('/folder', join(root, 'absolute'));
      symlinkSync('../../folder/file', join(root, 'folder/up'));
      symlinkSync('/absolute/up', join(root, 'twice'));
      const file = join(root, 'folder/file');
      for (const path of ['/folder/file', '/absolute/file', '/../folder/./up', 'twice', '/../../twice']) {
        assert.equal(resolveWithin(root, path, 'follow'), file, path);
      }
      assert.equal(readFileSync(resolveWithin(root, '/twice', 'follow'), 'utf8'), 'inside');
      assert.equal(resolveWithin(root, '/absolute/up', 'keep-last-link'), join(root, 'folder/up'));
      assert.equal(resolveWithin(root, '/absolute/none', 'follow'), join(root, 'folder/none'));
      assert.equal(resolveWithin(root, '/etc/passwd', 'follow'), join(root, 'etc/passwd'));
    }));

  it('do not follow a loop for ever', () =>
    withFolder((root) => {
      symlinkSync('/loop', join(root, 'loop'));
      assert.equal(
        errnoOf(() => resolveWithin(root, '/loop', 'follow')),
        9999,
      );
    }));
});
