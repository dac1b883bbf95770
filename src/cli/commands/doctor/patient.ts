/** A program that is there wherever this one is, to be started, stepped and attached to: what runs this one. */
import { hostProcess } from '../../../base/host-process.js';
import type { CoreEvent, Engine, EventAnswer, EventKind, LaunchOptions } from '../../../core/index.js';

/** It is killed before it comes to do anything. */
export function patientOptions(): LaunchOptions {
  return {
    program: hostProcess.execPath,
    args: ['--version'],
    environment: {},
    disableRandomization: true,
    startWithShell: false,
    redirectStdio: true,
  };
}

/** Holds at every event that it hears, and hands it to who waits for one. */
export class Watcher implements Engine {
  readonly name = 'doctor';
  readonly mask: ReadonlySet<EventKind> = new Set(['breakpoint', 'step-done', 'signal', 'exit']);
  #tell: (event: CoreEvent) => void = () => undefined;

  onEvent(event: CoreEvent): EventAnswer {
    this.#tell(event);
    return 'hold';
  }

  next(): Promise<CoreEvent> {
    return new Promise((resolve) => {
      this.#tell = resolve;
    });
  }
}
