/** The kinds of targets that rows have. */
import type { ContenderName } from './contender.js';
import type { RowResult, Summary, Target } from './row.js';

function summaries(result: RowResult, ...names: readonly ContenderName[]): readonly (Summary | undefined)[] {
  return names.map((name) => result.summaries.get(name));
}

export function times(ratio: number): string {
  return `${ratio >= 100 ? Math.round(ratio) : ratio.toPrecision(3)}x`;
}

/** So many times as quick as GNU gdbserver, at least. */
export function faster(atLeast: number): Target {
  return {
    text: `${atLeast}x`,
    judge: (own) => {
      const [ours, theirs] = summaries(own, 'outstep', 'gdbserver');
      if (ours === undefined || theirs === undefined) return undefined;
      const ratio = theirs.medianNs / ours.medianNs;
      return { actual: times(ratio), isMet: ratio >= atLeast };
    },
  };
}

/** So much of the speed without a debugger, at least. */
export function ofNative(atLeast: number): Target {
  return {
    text: `${atLeast} of native`,
    judge: (own) => {
      const [ours, native] = summaries(own, 'outstep', 'native');
      if (ours === undefined || native === undefined) return undefined;
      const share = native.medianNs / ours.medianNs;
      return { actual: `${share.toFixed(2)} of native`, isMet: share >= atLeast };
    },
  };
}

/** So many times as quick as strace, at least. */
export function fasterThanStrace(name: 'strace' | 'strace --seccomp-bpf', atLeast: number): Target {
  return {
    text: `${atLeast}x ${name}`,
    judge: (own) => {
      const [ours, theirs] = summaries(own, 'outstep', name);
      if (ours === undefined || theirs === undefined) return undefined;
      const ratio = theirs.medianNs / ours.medianNs;
      return { actual: times(ratio), isMet: ratio >= atLeast };
    },
  };
}

/** Against GNU gdbserver in another row, which it lacks in this one. */
export function fasterThan(rowName: string, atLeast: number): Target {
  return {
    text: `${atLeast}x gdbserver's ${rowName}`,
    judge: (own, all) => {
      const ours = own.summaries.get('outstep');
      const theirs = all.get(rowName)?.summaries.get('gdbserver');
      if (ours === undefined || theirs === undefined) return undefined;
      const ratio = theirs.medianNs / ours.medianNs;
      return { actual: times(ratio), isMet: ratio >= atLeast };
    },
  };
}

/** At most so many times what we ourselves take in another row. */
export function within(rowName: string, atMost: number): Target {
  return {
    text: `at most ${atMost}x of ${rowName}`,
    judge: (own, all) => {
      const ours = own.summaries.get('outstep');
      const small = all.get(rowName)?.summaries.get('outstep');
      if (ours === undefined || small === undefined) return undefined;
      const ratio = ours.medianNs / small.medianNs;
      return { actual: `${times(ratio)} of ${rowName}`, isMet: ratio <= atMost };
    },
  };
}

/** At most so many more milliseconds than Node's own start. */
export function aboveNode(atMostMs: number): Target {
  return {
    text: `Node + ${atMostMs} ms`,
    judge: (own) => {
      const [ours, node] = summaries(own, 'outstep', 'node');
      if (ours === undefined || node === undefined) return undefined;
      const extraMs = (ours.medianNs - node.medianNs) / 1e6;
      return { actual: `Node + ${extraMs.toFixed(1)} ms`, isMet: extraMs <= atMostMs };
    },
  };
}

function figureAtMost(
  atMost: number,
  unit: string,
  figureOf: (summary: Summary) => number | undefined,
): Target {
  return {
    text: `${atMost} ${unit}`,
    judge: (own) => {
      const ours = own.summaries.get('outstep');
      const figure = ours === undefined ? undefined : figureOf(ours);
      if (figure === undefined) return undefined;
      // A run has a few calls of its own besides those of its operations.
      return { actual: `${figure.toPrecision(3)} ${unit}`, isMet: figure <= atMost + 0.05 };
    },
  };
}

export function systemCallsAtMost(atMost: number): Target {
  return figureAtMost(atMost, 'system calls', ({ systemCalls }) => systemCalls);
}

export function stopsAtMost(atMost: number): Target {
  return figureAtMost(atMost, 'stops', ({ stops }) => stops);
}

export function residentAtMost(atMostMib: number): Target {
  return figureAtMost(atMostMib, 'MiB', ({ residentKib }) =>
    residentKib === undefined ? undefined : residentKib / 1024,
  );
}

export function worstWithin(atMostMs: number): Target {
  return figureAtMost(atMostMs, 'ms at worst', ({ worstNs }) =>
    worstNs === undefined ? undefined : worstNs / 1e6,
  );
}
