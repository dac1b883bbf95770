/** Hardware breakpoints and watchpoints of a process: what engines want, and what every thread's registers must hold. */
import type { DebugImage, DebugRegisters, HardwarePoint } from '../../arch/module.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import type { NativeHardwarePrograms, NativeWatchedValue } from '../native/binding-types.js';
import {
  type BreakpointOwner,
  type BreakpointPrograms,
  nativePrograms,
  noPrograms,
} from './breakpoint-programs.js';

interface Wanted {
  readonly point: HardwarePoint;
  readonly owner: BreakpointOwner;
  /** Of a breakpoint. */
  readonly programs: BreakpointPrograms;
  readonly tells: ToldWrites;
}

/** Of a write watchpoint: the writes that its owner must hear of; those that change nothing may be told all the same. */
export type ToldWrites = 'all' | 'changes';

export class HardwarePoints {
  readonly #registers: DebugRegisters;
  #wanted: readonly Wanted[] = [];
  #image: DebugImage;

  constructor(registers: DebugRegisters) {
    this.#registers = registers;
    this.#image = registers.none;
  }

  get isEmpty(): boolean {
    return this.#wanted.length === 0;
  }

  get image(): DebugImage {
    return this.#image;
  }

  /** Whether any point watches data, so that memory must be written by the program itself. */
  get watchesData(): boolean {
    return this.#wanted.some(({ point }) => point.kind !== 'execute');
  }

  /** Inserting again replaces the programs. @throws OutstepError UNSUPPORTED for a kind that the machine lacks, NO_DEBUG_REGISTER when there is no room. */
  insert(
    point: HardwarePoint,
    owner: BreakpointOwner,
    programs: BreakpointPrograms = noPrograms,
    tells: ToldWrites = 'all',
  ): void {
    if (!this.#registers.supports(point.kind)) {
      throw new OutstepError(errorCodes.UNSUPPORTED, `this machine has no ${point.kind} watchpoints`);
    }
    if (this.isWantedBy(point, owner)) {
      this.#wanted = this.#wanted.map((one) =>
        one.owner === owner && samePoint(one.point, point) ? { point, owner, programs, tells } : one,
      );
      return;
    }
    const wanted = [...this.#wanted, { point, owner, programs, tells }];
    const image = this.#registers.allocate(wanted.map((entry) => entry.point));
    if (image === undefined) {
      const what =
        point.kind === 'execute' ? 'hardware breakpoint' : `watchpoint of ${point.lengthBytes} bytes`;
      const slots = this.#registers.none.slots.length;
      throw new OutstepError(
        errorCodes.NO_DEBUG_REGISTER,
        `no room for a ${what}: the ${slots} debug registers are in use or cannot cover it; delete another one`,
      );
    }
    this.#wanted = wanted;
    this.#image = image;
  }

  remove(point: HardwarePoint, owner: BreakpointOwner): void {
    this.#keep((wanted) => wanted.owner !== owner || !samePoint(wanted.point, point));
  }

  /** @returns whether there were any. */
  removeAllOf(owner: BreakpointOwner): boolean {
    return this.#keep((wanted) => wanted.owner !== owner);
  }

  /** A child gets what its parent has; `heirs` says who wants it there in the place of whom. */
  copyFrom(parent: HardwarePoints, heirs: ReadonlyMap<BreakpointOwner, BreakpointOwner>): void {
    for (const { point, owner, programs, tells } of parent.#wanted) {
      const heir = heirs.get(owner);
      if (heir !== undefined) this.insert(point, heir, programs, tells);
    }
  }

  triggered(image: DebugImage, status: bigint): readonly HardwarePoint[] {
    return this.#registers.triggered(image, status);
  }

  /** The breakpoints whose hits native code decides by programs. */
  programs(): readonly NativeHardwarePrograms[] {
    const breakpoints = this.#wanted.filter(({ point }) => point.kind === 'execute');
    return [...new Set(breakpoints.map(({ point }) => point.address))].flatMap((address) => {
      const here = breakpoints.filter(({ point }) => point.address === address);
      const programs = nativePrograms(new Map(here.map((one) => [one.owner, one.programs])));
      if (programs === undefined) return [];
      const [breakpoint] = here;
      return breakpoint === undefined
        ? []
        : [{ ...programs, address, statusBits: this.#statusBits(breakpoint.point) }];
    });
  }

  /** The watchpoints whose hits native code may keep back while nothing has changed. */
  watchedValues(): readonly NativeWatchedValue[] {
    if (!this.#registers.trapsAfterWrite) return [];
    const distinct = this.#image.slots.filter((point) => point?.kind === 'write');
    return [...new Set(distinct)].flatMap((point) => {
      if (point === undefined || !this.#tellsChangesOnly(point)) return [];
      const { address, lengthBytes } = point;
      return [{ address, lengthBytes, statusBits: this.#statusBits(point) }];
    });
  }

  #tellsChangesOnly(point: HardwarePoint): boolean {
    return this.#wanted.every((one) => one.tells === 'changes' || !samePoint(one.point, point));
  }

  /** The bits that a hit of the point sets. */
  #statusBits(wanted: HardwarePoint): bigint {
    const { statusMask } = this.#registers;
    let bits = 0n;
    for (let bit = 1n; bit <= statusMask; bit <<= 1n) {
      const points = (statusMask & bit) === 0n ? [] : this.triggered(this.#image, bit);
      if (points.some((point) => samePoint(point, wanted))) bits |= bit;
    }
    return bits;
  }

  isWantedBy(point: HardwarePoint, owner: BreakpointOwner): boolean {
    return this.#wanted.some((wanted) => wanted.owner === owner && samePoint(wanted.point, point));
  }

  /** @returns whether any does not. */
  #keep(stays: (wanted: Wanted) => boolean): boolean {
    const wanted = this.#wanted.filter(stays);
    if (wanted.length === this.#wanted.length) return false;
    this.#wanted = wanted;
    const points = wanted.map((entry) => entry.point);
    // Fewer points always fit.
    this.#image =
      points.length === 0 ? this.#registers.none : (this.#registers.allocate(points) ?? this.#image);
    return true;
  }
}

function samePoint(a: HardwarePoint, b: HardwarePoint): boolean {
  return a.kind === b.kind && a.address === b.address && a.lengthBytes === b.lengthBytes;
}
