/** Times: `struct timespec`, `timeval` and what is made of them, <linux/time_types.h>. */
import { addressText, arrayText, hasFailed } from '../basics.js';
import { argument, type CallFacts, type Decoder, reading, readingAs } from '../call-facts.js';
import { type Struct, struct } from '../struct.js';

type Pair = 'first' | 'second';

const timespecStruct = struct({ first: 'long', second: 'long' });
const timespec64Struct = struct({ first: 'i64', second: 'i64' });

function timespecText({ first, second }: Record<Pair, bigint>): string {
  return `{tv_sec=${first}, tv_nsec=${second}}`;
}

function timevalText({ first, second }: Record<Pair, bigint>): string {
  return `{tv_sec=${first}, tv_usec=${second}}`;
}

export const timespec = timespecStruct.decoder(timespecText);
/** Of the calls of 32-bit architectures whose names end in `_time64`. */
export const timespec64 = timespec64Struct.decoder(timespecText);
export const timeval = timespecStruct.decoder(timevalText);

function intervalDecoder(one: Struct<Pair>, text: (pair: Record<Pair, bigint>) => string): Decoder {
  return reading<Decoder>(
    (value, call) => {
      const half = one.sizeBytes(call.abi);
      const bytes = call.memory.exact(value, 2 * half);
      if (bytes === undefined) return addressText(value);
      const [interval, rest] = [bytes.subarray(0, half), bytes.subarray(half)];
      return `{it_interval=${text(one.parse(interval, call.abi))}, it_value=${text(one.parse(rest, call.abi))}}`;
    },
    (index, { abi }) => [{ argument: index, mostBytes: 2 * one.sizeBytes(abi) }],
  );
}

export const itimerspec = intervalDecoder(timespecStruct, timespecText);
export const itimerspec64 = intervalDecoder(timespec64Struct, timespecText);
export const itimerval = intervalDecoder(timespecStruct, timevalText);

/** UTIME_NOW, UTIME_OMIT, <linux/stat.h>. */
const special: ReadonlyMap<bigint, string> = new Map([
  [0x3fffffffn, 'UTIME_NOW'],
  [0x3ffffffen, 'UTIME_OMIT'],
]);

function fileTimes(
  one: Struct<Pair>,
  text: (pair: Record<Pair, bigint>) => string,
  unitsPerSecond: bigint,
): Decoder {
  return reading<Decoder>(
    (value, call) => {
      const lengthBytes = one.sizeBytes(call.abi);
      const bytes = call.memory.exact(value, 2 * lengthBytes);
      if (bytes === undefined) return addressText(value);
      return arrayText(value, 2, 2, (index) => {
        const pair = one.parse(bytes.subarray(index * lengthBytes, (index + 1) * lengthBytes), call.abi);
        const name = special.get(pair.second);
        if (name !== undefined) return name;
        return `${text(pair)} /* ${dateText(pair.first, pair.second, unitsPerSecond)} */`;
      });
    },
    (index, { abi }) => [{ argument: index, mostBytes: 2 * one.sizeBytes(abi) }],
  );
}

export const accessTimes = fileTimes(timespecStruct, timespecText, 1_000_000_000n);
export const accessTimes64 = fileTimes(timespec64Struct, timespecText, 1_000_000_000n);
export const accessTimevals = fileTimes(timespecStruct, timevalText, 1_000_000n);

/** As ISO 8601, in this machine's time zone; `fraction` counts `unitsPerSecond` parts. */
export function dateText(seconds: bigint, fraction = 0n, unitsPerSecond = 1n): string {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  const minutes = -date.getTimezoneOffset();
  const local = new Date(date.getTime() + minutes * 60_000).toISOString().slice(0, 19);
  const zone = Math.abs(minutes);
  const two = (part: number): string => String(Math.floor(part)).padStart(2, '0');
  const digits = String(unitsPerSecond).length - 1;
  const part = digits > 0 && fraction > 0n ? `.${String(fraction).padStart(digits, '0')}` : '';
  return `${local}${part}${minutes < 0 ? '-' : '+'}${two(zone / 60)}${two(zone % 60)}`;
}

/** What is left of a sleep that a signal has ended; else the kernel leaves it alone. */
export const remainder = readingAs<Decoder>(
  (value, call, index) =>
    call.result === -514n || call.result === -516n || call.result === -4n
      ? timespec(value, call, index)
      : addressText(value),
  timespec,
);

export function timespecLeft(index: number, call: CallFacts): string {
  const at = argument(call, index);
  const left = hasFailed(call) || at === 0n ? undefined : timespecStruct.read(at, call);
  return left === undefined ? '' : `left ${timespecText(left)}`;
}
