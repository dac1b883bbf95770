/** Breakpoints and watchpoints. Inserting twice or removing what is not there is harmless, so nothing is counted. */
import type { FieldReader } from 'gdb-js-rsp-parser';
import type { HardwarePoint } from '../../../../arch/module.js';
import { type Address, address } from '../../../base/ids.js';
import { empty, errno, failure, ok, type PacketEntry, packet, type Reply } from '../packet.js';
import type { GdbSession } from '../session.js';

interface Point {
  readonly at: Address;
  /** Size of the trap for breakpoints, length in bytes for watchpoints. */
  readonly lengthBytes: number;
  /** Conditions and commands follow, which are evaluated by the stub where that is announced. */
  readonly hasProgram: boolean;
}

/** `kind` of a software breakpoint is written in decimal by GDB, everything else in hex. */
function parsePoint(base: 'decimal' | 'hex'): (fields: FieldReader) => Point {
  return (fields) => {
    fields.expect(',');
    const at = address(fields.bigint());
    fields.expect(',');
    const lengthBytes = base === 'decimal' ? fields.decimal() : fields.number();
    const hasProgram = fields.accept(';');
    if (!hasProgram) fields.expectEnd();
    return { at, lengthBytes, hasProgram };
  };
}

function insertSoftware(session: GdbSession, { at, lengthBytes, hasProgram }: Point): Reply {
  const { attachment, process } = session.requireAttached();
  if (hasProgram) return failure(errno.invalid, 'conditions and commands are not supported');
  if (lengthBytes !== process.arch.breakpoint.bytes.length) {
    return failure(errno.invalid, `no breakpoint of kind ${lengthBytes}`);
  }
  attachment.insertBreakpoint(at);
  return ok;
}

function removeSoftware(session: GdbSession, { at }: Point): Reply {
  session.requireAttached().attachment.removeBreakpoint(at);
  return ok;
}

function hardwarePoint(kind: HardwarePoint['kind'], { at, lengthBytes }: Point): HardwarePoint {
  return { kind, address: at, lengthBytes: kind === 'execute' ? 1 : lengthBytes };
}

function insertHardware(kind: HardwarePoint['kind']): (session: GdbSession, point: Point) => Reply {
  return (session, point) => {
    const attached = session.requireAttached();
    // The empty reply makes the client try another kind, where an error would end its attempt.
    if (!attached.process.arch.debugRegisters.supports(kind)) return empty;
    if (point.hasProgram) return failure(errno.invalid, 'conditions and commands are not supported');
    if (point.lengthBytes === 0) return failure(errno.invalid, 'nothing to watch');
    attached.insertHardwarePoint(hardwarePoint(kind, point));
    return ok;
  };
}

function removeHardware(kind: HardwarePoint['kind']): (session: GdbSession, point: Point) => Reply {
  return (session, point) => {
    const attached = session.requireAttached();
    if (!attached.process.arch.debugRegisters.supports(kind)) return empty;
    attached.removeHardwarePoint(hardwarePoint(kind, point));
    return ok;
  };
}

const software = parsePoint('decimal');
const hardware = parsePoint('hex');

export const breakpointPackets: readonly PacketEntry[] = [
  packet({ name: 'Z0', parse: software, run: insertSoftware, errorText: 'any-client' }),
  packet({ name: 'z0', parse: software, run: removeSoftware, errorText: 'any-client' }),
  packet({ name: 'Z1', parse: hardware, run: insertHardware('execute'), errorText: 'any-client' }),
  packet({ name: 'z1', parse: hardware, run: removeHardware('execute'), errorText: 'any-client' }),
  packet({ name: 'Z2', parse: hardware, run: insertHardware('write'), errorText: 'any-client' }),
  packet({ name: 'z2', parse: hardware, run: removeHardware('write'), errorText: 'any-client' }),
  packet({ name: 'Z3', parse: hardware, run: insertHardware('read'), errorText: 'any-client' }),
  packet({ name: 'z3', parse: hardware, run: removeHardware('read'), errorText: 'any-client' }),
  packet({ name: 'Z4', parse: hardware, run: insertHardware('access'), errorText: 'any-client' }),
  packet({ name: 'z4', parse: hardware, run: removeHardware('access'), errorText: 'any-client' }),
];
