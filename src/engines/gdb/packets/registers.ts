/** Registers of the general thread, laid out as the target description says. */
import { bytesOfHex, type FieldReader, hexOf, ProtocolError } from 'gdb-js-rsp-parser';
import type { Register } from '../../../../arch/module.js';
import type { Thread } from '../../../core/index.js';
import { errno, failure, nothing, ok, type PacketEntry, packet, type Reply, text } from '../packet.js';
import type { GdbSession } from '../session.js';

function hexOfRegister(thread: Thread, register: Register): string {
  const value = thread.readRegister(register);
  return value === undefined ? 'xx'.repeat(register.bits / 8) : hexOf(value);
}

function generalRegisters(thread: Thread): readonly Register[] {
  const file = thread.process.registerFile;
  return file.registers.slice(0, file.generalCount);
}

function readAll(session: GdbSession): Reply {
  const thread = session.selection.requireGeneral();
  return text(
    generalRegisters(thread)
      .map((register) => hexOfRegister(thread, register))
      .join(''),
  );
}

/** Writes the registers that the text holds, from the first on. One with an `x` in its text is left alone. */
function writeAll(session: GdbSession, values: string): Reply {
  const thread = session.selection.requireGeneral();
  const writes: { register: Register; value: Uint8Array }[] = [];
  let at = 0;
  for (const register of generalRegisters(thread)) {
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

function parseNumber(fields: FieldReader): number {
  const number = fields.number();
  fields.expectEnd();
  return number;
}

function registerOf(thread: Thread, number: number): Register {
  const register = thread.process.registerFile.registers[number];
  if (register === undefined) throw new ProtocolError(`no register ${number}`);
  return register;
}

interface Write {
  readonly number: number;
  readonly value: Uint8Array;
}

function parseWrite(fields: FieldReader): Write {
  const number = fields.number();
  fields.expect('=');
  const value = fields.hexBytes();
  fields.expectEnd();
  return { number, value };
}

function writeOne(session: GdbSession, { number, value }: Write): Reply {
  const thread = session.selection.requireGeneral();
  const register = registerOf(thread, number);
  if (value.length !== register.bits / 8)
    throw new ProtocolError(`${register.name} has ${register.bits} bits`);
  return thread.writeRegister(register, value) ? ok : failure(errno.invalid, `${register.name} is read-only`);
}

export const registerPackets: readonly PacketEntry[] = [
  packet({ name: 'g', parse: nothing, run: readAll, errorText: 'any-client' }),
  packet({ name: 'G', parse: (fields) => fields.restText(), run: writeAll, errorText: 'any-client' }),
  packet({
    name: 'p',
    parse: parseNumber,
    run: (session, number) => {
      const thread = session.selection.requireGeneral();
      return text(hexOfRegister(thread, registerOf(thread, number)));
    },
    errorText: 'any-client',
  }),
  packet({ name: 'P', parse: parseWrite, run: writeOne, errorText: 'any-client' }),
];
