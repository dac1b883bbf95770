/** `outstep vscode`: configurations of debuggers for VS Code, for the machine and the program at hand. */
import type { Streams } from '../subcommand.js';
import { entriesOf, tasksOf } from './entries.js';
import { findScene } from './scene.js';
import { parseVscodeWords } from './words.js';

export const usage = `Usage:  outstep vscode [OPTIONS] PROG [ARGS ...]
        outstep vscode [OPTIONS] --attach PID [PROG]

Prints a launch.json with an entry for each of VS Code's debuggers that can use this server:

  cppdbg      C/C++ (ms-vscode.cpptools)
  gdbtarget   CDT GDB Debug Adapter Extension (eclipse-cdt.cdt-gdb-vscode)
  lldb        CodeLLDB (vadimcn.vscode-lldb)
  lldb-dap    LLDB DAP (llvm-vs-code-extensions.lldb-dap)
  gdb         Native Debug (webfreak.debug)

  outstep vscode ./program > .vscode/launch.json
  outstep vscode --tasks ./program > .vscode/tasks.json

Entries with a preLaunchTask connect to a server that a task starts, which is in tasks.json; the
others start their own.

  --attach PID          Attach to a running process, and leave it running at the end.
  --port PORT           For adapters that must be told one (default 2345).
  --tasks               Print the tasks.json.
`;

export async function run(words: readonly string[], { output, errors }: Streams): Promise<number> {
  const parsed = parseVscodeWords(words);
  const scene = findScene(parsed, (line) => errors.line(line));
  const file = parsed.wantsTasks
    ? { version: '2.0.0', tasks: tasksOf(scene) }
    : { version: '0.2.0', configurations: entriesOf(scene) };
  output.line(JSON.stringify(file, undefined, 2));
  return 0;
}
