/**
 * What a client may do beside others. All, unless it, or its user, has renounced something (`QAllow`, GDB manual,
 * "General Query Packets"; `monitor observe on`): an observer looks at a program that belongs to others.
 */

/** The first six in GDB's words; `Control`: ends and starts programs, and decides about their signals. */
export const permissionNames = [
  'WriteReg',
  'WriteMem',
  'InsertBreak',
  'InsertTrace',
  'InsertFastTrace',
  'Stop',
  'Control',
] as const;

export type Permission = (typeof permissionNames)[number];

/** By packet; the others change nothing that others see. */
const needs: ReadonlyMap<string, Permission> = new Map([
  ...each('WriteReg', ['G', 'P', 'QRestoreRegisterState']),
  ...each('WriteMem', ['M', 'X', 'QMemTags', '_M', '_m']),
  ...each('InsertBreak', ['Z0', 'Z1', 'Z2', 'Z3', 'Z4']),
  ...each('InsertTrace', ['QTinit', 'QTDP', 'QTDPsrc', 'QTDV', 'QTStart', 'QTStop', 'QTEnable', 'QTDisable']),
  ...each('Stop', ['vCtrlC']),
  ...each('Control', ['vKill', 'R', 'vRun', 'A']),
]);

function each(permission: Permission, packets: readonly string[]): [string, Permission][] {
  return packets.map((packet) => [packet, permission]);
}

export class Permissions {
  readonly #renounced = new Set<Permission>();

  has(permission: Permission): boolean {
    return !this.#renounced.has(permission);
  }

  set(permission: Permission, isAllowed: boolean): void {
    if (isAllowed) this.#renounced.delete(permission);
    else this.#renounced.add(permission);
  }

  /** Everything but to stop the program for a look. */
  observe(isObserver: boolean): void {
    for (const name of permissionNames) this.set(name, !isObserver || name === 'Stop');
  }

  /** Why a packet is refused; undefined: it is not. */
  refusal(packet: string): string | undefined {
    const needed = needs.get(packet);
    if (needed === undefined || this.has(needed)) return undefined;
    return `this client only observes (${needed} is not allowed; monitor observe off)`;
  }
}
