/**
 * Packets that a client sends over and over, as for single steps or for going past a breakpoint: what they mean and how
 * they are answered is decided once, and the transport's repeater does the same again, for as long as it applies.
 */
import { asciiText, hexOf } from 'gdb-js-rsp-parser';
import type { Register } from '../../../arch/module.js';
import {
  avoidsSteps,
  mayRunUnasked,
  type PacketRepeater,
  type Process,
  type ResumeAction,
  type StopForm,
  type Thread,
  type ThreadEvent,
} from '../../core/index.js';
import type { Reply } from './packet.js';
import type { Stop } from './pending-stops.js';
import type { ResumePlan } from './process-set.js';

/** Packets behind which everything is repeated as before: they change nothing that decides about another one. */
const harmless: ReadonlySet<string> = new Set([
  'vCont',
  'z0',
  'Z0',
  'm',
  'x',
  'g',
  'p',
  'T',
  'qXfer',
  'X',
  'M',
]);

/** What is known is forgotten when it is more, and learned anew; the repeater has room for as much. */
const mostKnown = 64;

/** Packets about a child that the client has just been told of: they end with the one that lets it go. */
const aboutChild: ReadonlySet<string> = new Set(['H', 'z0', 'D']);

interface Run {
  readonly packet: Uint8Array;
  readonly thread: Thread;
  readonly kind: 'step' | 'continue';
}

/** What of a stop's form is its reply. */
type StopText = Pick<StopForm, 'head' | 'registers' | 'tail' | 'tailWhile'>;

/** A run that ended in a fork, and what the client has said of the child since. */
interface ToldFork {
  readonly run: Run;
  readonly child: Process;
  readonly text: StopText;
  readonly said: string[];
}

export class RepeatedPackets {
  readonly #repeater: PacketRepeater | undefined;
  /** Names of what the repeater knows. */
  readonly #known = new Set<string>();
  /** The packet that is being handled. */
  #packet: Uint8Array = new Uint8Array(0);
  /** The last resume, when it can be repeated. */
  #run: Run | undefined;
  /** The last stop, while the client may let the child go. */
  #fork: ToldFork | undefined;
  /** How many threads the process had when all that is known was learned. */
  #threadCount: number | undefined;

  constructor(repeater: PacketRepeater | undefined) {
    this.#repeater = repeater;
  }

