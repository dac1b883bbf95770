/** One tracepoint location as the client defined it ("Tracepoint Packets" in the GDB manual), and its counts. */
import { bytesOfHex, ProtocolError } from 'gdb-js-rsp-parser';
import type { Address } from '../../../base/ids.js';

export type TraceAction =
  /** Every register, whatever the mask of the packet says. */
  | { readonly kind: 'registers' }
  /** `base`: number of the register that the offset counts from; undefined: the offset is an address. */
  | {
      readonly kind: 'memory';
      readonly base: number | undefined;
      readonly offset: bigint;
      readonly lengthBytes: number;
    }
  | { readonly kind: 'expression'; readonly program: Uint8Array }
  /** Data of a static tracepoint's marker: there is none. */
  | { readonly kind: 'static-data' };

export interface DefinedAction {
  /** As it was sent, for a client that asks what is defined. */
  readonly text: string;
  readonly action: TraceAction;
}

/** A line of what the user typed: kept for clients to come, without a meaning here. */
export interface SourceLine {
  readonly kind: string;
  readonly text: string;
}

export interface TracepointDefinition {
  readonly number: number;
  readonly address: Address;
  readonly isEnabled: boolean;
  /** Steps that are recorded after a hit. */
  readonly stepCount: number;
  /** The run stops with this hit; 0: never. */
  readonly passCount: number;
  readonly condition: Uint8Array | undefined;
}

export class Tracepoint {
  readonly number: number;
  readonly address: Address;
  readonly stepCount: number;
  readonly passCount: number;
  readonly condition: Uint8Array | undefined;
  readonly actions: DefinedAction[] = [];
  readonly stepActions: DefinedAction[] = [];
  readonly sources: SourceLine[] = [];
  isEnabled: boolean;
  hitCount = 0;
  /** Bytes of trace buffer that its frames took, without their headers. */
  usageBytes = 0;
  /** Actions that come from now on are for the steps. */
  #isAtSteps = false;

  constructor(definition: TracepointDefinition) {
    this.number = definition.number;
    this.address = definition.address;
    this.isEnabled = definition.isEnabled;
    this.stepCount = definition.stepCount;
    this.passCount = definition.passCount;
    this.condition = definition.condition;
  }

  /** Actions one behind the other, as in a packet; an `S` begins those of the steps. @throws ProtocolError */
  addActions(text: string): void {
    const parsed = parseActions(text);
    for (const item of parsed) {
      if (item === 'steps') this.#isAtSteps = true;
      else if (this.#isAtSteps) this.stepActions.push(item);
      else this.actions.push(item);
    }
  }
}

const actionForm =
  /S|L|R[0-9a-f]*|M(?<base>-1|[0-9a-f]{1,8}),(?<offset>[0-9a-f]{1,16}),(?<length>[0-9a-f]{1,8})|X(?<size>[0-9a-f]+),(?<program>[0-9a-f]*)/iy;

export function parseActions(text: string): readonly (DefinedAction | 'steps')[] {
  const parsed: (DefinedAction | 'steps')[] = [];
  actionForm.lastIndex = 0;
  for (let end = 0; end < text.length; ) {
    const match = actionForm.exec(text);
    if (match === null) throw new ProtocolError(`no trace action: ${text.slice(end, end + 20)}`);
    end = actionForm.lastIndex;
    const action = match[0] === 'S' ? undefined : actionOf(match);
    parsed.push(action === undefined ? 'steps' : { text: match[0], action });
  }
  return parsed;
}

function actionOf(match: RegExpExecArray): TraceAction {
  const { base = '', offset = '', length = '', size = '', program = '' } = match.groups ?? {};
  switch (match[0].charAt(0)) {
    case 'R':
      return { kind: 'registers' };
    case 'L':
      return { kind: 'static-data' };
    case 'M': {
      const isAbsolute = base === '-1' || Number.parseInt(base, 16) === 0xffffffff;
      return {
        kind: 'memory',
        base: isAbsolute ? undefined : Number.parseInt(base, 16),
        offset: BigInt(`0x${offset}`),
        lengthBytes: Number.parseInt(length, 16),
      };
    }
    default: {
      const bytes = bytesOfHex(program);
      if (bytes.length !== Number.parseInt(size, 16))
        throw new ProtocolError(`an expression of ${bytes.length} bytes, announced were 0x${size}`);
      return { kind: 'expression', program: bytes };
    }
  }
}
