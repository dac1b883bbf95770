/**
 * An emulated aarch64 guest: one that is booted for the run, all of its boards and files, or the one named by
 * OUTSTEP_GUEST, which has its copy of the project already.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostProcess } from '../../src/base/host-process.js';
import { Guest } from '../aarch64/guest.js';
import { sysrootOf } from '../aarch64/outside/sysroot.js';
import { copyProject } from '../aarch64/project-copy.js';
import { cacheFolder, projectRoot } from '../support/project-paths.js';
import { conformanceFolder } from './conformance-paths.js';
import type { SuiteMachine } from './suite-machine.js';

/** Each server gets the next one: a port is free again long before its turn comes. */
const portsOfLane = 8;
/** Above this machine's, so that a signal that a test sends to the wrong machine's process meets nobody. */
const firstPid = 4_000_000;
const laneVariable = 'GDB_SUITE_LANE';

const raisePids = `echo $((${firstPid} + 100000)) > /proc/sys/kernel/pid_max; echo ${firstPid} > /proc/sys/kernel/ns_last_pid`;

/** Runs its arguments in the guest, in the folder where it is itself run; with --pid it tells their process first. */
function runnerScript(guest: Guest, lane: number): string {
  const connection = guest.shellCommand([], { terminal: true }).slice(0, -1);
  return `#!/bin/bash
tell=
if [ "$1" = --pid ]; then
  tell='echo guest process $$;'
  shift
fi
printf -v folder %q "$PWD"
printf -v command '%q ' "$@"
exec ${connection.map((word) => `'${word}'`).join(' ')} \\
  "cd $folder; . /etc/profile; ulimit -c unlimited; export ${laneVariable}=${lane}; $tell exec $command"
`;
}

function endLanePrograms(lane: number): string {
  return [
    `grep -lzx ${laneVariable}=${lane} /proc/[0-9]*/environ 2> /dev/null`,
    'while IFS=/ read -r _ _ pid _; do kill -9 "$pid" 2> /dev/null; done',
  ].join(' | ');
}

class GuestMachine implements SuiteMachine {
  readonly triplet = 'aarch64-unknown-linux-gnu';
  readonly gnuServer = '/usr/bin/gdbserver';
  /** The bundle: loading a hundred modules takes an emulated processor seconds. */
  readonly outstep = ['/usr/local/bin/node', join(projectRoot, 'dist/outstep.cjs')];
  readonly patience = 6;
  readonly trivialProgram: string;
  readonly gdbSettings: readonly string[];
  #turns = 0;

  constructor(
    readonly guest: Guest,
    readonly workFolder: string,
    readonly sysroot: string,
    readonly lanes: number,
  ) {
    this.trivialProgram = join(workFolder, 'true');
    this.gdbSettings = [`set sysroot ${sysroot}`];
    for (let lane = 0; lane < lanes; lane++)
      writeFileSync(this.#runner(lane), runnerScript(guest, lane), { mode: 0o755 });
  }

  #runner(lane: number): string {
    return join(this.workFolder, `in-guest-${lane}`);
  }

  #ports(lane: number): readonly number[] {
    return this.guest.state.ports.filter((_, index) => index % this.lanes === lane);
  }

  commandLine(command: readonly string[]): readonly string[] {
    return this.guest.shellCommand(command);
  }

  async freeAddress(): Promise<{ listen: string; connect: string }> {
    const ports = this.#ports(0);
    const port = ports[this.#turns++ % ports.length];
    return { listen: `0.0.0.0:${port}`, connect: `localhost:${port}` };
  }

  settings(lane: number): readonly string[] {
    const libraries = ['lib', 'lib/aarch64-linux-gnu'].map((folder) => join(this.sysroot, folder));
    return [
      `set guest_command ${this.#runner(lane)}`,
      `set guest_ports {${this.#ports(lane).join(' ')}}`,
      `set guest_libraries ${libraries.join(':')}`,
      `set guest_first_pid ${firstPid}`,
      `set boards_dir ${join(conformanceFolder, 'boards')}`,
    ];
  }

  async endLeftovers(lane: number): Promise<void> {
    await this.guest.capture(['sh', '-c', endLanePrograms(lane)]);
  }

  [Symbol.dispose](): void {
    if (readdirSync(this.workFolder).every((name) => !name.startsWith('gdb-suite-')))
      rmSync(this.workFolder, { recursive: true });
  }
}

/** @param lanes files that run at the same time */
export async function startGuestMachine(lanes: number): Promise<SuiteMachine> {
  const found = hostProcess.env.OUTSTEP_GUEST;
  const guest = found === undefined ? await bootGuest(lanes) : Guest.find(found);
  if (guest === undefined) throw new Error(`no guest "${found}" runs (OUTSTEP_GUEST)`);
  await guest.capture(['sh', '-c', raisePids]);
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(join(cacheFolder, 'guest-suite-'));
  const machine = new GuestMachine(guest, work, await sysrootOf(guest), lanes);
  await guest.capture(['cp', '/usr/bin/true', machine.trivialProgram]);
  return machine;
}

async function bootGuest(lanes: number): Promise<Guest> {
  const guest = await Guest.boot(`conformance-${hostProcess.pid}`, lanes * portsOfLane);
  hostProcess.once('exit', () => guest.stop());
  await copyProject(guest);
  // Halves the time that each server takes to start.
  await guest.capture(['node', 'src/cli/bundle/compile-cache.cjs']);
  return guest;
}
