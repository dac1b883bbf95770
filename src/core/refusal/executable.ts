/** Why a program cannot be executed, execve(2): found by looking at its file as the kernel does. */
import { accessSync, closeSync, constants, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { machine } from 'node:os';
import { join, resolve } from 'node:path';
import { moduleFor, modules } from '../../../arch/index.js';
import { isOutstepError } from '../../base/errors.js';
import { ProgramReader, readHeaderTable, segment, segmentTypes } from '../program/index.js';

export interface Execution {
  /** As it is named: searched in `searchPath` unless a slash is in it. */
  readonly program: string;
  readonly folder: string;
  /** The variable PATH. */
  readonly searchPath: string;
}

export interface Obstacle {
  /** A sentence without its full stop. */
  readonly reason: string;
  readonly remedy: string | undefined;
  /** There is no such file: a shell's own message says no less. */
  readonly isAbsence?: true;
}

/** @returns undefined: nothing stands against it */
export function obstacleTo({ program, folder, searchPath }: Execution): Obstacle | undefined {
  const paths = program.includes('/')
    ? [resolve(folder, program)]
    : searchPath.split(':').map((one) => join(resolve(folder, one), program));
  const found = paths.find(isThere);
  if (found !== undefined) return obstacleOf(found);
  return program.includes('/')
    ? { reason: `${paths[0]} does not exist`, remedy: undefined, isAbsence: true }
    : {
        reason: `there is no ${program} in ${folder} or in PATH (${searchPath})`,
        remedy: 'give its path',
        isAbsence: true,
      };
}

function obstacleOf(path: string): Obstacle | undefined {
  if (statSync(path).isDirectory()) return { reason: `${path} is a folder`, remedy: undefined };
  const inFile = isAllowed(path, constants.R_OK)
    ? withFile(path, (read) => obstacleInFile(path, read))
    : undefined;
  return inFile ?? obstacleInModes(path);
}

function obstacleInModes(path: string): Obstacle | undefined {
  if (isAllowed(path, constants.X_OK)) return undefined;
  const mount = mountWithoutPrograms(path);
  return mount === undefined
    ? { reason: `${path} may not be executed by this user`, remedy: `chmod +x ${path}` }
    : {
        reason: `${path} lies on ${mount}, which is mounted noexec`,
        remedy: `mount -o remount,exec ${mount}`,
      };
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    // A file in the place of a folder, or a folder that may not be searched.
    return false;
  }
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** The mount point that a path lies under, if nothing may be executed there, proc_pid_mountinfo(5). */
function mountWithoutPrograms(path: string): string | undefined {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  const around = mounts
    .map((line) => line.split(' '))
    .filter(([, , , , point = '/']) => point === '/' || path === point || path.startsWith(`${point}/`))
    .reduce((longest, one) => ((one[4] ?? '').length >= (longest[4] ?? '').length ? one : longest), []);
  return around[5]?.split(',').includes('noexec') === true ? around[4] : undefined;
}

type Reader = (offset: number, lengthBytes: number) => Uint8Array;

function withFile<T>(path: string, use: (read: Reader) => T): T {
  const file = openSync(path, 'r');
  try {
    return use((offset, lengthBytes) => {
      const bytes = new Uint8Array(lengthBytes);
      return bytes.subarray(0, readSync(file, bytes, 0, lengthBytes, offset));
    });
  } finally {
    closeSync(file);
  }
}

const elfMagic = '\x7fELF';
const longestFirstLine = 256;

function latin1(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}

function obstacleInFile(path: string, read: Reader): Obstacle | undefined {
  const start = latin1(read(0, longestFirstLine));
  if (start.startsWith(elfMagic)) return obstacleInElf(path, read);
  if (start.startsWith('#!')) return obstacleInScript(path, start);
  return { reason: `${path} is neither an ELF file nor a script with #!`, remedy: undefined };
}

function obstacleInScript(path: string, start: string): Obstacle | undefined {
  const [line = ''] = start.slice(2).split('\n');
  const [interpreter = ''] = line.trimStart().split(/[ \t]/);
  if (isThere(interpreter)) return undefined;
  return interpreter.endsWith('\r')
    ? { reason: `the first line of ${path} ends in a carriage return`, remedy: `sed -i 's/\\r//' ${path}` }
    : { reason: `${path} is a script for ${interpreter}, which does not exist`, remedy: undefined };
}

/** Where the ELF header says where the program headers are, and how many: Elf32_Ehdr, Elf64_Ehdr. */
const tablePlaces = { 4: { at: 28, count: 44 }, 8: { at: 32, count: 56 } } as const;
const longestPath = 4096;

function obstacleInElf(path: string, read: Reader): Obstacle | undefined {
  const [, , , , elfClass = 0] = read(0, 5);
  const reader = new ProgramReader({ read: (at, count) => read(Number(at), count) }, elfClass === 1 ? 4 : 8);
  try {
    return obstacleInProgram(path, reader, elfClass);
  } catch (error) {
    if (!isOutstepError(error)) throw error;
    return { reason: `${path} is a damaged ELF file`, remedy: undefined };
  }
}

function obstacleInProgram(path: string, reader: ProgramReader, elfClass: number): Obstacle | undefined {
  const elfMachine = reader.view(18n, 2).getUint16(0, true);
  if (moduleFor(machine(), elfClass, elfMachine) === undefined) {
    const reason = `${path} is a program for ${machineName(elfClass, elfMachine)}, and this machine is ${machine()}`;
    return { reason, remedy: undefined };
  }
  const { at, count } = tablePlaces[reader.pointerBytes];
  const headers = readHeaderTable(
    reader,
    reader.pointer(BigInt(at)),
    reader.view(BigInt(count), 2).getUint16(0, true),
  );
  const interpreter = segment(headers, segmentTypes.interpreter);
  if (interpreter === undefined) return undefined;
  const loader = reader.text(interpreter.fileOffset, longestPath);
  if (isThere(loader)) return undefined;
  return {
    reason: `${path} is there, but its loader ${loader} is not: it was built for another C library or distribution`,
    remedy: undefined,
  };
}

function machineName(elfClass: number, elfMachine: number): string {
  const known = modules.find((one) => one.elfClass === elfClass && one.elfMachine === elfMachine);
  return known?.name ?? `another processor (ELF class ${elfClass}, machine ${elfMachine})`;
}
