/**
 * Joins a socket to a session, without Node's streams: each of their calls costs as much as a step of the program.
 * A client that answers at once is waited for right here, so that a round trip needs no turn of the event loop.
 */
import { hostProcess } from '../base/host-process.js';
import type { GdbServer } from '../engines/gdb/server.js';
import type { GdbSession } from '../engines/gdb/session.js';
import { nativeBinding } from '../native/binding.js';
import type { NativeRepeater, NativeSocket } from '../native/binding-types.js';
import type { Connection, ConnectionEars } from './connection.js';
import { httpAnswer, isHttpRequest } from './http.js';
import { NativeCodec } from './native-codec.js';
import type { WireTap } from './wire/tap.js';

const receiveBytes = 0x40000;
/** After this long without a return to the event loop others get their turn. */
const longestBurstMs = 5;

export class SocketConnection implements Connection {
  readonly gone: Promise<void>;
  readonly #socket: NativeSocket;
  readonly #repeater: NativeRepeater;
  readonly #server: GdbServer;
  readonly #session: GdbSession;
  readonly #tap: WireTap | undefined;
  readonly #input = new Uint8Array(receiveBytes);
  /** What the client has not made room for yet. While there is some, nothing is read. */
  #unsent: Uint8Array[] = [];
  #isEnding = false;
  #isGone = false;
  #isReadDue = false;
  #hasSpoken = false;
  readonly #onSpoken: ConnectionEars['onSpoken'];
  #burstStart = 0;
  #resolveGone: () => void = () => undefined;
  #onFlushed: (() => void)[] = [];

  /** Takes over a connected stream socket. */
  constructor(server: GdbServer, fd: number, { tap, onSpoken }: ConnectionEars = {}, peer?: string) {
    this.#tap = tap;
    this.#onSpoken = onSpoken;
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    this.#socket = new (nativeBinding().Socket)(fd, true, () => this.#guard(() => this.#onReady()));
    this.#repeater = new (nativeBinding().Repeater)(server.tracer.native, this.#socket);
    this.#server = server;
    this.#session = server.accept({
      write: (bytes) => this.#write(bytes),
      close: () => void this.end(),
      peer,
      codec: new NativeCodec(),
      // What native code answers nobody hears.
      ...(tap === undefined ? { repeater: this.#repeater } : {}),
    });
    this.#watch();
  }

  end(): Promise<void> {
    if (!this.#isEnding && !this.#isGone) {
      this.#isEnding = true;
      if (this.#unsent.length === 0) this.#socket.finish();
    }
    if (this.#isGone || this.#unsent.length === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onFlushed.push(resolve));
  }

  #watch(): void {
    if (this.#isGone) return;
    const isBlocked = this.#unsent.length > 0;
    this.#socket.watch(!isBlocked, isBlocked);
  }

  #onReady(): void {
    this.#burstStart = performance.now();
    if (this.#unsent.length > 0) this.#sendUnsent();
    else this.#read(false);
    this.#watch();
  }

  /** Of a fault nobody would hear behind these calls, and the client would wait for ever. */
  #guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.#session.fail(error);
      this.#leave();
    }
  }

  #read(waits: boolean): void {
    if (this.#session.mayRepeat) {
      this.#repeat();
      return;
    }
    const count = this.#socket.receive(this.#input, waits);
    if (count < 0) this.#leave();
    else if (count > 0) this.#receive(this.#input.subarray(0, count));
  }

  #receive(bytes: Uint8Array): void {
    if (!this.#hasSpoken && this.#isTurnedAway(bytes)) return;
    this.#tap?.fromClient(bytes);
    this.#session.receive(bytes);
  }

  /** Whether the first bytes of the client are not those of a debugger. */
  #isTurnedAway(bytes: Uint8Array): boolean {
    this.#hasSpoken = true;
    const isOther = isHttpRequest(bytes);
    this.#onSpoken?.(!isOther);
    if (!isOther) return false;
    this.#session.dismiss();
    this.#socket.send(httpAnswer);
    this.#socket.finish();
    this.#leaveLater();
    return true;
  }

  /** What comes is answered in native code as far as it can be, and the session hears of it afterwards. */
  #repeat(): void {
    const { count, answered, unsent, letGo = [] } = this.#repeater.serve(this.#input, longestBurstMs);
    for (const child of letGo) this.#server.announceDetach(child);
    if (unsent !== undefined) this.#unsent.push(unsent);
    if (count < 0) this.#leave();
    else if (count > 0) this.#session.receive(this.#input.subarray(0, count), answered);
    this.#watch();
  }

  /** A client that was answered is likely to ask the next thing at once. Behind all that is to be done before. */
  #readSoon(): void {
    if (this.#isReadDue) return;
    this.#isReadDue = true;
    hostProcess.nextTick(() => {
      this.#isReadDue = false;
      this.#guard(() => {
        if (this.#isGone || this.#unsent.length > 0 || !this.#session.isQuiet) return;
        if (performance.now() - this.#burstStart < longestBurstMs) this.#read(true);
      });
    });
  }

  #write(bytes: Uint8Array): void {
    if (this.#isGone || this.#isEnding) return;
    this.#tap?.toClient(bytes);
    const count = this.#unsent.length > 0 ? 0 : this.#socket.send(bytes);
    if (count < 0) {
      this.#leaveLater();
    } else if (count < bytes.length) {
      // The buffer may be the writer's own, for its next packet.
      this.#unsent.push(bytes.slice(count));
      this.#watch();
    } else {
      this.#readSoon();
    }
  }

  #sendUnsent(): void {
    for (let bytes = this.#unsent[0]; bytes !== undefined; bytes = this.#unsent[0]) {
      const count = this.#socket.send(bytes);
      if (count < 0) {
        this.#leave();
        return;
      }
      if (count < bytes.length) {
        this.#unsent[0] = bytes.subarray(count);
        return;
      }
      this.#unsent.shift();
    }
    if (this.#isEnding) this.#socket.finish();
    this.#settleFlushed();
  }

  #settleFlushed(): void {
    for (const resolve of this.#onFlushed.splice(0)) resolve();
  }

  /** Not within a call of the session, which may be in the middle of something. */
  #leaveLater(): void {
    hostProcess.nextTick(() => this.#leave());
  }

  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#unsent = [];
    this.#socket.close();
    this.#session.closed();
    this.#settleFlushed();
    if (!this.#hasSpoken) this.#onSpoken?.(true);
    this.#hasSpoken = true;
    this.#resolveGone();
  }
}
