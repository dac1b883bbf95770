/** From replies to bytes: the one place that writes to a client, and the one place that turns errors into replies. */
import { asciiBytes, encodeNotification, encodePacket, escapeBinary, ProtocolError } from 'gdb-js-rsp-parser';
import { assertNever } from '../../base/assert-never.js';
import { type ErrorCode, errorCodes, isOutstepError, messageOf } from '../../base/errors.js';
import type { DebugLog } from './debug-log.js';
import { errno, failure, type Reply } from './packet.js';
import type { Transport } from './transport.js';

const acknowledge = 0x2b;
const errorNumbers: Readonly<Record<ErrorCode, number>> = {
  [errorCodes.KERNEL_REFUSED]: errno.io,
  [errorCodes.NO_SUCH_PROCESS]: errno.noSuchProcess,
  [errorCodes.NO_SUCH_THREAD]: errno.noSuchProcess,
  [errorCodes.ATTACH_REFUSED]: errno.general,
  [errorCodes.LAUNCH_FAILED]: errno.general,
  [errorCodes.MEMORY]: errno.badAddress,
  [errorCodes.NO_DEBUG_REGISTER]: errno.noSpace,
  [errorCodes.UNSUPPORTED]: errno.invalid,
  [errorCodes.WRONG_STATE]: errno.busy,
};

/** The reply for anything that a handler threw. */
export function replyForError(error: unknown): Reply {
  if (error instanceof ProtocolError) return failure(errno.invalid, error.message);
  if (!isOutstepError(error)) return failure(errno.general, `internal error: ${messageOf(error)}`);
  const known = error.errno;
  const code = known !== undefined && known > 0 && known < 256 ? known : errorNumbers[error.code];
  return failure(code, error.message);
}

/** Data of a packet, escaped. `withText`: the client understands `E.text` as the answer to this packet. */
export function replyBytes(reply: Reply, withText: boolean): Uint8Array | undefined {
  switch (reply.kind) {
    case 'ok':
      return asciiBytes('OK');
    case 'empty':
      return new Uint8Array(0);
    case 'error':
      return errorBytes(reply.code, withText ? reply.text : undefined);
    case 'text':
      return asciiBytes(reply.text);
    case 'binary':
      return joinBytes(asciiBytes(reply.prefix), escapeBinary(reply.bytes));
    case 'deferred':
    case 'none':
      return undefined;
    default:
      return assertNever(reply);
  }
}

function errorBytes(code: number, message: string | undefined): Uint8Array {
  if (message === undefined) return asciiBytes(`E${code.toString(16).padStart(2, '0')}`);
  // Clients print the text as it is and undo no escapes in it.
  return asciiBytes(`E.${message.replace(/[^\x20-\x7e]/g, ' ').replace(/[#$}*]/g, '?')}`);
}

function joinBytes(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/** Writes packets with or without acknowledgements, and remembers the last one in case the client missed it. */
export class PacketWriter {
  #acknowledges = true;
  #mustAcknowledge = false;
  #last: Uint8Array | undefined;
  readonly #transport: Transport;
  readonly #log: DebugLog;

  constructor(transport: Transport, log: DebugLog) {
    this.#transport = transport;
    this.#log = log;
  }

  get acknowledges(): boolean {
    return this.#acknowledges;
  }

  /** A packet has come. Its `+` leaves together with the reply, or by `flush` when the reply takes longer. */
  received(): void {
    this.#mustAcknowledge = this.#acknowledges;
  }

  flush(): void {
    if (!this.#mustAcknowledge) return;
    this.#mustAcknowledge = false;
    this.#transport.write(Uint8Array.of(acknowledge));
  }

  /** Asks for the packet once more. */
  reject(): void {
    this.#transport.write(asciiBytes('-'));
  }

  stopAcknowledging(): void {
    this.#acknowledges = false;
  }

  repeatLast(): void {
    if (this.#last !== undefined) this.#transport.write(this.#last);
  }

  /** At any time, and never acknowledged. `data` holds no `$`, `%` or `#`. */
  notify(name: string, data: string): void {
    this.#log.write('remote', () => `notify ("${name}:${data}")`);
    this.#transport.write(encodeNotification(asciiBytes(`${name}:${data}`)));
  }

  /** `data` is escaped already. Run-length encoding pays only where the connection is slow enough to need acks. */
  write(data: Uint8Array): void {
    this.#log.write('remote', () => `putpkt ("${new TextDecoder('latin1').decode(data.subarray(0, 400))}")`);
    const frame = encodePacket(data, { runLength: this.#acknowledges });
    this.#last = this.#acknowledges ? frame : undefined;
    if (this.#mustAcknowledge) {
      this.#mustAcknowledge = false;
      this.#transport.write(joinBytes(Uint8Array.of(acknowledge), frame));
    } else {
      this.#transport.write(frame);
    }
  }
}
