/** What is waited for: `struct pollfd`, `fd_set`, `struct epoll_event`; <linux/poll.h>, <linux/eventpoll.h>. */

import type { LoggedRead } from '../../../../core/index.js';
import { addressText, arrayText, descriptorText } from '../basics.js';
import { argument, type CallFacts, type Decoder, reading } from '../call-facts.js';
import { flagsOf } from '../constants.js';
import { struct } from '../struct.js';
import { epollEvents, pollEvents } from '../tables/files.js';
import { timespecLeft } from './times.js';

const pollStruct = struct({ fd: 'i32', events: 'u16', revents: 'u16' });
const pollBytes = 8;
/** How many of an array are shown. */
const shownElements = 32;

function polled(call: CallFacts): readonly Record<'fd' | 'events' | 'revents', bigint>[] | undefined {
  const count = Number(argument(call, 1));
  const bytes = call.memory.exact(argument(call, 0), Math.min(count, shownElements) * pollBytes);
  if (bytes === undefined) return undefined;
  return Array.from({ length: bytes.length / pollBytes }, (_, index) =>
    pollStruct.parse(bytes.subarray(index * pollBytes), call.abi),
  );
}

const polledRead = (): readonly LoggedRead[] => [
  { argument: 0, count: 1, elementBytes: pollBytes, mostBytes: shownElements * pollBytes },
];

/** A negative descriptor is ignored, poll(2). */
export const pollDescriptors = reading<Decoder>((value, call) => {
  const list = polled(call);
  if (list === undefined || value === 0n) return addressText(value);
  return arrayText(value, Number(argument(call, 1)), shownElements, (index) => {
    const one = list[index];
    if (one === undefined) return undefined;
    const events = one.fd < 0n ? '' : `, events=${flagsOf(one.events, pollEvents)}`;
    return `{fd=${descriptorText(Number(one.fd), call)}${events}}`;
  });
}, polledRead);

export function pollResult(timeoutIndex: number | undefined): (result: bigint, call: CallFacts) => string {
  return (result, call) => {
    if (result === 0n) return '0 (Timeout)';
    const ready = (polled(call) ?? []).filter(({ revents }) => revents !== 0n);
    const texts = ready.map(
      ({ fd, revents }) =>
        `{fd=${descriptorText(Number(fd), call)}, revents=${flagsOf(revents, pollEvents)}}`,
    );
    const left = timeoutIndex === undefined ? '' : timespecLeft(timeoutIndex, call);
    return `${result} ([${texts.join(', ')}]${left === '' ? '' : `, ${left}`})`;
  };
}

/** Bits by descriptors below a number of them. */
function setMembers(at: bigint, call: CallFacts): readonly number[] | undefined {
  const count = Math.max(0, Math.min(1024, Number(BigInt.asIntN(32, argument(call, 0)))));
  const { longBytes } = call.abi;
  const bytes = call.memory.exact(at, Math.ceil(count / (8 * longBytes)) * longBytes);
  if (bytes === undefined || at === 0n) return undefined;
  const members: number[] = [];
  for (let number = 0; number < count; number++)
    if ((((bytes[number >> 3] ?? 0) >> (number & 7)) & 1) === 1) members.push(number);
  return members;
}

export const descriptorSet: Decoder = (value, call) => {
  const members = setMembers(value, call);
  if (members === undefined) return addressText(value);
  return `[${members.map((number) => descriptorText(number, call)).join(' ')}]`;
};

const setNames = ['in', 'out', 'except'] as const;

export function selectResult(result: bigint, call: CallFacts): string {
  if (result === 0n) return '0 (Timeout)';
  const ready = setNames.flatMap((name, index) => {
    const members = setMembers(argument(call, 1 + index), call) ?? [];
    return members.length === 0
      ? []
      : [`${name} [${members.map((number) => descriptorText(number, call)).join(' ')}]`];
  });
  const left = timespecLeft(4, call);
  const all = left === '' ? ready : [...ready, left];
  return `${result} (${all.join(', ')})`;
}

/** Packed on x86-64 alone; its size tells which. */
const eventStruct = struct({ events: 'u32', low: 'u32', high: 'u32' });
const wideStruct = struct({ events: 'u32', padding: 'u32', low: 'u32', high: 'u32' });

function eventText(bytes: Uint8Array, call: CallFacts): string {
  const { events, low, high } = eventLayout(call).parse(bytes, call.abi);
  return `{events=${flagsOf(events, epollEvents)}, data={u32=${low}, u64=${(high << 32n) | low}}}`;
}

function eventLayout({ abi }: Pick<CallFacts, 'abi'>): typeof eventStruct {
  return abi.packsEpollEvent ? eventStruct : wideStruct;
}

export const epollEvent = reading<Decoder>(
  (value, call) => {
    const bytes = call.memory.exact(value, eventLayout(call).sizeBytes(call.abi));
    return bytes === undefined ? addressText(value) : eventText(bytes, call);
  },
  (index, { abi }) => [{ argument: index, mostBytes: eventLayout({ abi }).sizeBytes(abi) }],
);

/** As many as the call has returned. */
export const epollList = reading<Decoder>(
  (value, call) => {
    const count = Number(call.result);
    const lengthBytes = eventLayout(call).sizeBytes(call.abi);
    const bytes = call.memory.exact(value, Math.min(count, shownElements) * lengthBytes);
    if (bytes === undefined) return addressText(value);
    return arrayText(value, count, shownElements, (index) =>
      eventText(bytes.subarray(index * lengthBytes), call),
    );
  },
  (index, { abi }) => {
    const elementBytes = eventLayout({ abi }).sizeBytes(abi);
    return [{ argument: index, count: 'result', elementBytes, mostBytes: shownElements * elementBytes }];
  },
);
