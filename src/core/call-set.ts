/** Sets of system calls that may be all but some. */

/** System calls by their numbers on the process's machine, or all others, those that nobody knows among them. */
export type CaughtSystemCalls =
  | 'none'
  | 'all'
  | ReadonlySet<number>
  | { readonly allBut: ReadonlySet<number> };

/** The same in one form: `isRest`: all but `numbers`. */
export interface CallSet {
  readonly numbers: ReadonlySet<number>;
  readonly isRest: boolean;
}

const nothing: ReadonlySet<number> = new Set();

/** What is wished for, in one form. */
export function callSetOf(wish: CaughtSystemCalls): CallSet {
  if (typeof wish === 'string') return { numbers: nothing, isRest: wish === 'all' };
  return 'allBut' in wish ? { numbers: wish.allBut, isRest: true } : { numbers: wish, isRest: false };
}

/** As somebody would wish for it. */
export function wishFor({ numbers, isRest }: CallSet): CaughtSystemCalls {
  if (numbers.size === 0) return isRest ? 'all' : 'none';
  return isRest ? { allBut: numbers } : numbers;
}

/** Whether the call of that number is in the set. */
export function hasCall({ numbers, isRest }: CallSet, number: number): boolean {
  return numbers.has(number) !== isRest;
}

/** What is in one of two sets, or in both. */
export function unionOf(one: CallSet, other: CallSet): CallSet {
  if (!one.isRest && !other.isRest)
    return { numbers: new Set([...one.numbers, ...other.numbers]), isRest: false };
  const [rest, second] = one.isRest ? [one, other] : [other, one];
  return { numbers: new Set([...rest.numbers].filter((number) => !hasCall(second, number))), isRest: true };
}

/** Whether `whole` has all that `part` has. */
export function containsCalls(whole: CallSet, part: CallSet): boolean {
  if (part.isRest) return whole.isRest && [...whole.numbers].every((number) => part.numbers.has(number));
  return [...part.numbers].every((number) => hasCall(whole, number));
}
