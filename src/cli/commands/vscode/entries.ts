/**
 * Entries of VS Code's launch.json, and the tasks that some of them need, from facts of the machine; nothing is asked of it
 * here. What each extension understands is in its own documentation: of cppdbg "Configure C/C++ debugging", of gdbtarget
 * cdt-gdb-vscode's README, of lldb CodeLLDB's manual ("Connecting to lldb-server agent"), of lldb-dap its README, of gdb
 * Native Debug's README.
 */

/** What is to be debugged, and with what. */
export interface Scene {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** The process to attach to; undefined: the program is started. */
  readonly pid: number | undefined;
  readonly folder: string;
  /** As cppdbg names it; undefined: it finds out. */
  readonly architecture: string | undefined;
  readonly gdb: string;
  /** For adapters that cannot find out which one the server has chosen. */
  readonly port: number;
  /** The server's command, without arguments of ours. */
  readonly server: readonly [command: string, ...args: string[]];
}

export interface Entry {
  readonly name: string;
  readonly type: string;
  readonly request: 'launch' | 'attach';
  /** Label of a task of `tasksOf`. */
  readonly preLaunchTask?: string;
  readonly [setting: string]: unknown;
}

export interface Task {
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly [setting: string]: unknown;
}

const host = '127.0.0.1';
/** A start on a machine with a lot to do. */
const startTimeoutMs = 20_000;
const listens = 'Listening on port';

/** What the server is asked for by who starts it for one session. */
function parametersOf({ program, args, pid }: Scene, comm: string): readonly string[] {
  return pid === undefined ? ['--once', comm, program, ...args] : ['--once', '--attach', comm, `${pid}`];
}

function nameOf({ program, pid }: Scene, extension: string): string {
  const file = program.slice(program.lastIndexOf('/') + 1);
  return `outstep: ${pid === undefined ? file : `${file} (${pid})`} [${extension}]`;
}

const serveLabel = (scene: Scene): string => nameOf(scene, 'serve');
const waitLabel = (scene: Scene): string => nameOf(scene, 'wait');

export function entriesOf(scene: Scene): readonly Entry[] {
  return [cppdbg(scene), gdbtarget(scene), codeLldb(scene), lldbDap(scene), nativeDebug(scene)];
}

function cppdbg(scene: Scene): Entry {
  const { program, args, pid, folder, architecture, gdb, port, server } = scene;
  const common = {
    name: nameOf(scene, 'C/C++'),
    type: 'cppdbg',
    program,
    MIMode: 'gdb',
    miDebuggerPath: gdb,
    miDebuggerServerAddress: `${host}:${port}`,
    ...(architecture === undefined ? {} : { targetArchitecture: architecture }),
  };
  // Attached by the adapter itself, it is let go at the end; a "launched" one would be killed.
  if (pid !== undefined) {
    return {
      ...common,
      request: 'attach',
      processId: `${pid}`,
      useExtendedRemote: true,
      preLaunchTask: waitLabel(scene),
    };
  }
  const [debugServerPath, ...first] = server;
  return {
    ...common,
    request: 'launch',
    args,
    cwd: folder,
    debugServerPath,
    debugServerArgs: [...first, ...parametersOf(scene, `${host}:${port}`)].map(quoted).join(' '),
    serverStarted: listens,
    filterStderr: true,
    serverLaunchTimeout: startTimeoutMs,
  };
}

function gdbtarget(scene: Scene): Entry {
  const [command, ...first] = scene.server;
  return {
    name: nameOf(scene, 'Eclipse CDT'),
    type: 'gdbtarget',
    request: 'launch',
    program: scene.program,
    cwd: scene.folder,
    gdb: scene.gdb,
    target: { server: command, serverParameters: [...first, ...parametersOf(scene, ':0')] },
  };
}

function codeLldb(scene: Scene): Entry {
  return {
    name: nameOf(scene, 'CodeLLDB'),
    type: 'lldb',
    request: 'attach',
    targetCreateCommands: [`target create ${quoted(scene.program)}`],
    processCreateCommands: [`gdb-remote ${host}:${scene.port}`],
    preLaunchTask: serveLabel(scene),
  };
}

function lldbDap(scene: Scene): Entry {
  return {
    name: nameOf(scene, 'LLDB DAP'),
    type: 'lldb-dap',
    request: 'attach',
    program: scene.program,
    'gdb-remote-hostname': host,
    'gdb-remote-port': scene.port,
    preLaunchTask: serveLabel(scene),
  };
}

/** gdb starts the server itself, and speaks to it through a pipe. */
function nativeDebug(scene: Scene): Entry {
  return {
    name: nameOf(scene, 'Native Debug'),
    type: 'gdb',
    request: 'attach',
    executable: scene.program,
    cwd: scene.folder,
    gdbpath: scene.gdb,
    target: `| ${[...scene.server, ...parametersOf(scene, '-')].map(quoted).join(' ')}`,
    remote: true,
    valuesFormatting: 'parseText',
  };
}

/** For tasks.json: the servers of the entries whose adapters start none. */
export function tasksOf(scene: Scene): readonly Task[] {
  const comm = `${host}:${scene.port}`;
  const serve = task(scene, serveLabel(scene), parametersOf(scene, comm));
  return scene.pid === undefined ? [serve] : [serve, task(scene, waitLabel(scene), ['--multi', comm])];
}

function task({ server, folder }: Scene, label: string, parameters: readonly string[]): Task {
  const [command, ...first] = server;
  return {
    label,
    type: 'process',
    command,
    args: [...first, ...parameters],
    options: { cwd: folder },
    isBackground: true,
    presentation: { reveal: 'silent', panel: 'dedicated' },
    // A pattern is asked for; nothing that the server says is a problem in a file.
    problemMatcher: {
      pattern: { regexp: '^(?!)(.*)(.*)(.*)$', file: 1, location: 2, message: 3 },
      background: { activeOnStart: true, beginsPattern: '^(?:Process|Attached)', endsPattern: listens },
    },
  };
}

/** A word for a shell, and for those who split words as one does. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replace(/["\\$`]/g, '\\$&')}"`;
}
