/** What is left of a process that dies: stacks, registers, mappings, and what happened last. */

import { signalName } from 'gdb-js-rsp-parser';
import { kernelSignal } from '../../base/ids.js';
import { mappingsText, type Thread } from '../../core/index.js';
import {
  type EventRecord,
  eventJson,
  eventText,
  type SignalOrigin,
  signalOrigin,
} from '../../event-log/index.js';
import { type ProcessStacks, stackJson, stacksOf, stackText, takeSnapshot } from '../../snapshot/index.js';
import type { Held } from './crash-engine.js';

/** A register, as the report shows it. */
export interface RegisterValue {
  readonly name: string;
  readonly value: bigint;
}

/** What is told of a process that would crash or hangs, as plain data. */
export interface CrashReport {
  readonly pid: number;
  readonly name: string;
  /** undefined: it hangs. */
  readonly signal:
    | { readonly name: string; readonly tid: number; readonly origin: SignalOrigin | undefined }
    | undefined;
  readonly stacks: ProcessStacks;
  /** General registers of all threads, by tid. */
  readonly registers: ReadonlyMap<number, readonly RegisterValue[]>;
  /** As /proc/PID/maps has them. */
  readonly mappings: string;
  readonly lastEvents: readonly EventRecord[];
}

/** Of a process that stands still. */
export async function crashReport({ process, thread, signal, lastEvents }: Held): Promise<CrashReport> {
  const snapshot = takeSnapshot(process);
  const stopped = [...process.threads.values()].filter(({ isStopped }) => isStopped);
  const registers = new Map(stopped.map((one) => [Number(one.tid), registersOf(one)]));
  const mappings = mappingsText(process.pid);
  const stacks = await stacksOf(snapshot);
  return {
    pid: process.pid,
    name: (thread ?? stopped[0])?.name() ?? '',
    signal:
      thread === undefined || signal === undefined
        ? undefined
        : { name: signalName(kernelSignal(signal)), tid: thread.tid, origin: signalOrigin(thread) },
    stacks,
    registers,
    mappings,
    lastEvents,
  };
}

function registersOf(thread: Thread): readonly RegisterValue[] {
  const { registerFile } = thread.process;
  const { regset } = registerFile.byRole('pc');
  return registerFile.registers
    .filter((register) => register.regset === regset)
    .flatMap((register) => {
      const bytes = thread.readRegister(register);
      const value = bytes?.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      return value === undefined ? [] : [{ name: register.name, value }];
    });
}

/** The report for people. @param core path of the core file; undefined: there is none */
export function reportText(report: CrashReport, core: string | undefined): string {
  const { pid, name, signal, stacks, registers, mappings, lastEvents } = report;
  const shown = registers.get(signal?.tid ?? stacks.threads[0]?.tid ?? 0) ?? [];
  const parts = [
    `Process ${pid} (${name}) ${signal === undefined ? 'hangs' : deathText(signal)}`,
    stackText(stacks),
    ['Registers:', ...shown.map(({ name, value }) => `  ${name.padEnd(10)} 0x${value.toString(16)}`)].join(
      '\n',
    ),
    `Mappings:\n${mappings.trimEnd()}`,
    ['Last events:', ...lastEvents.map(lineOf)].join('\n'),
    ...stacks.complaints,
    ...(core === undefined ? [] : [`Core file: ${core}`]),
  ];
  return parts.join('\n\n');
}

function lineOf(record: EventRecord): string {
  const seconds = (record.timeUs / 1e6).toFixed(6).padStart(12);
  return `${seconds} ${record.pid} ${record.name}: ${eventText(record)}`;
}

function deathText({ name, tid, origin }: NonNullable<CrashReport['signal']>): string {
  const at = origin?.address === undefined ? '' : ` at address 0x${origin.address.toString(16)}`;
  const { sender } = origin ?? {};
  const from =
    sender === undefined ? '' : `, sent by ${sender.pid} (${sender.name ?? '?'}, uid ${sender.uid})`;
  return `dies of ${name} in thread ${tid}${at}${from}`;
}

/** One object. */
export function reportJson(report: CrashReport, core: string | undefined): object {
  const { pid, name, signal, stacks, registers, mappings, lastEvents } = report;
  const { origin, ...rest } = signal ?? {};
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  return {
    ...stackJson(stacks),
    pid,
    name,
    signal:
      signal === undefined
        ? undefined
        : {
            ...rest,
            code: origin?.code,
            sender: origin?.sender,
            address: origin?.address === undefined ? undefined : hex(origin.address),
          },
    registers: Object.fromEntries(
      [...registers].map(([tid, list]) => [
        tid,
        Object.fromEntries(list.map(({ name, value }) => [name, hex(value)])),
      ]),
    ),
    mappings: mappings.trimEnd().split('\n'),
    lastEvents: lastEvents.map((record) => JSON.parse(eventJson(record))),
    core,
  };
}
