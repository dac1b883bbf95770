/**
 * What an answer about a program was made from: the bytes that were read for it. As long as they are the same the answer
 * is, whatever the program has done meanwhile; nothing that a loader says of its own state needs to be believed.
 */
import { type Address, address } from '../../base/ids.js';
import type { ProgramMemory } from './program-reader.js';

interface Piece {
  readonly at: bigint;
  readonly bytes: Uint8Array;
}

/** Pieces that lie near each other, to be read at once. */
interface Stretch {
  readonly at: Address;
  readonly lengthBytes: number;
  /** Of each piece, in the stretch: where it begins and ends. */
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  /** The pieces, one behind the other. */
  readonly expected: Uint8Array;
}

/** To copy what lies between two pieces costs less than another read. */
const widestGapBytes = 4096n;
const longestStretchBytes = 0x40000n;

export class Evidence {
  #pieces: Piece[] = [];
  #stretches: readonly Stretch[] | undefined;
  /** The answer depends on what could not be read, too. */
  #isIncomplete = false;

  add(at: bigint, bytes: Uint8Array): void {
    this.#pieces.push({ at, bytes });
  }

  addUnreadable(): void {
    this.#isIncomplete = true;
  }

  /** Whether everything is in memory as it was. Nothing can be added from the first call on. */
  holds(memory: ProgramMemory): boolean {
    if (this.#isIncomplete) return false;
    if (this.#stretches === undefined) {
      this.#stretches = stretchesOf(this.#pieces);
      this.#pieces = [];
    }
    return this.#stretches.every((stretch) =>
      isAsBefore(stretch, memory.read(stretch.at, stretch.lengthBytes)),
    );
  }
}

function isAsBefore({ lengthBytes, starts, ends, expected }: Stretch, found: Uint8Array): boolean {
  if (found.length < lengthBytes) return false;
  let at = 0;
  for (let piece = 0; piece < starts.length; piece += 1) {
    const end = ends[piece] ?? 0;
    for (let place = starts[piece] ?? 0; place < end; place += 1, at += 1) {
      if (found[place] !== expected[at]) return false;
    }
  }
  return true;
}

function stretchesOf(pieces: readonly Piece[]): readonly Stretch[] {
  const sorted = pieces.toSorted((left, right) => (left.at < right.at ? -1 : left.at > right.at ? 1 : 0));
  const groups: Piece[][] = [];
  let end = 0n;
  for (const piece of sorted) {
    const group = groups.at(-1);
    const start = group?.[0]?.at ?? 0n;
    const pieceEnd = piece.at + BigInt(piece.bytes.length);
    if (group !== undefined && piece.at <= end + widestGapBytes && pieceEnd <= start + longestStretchBytes) {
      group.push(piece);
      if (pieceEnd > end) end = pieceEnd;
    } else {
      groups.push([piece]);
      end = pieceEnd;
    }
  }
  return groups.map(stretchOf);
}

/** `pieces` are sorted, and not empty. */
function stretchOf(pieces: readonly Piece[]): Stretch {
  const at = pieces[0]?.at ?? 0n;
  const starts = Uint32Array.from(pieces, (piece) => Number(piece.at - at));
  const ends = Uint32Array.from(pieces, ({ bytes }, index) => (starts[index] ?? 0) + bytes.length);
  const expected = new Uint8Array(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let to = 0;
  for (const { bytes } of pieces) {
    expected.set(bytes, to);
    to += bytes.length;
  }
  return { at: address(at), lengthBytes: Math.max(...ends), starts, ends, expected };
}
