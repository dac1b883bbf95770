/** Breakpoints and watchpoints. Inserting twice or removing what is not there is harmless, so nothing is counted. */
import { agentExpression, type FieldReader } from 'gdb-js-rsp-parser';
import type { HardwarePoint } from '../../../../arch/module.js';
import { type Address, address } from '../../../base/ids.js';
import type { BreakpointPrograms } from '../../../core/index.js';
import { empty, errno, failure, ok, type PacketEntry, packet, type Reply } from '../packet.js';
import type { GdbSession } from '../session.js';

interface Point {
  readonly at: Address;
  /** Size of the trap for breakpoints, length in bytes for watchpoints. */
  readonly lengthBytes: number;
}

interface Breakpoint extends Point {
  readonly programs: BreakpointPrograms;
  /** Its commands go on when the client is gone. */
  readonly persists: boolean;
}

/** `kind` of a software breakpoint is written in decimal by GDB, everything else in hex. */
function parsePoint(base: 'decimal' | 'hex'): (fields: FieldReader) => Point {
  return (fields) => {
    const point = takePoint(fields, base);
    fields.expectEnd();
    return point;
  };
}

function takePoint(fields: FieldReader, base: 'decimal' | 'hex'): Point {
  fields.expect(',');
  const at = address(fields.bigint());
  fields.expect(',');
  const lengthBytes = base === 'decimal' ? fields.decimal() : fields.number();
  return { at, lengthBytes };
}

/** A point, then `;X...` with conditions and `;cmds:PERSIST,X...` with commands. */
function parseBreakpoint(base: 'decimal' | 'hex'): (fields: FieldReader) => Breakpoint {
  return (fields) => {
    const point = takePoint(fields, base);
    let conditions: readonly Uint8Array[] = [];
    let commands: readonly Uint8Array[] = [];
    let persists = false;
    while (fields.accept(';')) {
      if (fields.peek() === 'X') {
        conditions = [...conditions, ...takePrograms(fields)];
        continue;
      }
      for (const char of 'cmds:') fields.expect(char);
      persists = fields.number() !== 0;
      fields.expect(',');
      commands = [...commands, ...takePrograms(fields)];
    }
    fields.expectEnd();
    return { ...point, programs: { conditions, commands }, persists: persists && commands.length > 0 };
  };
}

/** `XLENGTH,BYTES`, once or more. */
function takePrograms(fields: FieldReader): readonly Uint8Array[] {
  const programs: Uint8Array[] = [];
  do {
    fields.expect('X');
    programs.push(agentExpression.read(fields));
  } while (fields.peek() === 'X');
  return programs;
}

function insertSoftware(session: GdbSession, { at, lengthBytes, programs, persists }: Breakpoint): Reply {
  const attached = session.requireAttached();
  if (lengthBytes !== attached.process.arch.breakpoint.bytes.length) {
    return failure(errno.invalid, `no breakpoint of kind ${lengthBytes}`);
  }
  attached.insertBreakpoint(at, programs, persists);
  const hasPrograms = [programs.conditions, programs.commands].some((list = []) => list.length > 0);
  if (!hasPrograms) session.repeated.noteSite(attached.process, at, true);
  return ok;
}

function removeSoftware(session: GdbSession, { at }: Point): Reply {
  const attached = session.requireAttached();
  attached.removeBreakpoint(at);
  session.repeated.noteSite(attached.process, at, false);
  return ok;
}

function hardwarePoint(kind: HardwarePoint['kind'], { at, lengthBytes }: Point): HardwarePoint {
  return { kind, address: at, lengthBytes: kind === 'execute' ? 1 : lengthBytes };
}

function insertHardware(kind: 'write' | 'read' | 'access'): (session: GdbSession, point: Point) => Reply {
  return (session, point) => {
    const attached = session.requireAttached();
    // The empty reply makes the client try another kind, where an error would end its attempt.
    if (!attached.process.debugRegisters.supports(kind)) return empty;
    if (point.lengthBytes === 0) return failure(errno.invalid, 'nothing to watch');
    // GDB goes on at a write that changed nothing, and does not count it; LLDB stops.
    attached.insertWatchpoint(
      hardwarePoint(kind, point),
      session.features.kind === 'gdb' ? 'changes' : 'all',
    );
    return ok;
  };
}

function insertHardwareBreakpoint(session: GdbSession, point: Breakpoint): Reply {
  const attached = session.requireAttached();
  if (!attached.process.debugRegisters.supports('execute')) return empty;
  attached.insertHardwarePoint(hardwarePoint('execute', point), point.programs, point.persists);
  return ok;
}

function removeHardware(kind: HardwarePoint['kind']): (session: GdbSession, point: Point) => Reply {
  return (session, point) => {
    const attached = session.requireAttached();
    if (!attached.process.debugRegisters.supports(kind)) return empty;
    attached.removeHardwarePoint(hardwarePoint(kind, point));
    return ok;
  };
}

const hardware = parsePoint('hex');

export const breakpointPackets: readonly PacketEntry[] = [
  packet({
    name: 'Z0',
    advertise: ['ConditionalBreakpoints+', 'BreakpointCommands+'],
    parse: parseBreakpoint('decimal'),
    run: insertSoftware,
    errorText: 'any-client',
  }),
  packet({ name: 'z0', parse: parsePoint('decimal'), run: removeSoftware, errorText: 'any-client' }),
  packet({
    name: 'Z1',
    parse: parseBreakpoint('hex'),
    run: insertHardwareBreakpoint,
    errorText: 'any-client',
  }),
  packet({ name: 'z1', parse: hardware, run: removeHardware('execute'), errorText: 'any-client' }),
  packet({ name: 'Z2', parse: hardware, run: insertHardware('write'), errorText: 'any-client' }),
  packet({ name: 'z2', parse: hardware, run: removeHardware('write'), errorText: 'any-client' }),
  packet({ name: 'Z3', parse: hardware, run: insertHardware('read'), errorText: 'any-client' }),
  packet({ name: 'z3', parse: hardware, run: removeHardware('read'), errorText: 'any-client' }),
  packet({ name: 'Z4', parse: hardware, run: insertHardware('access'), errorText: 'any-client' }),
  packet({ name: 'z4', parse: hardware, run: removeHardware('access'), errorText: 'any-client' }),
];
