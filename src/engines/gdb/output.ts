/** From replies to bytes: the one place that writes to a client, and the one place that turns errors into replies. */
import {
  asciiBytes,
  type BulkCodec,
  BulkEncoder,
  encodeNotification,
  encodePacket,
  encodeText,
  hexOfText,
  ProtocolError,
} from 'gdb-js-rsp-parser';
import { assertNever } from '../../base/assert-never.js';
import { type ErrorCode, errorCodes, isOutstepError, messageOf, sentencesOf } from '../../base/errors.js';
import type { DebugLog } from './debug-log.js';
import { errno, failure, type Reply } from './packet.js';
import type { Transport } from './transport.js';

const acknowledge = 0x2b;
/** Above it run-lengths are worth while: GDB takes longer for a character than they take here. */
const longTextLength = 256;
/** `$`, `#` and the checksum. */
const framingBytes = 4;
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
  [errorCodes.NO_ADDON]: errno.general,
};

/** The reply for anything that a handler threw. */
export function replyForError(error: unknown): Reply {
  if (error instanceof ProtocolError) return failure(errno.invalid, error.message);
  if (!isOutstepError(error)) return failure(errno.general, `internal error: ${messageOf(error)}`);
  const known = error.errno;
  const code = known !== undefined && known > 0 && known < 256 ? known : errorNumbers[error.code];
  return failure(code, sentencesOf(error));
}

/** How a client understands the text of an error: not at all, as `E.text`, or in hex behind the number. */
export type ErrorForm = 'number' | 'text' | 'number-and-text';

/** The text of a packet that has no bulk data. */
function textOfReply(reply: Exclude<Reply, BulkReply>, form: ErrorForm): string | undefined {
  switch (reply.kind) {
    case 'ok':
      return 'OK';
    case 'empty':
      return '';
    case 'error':
      return errorText(reply.code, reply.text, form);
    case 'text':
      return reply.text;
    case 'deferred':
    case 'none':
      return undefined;
    default:
      return assertNever(reply);
  }
}

type BulkReply = Extract<Reply, { readonly kind: 'hex' | 'binary' }>;

function errorText(code: number, message: string | undefined, form: ErrorForm): string {
  const number = `E${code.toString(16).padStart(2, '0')}`;
  if (message === undefined || form === 'number') return number;
  if (form === 'number-and-text') return `${number};${hexOfText(message)}`;
  // Clients print the text as it is and undo no escapes in it.
  return `E.${message.replace(/[^\x20-\x7e]/g, ' ').replace(/[#$}*]/g, '?')}`;
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
  /** So many of the next replies have been sent by somebody else. */
  #sentBefore = 0;
  #last: Uint8Array | undefined;
  /** Of most replies, and of every stop reply. */
  readonly #short = new Uint8Array(longTextLength + framingBytes);
  readonly #bulk: Pick<BulkCodec, 'hexPacket' | 'binaryPacket'>;
  readonly #transport: Transport;
  readonly #log: DebugLog;

  constructor(transport: Transport, log: DebugLog) {
    this.#transport = transport;
    this.#bulk = transport.codec ?? new BulkEncoder();
    this.#log = log;
  }

  get acknowledges(): boolean {
    return this.#acknowledges;
  }

  /** The replies to the next packets, so many of them, have been sent before. Only without acknowledgements. */
  skip(replies: number): void {
    this.#sentBefore += replies;
  }

  /** Replies that the client has are still to be given here. */
  get isCatchingUp(): boolean {
    return this.#sentBefore > 0;
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

  /** Writes a reply, or at least the acknowledgement. */
  reply(reply: Reply, form: ErrorForm): void {
    if (this.#sentBefore > 0 && reply.kind !== 'deferred') {
      this.#sentBefore -= 1;
      return;
    }
    if (reply.kind === 'hex') {
      this.#send(this.#bulk.hexPacket(reply.bytes));
    } else if (reply.kind === 'binary') {
      this.#send(this.#bulk.binaryPacket(reply.prefix, reply.bytes));
    } else {
      const data = textOfReply(reply, form);
      if (data === undefined) this.flush();
      else this.write(data);
    }
  }

  /** A packet of plain text, which needs no escapes. */
  write(data: string): void {
    const isRepetitive = this.#acknowledges || data.length > longTextLength;
    this.#send(
      isRepetitive ? encodePacket(asciiBytes(data), { runLength: true }) : encodeText(data, this.#short),
    );
  }

  #send(frame: Uint8Array): void {
    this.#log.write('remote', () => `putpkt ("${new TextDecoder('latin1').decode(frame.subarray(0, 400))}")`);
    this.#last = this.#acknowledges ? frame.slice() : undefined;
    if (this.#mustAcknowledge) {
      this.#mustAcknowledge = false;
      this.#transport.write(joinBytes(Uint8Array.of(acknowledge), frame));
    } else {
      this.#transport.write(frame);
    }
  }
}
