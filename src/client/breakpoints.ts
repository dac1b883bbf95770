/** Breakpoints and watchpoints that this client has set. */
import type { ThreadId } from 'gdb-js-rsp-parser';
import type { AddressLike } from './memory.js';
import type { Requester } from './requester.js';
import type { WaitOptions } from './wait-options.js';

export interface BreakpointOptions extends WaitOptions {
  /** Default: software. */
  readonly kind?: 'software' | 'hardware';
  /** Of the trap, as the architecture's kinds are numbered; by default what the architecture has. */
  readonly trapKind?: number;
  /** Agent expressions: it stops where one of them is true. */
  readonly conditions?: readonly Uint8Array[];
  /** The process whose memory it is; by default the current thread's. */
  readonly thread?: ThreadId;
}

export interface WatchpointOptions extends WaitOptions {
  /** Default: write. */
  readonly access?: 'write' | 'read' | 'access';
  readonly thread?: ThreadId;
}

/** Something that is set; disposing of it takes it back. */
export interface Breakpoint extends AsyncDisposable {
  readonly kind: 'software' | 'hardware' | 'write' | 'read' | 'access';
  readonly address: bigint;
  /** Takes it back; twice is harmless. @throws ClientError REFUSED */
  remove(options?: WaitOptions): Promise<void>;
}

type SetPacket = { readonly set: PointPacket<'Z'>; readonly remove: PointPacket<'z'> };
type PointPacket<Letter extends 'Z' | 'z'> =
  | {
      readonly kind: `${Letter}${0 | 1}`;
      readonly address: bigint;
      readonly trapKind: number;
      readonly conditions?: readonly { readonly bytes: Uint8Array }[];
    }
  | { readonly kind: `${Letter}${2 | 3 | 4}`; readonly address: bigint; readonly lengthBytes: number };

/** What is set, and in which process. */
type SetPoint = SetPacket & { readonly thread: ThreadId | undefined; readonly pid: number | undefined };

const watchTypes = { write: 2, read: 3, access: 4 } as const;
const defaultWatchBytes = 8;

class SetBreakpoint implements Breakpoint {
  readonly kind: Breakpoint['kind'];
  readonly address: bigint;
  readonly #remove: (options: WaitOptions) => Promise<void>;
  #isSet = true;

  constructor(kind: Breakpoint['kind'], address: bigint, remove: (options: WaitOptions) => Promise<void>) {
    this.kind = kind;
    this.address = address;
    this.#remove = remove;
  }

  async remove(options: WaitOptions = {}): Promise<void> {
    if (!this.#isSet) return;
    this.#isSet = false;
    await this.#remove(options);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.remove();
  }
}

/** Sets breakpoints and watchpoints, and knows those that are set. As `client.breakpoints`. */
export class Breakpoints {
  readonly #requester: Requester;
  readonly #trapKind: () => Promise<number>;
  readonly #set = new Map<Breakpoint, SetPoint>();

  /** @param trapKind the architecture's usual kind of trap */
  constructor(requester: Requester, trapKind: () => Promise<number>) {
    this.#requester = requester;
    this.#trapKind = trapKind;
  }

  /** What is set, in the order in which it was. */
  list(): readonly Breakpoint[] {
    return [...this.#set.keys()];
  }

  /** Stops threads before the instruction at an address. @throws ClientError REFUSED, UNSUPPORTED */
  async set(address: AddressLike, options: BreakpointOptions = {}): Promise<Breakpoint> {
    const { kind = 'software', conditions, thread, trapKind = await this.#trapKind() } = options;
    const point = { address: BigInt(address), trapKind };
    const programs = conditions && { conditions: conditions.map((bytes) => ({ bytes })) };
    const digit = kind === 'software' ? 0 : 1;
    return this.#insert(
      kind,
      { set: { kind: `Z${digit}`, ...point, ...programs }, remove: { kind: `z${digit}`, ...point } },
      thread,
      options,
    );
  }

  /** Stops threads that write, read or do either, at the `lengthBytes` from an address on. */
  async watch(
    address: AddressLike,
    lengthBytes = defaultWatchBytes,
    options: WatchpointOptions = {},
  ): Promise<Breakpoint> {
    const { access = 'write', thread } = options;
    const range = { address: BigInt(address), lengthBytes };
    const digit = watchTypes[access];
    return this.#insert(
      access,
      { set: { kind: `Z${digit}`, ...range }, remove: { kind: `z${digit}`, ...range } },
      thread,
      options,
    );
  }

  async #insert(
    kind: Breakpoint['kind'],
    packets: SetPacket,
    thread: ThreadId | undefined,
    { timeoutMs, signal }: WaitOptions,
  ): Promise<Breakpoint> {
    const wait = {
      isWrite: true,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(signal === undefined ? {} : { signal }),
    };
    // Some servers count, so what is there already is not set again; but others have to hear of its conditions.
    const isThere = this.#at(packets.remove).some(({ set }) => isPlain(set));
    if (!isThere || !isPlain(packets.set)) await this.#requester.askThread(thread, packets.set, wait);
    const breakpoint = new SetBreakpoint(kind, packets.set.address, async (options) => {
      // It went with its program.
      if (!this.#set.delete(breakpoint)) return;
      await this.#take(packets, thread, options);
    });
    const { pid } = thread ?? this.#requester.currentThread ?? {};
    this.#set.set(breakpoint, { ...packets, thread, pid });
    return breakpoint;
  }

  /** Those that the server cannot tell from the one that a packet takes back. */
  #at(remove: PointPacket<'z'>): readonly SetPoint[] {
    return [...this.#set.values()].filter((other) => isSame(other.remove, remove));
  }

  /** Where others lie at the place, the server has the last of them. */
  async #take(packets: SetPacket, thread: ThreadId | undefined, options: WaitOptions): Promise<void> {
    const last = this.#at(packets.remove).at(-1);
    const write = { ...options, isWrite: true };
    if (last === undefined) await this.#requester.askThread(thread, packets.remove, write);
    else if (!isPlain(packets.set)) await this.#requester.askThread(last.thread, last.set, write);
  }

  /** Whether a thread that goes on at an address would run into a software breakpoint of this client. */
  isSoftwareAt(address: bigint): boolean {
    return [...this.#set.values()].some(({ set }) => set.kind === 'Z0' && set.address === address);
  }

  /** Takes the software breakpoints at an address out of the program, and gives what puts them back. */
  async liftAt(address: bigint, options: WaitOptions): Promise<() => Promise<void>> {
    const lifted = [...this.#set.values()].filter(({ set }) => set.kind === 'Z0' && set.address === address);
    const [first] = lifted;
    if (first !== undefined)
      await this.#requester.askThread(first.thread, first.remove, { ...options, isWrite: true });
    return async () => {
      const back = lifted.every(({ set }) => isPlain(set)) ? lifted.slice(0, 1) : lifted;
      for (const { set, thread } of back) await this.#requester.askThread(thread, set, { isWrite: true });
    };
  }

  /** The program that they were in is gone; undefined: every program. */
  forget(pid: number | undefined): void {
    for (const [breakpoint, { pid: owner }] of this.#set)
      if (pid === undefined || owner === undefined || owner === pid) this.#set.delete(breakpoint);
  }
}

function isPlain(point: PointPacket<'Z'>): boolean {
  return !('conditions' in point);
}

function isSame(a: PointPacket<'z'>, b: PointPacket<'z'>): boolean {
  return a.kind === b.kind && a.address === b.address;
}
