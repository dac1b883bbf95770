/** Signals: sets, `struct sigaction`, `stack_t`, `siginfo_t`; <asm/signal.h>, <asm-generic/siginfo.h>. */
import type { DataModel } from '../../../../../arch/system-call-table.js';
import { numberOf } from '../../../../base/byte-order.js';
import { addressText } from '../basics.js';
import { argument, type CallFacts, type Decoder, intOf, ofRegisters, reading } from '../call-facts.js';
import { flagsOf, nameOf, oneOf } from '../constants.js';
import { struct } from '../struct.js';
import {
  actionFlags,
  childCodes,
  faultCodes,
  filterCodes,
  pollCodes,
  senderCodes,
  shortSignalName,
  signalCount,
  signalName,
  stackFlags,
} from '../tables/signals.js';

export const signal = ofRegisters<Decoder>((value) => signalName(intOf(value)));

/** More than this part of all signals is shown as what is missing. */
const mostShown = (signalCount * 2) / 3;

export function signalSetText(bytes: Uint8Array): string {
  const bits = numberOf(bytes);
  const all = Array.from({ length: bytes.length * 8 }, (_, index) => index + 1);
  const isIn = (one: number): boolean => ((bits >> BigInt(one - 1)) & 1n) === 1n;
  const isInverted = all.filter(isIn).length >= mostShown;
  const names = all
    .filter((one) => isIn(one) !== isInverted)
    .map((one) => shortSignalName(one) ?? String(one));
  return `${isInverted ? '~' : ''}[${names.join(' ')}]`;
}

export function signalSetAt(at: bigint, lengthBytes: number, { memory }: CallFacts): string {
  const bytes = lengthBytes === 0 ? undefined : memory.exact(at, lengthBytes);
  return bytes === undefined ? addressText(at) : signalSetText(bytes);
}

/** A set whose size is another argument. */
export function signalSet(sizeIndex: number): Decoder {
  return reading<Decoder>(
    (value, call) => signalSetAt(value, Math.min(8, Number(argument(call, sizeIndex))), call),
    (index) => [{ argument: index, count: sizeIndex, mostBytes: 8 }],
  );
}

/** A set and its size, as pselect6(2) has them. */
const setWithSizeStruct = struct({ set: 'pointer', size: 'ulong' });
export const setWithSize: Decoder = (value, call) => {
  const found = setWithSizeStruct.read(value, call);
  if (found === undefined) return addressText(value);
  const { set, size } = found;
  return `{sigmask=${signalSetAt(set, Number(size), call)}, sigsetsize=${size}}`;
};

const actionStruct = struct({ handler: 'pointer', flags: 'ulong', restorer: 'pointer' });
const setBytes = 8;
const restorerFlag = 0x4000000n;
const handlers: ReadonlyMap<bigint, string> = new Map([
  [0n, 'SIG_DFL'],
  [1n, 'SIG_IGN'],
]);

export const action = reading<Decoder>(
  (value, call) => {
    const lengthBytes = actionStruct.sizeBytes(call.abi);
    const bytes = call.memory.exact(value, lengthBytes + setBytes);
    if (bytes === undefined) return addressText(value);
    const { handler, flags, restorer } = actionStruct.parse(bytes, call.abi);
    const mask = signalSetText(bytes.subarray(lengthBytes));
    const tail = (flags & restorerFlag) === 0n ? '' : `, sa_restorer=${addressText(restorer)}`;
    return `{sa_handler=${handlers.get(handler) ?? addressText(handler)}, sa_mask=${mask}, sa_flags=${flagsOf(flags, actionFlags)}${tail}}`;
  },
  (index, { abi }) => [{ argument: index, mostBytes: actionStruct.sizeBytes(abi) + setBytes }],
);

export const alternateStack = struct({ ss_sp: 'pointer', ss_flags: 'u32', ss_size: 'ulong' }).decoder(
  ({ ss_sp, ss_flags, ss_size }) =>
    `{ss_sp=${addressText(ss_sp)}, ss_flags=${flagsOf(ss_flags, stackFlags)}, ss_size=${ss_size}}`,
);

const head = { si_signo: 'i32', si_errno: 'i32', si_code: 'i32' } as const;
/** The unions begin at the alignment of a pointer. */
const sender = struct({ ...head, start: 'long' });
const siginfoBytes = 128;
const sigchld = 17;
const sigsys = 31;
const sigio = 29;

interface Union {
  readonly words: DataView;
  readonly model: DataModel;
}

