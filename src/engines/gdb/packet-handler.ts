/** From a packet to its reply: the row is found and run, and what it returns is written, now or later. */
import { asciiText, FieldReader, leastSharedBytes } from 'gdb-js-rsp-parser';
import { type ErrorForm, type PacketWriter, replyForError } from './output.js';
import { empty, errno, failure, type PacketEntry, type Reply } from './packet.js';
import { findPacket } from './packets/index.js';
import type { GdbSession } from './session.js';

/** What the session does around a reply that takes longer. */
export interface LateReplies {
  begin(): void;
  end(): void;
  /** The reply is written: packets that wait may be handled. */
  goOn(): void;
}

/** Data of a packet that will not be overwritten. */
function owned(data: Uint8Array): Uint8Array {
  return data.length < leastSharedBytes ? data : data.slice();
}

export class PacketHandler {
  readonly #session: GdbSession;
  readonly #writer: PacketWriter;
  readonly #late: LateReplies;
  #afterReply: (() => void) | undefined;

  constructor(session: GdbSession, writer: PacketWriter, late: LateReplies) {
    this.#session = session;
    this.#writer = writer;
    this.#late = late;
  }

  /** To be done when the reply to the packet in hand has been written. */
  afterReply(action: () => void): void {
    this.#afterReply = action;
  }

  handle(data: Uint8Array): void {
    const { server, features, repeated } = this.#session;
    server.log.write('remote', () => `getpkt ("${asciiText(data.subarray(0, 400))}")`);
    const entry = findPacket(data, server.disabledPackets);
    if (entry === undefined) {
      this.write(empty);
      return;
    }
    features.notePacket(entry.name);
    const refusal = this.#session.permissions.refusal(entry.name);
    if (refusal !== undefined) {
      this.#session.failures.note(entry.name, refusal);
      this.write(failure(errno.notPermitted, refusal), entry.errorText === 'any-client');
      return;
    }
    repeated.begin(entry.name, data);
    const reply = this.#run(entry, entry.keepsNoData ? data : owned(data));
    if (reply instanceof Promise) this.#answerLater(entry, reply);
    else this.#answer(entry, reply);
  }

  #answerLater(entry: PacketEntry, reply: Promise<Reply>): void {
    this.#late.begin();
    this.#writer.flush();
    const answerLate = (late: Reply): void => {
      this.#late.end();
      this.#answer(entry, late);
      this.#late.goOn();
    };
    reply
      .catch(replyForError)
      .then(answerLate)
      .catch((error: unknown) => this.#session.fail(error));
  }

  #run(entry: PacketEntry, data: Uint8Array): Reply | Promise<Reply> {
    try {
      return entry.handle(this.#session, new FieldReader(data, entry.name.length));
    } catch (error) {
      return replyForError(error);
    }
  }

  #answer(entry: PacketEntry, reply: Reply): void {
    if (reply.kind === 'error' && reply.text !== undefined)
      this.#session.failures.note(entry.name, reply.text);
    this.write(reply, entry.errorText === 'any-client');
    const after = this.#afterReply;
    this.#afterReply = undefined;
    after?.();
  }

  /** `isTextUsual`: every GDB understands `E.text` here. */
  write(reply: Reply, isTextUsual = false): void {
    if (!this.#session.isClosed) this.#writer.reply(reply, this.#errorForm(isTextUsual));
  }

  #errorForm(isTextUsual: boolean): ErrorForm {
    const { features } = this.#session;
    if (features.kind === 'lldb') return features.lldb.hasErrorStrings ? 'number-and-text' : 'number';
    return isTextUsual || features.has('errorMessage') ? 'text' : 'number';
  }
}
