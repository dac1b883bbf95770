/** What LLDB is told of this machine and of processes on it (LLDB's "GDB Remote Protocol Extensions"). */
import { readFileSync } from 'node:fs';
import { hostname, release, version } from 'node:os';
import { modulesOn } from '../../../../arch/index.js';
import type { ArchModule, MachineFacts } from '../../../../arch/module.js';
import { errorCodes, OutstepError } from '../../../base/errors.js';

/** As LLVM calls what a machine and its system are. */
export function tripleOf(arch: ArchModule): string {
  return `${arch.target}-linux-gnu`;
}

/** The architecture of this machine's own programs. @throws OutstepError UNSUPPORTED */
function ownArchitecture({ machine }: MachineFacts): ArchModule {
  const [own] = modulesOn(machine);
  if (own === undefined)
    throw new OutstepError(errorCodes.UNSUPPORTED, `nothing is known of ${machine} machines`);
  return own;
}

/** `6.1.0` of `6.1.0-13-amd64`: clients want numbers. */
function numericRelease(): string {
  return /^\d+(?:\.\d+)*/.exec(release())?.[0] ?? '';
}

/** ID of os-release(5); undefined where there is no such file. */
function distribution(): string | undefined {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return /^ID="?([^"\n]*)"?$/m.exec(readFileSync(path, 'utf8'))?.[1];
    } catch {
      // The next one, or none: systems need not have it.
    }
  }
  return undefined;
}

export function hostFacts(machine: MachineFacts): {
  readonly triple: string;
  readonly pointerBytes: number;
  readonly endian: string;
  readonly watchpointStops: 'before' | 'after';
  readonly osVersion: string;
  readonly osBuild: string;
  readonly osKernel: string;
  readonly hostName: string;
  readonly distribution?: string;
} {
  const arch = ownArchitecture(machine);
  const system = distribution();
  return {
    triple: tripleOf(arch),
    pointerBytes: arch.pointerBytes,
    endian: 'little',
    watchpointStops: arch.debugRegisters(machine).trapsAfterWrite ? 'after' : 'before',
    osVersion: numericRelease(),
    osBuild: release(),
    osKernel: version(),
    hostName: hostname(),
    ...(system === undefined ? {} : { distribution: system }),
  };
}
