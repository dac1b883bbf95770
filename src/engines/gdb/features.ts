/**
 * What was agreed with the client in `qSupported`, and which client it is: a few packets mean different things to
 * GDB and to LLDB. A later `qSupported` replaces everything that an earlier one agreed.
 */
import { parseFeatures } from 'gdb-js-rsp-parser';
import { LldbDialect } from './lldb-dialect.js';
import type { PacketEntry } from './packet.js';
import { gdbNumbers, kernelNumbers, type SignalNumbers } from './signal-numbers.js';

export type ClientKind = 'unknown' | 'gdb' | 'lldb';

/**
 * Longest packet, in bytes between `$` and `#`, that is accepted; announced as `PacketSize`. GDB asks for so much of a file
 * at a time and keeps what it got last: the C library is to fit.
 */
export const packetSizeBytes = 0x40_0000;

/** Features of the connection as a whole: no packet of its own stands for them. */
const connectionFeatures = [
  `PacketSize=${packetSizeBytes.toString(16)}`,
  'multiprocess+',
  'swbreak+',
  'hwbreak+',
  'fork-events+',
  'vfork-events+',
  'exec-events+',
  'no-resumed+',
] as const;

/** The client's tokens that change what it is sent. */
const clientTokens = {
  multiprocess: 'multiprocess',
  swbreak: 'swbreak',
  hwbreak: 'hwbreak',
  forkEvents: 'fork-events',
  vforkEvents: 'vfork-events',
  execEvents: 'exec-events',
  noResumed: 'no-resumed',
  errorMessage: 'error-message',
} as const;
export type ClientFeature = keyof typeof clientTokens;

/** Packets that only LLDB sends. */
const lldbOnlyPackets: ReadonlySet<string> = new Set([
  'QThreadSuffixSupported',
  'QListThreadsInStopReply',
  'QEnableErrorStrings',
  'qHostInfo',
  'qProcessInfo',
]);

export class ClientFeatures {
  readonly lldb = new LldbDialect();
  #agreed: ReadonlySet<ClientFeature> = new Set();
  #readsDescription = false;
  #kind: ClientKind = 'unknown';
  #sawPacket = false;

  get kind(): ClientKind {
    return this.#kind;
  }

  /** Whether `g` may carry what only the target description tells of: `xmlRegisters` names the machines. */
  get readsDescription(): boolean {
    return this.#readsDescription || this.#kind === 'lldb';
  }

  /** LLDB's older versions take numbers for the kernel's whatever is agreed. */
  get signalNumbers(): SignalNumbers {
    return this.#kind === 'lldb' ? kernelNumbers : gdbNumbers;
  }

  has(feature: ClientFeature): boolean {
    return this.#agreed.has(feature);
  }

  /** The tokens of a `qSupported` request, without the name and its colon. */
  negotiate(tokens: string): void {
    const announced = parseFeatures(tokens);
    const agreed = new Set<ClientFeature>();
    for (const [feature, token] of Object.entries(clientTokens)) {
      if (announced.get(token) === true && isClientFeature(feature)) agreed.add(feature);
    }
    this.#agreed = agreed;
    this.#readsDescription = announced.has('xmlRegisters');
    if (announced.get('qRelocInsn') === true) this.#kind = 'gdb';
    // Other clients, too, begin with `QStartNoAckMode`.
    else this.#kind = announced.get('xmlRegisters') === 'i386,arm,mips,arc' ? 'lldb' : 'unknown';
  }

  /** Told of every packet by name. LLDB opens a connection with `QStartNoAckMode`, GDB with `qSupported`. */
  notePacket(name: string): void {
    // Other clients ask for words of errors, too, and announce that they read them in GDB's form.
    const isLldbs = lldbOnlyPackets.has(name) && !this.has('errorMessage');
    if ((!this.#sawPacket && name === 'QStartNoAckMode') || isLldbs) this.#kind = 'lldb';
    this.#sawPacket = true;
  }
}

function isClientFeature(name: string): name is ClientFeature {
  return name in clientTokens;
}

/** The `qSupported` answer: the connection's own features, and every token of a row that is not disabled. */
export function featureAnswer(
  rows: readonly PacketEntry[],
  disabled: ReadonlySet<string>,
  kind: ClientKind = 'unknown',
): string {
  const tokens: string[] = [...connectionFeatures, ...(kind === 'lldb' ? ['native-signals+'] : [])];
  // What is LLDB's would have others, such as the client library, take this server for LLDB's.
  const isFor = ({ name }: PacketEntry): boolean => kind === 'lldb' || !lldbOnlyPackets.has(name);
  for (const row of rows) {
    if (!disabled.has(row.name) && isFor(row)) tokens.push(...row.advertise);
  }
  return tokens.join(';');
}

/** Stands for the stop reply `T`; the packet `T`, which asks whether a thread is alive, is another one. */
export const longStopReply = 'T stop reply';

/** `--disable-packet` names as this server knows them: `threads` stands for a group, `T` for the stop reply. */
export function expandDisabledPackets(names: ReadonlySet<string>): ReadonlySet<string> {
  const expanded = new Set(names);
  if (expanded.delete('T')) expanded.add(longStopReply);
  if (names.has('threads')) {
    for (const name of ['vCont', 'Tthread', 'qC', 'qfThreadInfo']) expanded.add(name);
  }
  if (expanded.has('vCont')) expanded.add('vCont?');
  if (expanded.has('qfThreadInfo')) expanded.add('qsThreadInfo');
  return expanded;
}
