/** What this machine has: the program, a gdb, and the command that is running now. */
import {
  accessSync,
  closeSync,
  constants,
  openSync,
  readlinkSync,
  readSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { machine } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { isSea } from 'node:sea';
import { moduleFor } from '../../../../arch/index.js';
import { messageOf } from '../../../base/errors.js';
import { hostProcess } from '../../../base/host-process.js';
import { StartError } from '../../start-error.js';
import type { Scene } from './entries.js';
import type { VscodeWords } from './words.js';

/** cppdbg's names ("targetArchitecture"). */
const cppdbgNames: Readonly<Record<string, string>> = { x86_64: 'x86_64', i386: 'x86', aarch64: 'arm64' };
/** `e_ident` up to the class, and `e_machine`, elf(5). */
const headerBytes = 20;
const classOffset = 4;
const machineOffset = 18;
/** By preference; the second one is for the programs of every machine. */
const gdbNames = ['gdb', 'gdb-multiarch'] as const;

/** @param notes for the user, gets a line for everything that is not as it should be. @throws StartError */
export function findScene({ program, args, pid, port }: VscodeWords, notes: (line: string) => void): Scene {
  const path = program === undefined ? programOf(pid) : existing(program);
  const name = architectureOf(path);
  if (name === undefined) notes(`${path} is no program for this machine; debuggers need one.`);
  const gdb = gdbNames.map(findOnPath).find((found) => found !== undefined);
  if (gdb === undefined)
    notes('There is no gdb on the PATH: entries with gdb need one, at the path that they name.');
  return {
    program: path,
    args,
    pid,
    folder: hostProcess.cwd(),
    architecture: name === undefined ? undefined : cppdbgNames[name],
    gdb: gdb ?? '/usr/bin/gdb',
    port,
    server: ownCommand(),
  };
}

/** Whole paths: what starts from a desktop may have another PATH than a terminal. */
function ownCommand(): readonly [string, ...string[]] {
  const [, script = ''] = hostProcess.argv;
  return isSea() ? [hostProcess.execPath] : [hostProcess.execPath, realpathSync(script)];
}

function existing(program: string): string {
  const path = resolve(program);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new StartError(`${program}: no such program`);
  return path;
}

function programOf(pid: number | undefined): string {
  if (pid === undefined) throw new StartError('The program (PROG) is missing.');
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch (error) {
    throw new StartError(`Which program process ${pid} runs cannot be read: ${messageOf(error)}`);
  }
}

/** undefined: no program, or one that this machine cannot run. */
function architectureOf(path: string): string | undefined {
  const header = new DataView(new ArrayBuffer(headerBytes));
  const fd = openSync(path, 'r');
  try {
    if (readSync(fd, header) < headerBytes || header.getUint32(0) !== 0x7f454c46) return undefined;
  } finally {
    closeSync(fd);
  }
  return moduleFor(machine(), header.getUint8(classOffset), header.getUint16(machineOffset, true))?.name;
}

function findOnPath(name: string): string | undefined {
  return (hostProcess.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // for whatever reason: another folder may have it
  }
}
