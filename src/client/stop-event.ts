/** Stops as a client tells them, whatever dialect the server speaks. */
import {
  type GdbSignal,
  gdbSignalOf,
  readLldbStop,
  type SignalStop,
  type StopReason,
  type StopReply,
} from 'gdb-js-rsp-parser';

/** What a resumed program or thread has come to. Signals are in GDB's numbering. */
export type StopEvent = Exclude<StopReply, { readonly kind: 'output' | 'file-request' }>;

/** How a server writes its stops. */
export interface StopDialect {
  /** Signals have the numbers of the server's machine, not GDB's (`native-signals+`). */
  readonly nativeSignals: boolean;
}

export function stopEventOf(reply: StopEvent, dialect: StopDialect): StopEvent {
  switch (reply.kind) {
    case 'signal':
      return signalEventOf(reply, dialect);
    case 'terminated':
      return { ...reply, signal: gdbSignalFrom(reply.signal, dialect) };
    default:
      return reply;
  }
}

function gdbSignalFrom(signal: GdbSignal, { nativeSignals }: StopDialect): GdbSignal {
  return nativeSignals ? gdbSignalOf(signal) : signal;
}

/** LLDB's mark for an address that is not known. */
const noAddress = 2n ** 64n - 1n;

/** LLDB's servers say why in keys of their own. */
function signalEventOf(stop: SignalStop, dialect: StopDialect): SignalStop {
  const signal = gdbSignalFrom(stop.signal, dialect);
  const reason = stop.reason ?? lldbReason(stop);
  return reason === undefined ? { ...stop, signal } : { ...stop, signal, reason };
}

function lldbReason(stop: SignalStop): StopReason | undefined {
  const { reason, description = '' } = readLldbStop(stop.extras ?? []);
  switch (reason) {
    case 'breakpoint':
      return { kind: 'swbreak' };
    case 'watchpoint': {
      // The watched address, the slot, and the address that was hit, where that is known.
      const [watched, , hit] = description
        .split(' ')
        .map((text) => (/^\d+$/.test(text) ? BigInt(text) : undefined));
      const address = hit === undefined || hit === noAddress ? watched : hit;
      return address === undefined ? undefined : { kind: 'watch', address };
    }
    default:
      return undefined;
  }
}
