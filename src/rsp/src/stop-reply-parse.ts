/** From text to stop replies. */
import { asciiBytes } from './ascii.js';
import { FieldReader } from './field-reader.js';
import { ProtocolError } from './protocol-error.js';
import { gdbSignal } from './signals.js';
import type { SignalStop, StopReason, StopReply } from './stop-reply.js';
import { readThreadId } from './thread-selector.js';

/** The parts of a `T` reply while its keys are read. */
interface Parts {
  registers: { number: number; value: Uint8Array }[];
  extras: { key: string; value: string }[];
  thread?: NonNullable<SignalStop['thread']>;
  core?: number;
  reason?: StopReason;
}

const registerKey = /^[0-9a-fA-F]+$/;

/**
 * Unknown keys become `extras`, and so does every reason after the first.
 * @param text data of the packet, unescaped
 * @throws ProtocolError when it is no stop reply, `OK` and `Enn` included
 */
export function parseStopReply(text: string): StopReply {
  const reader = new FieldReader(asciiBytes(text));
  const reply = readStopReply(reader);
  reader.expectEnd();
  return reply;
}

/** A stop reply up to the end of the fields. @throws ProtocolError */
export function readStopReply(reader: FieldReader): StopReply {
  const form = reader.peek();
  reader.accept(form);
  switch (form) {
    case 'S':
      return { kind: 'signal', signal: gdbSignal(reader.number()), registers: [] };
    case 'T':
      return parseSignalStop(reader);
    case 'W':
      return { kind: 'exited', code: reader.number(), ...parseProcess(reader) };
    case 'X':
      return { kind: 'terminated', signal: gdbSignal(reader.number()), ...parseProcess(reader) };
    case 'w': {
      const code = reader.number();
      reader.expect(';');
      return { kind: 'thread-exited', code, thread: readThreadId(reader) };
    }
    case 'N':
      return { kind: 'no-resumed' };
    case 'O':
      return { kind: 'output', bytes: reader.hexBytes() };
    case 'F': {
      const [call = '', ...rest] = reader.restText().split(',');
      return { kind: 'file-request', call, arguments: rest };
    }
    default:
      throw new ProtocolError(`no stop reply: ${JSON.stringify(form + reader.restText().slice(0, 40))}`);
  }
}

/** Some servers write the `;` without a process behind it. */
function parseProcess(reader: FieldReader): { pid?: number } {
  if (!reader.accept(';') || reader.isAtEnd) return {};
  if (reader.textUntil(':') !== 'process') reader.fail('process:');
  reader.expect(':');
  return { pid: reader.number() };
}

/** The signal has exactly two digits: a register's number may follow at once. */
function parseSignalStop(reader: FieldReader): SignalStop {
  const signal = gdbSignal(reader.hexByte());
  const parts: Parts = { registers: [], extras: [] };
  while (!reader.isAtEnd) {
    const key = reader.textUntil(':', ';');
    reader.expect(':');
    const value = reader.textUntil(';');
    if (!reader.accept(';')) reader.expectEnd();
    addPair(parts, key, value);
  }
  const { extras, ...rest } = parts;
  return { kind: 'signal', signal, ...rest, ...(extras.length > 0 ? { extras } : {}) };
}

function addPair(parts: Parts, key: string, value: string): void {
  const field = new FieldReader(asciiBytes(value));
  if (registerKey.test(key)) {
    // A register without a value is written as `x` throughout.
    if (/^x+$/.test(value)) return;
    parts.registers.push({ number: new FieldReader(asciiBytes(key)).number(), value: field.hexBytes() });
  } else if (key === 'thread') {
    parts.thread = readThreadId(field);
  } else if (key === 'core') {
    parts.core = field.number();
  } else {
    const reason = parts.reason === undefined ? parseReason(key, field) : undefined;
    if (reason !== undefined) parts.reason = reason;
    else parts.extras.push({ key, value: field.restText() });
  }
  field.expectEnd();
}

/** undefined, with nothing taken, when the key is no reason. */
function parseReason(key: string, value: FieldReader): StopReason | undefined {
  switch (key) {
    case 'watch':
    case 'rwatch':
    case 'awatch':
      return { kind: key, address: value.bigint() };
    case 'exec':
      return { kind: key, path: value.hexText() };
    case 'replaylog':
      return { kind: key, end: value.restText() };
    case 'fork':
    case 'vfork':
    case 'clone':
      return { kind: key, child: readThreadId(value) };
    case 'syscall_entry':
    case 'syscall_return':
      return { kind: key, number: value.number() };
    case 'swbreak':
    case 'hwbreak':
    case 'library':
    case 'vforkdone':
    case 'create':
      // The protocol gives these values no meaning.
      value.restText();
      return { kind: key };
    default:
      return undefined;
  }
}
