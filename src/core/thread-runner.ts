/** Lets threads run: with the right registers, the right signal, and past the site that they stand at. */
import { kernelSignal } from '../base/ids.js';
import type { NativeRange, NativeTracer, ResumeMode } from '../native/binding-types.js';
import type { RunAction } from './engine.js';
import type { InPlaceStep } from './in-place-step.js';
import { prepareForOurEnd } from './orphan-handler.js';
import type { Process } from './process.js';
import { avoidsSteps, type RangeRun } from './range-run.js';
import type { Thread } from './thread.js';

/** What a range step may take before sites are put in for it, which cost as much. */
const fewSteps = 32;

export class ThreadRunner {
  readonly #process: Process;
  readonly #native: NativeTracer;
  #onStepDone: (thread: Thread) => void = () => undefined;

  constructor(process: Process) {
    this.#process = process;
    this.#native = process.native;
  }

  /** `listener` hears, from the event loop, of steps that ended without the thread having run. */
  onStepDone(listener: (thread: Thread) => void): void {
    this.#onStepDone = listener;
  }

  get #inPlace(): InPlaceStep {
    return this.#process.addressSpace.inPlace;
  }

  /** A range step has taken many steps and is not over: it may be had for less. */
  runRangeIfWanted(thread: Thread): void {
    const wish = this.#process.wishFor(thread);
    const isFree = !thread.isAwaited && !this.#inPlace.isUnderWay;
    if (wish.kind === 'range-step' && isFree)
      thread.rangeRun = this.#process.addressSpace.rangeRuns.begin(thread, wish);
    this.resumeIfWanted(thread);
  }

  resumeIfWanted(thread: Thread): void {
    if (!thread.isStopped || thread.isAwaited || this.#inPlace.isUnderWay) return;
    const wish = this.#process.wishFor(thread);
    if (wish.kind === 'hold') return;
    const { orphanHandler } = this.#process.addressSpace;
    if (wish.kind !== 'continue') orphanHandler.coverThreads();
    if (orphanHandler.isDue) prepareForOurEnd(this.#process);
    if (thread.isStopped) this.#run(thread, wish);
  }

  /** For a thread at a site whose plan refuses: it may only lack a slot. */
  passRefusedSite(thread: Thread, action: RunAction): void {
    if (this.#process.sites.provideSlot(thread.pc, thread)) this.#run(thread, action);
    else if (thread.hasVanished) thread.enter({ kind: 'running' });
    else this.#inPlace.begin(thread, action);
  }

  /**
   * For a thread that is to be stepped where a sequence begins, or that has stopped inside one: it runs to the end of it,
   * or to the end of its range.
   */
  runSequence(thread: Thread, action: RunAction): void {
    const { rangeRuns } = this.#process.addressSpace;
    const ofRange = action.kind === 'range-step' ? rangeRuns.begin(thread, action) : undefined;
    thread.endRangeRun();
    thread.rangeRun = ofRange ?? rangeRuns.beginSequence(thread);
    if (thread.rangeRun === undefined) this.#inPlace.begin(thread, action);
    else this.#run(thread, action);
  }

  storeDebugRegisters(thread: Thread): void {
    const { hardware } = this.#process;
    const { image } = hardware;
    if (thread.debugImage === image) return;
    for (const store of hardware.stores(thread.debugImage)) {
      if (store.kind === 'user') this.#native.pokeUser(thread.tid, store.offset, store.value);
      else this.#native.setRegset(thread.tid, store.noteType, store.bytes);
    }
    thread.debugImage = image;
  }

  /** A thread must not stay stopped for good because the kernel refuses a debug register. */
  #prepareDebugRegisters(thread: Thread): void {
    try {
      this.storeDebugRegisters(thread);
    } catch (error) {
      this.#process.tracer.warn(`thread ${thread.tid} runs without the watchpoints`, error);
      thread.debugImage = this.#process.hardware.image;
    }
  }

  #run(thread: Thread, action: RunAction): void {
    this.#prepareDebugRegisters(thread);
    this.#process.addressSpace.forgetMappings();
    const signal = this.#signalFor(thread);
    if (thread.rangeRun?.serves(action) === false) thread.endRangeRun();
    if (signal === 0 && avoidsSteps(this.#process))
      thread.rangeRun ??= this.#runInsteadOfStep(thread, action);
    const mode = modeFor(thread, action);
    thread.isListening = mode === 'listen';
    switch (this.#native.resume(thread.tid, mode, signal, rangeFor(thread, action))) {
      case 'running':
      case 'gone':
        thread.enter({ kind: 'running' });
        break;
      case 'done':
        thread.forgetRegisters();
        this.#process.tracer.enqueue(() => this.#onStepDone(thread));
        break;
      case 'refused':
        this.passRefusedSite(thread, action);
        break;
      case 'sequence':
        this.runSequence(thread, action);
        break;
      case 'stretch':
        thread.forgetRegisters();
        this.#run(thread, action);
        break;
    }
  }

  /** Undefined: it must be stepped. */
  #runInsteadOfStep(thread: Thread, action: RunAction): RangeRun | undefined {
    const { rangeRuns } = this.#process.addressSpace;
    if (action.kind === 'range-step') return rangeRuns.begin(thread, action);
    return action.kind === 'step' && !isInBlock(thread) ? rangeRuns.beginStep(thread) : undefined;
  }

  /** The signal to inject; where the stop takes none it is sent instead and let through when it arrives. */
  #signalFor(thread: Thread): number {
    const signal = thread.signalOverride ?? thread.pendingSignal ?? 0;
    thread.signalOverride = undefined;
    thread.pendingSignal = undefined;
    const takesSignal = thread.state.kind === 'stopped' && thread.state.at === 'signal-delivery';
    if (signal === 0 || takesSignal) return signal;
    thread.send(kernelSignal(signal));
    return 0;
  }
}

/** In a job-control stop `continue` means: until the stop is over. */
function modeFor(thread: Thread, action: RunAction): ResumeMode {
  const isGroupStopped = thread.state.kind === 'stopped' && thread.state.at === 'group-stop';
  if (isGroupStopped && action.kind === 'continue') return 'listen';
  return thread.rangeRun === undefined ? action.kind : 'range-run';
}

function rangeFor(thread: Thread, action: RunAction): NativeRange | undefined {
  if (thread.rangeRun !== undefined) return thread.rangeRun.range;
  if (action.kind === 'block-step' || (action.kind === 'step' && isInBlock(thread)))
    return thread.process.addressSpace.blocks.stretchAt(thread.pc);
  if (action.kind !== 'range-step') return undefined;
  return { start: action.start, end: action.end, stepLimit: fewSteps };
}

/** Some engine waits for the end of a block. */
function isInBlock(thread: Thread): boolean {
  return thread.process.attachments.some((attachment) => attachment.voteFor(thread).kind === 'block-step');
}