  /** A packet is about to be handled. */
  begin(name: string, packet: Uint8Array): void {
    if (this.#repeater === undefined) return;
    this.#packet = packet;
    if (this.#fork !== undefined && aboutChild.has(name)) {
      // Letting go of a child takes a while, and more may come meanwhile.
      this.#packet = packet.slice();
      return;
    }
    const hasSelected = this.#fork !== undefined && this.#fork.said.length > 0;
    this.#fork = undefined;
    if (hasSelected || !harmless.has(name)) this.forget();
  }

  /** Something has happened, or was changed, that may decide about what was learned. */
  forget(): void {
    this.#run = undefined;
    this.#fork = undefined;
    if (this.#known.size === 0) return;
    this.#known.clear();
    this.#repeater?.forget();
  }

  /** Whether the repeater may answer what comes next. */
  get mayServe(): boolean {
    const thread = this.#run?.thread;
    if (this.#known.size === 0 || thread === undefined) return false;
    return this.#threadCount === thread.process.threads.size && mayRunUnasked(thread);
  }

  /** The packet has put in or taken out a site that has no programs. */
  noteSite(process: Process, address: bigint, isInserted: boolean): void {
    if (this.#fork !== undefined && this.#fork.child === process) {
      this.#fork.said.push(asciiText(this.#packet));
      return;
    }
    if (this.#fork !== undefined) this.forget();
    const key = this.#newKey('');
    if (key === undefined) return;
    this.#known.add(key);
    this.#repeater?.learnSite(this.#packet, process.space, address, isInserted);
  }

  /** The packet has selected a general thread. */
  noteSelection(): void {
    if (this.#fork === undefined) return;
    // Behind the `g`.
    const selector = withoutId(asciiText(this.#packet.subarray(2)), this.#fork.child.pid);
    this.#fork.said.push(`Hg${selector}`);
  }

  /** The packet has let go of a process. `general`: the thread that is selected now. */
  noteLetGo(process: Process, general: Thread | undefined): void {
    const fork = this.#fork;
    this.#fork = undefined;
    const isChild = fork?.child === process && general === fork.run.thread;
    if (fork === undefined || !isChild || asciiText(this.#packet) !== `D;${process.pid.toString(16)}`) {
      this.forget();
      return;
    }
    const { run, text, said } = fork;
    const key = `${asciiText(run.packet)} ${run.thread.tid} fork`;
    if (!this.#known.has(key) && this.#known.size === mostKnown) this.forget();
    this.#known.add(key);
    this.#run = run;
    this.#repeater?.learnRun(run.packet, run.thread.tid, run.kind, {
      site: 0n,
      call: undefined,
      ...text,
      aboutChild: [...said, 'D;*'],
    });
  }

  /** The packet has let threads run. */
  noteRun(plan: ResumePlan): void {
    this.#run = undefined;
    if (this.#repeater === undefined || plan.size !== 1) return;
    for (const choices of plan.values()) {
      for (const [thread, { action, signal, deliversPending }] of choices) {
        const isPlain = choices.size === 1 && signal === 0 && !deliversPending;
        if (!isPlain || !isRepeatable(action, thread)) continue;
        this.#expectThreads(thread.process.threads.size);
        this.#run = { packet: this.#packet.slice(), thread, kind: action.kind };
      }
    }
  }

  /** The last run has ended in `stop`, which is told by `reply`. */
  noteStop(stop: Stop, reply: Reply): void {
    const run = this.#run;
    if (run === undefined) return;
    const text = reply.kind === 'text' ? partsOf(reply.text, run.thread) : undefined;
    const hasOthers = this.#threadCount !== run.thread.process.threads.size;
    const event = stop.kind === 'event' && stop.event.thread === run.thread ? stop.event : undefined;
    if (event === undefined || text === undefined || hasOthers) this.forget();
    else if (event.kind === 'fork') this.#fork = newFork(run, event.child, text);
    else if (event.kind !== 'fork-settled') this.#learnRun(run, event, text);
  }

  #learnRun(run: Run, event: ThreadEvent, text: StopText): void {
    const end = endOf(event);
    if (end === undefined) {
      this.forget();
      return;
    }
    this.#packet = run.packet;
    const call = end.call === undefined ? '' : `${end.call.isEntry} ${end.call.number}`;
    const key = this.#newKey(`${run.thread.tid} ${end.site} ${call} ${text.tail}`);
    this.#run = run;
    if (key === undefined) return;
    this.#known.add(key);
    this.#repeater?.learnRun(run.packet, run.thread.tid, run.kind, { ...end, ...text, aboutChild: [] });
  }

  /** With more of them a packet may let others run as well. */
  #expectThreads(count: number): void {
    if (this.#threadCount !== undefined && this.#threadCount !== count) this.forget();
    this.#threadCount = count;
  }

  /** undefined: it is known, or nobody is there to learn it. */
  #newKey(what: string): string | undefined {
    if (this.#repeater === undefined) return undefined;
    const key = `${asciiText(this.#packet)} ${what}`;
    if (this.#known.has(key)) return undefined;
    if (this.#known.size === mostKnown) this.forget();
    return key;
  }
}

function isRepeatable(
  action: ResumeAction | { readonly kind: 'leave' },
  thread: Thread,
): action is { readonly kind: 'step' | 'continue' } {
  if (action.kind === 'step') return !avoidsSteps(thread.process);
  return action.kind === 'continue' && thread.process.threads.size === 1;
}

/** Where the run has come to; undefined: it ended in another way than those that come again. */
function endOf(event: ThreadEvent): Pick<StopForm, 'site' | 'call'> | undefined {
  switch (event.kind) {
    case 'step-done':
      return { site: 0n, call: undefined };
    case 'system-call-entry':
      return { site: 0n, call: { isEntry: true, number: event.number } };
    case 'system-call-return':
      return { site: 0n, call: { isEntry: false, number: event.number } };
    case 'breakpoint':
      // For a client that expects the pc behind the trap the session has moved it.
      if (event.owners !== undefined || event.thread.pc !== event.address) return undefined;
      return { site: event.address, call: undefined };
    default:
      return undefined;
  }
}

/** A stop reply in parts, when its registers are all that it ends in; undefined: not all can be told of natively. */
function partsOf(reply: string, thread: Thread): StopText | undefined {
  const file = thread.process.registerFile;
  const { regset: general } = file.byRole('pc');
  const registers: number[] = [];
  let [known, tail] = ['', ''];
  const tailWhile: StopText['tailWhile'][number][] = [];
  for (const number of file.expedited) {
    const register = file.registers[number];
    const value = register && thread.readRegister(register);
    if (value === undefined) return undefined;
    const text = `${hexOf(Uint8Array.of(number))}:${hexOf(value)};`;
    if (register?.regset === general && tail === '') {
      registers.push(number);
      known += text;
      continue;
    }
    const parts = register && regsetParts(register, thread);
    if (parts === undefined) return undefined;
    tail += text;
    tailWhile.push(...parts);
  }
  const head = reply.endsWith(known + tail) ? reply.slice(0, -(known + tail).length) : undefined;
  return head === undefined ? undefined : { head, registers, tail, tailWhile };
}

/** What is in the places that decide a register's value. */
function regsetParts(register: Register, thread: Thread): StopText['tailWhile'] | undefined {
  const file = thread.process.registerFile;
  const parts = file.decidedBy(register)?.map(({ regset, offset, lengthBytes }) => {
    const noteType = file.regsets.find(({ name }) => name === regset)?.noteType;
    const bytes = thread.readRegset(regset)?.slice(offset, offset + lengthBytes);
    return noteType === undefined || bytes?.length !== lengthBytes ? undefined : { noteType, offset, bytes };
  });
  return parts?.every((part) => part !== undefined) ? parts : undefined;
}

function newFork(run: Run, child: Process, text: StopText): ToldFork {
  const key = 'fork:';
  const behind = text.head.indexOf(key) + key.length;
  const head = text.head.slice(0, behind) + withoutId(text.head.slice(behind), child.pid);
  return { run, child, text: { ...text, head }, said: [] };
}

/** `*` in the places where the text has the id in hex digits. */
function withoutId(text: string, id: number): string {
  const digits = id.toString(16);
  return text.replace(/[0-9a-f]+/g, (number) => (number === digits ? '*' : number));
}
