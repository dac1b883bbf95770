/** The text of a call's arguments and result, in the two parts in which it comes to be known. */
import type { CallFacts, Parameter, Signature } from './call-facts.js';
import { decimalResult, ofRegisters } from './call-facts.js';
import { hex } from './constants.js';
import { errors, isErrorResult, restartErrors } from './tables/errors.js';

/** Of a call that is not known: six registers. */
export const unknownCall: Signature = {
  parameters: Array.from({ length: 6 }, () => ({
    onEntry: ofRegisters((value: bigint) => `0x${value.toString(16)}`),
  })),
  result: decimalResult,
  wide: [],
};

const rawNumber = ofRegisters((value: bigint) => hex(value));

/** As many registers as the call has arguments, and the result, as numbers. */
export function rawSignature({ parameters }: Signature = unknownCall): Signature {
  return { parameters: parameters.map(() => ({ onEntry: rawNumber })), result: rawNumber, wide: [] };
}

const noNotes: ReadonlyMap<number, string> = new Map();

export interface ResultText {
  /** `3`, `?`, `-1 ENOENT (No such file or directory)`, `1 ([...])`. */
  readonly text: string;
  /** Name of the error, `ENOENT`. */
  readonly error: string | undefined;
}

export class CallText {
  readonly #signature: Signature;
  readonly #texts: string[] = [];
  #notes: Map<number, string> | undefined;
  #next = 0;
  #isOver = false;
  /** The parameter at hand has been begun. */
  #isBegun = false;

  constructor(signature: Signature = unknownCall) {
    this.#signature = signature;
  }

  get notes(): ReadonlyMap<number, string> {
    return this.#notes ?? noNotes;
  }

  /** Those of the arguments that are known so far. */
  get arguments(): readonly string[] {
    return this.#texts;
  }

  /** @returns what can be said when the call is made, with what separates it from the rest */
  enter(call: CallFacts): string {
    const { parameters } = this.#signature;
    for (let index = 0; index < parameters.length; index++) {
      const text = parameters[index]?.note?.(call.args[index] ?? 0n, call, index);
      if (text === undefined) continue;
      this.#notes ??= new Map();
      this.#notes.set(index, text);
    }
    let text = '';
    for (; this.#next < parameters.length && !this.#isOver; this.#next++) {
      const value = call.args[this.#next] ?? 0n;
      const { onEntry, onReturn, awaitsReturn } = parameters[this.#next] as Parameter;
      const separator = this.#next === 0 ? '' : ', ';
      const waits = onReturn !== undefined && (awaitsReturn?.(value, call) ?? true);
      if (onEntry === undefined && waits) return text + separator;
      text += this.#add(onEntry?.(value, call, this.#next), separator);
      if (!waits) continue;
      this.#isBegun = true;
      break;
    }
    return text;
  }

  /** @returns the rest */
  leave(call: CallFacts): string {
    const { parameters } = this.#signature;
    let text = '';
    for (let isFirst = true; this.#next < parameters.length && !this.#isOver; this.#next++) {
      const value = call.args[this.#next] ?? 0n;
      const { onEntry, onReturn, awaitsReturn } = parameters[this.#next] as Parameter;
      if (this.#isBegun) {
        const more = onReturn?.(value, call, this.#next) ?? '';
        this.#texts[this.#texts.length - 1] += more;
        text += more;
      } else {
        // What separates the first one was said on the way in.
        const separator = isFirst || this.#next === 0 ? '' : ', ';
        const waits = onReturn !== undefined && (awaitsReturn?.(value, call) ?? true);
        text += this.#add(onEntry?.(value, call, this.#next), separator);
        if (waits)
          text += onEntry === undefined ? this.#add(onReturn(value, call, this.#next), separator) : '';
      }
      this.#isBegun = false;
      isFirst = false;
    }
    return text;
  }

  #add(text: string | undefined, separator: string): string {
    if (text === undefined) {
      const { onEntry } = this.#signature.parameters[this.#next] as Parameter;
      this.#isOver = onEntry !== undefined;
      return '';
    }
    this.#texts.push(text);
    return separator + text;
  }

  result(call: CallFacts): ResultText {
    const { result } = call;
    if (result === undefined) return { text: '?', error: undefined };
    const restart = restartErrors.get(Number(-result));
    if (restart !== undefined) return { text: `? ${restart.name} (${restart.text})`, error: restart.name };
    if (!isErrorResult(result)) return { text: this.#signature.result(result, call), error: undefined };
    const known = errors.get(Number(-result));
    if (known === undefined) return { text: `-1 (errno ${-result})`, error: String(-result) };
    return { text: `-1 ${known.name} (${known.text})`, error: known.name };
  }
}
