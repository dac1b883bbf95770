/** Reads the facts. Nothing here stops, signals or traces anybody. */

import { closeSync, existsSync, openSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { constants, machine } from 'node:os';
import { basename } from 'node:path';
import { hostProcess } from '../../base/host-process.js';
import { isNativeError } from '../../native/binding.js';
import type { NativeTracer } from '../../native/binding-types.js';
import { commandName } from '../proc.js';
import type { ServerFacts, Surroundings, TargetFacts, TaskFacts } from './facts.js';

/** Beyond the largest pid_max that a kernel takes (4194304, proc(5)). */
const impossibleTid = 0x7fffffff;
/** sched.h */
const kernelThreadFlag = 0x00200000;
/** Inode of the first PID namespace, proc_ns.h. */
const firstPidNamespace = 'pid:[4026531836]';
/** A parent that is a parent of itself ends no walk. */
const mostAncestors = 1000;

/** What cannot be read is not known: much of it depends on the kernel's configuration or on who asks. */
function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return undefined;
  }
}

function linkOf(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}

function statusOf(id: number): ReadonlyMap<string, string> | undefined {
  const lines = textOf(`/proc/${id}/status`)?.split('\n');
  return lines && new Map(lines.map((line) => [line.replace(/:.*$/, ''), line.replace(/^[^:]*:\s*/, '')]));
}

function numbers(text: string | undefined): number[] {
  return (text ?? '').split(/\s+/).map(Number);
}

function capabilities(text: string | undefined): bigint {
  return BigInt(`0x${text ?? '0'}`);
}

function isKernelThread(id: number): boolean {
  const stat = textOf(`/proc/${id}/stat`) ?? '';
  // state ppid pgrp session tty_nr tpgid flags
  const flags = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[6]);
  return (flags & kernelThreadFlag) !== 0;
}

function ownerOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.uid;
}

function securityLabelOf(id: number): string | undefined {
  const label = textOf(`/proc/${id}/attr/current`)?.replace(/[\0\n]+$/, '');
  return label === '' ? undefined : label;
}

export function collectTask(id: number): TaskFacts | undefined {
  const status = statusOf(id);
  if (status === undefined) return undefined;
  const tracer = Number(status.get('TracerPid') ?? 0);
  return {
    id,
    name: commandName(id) ?? 'unknown',
    processId: Number(status.get('Tgid')),
    state: status.get('State')?.[0] ?? '',
    threadCount: Number(status.get('Threads')),
    tracer: tracer === 0 ? undefined : { id: tracer, name: commandName(tracer) ?? 'unknown' },
    userIds: numbers(status.get('Uid')).slice(0, 3),
    groupIds: numbers(status.get('Gid')).slice(0, 3),
    filesOwner: ownerOf(`/proc/${id}/environ`),
    isKernelThread: isKernelThread(id),
    permittedCapabilities: capabilities(status.get('CapPrm')),
    effectiveCapabilities: capabilities(status.get('CapEff')),
    seccompMode: Number(status.get('Seccomp') ?? 0),
    userMap: textOf(`/proc/${id}/uid_map`)?.trim().replace(/\s+/g, ' '),
    securityLabel: securityLabelOf(id),
  };
}

/** @param refusedTask the thread that was refused, if it is known that not the first one was */
export function collectTarget(id: number, refusedTask = id): TargetFacts {
  return { id, task: collectTask(refusedTask), exists: exists(id), isDescendant: isDescendant(id) };
}

/**
 * Whether the kernel would let this process trace another one, as far as credentials and security modules go: reading
 * memory through /proc takes the same right, proc(5).
 */
export function mayLookInto(id: number): boolean {
  try {
    closeSync(openSync(`/proc/${id}/mem`, 'r'));
    return true;
  } catch {
    return false;
  }
}

/** @throws Error when /proc does not show this process itself */
export function collectServer(native: NativeTracer): ServerFacts {
  const task = collectTask(hostProcess.pid);
  if (task === undefined) throw new Error('/proc is not mounted, or not that of this PID namespace');
  const yamaScope = textOf('/proc/sys/kernel/yama/ptrace_scope');
  return {
    task,
    surroundings: surroundings(),
    yamaScope: yamaScope === undefined ? undefined : Number(yamaScope),
    isPtraceDenied: textOf('/sys/fs/selinux/booleans/deny_ptrace')?.startsWith('1') === true,
    probeErrno: probe(native),
    emulator: emulator(task.name),
    seesAllProcesses: linkOf('/proc/self/ns/pid') === firstPidNamespace,
  };
}

function exists(id: number): boolean {
  try {
    hostProcess.kill(id, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isDescendant(id: number): boolean {
  let ancestor = id;
  for (let count = 0; count < mostAncestors && ancestor > 0; count++) {
    ancestor = Number(statusOf(ancestor)?.get('PPid') ?? 0);
    if (ancestor === hostProcess.pid) return true;
  }
  return false;
}

function probe(native: NativeTracer): number {
  try {
    native.seize(impossibleTid, 0, false);
    return constants.errno.ESRCH;
  } catch (error) {
    if (isNativeError(error)) return error.errno;
    throw error;
  }
}

function surroundings(): Surroundings {
  const { KUBERNETES_SERVICE_HOST, container } = hostProcess.env;
  if (KUBERNETES_SERVICE_HOST !== undefined) return 'kubernetes';
  if (existsSync('/run/.containerenv')) return 'podman';
  if (existsSync('/.dockerenv')) return 'docker';
  return container === undefined ? 'host' : 'container';
}

/**
 * QEMU's user mode and Rosetta: programs of this machine's kind that the kernel runs through an interpreter. Emulated
 * processors are given away by /proc/cpuinfo, which is that of the real one.
 */
function emulator(ownName: string): string | undefined {
  const interpreters = [
    ownName,
    basename(linkOf('/proc/1/exe') ?? ''),
    basename(linkOf(`/proc/${hostProcess.ppid}/exe`) ?? ''),
  ];
  const named = interpreters.find((name) => /^(qemu-|rosetta)/.test(name));
  if (named !== undefined) return named;
  const processors = textOf('/proc/cpuinfo') ?? '';
  if (processors.includes('VirtualApple')) return 'Rosetta';
  const isArm = /^CPU implementer/m.test(processors);
  const isIntel = /^vendor_id/m.test(processors);
  return (machine() === 'x86_64' && isArm) || (machine() === 'aarch64' && isIntel)
    ? 'an emulator'
    : undefined;
}
