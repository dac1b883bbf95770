/** Registers of the general thread, laid out as the target description says. */
import { bytesOfHex, type FieldReader, hexOf, ProtocolError, type ThreadSelector } from 'gdb-js-rsp-parser';
import type { Register } from '../../../../arch/module.js';
import type { Process, Thread } from '../../../core/index.js';
import { type KnownRegisters, knownRegisters } from '../described-registers.js';
import { errno, failure, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';
import { selectedFrame } from '../tracing/selected-frame.js';
import type { Traceframe } from '../tracing/traceframe.js';

/** Where registers are read: the selected traceframe, or the general thread. */
interface RegisterView {
  readonly known: KnownRegisters;
  /** Undefined: the value is not available. */
  readonly read: (register: Register) => Uint8Array | undefined;
}

/** The thread that the packet itself names, LLDB's `;thread:TID;`; else the general one. */
function threadOf(session: GdbSession, selector: ThreadSelector | undefined): Thread {
  return selector === undefined ? session.selection.requireGeneral() : session.selection.require(selector);
}

function parseThread(fields: FieldReader): ThreadSelector | undefined {
  const selector = fields.acceptText(';thread:') ? fields.threadSelector() : undefined;
  if (selector !== undefined) fields.accept(';');
  fields.expectEnd();
  return selector;
}

function registerView(session: GdbSession, selector: ThreadSelector | undefined): RegisterView {
  const frame = selectedFrame(session);
  if (frame !== undefined) {
    const process = session.selection.requireProcess();
    return {
      known: knownRegisters(session, process),
      read: (register) => collectedRegister(frame, process, register),
    };
  }
  const thread = threadOf(session, selector);
  const known = knownRegisters(session, thread.process);
  return { known, read: (register) => thread.lastRegister(register) };
}

/** Collected with the process's own widths. */
function collectedRegister(frame: Traceframe, process: Process, register: Register): Uint8Array | undefined {
  const { registerFile } = process;
  const collected = frame.readRegister(registerFile, registerFile.byName(register.name) ?? register);
  if (collected === undefined || collected.length === register.bits / 8) return collected;
  const value = new Uint8Array(register.bits / 8);
  value.set(collected.subarray(0, value.length));
  return value;
}

function hexOfRegister(view: RegisterView, register: Register): string {
  const value = view.read(register);
  return value === undefined ? 'xx'.repeat(register.bits / 8) : hexOf(value);
}

/** What `g` and `G` carry: every register, as far as the client knows of it. The largest are asked for one by one. */
function carriedRegisters({ registers, carriedCount }: KnownRegisters): readonly Register[] {
  return registers.slice(0, carriedCount);
}

function readAll(session: GdbSession, selector: ThreadSelector | undefined): Reply {
  const view = registerView(session, selector);
  return text(
    carriedRegisters(view.known)
      .map((register) => hexOfRegister(view, register))
      .join(''),
  );
}

const frameIsReadOnly = failure(errno.io, 'a traceframe is selected: what was collected cannot be changed');

interface WriteAll {
  readonly values: string;
  readonly selector: ThreadSelector | undefined;
}

function parseWriteAll(fields: FieldReader): WriteAll {
  return { values: fields.textUntil(';'), selector: parseThread(fields) };
}

/** Writes the registers that the text holds, from the first on. One with an `x` in its text is left alone. */
function writeAll(session: GdbSession, { values, selector }: WriteAll): Reply {
  if (selectedFrame(session) !== undefined) return frameIsReadOnly;
  const thread = threadOf(session, selector);
  const writes: { register: Register; value: Uint8Array }[] = [];
  let at = 0;
  for (const register of carriedRegisters(knownRegisters(session, thread.process))) {
    if (at === values.length) break;
    const digits = values.slice(at, at + register.bits / 4);
    at += register.bits / 4;
    if (digits.length < register.bits / 4) throw new ProtocolError('the last register is cut off');
    if (/^[0-9a-f]*$/i.test(digits)) writes.push({ register, value: bytesOfHex(digits) });
    else if (!/^[0-9a-fx]*$/i.test(digits)) throw new ProtocolError('not hex');
  }
  if (at < values.length) throw new ProtocolError('longer than all registers');
  // A register that cannot be written keeps its value: the client sends back whatever it was told.
  for (const { register, value } of writes) thread.writeRegister(register, value);
  return ok;
}

interface Read {
  readonly number: number;
  readonly selector: ThreadSelector | undefined;
}

function parseRead(fields: FieldReader): Read {
  return { number: fields.number(), selector: parseThread(fields) };
}

function registerOf({ registers }: KnownRegisters, number: number): Register {
  const register = registers[number];
  if (register === undefined) throw new ProtocolError(`no register ${number}`);
  return register;
}

interface Write extends Read {
  readonly value: Uint8Array;
}

function parseWrite(fields: FieldReader): Write {
  const number = fields.number();
  fields.expect('=');
  return { number, value: fields.hexBytes(), selector: parseThread(fields) };
}

function writeOne(session: GdbSession, { number, value, selector }: Write): Reply {
  if (selectedFrame(session) !== undefined) return frameIsReadOnly;
  const thread = threadOf(session, selector);
  const register = registerOf(knownRegisters(session, thread.process), number);
  if (value.length !== register.bits / 8)
    throw new ProtocolError(`${register.name} has ${register.bits} bits`);
  return thread.writeRegister(register, value) ? ok : failure(errno.invalid, `${register.name} is read-only`);
}

export const registerPackets: readonly PacketEntry[] = [
  packet({ name: 'g', parse: parseThread, run: readAll, errorText: 'any-client' }),
  packet({ name: 'G', parse: parseWriteAll, run: writeAll, errorText: 'any-client' }),
  packet({
    name: 'p',
    parse: parseRead,
    run: (session, { number, selector }) => {
      const view = registerView(session, selector);
      return text(hexOfRegister(view, registerOf(view.known, number)));
    },
    errorText: 'any-client',
  }),
  packet({ name: 'P', parse: parseWrite, run: writeOne, errorText: 'any-client' }),
];
