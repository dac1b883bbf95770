/**
 * The debug registers, SDM volume 3, 18.2: four addresses (DR0 to DR3), a status (DR6) and a control register (DR7).
 * ptrace shows them as words of `struct user` (<sys/user.h>), `u_debugreg`.
 */
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

function isPointEqual(a: HardwarePoint, b: HardwarePoint): boolean {
  return a.kind === b.kind && a.address === b.address && a.lengthBytes === b.lengthBytes;
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

/**
 * DR7 is cleared first: the kernel checks each address against the length that its slot has at that moment. Slots
 * that are not used are left alone, because a store would reserve them in the kernel.
 */
function imageOf(pieces: readonly Piece[]): DebugImage {
  let control = 0n;
  for (const [slot, piece] of pieces.entries()) {
    control |= (localEnable << BigInt(2 * slot)) | (piece.control << BigInt(16 + 4 * slot));
  }
  const addresses = pieces.map(({ address }, slot) => store(slot, address));
  const enable = pieces.length === 0 ? [] : [store(controlRegister, control | exactBit)];
  return {
    stores: [store(controlRegister, 0n), ...addresses, ...enable],
    slots: Array.from({ length: slotCount }, (_, slot) => pieces[slot]?.point),
  };
}

function allocate(points: readonly HardwarePoint[]): DebugImage | undefined {
  const distinct = points.filter(
    (point, index) => points.findIndex((other) => isPointEqual(point, other)) === index,
  );
  const pieces: Piece[] = [];
  for (const point of distinct) {
    const parts = split(point);
    if (parts === undefined) return undefined;
    pieces.push(...parts);
    if (pieces.length > slotCount) return undefined;
  }
  return imageOf(pieces);
}

/** Several slots may serve one point: it is named once. */
function triggered(image: DebugImage, status: bigint): readonly HardwarePoint[] {
  const hit = new Set<HardwarePoint>();
  for (const [slot, point] of image.slots.entries()) {
    if (point !== undefined && ((status >> BigInt(slot)) & 1n) === 1n) hit.add(point);
  }
  return [...hit];
}

export const debugRegisters: DebugRegisters = {
  none: imageOf([]),
  trapsAfterWrite: true,
  supports: (kind) => kind !== 'read',
  allocate,
  statusOffset: userOffset(statusRegister),
  statusMask: (1n << BigInt(slotCount)) - 1n,
  triggered,
};
