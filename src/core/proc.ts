/** What /proc says about processes and threads, proc(5). A process that is gone gives undefined or an empty list. */
import { closeSync, existsSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { Pid, Tid } from '../base/ids.js';

const deletedSuffix = ' (deleted)';

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

/** Node reads text of this encoding in one go; whatever else is in it comes out as replacement characters. */
function readUtf8(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** Field of /proc/ID/status, for example `TracerPid`; undefined when the process or the field does not exist. */
export function statusField(id: number, field: string): string | undefined {
  const match = readText(`/proc/${id}/status`)?.match(new RegExp(`^${field}:\\s*(.*)$`, 'm'));
  return match?.[1];
}

/** Who a process belongs to, and what made it. */
export interface ProcessOwner {
  readonly parentPid: number;
  readonly realUser: number;
  readonly realGroup: number;
  readonly effectiveUser: number;
  readonly effectiveGroup: number;
}

/** Words of the command line; empty for kernel threads, and when the process is gone. */
export function commandWords(id: number): readonly string[] {
  const line = readUtf8(`/proc/${id}/cmdline`) ?? '';
  return line === '' ? [] : line.replace(/\0$/, '').split('\0');
}

/** Undefined: the process is gone. */
export function processOwner(id: number): ProcessOwner | undefined {
  const status = readText(`/proc/${id}/status`);
  const numbers = (field: string): readonly number[] =>
    (status?.match(new RegExp(`^${field}:\\s*(.*)$`, 'm'))?.[1] ?? '').split(/\s+/).map(Number);
  const [parentPid] = numbers('PPid');
  const [realUser, effectiveUser] = numbers('Uid');
  const [realGroup, effectiveGroup] = numbers('Gid');
  if (parentPid === undefined || realUser === undefined || realGroup === undefined) return undefined;
  if (effectiveUser === undefined || effectiveGroup === undefined) return undefined;
  return { parentPid, realUser, realGroup, effectiveUser, effectiveGroup };
}

/** One-letter state of a thread (R, S, D, T, t, Z, X). */
export function threadState(thread: Tid): string | undefined {
  return statFields(thread)?.[0];
}

/** PF_EXITING, PF_SIGNALED: <linux/sched.h>. */
const endingFlags = 0x4 | 0x400;
/** Of SIGKILL, as proc(5) has sets of signals. */
const killBit = 1n << 8n;

/**
 * Whether a thread is about to end, or has: the kernel has sent it SIGKILL (also for exit_group(2), to each thread), or it
 * is on its way out.
 */
export function isEnding(thread: Tid): boolean {
  const fields = statFields(thread);
  if (fields === undefined || fields[0] === 'Z' || fields[0] === 'X') return true;
  const pending = BigInt(`0x${statusField(thread, 'SigPnd') ?? '0'}`);
  return (pending & killBit) !== 0n || (Number(fields[6]) & endingFlags) !== 0;
}

/**
 * Where a thread that waits inside a system call will go on in the program; undefined: it is not inside one, or is gone,
 * proc_pid_syscall(5).
 */
export function callReturn(thread: Tid): bigint | undefined {
  const fields = readText(`/proc/${thread}/task/${thread}/syscall`)?.trim().split(' ') ?? [];
  const [number = '', pc] = [fields[0], fields.at(-1)];
  // `running`, or -1 where it waits for something else.
  return /^\d+$/.test(number) && pc !== undefined ? BigInt(pc) : undefined;
}

/** Whether a thread is held by its tracer; false when it is on its way out. */
export function isTraceStopped(thread: Tid): boolean {
  const state = threadState(thread);
  return state === 't' || state === 'T';
}

/** How many seccomp filters may forbid a thread system calls, or kill it for them; where the kernel does not count, 1 for any. */
export function filterCount(thread: Tid): number {
  const mode = statusField(thread, 'Seccomp') ?? '0';
  return mode === '0' ? 0 : Number(statusField(thread, 'Seccomp_filters') ?? '1');
}

const capSysAdmin = 21n;

/** Whether a thread may have a seccomp filter without giving up privileges of the programs that it executes. */
export function mayAddFilter(thread: Tid): boolean {
  if (statusField(thread, 'NoNewPrivs') === '1') return true;
  const capabilities = BigInt(`0x${statusField(thread, 'CapEff') ?? '0'}`);
  return ((capabilities >> capSysAdmin) & 1n) === 1n;
}

/** Fields of /proc/TID/task/TID/stat from the state (field 3) on; the name before may contain anything. */
function statFields(thread: Tid): string[] | undefined {
  const stat = readUtf8(`/proc/${thread}/task/${thread}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** The name of a process or thread, at most 15 bytes (proc(5), comm); undefined: it is gone. */
export function commandName(id: number): string | undefined {
  return readText(`/proc/${id}/comm`)?.trimEnd();
}

/** Whether an id is that of a process other than `process`, not of one of its threads. */
export function isOtherProcess(process: Pid, id: number): boolean {
  return existsSync(`/proc/${id}`) && !existsSync(`/proc/${process}/task/${id}`);
}

/** Path under which the program's file can be opened: the kernel's own link where it has been deleted, proc(5). */
export function executablePath(process: Pid): string | undefined {
  const link = `/proc/${process}/exe`;
  try {
    const path = readlinkSync(link);
    return path.endsWith(deletedSuffix) && !existsSync(path) ? link : path;
  } catch {
    return undefined;
  }
}

/** Raw auxiliary vector; empty when the process is gone. */
export function auxiliaryVector(process: Pid): Uint8Array {
  try {
    return new Uint8Array(readFileSync(`/proc/${process}/auxv`));
  } catch {
    return new Uint8Array();
  }
}

/** Class and machine of the program's ELF header, elf(5); undefined when it cannot be read. */
export function elfIdentity(process: Pid): { elfClass: number; machine: number } | undefined {
  const header = new Uint8Array(20);
  try {
    const file = openSync(`/proc/${process}/exe`, 'r');
    try {
      if (readSync(file, header) < header.length) return undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
  return { elfClass: header[4] ?? 0, machine: new DataView(header.buffer).getUint16(18, true) };
}

/** A line of /proc/PID/maps, proc(5). */
export interface Mapping {
  readonly start: bigint;
  /** First address behind it. */
  readonly end: bigint;
  readonly permissions: string;
  /** Where it begins in the file that it maps; 0 where it maps none. */
  readonly fileOffset: bigint;
  /** Of that file; 0n where it maps none. */
  readonly inode: bigint;
  readonly name: string;
}

/** A stretch of memory up to, not including, its end. */
export interface MemoryRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** The mappings that have a flag among their VmFlags in smaps, proc(5). Costs the kernel a walk through all pages. */
export function rangesWithFlag(process: Pid, flag: string): MemoryRange[] {
  const ranges: MemoryRange[] = [];
  let current: MemoryRange | undefined;
  for (const line of readText(`/proc/${process}/smaps`)?.split('\n') ?? []) {
    const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line) ?? [];
    if (start !== undefined) current = { start: BigInt(`0x${start}`), end: BigInt(`0x${end}`) };
    const hasFlag = line.startsWith('VmFlags:') && line.split(' ').includes(flag);
    if (hasFlag && current !== undefined) ranges.push(current);
  }
  return ranges;
}

const mappingReadBytes = 0x10000;
const lineFeed = 0x0a;
/** Far from what a call takes. */
const mostArguments = 0x1000;

/**
 * As `mappings`, some hundreds at a time as the kernel tells them: the first are there before the last have been read, and
 * nobody has to hold all of them. What changes meanwhile may be told as it was or as it is; no address is told twice.
 */
export function* mappingPieces(process: Pid): Generator<Mapping[], void, undefined> {
  for (const text of mappingTextPieces(process)) yield parseMappings(text);
}

/** As `mappingsText`, whole lines at a time; nothing where the process is gone. */
export function* mappingTextPieces(process: Pid): Generator<string, void, undefined> {
  const descriptor = openIfThere(`/proc/${process}/maps`);
  if (descriptor === undefined) return;
  try {
    const buffer = new Uint8Array(mappingReadBytes);
    let filled = 0;
    for (;;) {
      const count = readInto(descriptor, buffer.subarray(filled));
      filled += count;
      // The kernel fills no more than a page or so each time.
      if (count > 0 && filled < buffer.length / 2) continue;
      const end = buffer.subarray(0, filled).lastIndexOf(lineFeed) + 1;
      if (end > 0) yield latin1(buffer.subarray(0, end));
      buffer.copyWithin(0, end, filled);
      filled -= end;
      if (count === 0) return;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Each byte as a character, as Node reads text of that encoding. */
function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += mostArguments)
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + mostArguments));
  return text;
}

/** undefined: it is not there, or not to be looked at. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch {
    return undefined;
  }
}

/** Bytes read; 0 at the end, and when the process is gone. */
function readInto(descriptor: number, into: Uint8Array): number {
  try {
    return readSync(descriptor, into, 0, into.length, null);
  } catch {
    return 0;
  }
}

/** In order of their addresses. */
export function mappings(process: Pid): Mapping[] {
  return parseMappings(mappingsText(process));
}

/** Its lines are bytes: a name is to be decoded as UTF-8 where it is more than compared. */
export function mappingsText(process: Pid): string {
  return readText(`/proc/${process}/maps`) ?? '';
}

/** The lines of /proc/PID/maps; what is no such line is left out. */
export function parseMappings(text: string): Mapping[] {
  return text.split('\n').flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S+) (\S+) \S+ (\d+)\s*(.*)$/.exec(line);
    if (match === null) return [];
    const [, start, end, permissions, fileOffset, inode, name] = match;
    return [
      {
        start: BigInt(`0x${start}`),
        end: BigInt(`0x${end}`),
        permissions: permissions ?? '',
        fileOffset: BigInt(`0x${fileOffset}`),
        inode: BigInt(inode ?? 0),
        name: name ?? '',
      },
    ];
  });
}
