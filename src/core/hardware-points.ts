/** Hardware breakpoints and watchpoints of a process: what engines want, and what every thread's registers must hold. */
import { isSamePoint, pointsIn } from '../../arch/hardware-points.js';
import type { DebugImage, DebugRegisters, DebugStore, HardwarePoint } from '../../arch/module.js';
import { errorCodes, OutstepError } from '../base/errors.js';
import type {
  NativeHardwarePrograms,
  NativeHardwareRange,
  NativeTracer,
  NativeWatchedValue,
} from '../native/binding-types.js';
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
  get #watchesData(): boolean {
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
        one.owner === owner && isSamePoint(one.point, point) ? { point, owner, programs, tells } : one,
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
    this.#keep((wanted) => wanted.owner !== owner || !isSamePoint(wanted.point, point));
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

  /** What makes an image of another one. */
  stores(from: DebugImage): readonly DebugStore[] {
    return this.#registers.stores(from, this.#image);
  }

  /** What native code decides by itself when a thread hits one. */
  tellNative(native: NativeTracer, space: number): void {
    native.setWatched(space, this.#watchesData);
    native.setHardwareRanges(space, this.#ranges());
    native.setHardwarePrograms(space, this.#programs());
    native.setWatchedValues(space, this.#watchedValues());
  }

  /** The points as native code finds them by an address. */
  #ranges(): readonly NativeHardwareRange[] {
    return pointsIn(this.#image.slots).map((point) => ({
      address: point.address,
      lengthBytes: point.lengthBytes,
      isExecuted: point.kind === 'execute',
      statusBits: this.#statusBits(point),
    }));
  }

  /** The breakpoints whose hits native code decides by programs. */
  #programs(): readonly NativeHardwarePrograms[] {
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
  #watchedValues(): readonly NativeWatchedValue[] {
    if (!this.#registers.trapsAfterWrite) return [];
    return pointsIn(this.#image.slots).flatMap((point) => {
      if (point.kind !== 'write' || !this.#tellsChangesOnly(point)) return [];
      const { address, lengthBytes } = point;
      return [{ address, lengthBytes, statusBits: this.#statusBits(point) }];
    });
  }

  #tellsChangesOnly(point: HardwarePoint): boolean {
    return this.#wanted.every((one) => one.tells === 'changes' || !isSamePoint(one.point, point));
  }

  /** The bits that a hit of the point sets. */
  #statusBits(wanted: HardwarePoint): bigint {
    return this.#image.slots.reduce((bits, point, slot) => {
      const isIts = point !== undefined && isSamePoint(point, wanted);
      return isIts ? bits | (1n << BigInt(slot)) : bits;
    }, 0n);
  }

  isWantedBy(point: HardwarePoint, owner: BreakpointOwner): boolean {
    return this.#wanted.some((wanted) => wanted.owner === owner && isSamePoint(wanted.point, point));
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
