/** What an engine is to tell of, and to whom. */
import type { KernelSignal } from '../../base/ids.js';
import type { CallSelection } from './call-selection.js';
import type { Escapes } from './decode/quoting.js';
import type { Injection } from './injection.js';
import type { TraceRecord } from './record.js';
import type { StackReader } from './stack-reader.js';

/** Which file descriptors of a process are meant. */
export type DescriptorSet = (descriptor: number) => boolean;

/** What a `SyscallsEngine` tells, and what it does to calls. */
export interface TraceOptions {
  /** Children and threads that traced ones make are traced, too. */
  readonly followsChildren: boolean;
  readonly calls: CallSelection;
  /** Whether a signal is told. */
  readonly signals: (signal: KernelSignal) => boolean;
  readonly injections: readonly Injection[];
  readonly stringLimit: number;
  readonly describesDescriptors: boolean;
  /** What is behind sockets, devices and processes, too. */
  readonly describesDetails?: boolean | undefined;
  readonly escapes?: Escapes | undefined;
  /** Structs and environments are shown whole. */
  readonly isWhole?: boolean | undefined;
  /** Their arguments and results are shown as numbers. */
  readonly raw?: CallSelection | undefined;
  /** Only calls that name one of these files, or have a descriptor of one. */
  readonly paths?: ReadonlySet<string> | undefined;
  /** Descriptors what is read from which is dumped, and what is written to which. */
  readonly dumps?: { readonly read: DescriptorSet; readonly written: DescriptorSet } | undefined;
  /**
   * The program may be ahead of what the listener hears, by some milliseconds: threads wait only where something must be
   * read of them. Calls cost less then.
   */
  readonly mayRunAhead?: boolean | undefined;
  /** Reads the stack of each call; undefined: not wanted. */
  readonly stacks: StackReader | undefined;
}

/** Called for each record, in the order in which things happen. The thread waits meanwhile, unless it `mayRunAhead`. */
export type TraceListener = (record: TraceRecord) => void;
