/**
 * A real aarch64 kernel under QEMU's software emulation, with this project's folder at the same path as here. Several
 * run side by side, each by its own name. A guest outlives the process that booted it, until it is stopped.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { bounded } from '../support/bounded.js';
import { projectRoot } from '../support/project-paths.js';

/** Emulated, on a busy machine, with a cold cache of the host's; usually five seconds. */
const bootTimeoutMs = 300_000;
const usualPorts = 6;
const memoryMiB = 2048;

interface State {
  readonly pid: number;
  readonly shellPort: number;
  readonly image: string;
  /** Ports of this machine's loopback interface that lead to the same port of the guest. */
  readonly ports: readonly number[];
}

function folderOf(name: string): string {
  return join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), 'outstep-guests', name);
}

async function findImage(): Promise<string> {
  const script = join(projectRoot, 'test/aarch64/image.sh');
  const child = spawn('bash', [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    printed += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`no image for the guest: ${script} ended with status ${code}`);
  return printed.trim();
}

async function listen(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server without a port');
  return { server, port: address.port };
}

async function freePorts(count: number): Promise<readonly number[]> {
  const held = await Promise.all(Array.from({ length: count }, listen));
  await Promise.all(held.map(({ server }) => promisify(server.close.bind(server))()));
  return held.map(({ port }) => port);
}

function machineArguments(state: Omit<State, 'pid'>, folder: string, readyPort: number): readonly string[] {
  const kernelArguments = [
    'console=ttyAMA0 quiet panic=-1',
    `outstep.share=${projectRoot}`,
    `outstep.ready=${readyPort}`,
  ];
  const forwards = [
    `hostfwd=tcp:127.0.0.1:${state.shellPort}-:22`,
    ...state.ports.map((port) => `hostfwd=tcp:127.0.0.1:${port}-:${port}`),
  ];
  return [
    ...['-M', 'virt,mte=on,gic-version=3', '-smp', '2', '-m', `${memoryMiB}`],
    // The architecture's own pointer authentication costs most of the time where every return is authenticated.
    ...['-cpu', 'max,pauth-impdef=on', '-accel', 'tcg,thread=multi'],
    ...['-nodefaults', '-display', 'none', '-no-reboot', '-serial', `file:${join(folder, 'console')}`],
    ...['-kernel', join(state.image, 'vmlinuz'), '-initrd', join(state.image, 'initramfs.gz')],
    ...['-append', kernelArguments.join(' ')],
    // Writes go to a file of this guest's own that has no name.
    ...['-drive', `file=${join(state.image, 'root.ext4')},format=raw,if=none,id=root,snapshot=on`],
    ...['-device', 'virtio-blk-pci,drive=root', '-device', 'virtio-rng-pci'],
    ...['-netdev', ['user', 'id=net', ...forwards].join(',')],
    ...['-device', 'virtio-net-pci,netdev=net,romfile='],
    ...['-fsdev', `local,id=share,path=${projectRoot},security_model=none,multidevs=remap`],
    ...['-device', 'virtio-9p-pci,fsdev=share,mount_tag=share'],
  ];
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export interface RunOptions {
  /** Folder of the guest; default: the project's. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A terminal for an interactive command. */
  readonly terminal?: boolean;
}

export class Guest {
  private constructor(
    readonly name: string,
    readonly folder: string,
    readonly state: State,
  ) {}

  /** The guest of this name, or undefined when none runs. */
  static find(name: string): Guest | undefined {
    const folder = folderOf(name);
    const file = join(folder, 'state.json');
    if (!existsSync(file)) return undefined;
    const state = JSON.parse(readFileSync(file, 'utf8')) as State;
    return isMachineOf(folder, state.pid) ? new Guest(name, folder, state) : undefined;
  }

  /**
   * Boots a guest, and waits until it takes commands.
   * @param forwardedPorts how many ports of this machine lead into it
   * @throws Error with the console's tail when the kernel panics or nothing is heard of the guest in time
   */
  static async boot(name: string, forwardedPorts = usualPorts): Promise<Guest> {
    if (Guest.find(name) !== undefined) throw new Error(`a guest "${name}" runs already`);
    const image = await findImage();
    const folder = folderOf(name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const build of ['aarch64/Release', 'Release'])
      mkdirSync(join(projectRoot, 'native/build', build), { recursive: true });
    const [shellPort = 0, ...ports] = await freePorts(1 + forwardedPorts);
    const { server, port: readyPort } = await listen();
    const log = openSync(join(folder, 'qemu.log'), 'w');
    const machine = spawn(
      join(image, 'qemu-system-aarch64'),
      machineArguments({ image, shellPort, ports }, folder, readyPort),
      { detached: true, stdio: ['ignore', log, log] },
    );
    try {
      await once(machine, 'spawn');
      const state: State = { pid: machine.pid ?? 0, shellPort, image, ports };
      writeFileSync(join(folder, 'state.json'), JSON.stringify(state));
      const guest = new Guest(name, folder, state);
      await bounded(
        Promise.race([once(server, 'connection'), guest.#unexpectedEnd(machine)]),
        bootTimeoutMs,
        () => `the boot of guest "${name}"\n${guest.consoleTail()}`,
      );
      machine.unref();
      return guest;
    } catch (error) {
      machine.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
      throw error;
    } finally {
      server.close();
    }
  }

  static async findOrBoot(name: string): Promise<Guest> {
    return Guest.find(name) ?? Guest.boot(name);
  }

  /** The command line that runs a command in the guest; its exit status is the command's. */
  shellCommand(
    command: readonly string[],
    { cwd = projectRoot, env = {}, terminal = false }: RunOptions = {},
  ): string[] {
    const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}; `);
    const program = command.length === 0 ? 'bash -l' : command.map(quote).join(' ');
    const script = `. /etc/profile; ${variables.join('')}exec ${program}`;
    return [
      ...['ssh', '-q', '-F', 'none', '-i', join(this.state.image, 'key'), '-p', `${this.state.shellPort}`],
      ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'IdentitiesOnly=yes'],
      // One connection for all commands: its key exchange takes a second under emulation.
      ...['-o', 'ControlMaster=auto', '-o', `ControlPath=${join(this.folder, 'shell')}`],
      ...[
        '-o',
        'ControlPersist=yes',
        terminal ? '-t' : '-T',
        'root@127.0.0.1',
        `cd ${quote(cwd)} && ${script}`,
      ],
    ];
  }

  /** Runs a command with this process's streams. @returns its exit status */
  async run(command: readonly string[], options: RunOptions = {}): Promise<number> {
    const [program = '', ...args] = this.shellCommand(command, options);
    const [code] = await once(spawn(program, args, { stdio: 'inherit' }), 'close');
    return typeof code === 'number' ? code : 1;
  }

  /** Runs a command and gives what it printed. @throws Error when it fails */
  async capture(command: readonly string[], options: RunOptions = {}): Promise<string> {
    const [program = '', ...args] = this.shellCommand(command, options);
    return (await promisify(execFile)(program, args, { maxBuffer: 1 << 26 })).stdout;
  }

  /** The end of what the kernel has written. */
  consoleTail(lines = 40): string {
    const path = join(this.folder, 'console');
    const text = existsSync(path) ? readFileSync(path, 'latin1') : '';
    const log = readFileSync(join(this.folder, 'qemu.log'), 'utf8');
    return `${text.split('\n').slice(-lines).join('\n')}${log}`;
  }

  get isRunning(): boolean {
    return isMachineOf(this.folder, this.state.pid);
  }

  stop(): void {
    if (this.isRunning) process.kill(this.state.pid, 'SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #unexpectedEnd(machine: ChildProcess): Promise<never> {
    const [code, signal] = await once(machine, 'exit');
    throw new Error(`guest "${this.name}" ended (${signal ?? code}):\n${this.consoleTail()}`);
  }
}

/** Whether the process is the machine whose files lie in this folder: its number may be another's by now. */
function isMachineOf(folder: string, pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`file:${join(folder, 'console')}`);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
