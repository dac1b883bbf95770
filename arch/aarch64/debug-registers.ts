/**
 * Hardware breakpoints and watchpoints through NT_ARM_HW_BREAK and NT_ARM_HW_WATCH: `struct user_hwdebug_state`,
 * <asm/ptrace.h>, and the control registers of the Arm Architecture Reference Manual, D24.3. A watchpoint register
 * watches any run of bytes within 8 aligned ones. The kernel has no use for the address masks of larger blocks, so long
 * ranges take several registers.
 */
import { distinctPoints, pointsIn } from '../hardware-points.js';
import type {
  DebugImage,
  DebugRegisters,
  DebugSet,
  DebugStore,
  HardwarePoint,
  MachineFacts,
} from '../module.js';

/** <linux/elf.h>. */
const notes = { breakpoints: 0x402, watchpoints: 0x403 } as const;
/** dbg_info and padding, which are only read. */
const headerBytes = 8;
const slotBytes = 16;
const controlOffset = 8;

/** DBGBCR and DBGWCR: E, PAC (EL0), LSC, BAS. */
const enable = 1;
const fromProgram = 2 << 1;
const accesses = { execute: 0, read: 1, write: 2, access: 3 } as const;
const accessShift = 3;
const bytesShift = 5;
const instructionBytes = 4;
const blockBytes = 8;

/** What one register does. */
interface Piece {
  readonly point: HardwarePoint;
  /** Of the instruction, or of the block of 8 bytes. */
  readonly address: bigint;
  readonly control: number;
}

/** By the regset that they are in. */
interface Pieces {
  readonly breakpoints: readonly Piece[];
  readonly watchpoints: readonly Piece[];
}

function piece(point: HardwarePoint, address: bigint, selectedBytes: number): Piece {
  const access = accesses[point.kind] << accessShift;
  return { point, address, control: (selectedBytes << bytesShift) | access | fromProgram | enable };
}

function breakpointPieces(point: HardwarePoint): readonly Piece[] | undefined {
  if (point.address % BigInt(instructionBytes) !== 0n) return undefined;
  return [piece(point, point.address, (1 << instructionBytes) - 1)];
}

/** The pieces that cover a range exactly; undefined: more than there are registers. */
function watchpointPieces(point: HardwarePoint, slotCount: number): readonly Piece[] | undefined {
  const { address, lengthBytes } = point;
  if (!Number.isSafeInteger(lengthBytes) || lengthBytes < 1 || lengthBytes > slotCount * blockBytes)
    return undefined;
  const pieces: Piece[] = [];
  const end = address + BigInt(lengthBytes);
  const size = BigInt(blockBytes);
  for (let block = address - (address % size); block < end; block += size) {
    const first = Number(address > block ? address - block : 0n);
    const last = Number(end < block + size ? end - block : size);
    pieces.push(piece(point, block, ((1 << (last - first)) - 1) << first));
  }
  return pieces.length > slotCount ? undefined : pieces;
}

/** The whole regset: `count` registers, of which those without a piece are off. */
function regsetStore(noteType: number, pieces: readonly Piece[], count: number): DebugStore {
  const bytes = new Uint8Array(headerBytes + count * slotBytes);
  const view = new DataView(bytes.buffer);
  for (const [index, { address, control }] of pieces.entries()) {
    const offset = headerBytes + index * slotBytes;
    view.setBigUint64(offset, address, true);
    view.setUint32(offset + controlOffset, control, true);
  }
  return { kind: 'regset', noteType, bytes };
}

/** Registers that no image uses are left alone: a store would reserve them in the kernel. */
function storesFor(noteType: number, from: readonly Piece[], to: readonly Piece[]): readonly DebugStore[] {
  const count = Math.max(from.length, to.length);
  return count === 0 ? [] : [regsetStore(noteType, to, count)];
}

/** Undefined: there is one that no number of registers covers. */
function piecesOf(points: readonly HardwarePoint[], watchpointSlots: number): Pieces | undefined {
  const breakpoints: Piece[] = [];
  const watchpoints: Piece[] = [];
  for (const point of distinctPoints(points)) {
    const pieces =
      point.kind === 'execute' ? breakpointPieces(point) : watchpointPieces(point, watchpointSlots);
    if (pieces === undefined) return undefined;
    (point.kind === 'execute' ? breakpoints : watchpoints).push(...pieces);
  }
  return { breakpoints, watchpoints };
}

function debugSet(noteType: number, isExecuted: boolean): DebugSet {
  return { noteType, isExecuted, controlOffset: headerBytes + controlOffset, strideBytes: slotBytes };
}

export function debugRegisters({ breakpointSlots, watchpointSlots }: MachineFacts): DebugRegisters {
  const imageOf = ({ breakpoints, watchpoints }: Pieces): DebugImage => ({
    slots: [
      ...Array.from({ length: breakpointSlots }, (_, index) => breakpoints[index]?.point),
      ...Array.from({ length: watchpointSlots }, (_, index) => watchpoints[index]?.point),
    ],
  });
  const piecesIn = ({ slots }: DebugImage): Pieces =>
    piecesOf(pointsIn(slots), watchpointSlots) ?? { breakpoints: [], watchpoints: [] };
  return {
    none: imageOf({ breakpoints: [], watchpoints: [] }),
    trapsAfterWrite: false,
    watchpointSlots,
    supports: (kind) => (kind === 'execute' ? breakpointSlots : watchpointSlots) > 0,
    allocate: (points) => {
      const pieces = piecesOf(points, watchpointSlots);
      const fits =
        pieces !== undefined &&
        pieces.breakpoints.length <= breakpointSlots &&
        pieces.watchpoints.length <= watchpointSlots;
      return fits ? imageOf(pieces) : undefined;
    },
    stores: (from, to) => {
      const former = piecesIn(from);
      const next = piecesIn(to);
      return [
        ...storesFor(notes.breakpoints, former.breakpoints, next.breakpoints),
        ...storesFor(notes.watchpoints, former.watchpoints, next.watchpoints),
      ];
    },
    hits: { kind: 'address', sets: [debugSet(notes.breakpoints, true), debugSet(notes.watchpoints, false)] },
  };
}
