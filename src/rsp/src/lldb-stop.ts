/**
 * The keys that LLDB's servers add to `T` replies, as values (LLDB's "GDB Remote Protocol Extensions"). A stop reply has
 * them in `extras`, as they stand on the wire.
 */
import { asciiBytes } from './ascii.js';
import { FieldReader } from './field-reader.js';
import { separated, textOf } from './format/compose.js';
import type { Format } from './format/format.js';
import { shaped } from './format/json.js';
import { decimalNumber, hexBigint, hexBytes, hexNumber, hexText, plainText } from './format/values.js';
import { hexOf } from './hex.js';
import { type LldbThread, lldbThreads } from './packets/lldb-json.js';

type Pair = { readonly key: string; readonly value: string };

export interface LldbStop {
  /** `trace`, `breakpoint`, `watchpoint`, `signal`, `exception`, `exec`, `fork` and others. */
  readonly reason?: string;
  readonly description?: string;
  /** The thread's; `hexname` on the wire where it does not fit as it is. */
  readonly name?: string;
  /** All threads of the process. */
  readonly threads?: readonly number[];
  /** The pc of each of them. */
  readonly threadPcs?: readonly bigint[];
  /** Threads with a reason of their own. */
  readonly stopInfo?: readonly LldbThread[];
  readonly memory?: readonly { readonly address: bigint; readonly bytes: Uint8Array }[];
  /** How many bits of an address count: everywhere, or in the lower and the upper half of the memory. */
  readonly addressBits?: number;
  readonly lowAddressBits?: number;
  readonly highAddressBits?: number;
}

const plainName = /^[\x20-\x22\x25-\x2a\x2c\x2e-\x39\x3c-\x7e]*$/;
const threadInfos = shaped('lldb-threads', lldbThreads);

function read<T>(format: Format<T>, text: string): T {
  const fields = new FieldReader(asciiBytes(text));
  const value = format.read(fields);
  fields.expectEnd();
  return value;
}

/** @throws ProtocolError */
export function readLldbStop(extras: readonly Pair[]): LldbStop {
  const memory = extras.filter(({ key }) => key === 'memory').map(({ value }) => readMemory(value));
  const stop = Object.assign({}, ...extras.map(({ key, value }) => readMember(key, value)));
  return memory.length > 0 ? { ...stop, memory } : stop;
}

function readMember(key: string, value: string): LldbStop {
  switch (key) {
    case 'reason':
      return { reason: value };
    case 'description':
      return { description: read(hexText, value) };
    case 'name':
      return { name: value };
    case 'hexname':
      return { name: read(hexText, value) };
    case 'threads':
      return { threads: read(separated(hexNumber, ','), value) };
    case 'thread-pcs':
      return { threadPcs: read(separated(hexBigint, ','), value) };
    case 'jstopinfo':
      return { stopInfo: threadInfos.read(new FieldReader(read(hexBytes, value))) };
    case 'addressing_bits':
      return { addressBits: read(decimalNumber, value) };
    case 'low_mem_addressing_bits':
      return { lowAddressBits: read(decimalNumber, value) };
    case 'high_mem_addressing_bits':
      return { highAddressBits: read(decimalNumber, value) };
    default:
      return {};
  }
}

/** `0xADDRESS=BYTES`. */
function readMemory(value: string): { address: bigint; bytes: Uint8Array } {
  const fields = new FieldReader(asciiBytes(value));
  fields.acceptText('0x');
  const address = fields.bigint();
  fields.expect('=');
  const bytes = fields.hexBytes();
  fields.expectEnd();
  return { address, bytes };
}

/** The other direction: `extras` of a stop reply. */
export function lldbStopExtras(stop: LldbStop): readonly Pair[] {
  const pairs: Pair[] = [];
  const add = (key: string, value: string | undefined): void => {
    if (value !== undefined) pairs.push({ key, value });
  };
  const { name, threads, threadPcs, stopInfo, addressBits, lowAddressBits, highAddressBits } = stop;
  if (name !== undefined)
    add(plainName.test(name) ? 'name' : 'hexname', plainName.test(name) ? name : textOf(hexText, name));
  add('threads', threads && textOf(separated(hexNumber, ','), threads));
  add('thread-pcs', threadPcs?.map((pc) => pc.toString(16).padStart(16, '0')).join(','));
  add('jstopinfo', stopInfo && hexOf(asciiBytes(textOf(threadInfos, stopInfo))));
  add('reason', stop.reason && textOf(plainText(';'), stop.reason));
  add('description', stop.description && textOf(hexText, stop.description));
  add('addressing_bits', addressBits?.toString());
  add('low_mem_addressing_bits', lowAddressBits?.toString());
  add('high_mem_addressing_bits', highAddressBits?.toString());
  for (const { address, bytes } of stop.memory ?? [])
    add('memory', `0x${address.toString(16)}=${hexOf(bytes)}`);
  return pairs;
}
