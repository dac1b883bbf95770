/** `--explain`: every packet and every reply in words, by what the codec makes of them, of GDB's dialect and LLDB's. */
import {
  asciiText,
  type Frame,
  FrameDecoder,
  type KnownPacket,
  type Packet,
  ProtocolError,
  parseNotification,
  parsePacket,
  parseReply,
} from 'gdb-js-rsp-parser';
import { meanings } from './meanings.js';
import type { OpenTap } from './tap.js';
import { wordOf, wordsOf } from './words.js';

const longestRaw = 80;
/** No packet is too long to be explained. */
const maxPacketBytes = Number.MAX_SAFE_INTEGER;

/** @param say is given a line each */
export function openExplainer(say: (line: string) => void): OpenTap {
  let connections = 0;
  return (from) => {
    connections += 1;
    const prefix = connections === 1 ? '' : `[${connections}] `;
    say(`${prefix}-- ${from}`);
    const explainer = new Explainer((line) => say(prefix + line));
    return {
      fromClient: (bytes) => explainer.fromClient(bytes),
      toClient: (bytes) => explainer.toClient(bytes),
    };
  };
}

class Explainer {
  readonly #say: (line: string) => void;
  readonly #requests = new FrameDecoder({ role: 'stub', maxPacketBytes });
  readonly #replies = new FrameDecoder({ role: 'client', maxPacketBytes });
  /** Not answered yet, the eldest first; undefined: it is not known what may be answered. */
  readonly #pending: (KnownPacket['kind'] | undefined)[] = [];

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  fromClient(bytes: Uint8Array): void {
    for (const frame of this.#requests.push(bytes)) this.#explainRequest(frame);
  }

  toClient(bytes: Uint8Array): void {
    for (const frame of this.#replies.push(bytes)) this.#explainReply(frame);
  }

  #explainRequest(frame: Frame): void {
    if (frame.kind === 'interrupt') this.#say('> interrupt: stop the program');
    if (frame.kind === 'nak') this.#say('> the last packet was damaged: send it again');
    if (frame.kind !== 'packet') return;
    if (!frame.checksumOk) {
      this.#say(`> ${raw(frame.data)}: damaged, its checksum is wrong`);
      return;
    }
    const packet = understood(() => parsePacket(frame.data));
    this.#pending.push(
      packet instanceof ProtocolError || packet.kind === 'unknown' ? undefined : packet.kind,
    );
    this.#say(`> ${explainPacket(packet, frame.data)}`);
  }

  #explainReply(frame: Frame): void {
    if (frame.kind === 'nak') this.#say('< the last packet was damaged: send it again');
    if (frame.kind === 'notification') this.#say(`< ${explainNotification(frame.data)}`);
    if (frame.kind === 'packet') this.#explainAnswer(frame.data);
  }

  #explainAnswer(data: Uint8Array): void {
    const [name] = this.#pending;
    if (name === undefined) {
      this.#pending.shift();
      this.#say(`< ${data.length === 0 ? 'not supported' : raw(data)}`);
      return;
    }
    const reply = understood(() => parseReply(name, data));
    if (name === 'x' && reply instanceof ProtocolError) {
      // The form of before GDB had the packet: the data are the whole reply.
      this.#pending.shift();
      this.#say(`< data: ${wordOf(data)}`);
      return;
    }
    // Output comes before the answer proper.
    const isOutput = !(reply instanceof ProtocolError) && reply.kind === 'output';
    if (!isOutput) this.#pending.shift();
    this.#say(`< ${explainReply(reply, data)}`);
  }
}

function understood<Result>(parse: () => Result): Result | ProtocolError {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

export function explainPacket(packet: Packet | ProtocolError, data: Uint8Array): string {
  if (packet instanceof ProtocolError) return `${raw(data)}: not understood: ${packet.message}`;
  if (packet.kind === 'unknown') return `${raw(data)}: no known packet`;
  const fields = wordsOf(packet);
  return `${packet.kind}: ${meanings[packet.kind]}${fields === '' ? '' : ` -- ${fields}`}`;
}

type AnyReply = ReturnType<typeof parseReply>;

function explainReply(reply: AnyReply | ProtocolError, data: Uint8Array): string {
  if (reply instanceof ProtocolError) return `${raw(data)}: not understood: ${reply.message}`;
  if (reply.kind === 'unsupported') return 'not supported';
  if (reply.kind === 'ok') return 'OK';
  if (reply.kind === 'error')
    return `error ${reply.number}${reply.text === undefined ? '' : `: ${reply.text}`}`;
  if (reply.kind === 'error-text') return `error: ${reply.text}`;
  const fields = wordsOf(reply);
  return fields === '' ? reply.kind : `${reply.kind}: ${fields}`;
}

function explainNotification(data: Uint8Array): string {
  const found = understood(() => parseNotification(data));
  if (found instanceof ProtocolError) return `notification ${raw(data)}: not understood: ${found.message}`;
  return `notification ${wordOf(found)}`;
}

function raw(data: Uint8Array): string {
  const text = asciiText(data.subarray(0, longestRaw));
  return JSON.stringify(data.length > longestRaw ? `${text}...` : text);
}