function pointerAt({ words, model }: Union, offset: number): bigint {
  return model.longBytes === 8 ? words.getBigUint64(offset, true) : BigInt(words.getUint32(offset, true));
}

/** `{si_signo=..., ...}` of 128 bytes in the program's own layout. */
export function siginfoText(bytes: Uint8Array, model: DataModel): string {
  const { si_signo, si_errno, si_code } = sender.parse(bytes, model);
  const number = Number(si_signo);
  const start = sender.layout(model).offsetOf('start');
  const words = new DataView(bytes.buffer, bytes.byteOffset + start, siginfoBytes - start);
  const fields = [`si_signo=${signalName(number)}`, `si_code=${codeText(number, si_code)}`];
  if (si_errno !== 0n) fields.push(`si_errno=${si_errno}`);
  return `{${[...fields, ...unionFields(number, si_code, { words, model })].join(', ')}}`;
}

function codeText(number: number, code: bigint): string {
  const name = shortSignalName(number) ?? '';
  const special = Object.entries(faultCodes).find(([fault]) => fault === name)?.[1];
  const own =
    number === sigchld
      ? childCodes
      : number === sigsys
        ? filterCodes
        : number === sigio
          ? pollCodes
          : special;
  return nameOf(code, senderCodes) ?? (own === undefined ? hexOrDecimal(code) : oneOf(code, own));
}

function hexOrDecimal(code: bigint): string {
  return code < 0n ? String(code) : `0x${code.toString(16)}`;
}

const codes = { user: 0n, queue: -1n, timer: -2n, mesgq: -3n, tkill: -6n, kernel: 0x80n } as const;

function unionFields(number: number, code: bigint, union: Union): readonly string[] {
  const { words, model } = union;
  const from = [`si_pid=${words.getInt32(0, true)}`, `si_uid=${words.getUint32(4, true)}`];
  const value = (offset: number): readonly string[] =>
    pointerAt(union, offset) === 0n
      ? []
      : [`si_int=${words.getInt32(offset, true)}`, `si_ptr=${addressText(pointerAt(union, offset))}`];
  if (code === codes.user || code === codes.tkill) return from;
  if (code === codes.timer)
    return [
      `si_timerid=${hexOrDecimal(BigInt(words.getInt32(0, true)))}`,
      `si_overrun=${words.getInt32(4, true)}`,
      ...value(8),
    ];
  if (code < 0n) return [...from, ...value(8)];
  if (number === sigchld) {
    const times = model.longBytes === 8 ? 16 : 12;
    const status = words.getInt32(8, true);
    const text = code === 1n ? String(status) : signalName(status);
    const ticks = (offset: number): string =>
      String(model.longBytes === 8 ? words.getBigInt64(offset, true) : words.getInt32(offset, true));
    return [
      ...from,
      `si_status=${text}`,
      tickText('si_utime', ticks(times)),
      tickText('si_stime', ticks(times + model.longBytes)),
    ];
  }
  if (code === codes.kernel)
    return faultCodesOf(number) === undefined ? from : [`si_addr=${addressText(pointerAt(union, 0))}`];
  if (faultCodesOf(number) !== undefined) return [`si_addr=${addressText(pointerAt(union, 0))}`];
  if (number === sigio) return [`si_band=${pointerAt(union, 0)}`];
  if (number === sigsys)
    return [
      `si_call_addr=${addressText(pointerAt(union, 0))}`,
      `si_syscall=${words.getInt32(model.longBytes, true)}`,
      `si_arch=0x${words.getUint32(model.longBytes + 4, true).toString(16)}`,
    ];
  return from;
}

function faultCodesOf(number: number): unknown {
  return Object.entries(faultCodes).find(([name]) => name === shortSignalName(number))?.[1];
}

/** USER_HZ. */
const ticksPerSecond = 100;

function tickText(name: string, ticks: string): string {
  if (ticks === '0') return `${name}=0`;
  const seconds = (Number(ticks) / ticksPerSecond).toFixed(2).replace(/0$/, '').replace(/\.0$/, '');
  return `${name}=${ticks} /* ${seconds} s */`;
}

export const siginfo = reading<Decoder>(
  (value, { memory, abi }) => {
    const bytes = memory.exact(value, siginfoBytes);
    return bytes === undefined ? addressText(value) : siginfoText(bytes, abi);
  },
  (index) => [{ argument: index, mostBytes: siginfoBytes }],
);
