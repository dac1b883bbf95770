/** The way from the client's bytes to packets, handed out one after the other when the session is ready for the next. */
import { type BulkCodec, type Frame, FrameDecoder } from 'gdb-js-rsp-parser';
import { packetSizeBytes } from './features.js';
import type { PacketWriter } from './output.js';
import { StalledPacket } from './stalled-packet.js';

/** What the queue is emptied into. */
export interface PacketReceiver {
  /** Whether the next packet may be handled. */
  readonly isReady: boolean;
  /** `data` may be overwritten afterwards. */
  onPacket(data: Uint8Array): void;
  /** A packet was dropped because of its length. */
  onOverflow(lengthBytes: number): void;
  /** Comes at once, past all packets that wait. */
  onInterrupt(): void;
  /** The rest of a packet has not come in time. */
  onStall(limitMs: number): void;
}

export class PacketQueue {
  readonly #decoder: FrameDecoder;
  readonly #frames: Frame[] = [];
  readonly #writer: PacketWriter;
  readonly #receiver: PacketReceiver;
  readonly #stalled: StalledPacket;

  /** @param packetTimeoutMs undefined: as usual */
  constructor(
    writer: PacketWriter,
    receiver: PacketReceiver,
    codec: BulkCodec | undefined,
    packetTimeoutMs: number | undefined,
  ) {
    this.#decoder = new FrameDecoder({
      role: 'stub',
      maxPacketBytes: packetSizeBytes,
      ...(codec === undefined ? {} : { bulk: codec }),
    });
    this.#writer = writer;
    this.#receiver = receiver;
    this.#stalled = new StalledPacket(packetTimeoutMs, (limitMs) => receiver.onStall(limitMs));
  }

  /** Nothing more comes. */
  end(): void {
    this.#stalled.end();
  }

  /** Whether nothing has come that was not handed out, a part of a packet included. */
  get isEmpty(): boolean {
    return this.#frames.length === 0 && this.#decoder.isBetweenFrames;
  }

  receive(chunk: Uint8Array): void {
    this.#decode(chunk);
    this.#stalled.heard(!this.#decoder.isBetweenFrames);
  }

  #decode(chunk: Uint8Array): void {
    const acknowledges = this.#writer.acknowledges;
    if (!acknowledges) {
      this.#decoder.decode(chunk, (frame) => this.#takeUnacknowledged(frame));
      return;
    }
    let before = this.#frames.at(-1);
    for (const frame of this.#decoder.push(chunk)) {
      if (isRepetition(frame, before)) continue;
      before = frame;
      this.#take(frame);
    }
  }

  /** One that can be handed out at once need not be copied. */
  #takeUnacknowledged(frame: Frame): void {
    const isNext = this.#frames.length === 0 && this.#receiver.isReady;
    if (frame.kind === 'packet') this.#take(isNext ? frame : { ...frame, data: frame.data.slice() });
    else this.#take(frame);
  }

  #take(frame: Frame): void {
    if (frame.kind === 'interrupt') this.#receiver.onInterrupt();
    else this.#frames.push(frame);
    this.pump();
  }

  /** To be called whenever the receiver has become ready. */
  pump(): void {
    while (this.#receiver.isReady) {
      const frame = this.#frames.shift();
      if (frame === undefined) return;
      this.#handOut(frame);
    }
  }

  #handOut(frame: Frame): void {
    switch (frame.kind) {
      case 'packet':
        if (!frame.checksumOk && this.#writer.acknowledges) {
          this.#writer.reject();
          return;
        }
        this.#writer.received();
        this.#receiver.onPacket(frame.data);
        return;
      case 'overflow':
        this.#writer.received();
        this.#receiver.onOverflow(frame.lengthBytes);
        return;
      case 'nak':
        this.#writer.repeatLast();
        return;
      case 'ack':
      case 'interrupt':
      case 'notification':
        return;
    }
  }
}

/**
 * A client that waits for acknowledgements sends a packet again when none comes, as GDB does after two seconds, which
 * a machine under load may take to start this program. Two replies would be taken for those to different packets.
 */
function isRepetition(frame: Frame, before: Frame | undefined): boolean {
  if (frame.kind !== 'packet' || before?.kind !== 'packet' || !before.checksumOk) return false;
  return (
    frame.data.length === before.data.length && frame.data.every((byte, index) => byte === before.data[index])
  );
}
