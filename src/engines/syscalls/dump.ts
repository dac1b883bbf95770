/** What was read or written, byte for byte. */
import { argument, type CallFacts, intOf } from './decode/call-facts.js';
import type { TraceOptions } from './trace-options.js';

/** Descriptor, buffer and length are their first arguments. */
const reading = new Set(['read', 'pread64', 'recv', 'recvfrom']);
const writing = new Set(['write', 'pwrite64', 'send', 'sendto']);

const bytesPerLine = 16;
const half = bytesPerLine / 2;

/** Of a call that has come back; undefined: it moves no bytes of the descriptors that are asked for. */
export function dumpOf(name: string, call: CallFacts, dumps: TraceOptions['dumps']): string[] | undefined {
  if (dumps === undefined) return undefined;
  const descriptor = intOf(argument(call, 0));
  const isRead = reading.has(name) && dumps.read(descriptor);
  if (!isRead && !(writing.has(name) && dumps.written(descriptor))) return undefined;
  const length = Number(isRead ? (call.result ?? 0n) : argument(call, 2));
  return length <= 0 ? undefined : dumpLines(call.memory.upTo(argument(call, 1), length));
}

/** In hex and, where it is printable, as text. */
function dumpLines(bytes: Uint8Array): string[] {
  const digits = bytes.length > 0xfffff ? 8 : 5;
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += bytesPerLine) {
    const part = [...bytes.subarray(at, at + bytesPerLine)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0'));
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    const inHex = `${hex.slice(0, half).join(' ')}  ${hex.slice(half).join(' ')}`.padEnd(3 * bytesPerLine);
    lines.push(
      ` | ${at.toString(16).padStart(digits, '0')}  ${inHex}  ${text.join('').padEnd(bytesPerLine)} |`,
    );
  }
  return lines;
}
