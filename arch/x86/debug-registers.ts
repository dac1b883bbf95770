/**
 * The debug registers, SDM volume 3, 18.2: four addresses (DR0 to DR3), a status (DR6) and a control register (DR7).
 * ptrace shows them as words of `struct user` (<sys/user.h>), `u_debugreg`.
 */
import { distinctPoints, pointsIn } from '../hardware-points.js';
import type { DebugImage, DebugRegisters, DebugStore, HardwarePoint } from '../module.js';

/** offsetof(struct user, u_debugreg), <sys/user.h>. */
const debugRegisterOffset = 848;
const slotCount = 4;
const statusRegister = 6;
const controlRegister = 7;
/** DR7.LE: exact data breakpoints, recommended by the manual although present CPUs ignore it. */
const exactBit = 1n << 8n;
/** DR7.L0: enables slot 0 for the thread; two bits for each slot. */
const localEnable = 1n;

/** R/W field of DR7: what accesses trap. */
const accessBits = { execute: 0n, write: 1n, access: 3n } as const;
/** LEN field of DR7, by bytes. */
const lengthBits: ReadonlyMap<number, bigint> = new Map([
  [1, 0n],
  [2, 1n],
  [8, 2n],
  [4, 3n],
]);
const longestPieceBytes = 8;

/** What one slot watches: 1, 2, 4 or 8 bytes at a multiple of their number. */
interface Piece {
  readonly point: HardwarePoint;
  readonly address: bigint;
  readonly control: bigint;
}

/** Offset in the user area of debug register `number`. */
function userOffset(number: number): number {
  return debugRegisterOffset + 8 * number;
}

function store(number: number, value: bigint): DebugStore {
  return { kind: 'user', offset: userOffset(number), value };
}

/** The largest piece that is aligned at `address` and no longer than the rest. */
function pieceBytes(address: bigint, remainingBytes: number): number {
  let sizeBytes = longestPieceBytes;
  while (sizeBytes > remainingBytes || address % BigInt(sizeBytes) !== 0n) sizeBytes /= 2;
  return sizeBytes;
}

/** The pieces that cover a point exactly; undefined: more than there are slots, or a point that x86 cannot serve. */
function split(point: HardwarePoint): readonly Piece[] | undefined {
  const { kind, address, lengthBytes } = point;
  if (kind === 'read') return undefined;
  // The CPU compares the address of the instruction's first byte alone, whatever length the client gave.
  let remainingBytes = kind === 'execute' ? 1 : lengthBytes;
  if (!Number.isSafeInteger(remainingBytes) || remainingBytes < 1) return undefined;
  const pieces: Piece[] = [];
  let next = address;
  while (remainingBytes > 0) {
    if (pieces.length === slotCount) return undefined;
    const sizeBytes = kind === 'execute' ? 1 : pieceBytes(next, remainingBytes);
    const length = lengthBits.get(sizeBytes) ?? 0n;
    pieces.push({ point, address: next, control: accessBits[kind] | (length << 2n) });
    next += BigInt(sizeBytes);
    remainingBytes -= sizeBytes;
  }
  return pieces;
}

function imageOf(pieces: readonly Piece[]): DebugImage {
  return { slots: Array.from({ length: slotCount }, (_, slot) => pieces[slot]?.point) };
}

/** Undefined: they do not fit. */
function piecesOf(points: readonly HardwarePoint[]): readonly Piece[] | undefined {
  const pieces: Piece[] = [];
  for (const point of distinctPoints(points)) {
    const parts = split(point);
    if (parts === undefined) return undefined;
    pieces.push(...parts);
    if (pieces.length > slotCount) return undefined;
  }
  return pieces;
}

/**
 * DR7 is cleared first: the kernel checks each address against the length that its slot has at that moment. Slots
 * that are not used are left alone, because a store would reserve them in the kernel.
 */
function stores(_from: DebugImage, { slots }: DebugImage): readonly DebugStore[] {
  const pieces = piecesOf(pointsIn(slots)) ?? [];
  let control = 0n;
  for (const [slot, piece] of pieces.entries()) {
    control |= (localEnable << BigInt(2 * slot)) | (piece.control << BigInt(16 + 4 * slot));
  }
  const addresses = pieces.map(({ address }, slot) => store(slot, address));
  const enable = pieces.length === 0 ? [] : [store(controlRegister, control | exactBit)];
  return [store(controlRegister, 0n), ...addresses, ...enable];
}

const registers: DebugRegisters = {
  none: imageOf([]),
  trapsAfterWrite: true,
  watchpointSlots: slotCount,
  supports: (kind) => kind !== 'read',
  allocate: (points) => {
    const pieces = piecesOf(points);
    return pieces && imageOf(pieces);
  },
  stores,
  hits: { kind: 'status', offset: userOffset(statusRegister) },
};

/** Of every x86 CPU. */
export function debugRegisters(): DebugRegisters {
  return registers;
}
