/** `npm run demo`: a server on the sample, and a debugger or a script that uses it. */
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { messageOf } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import { openConsole } from './console.js';
import { type DemoServer, startDemoServer } from './demo-server.js';
import { exitProcess } from './exit-process.js';
import { nextStopSignal } from './stop-signal.js';

const output = openConsole(1);

async function hasGdb(): Promise<boolean> {
  return promisify(execFile)('gdb', ['--version']).then(
    () => true,
    () => false,
  );
}

function invite({ port, program }: DemoServer): void {
  output.line('The sample waits at its first instruction. Now, in another terminal:');
  output.line('');
  output.line(`  gdb -ex 'target remote localhost:${port}' -ex 'break deposit' -ex continue ${program}`);
  output.line('');
  output.line('This ends when gdb leaves, or with Ctrl-C.');
}

async function demonstrate(): Promise<void> {
  const { values } = parseArgs({ options: { scripted: { type: 'boolean', default: false } } });
  const isScripted = values.scripted || !hostProcess.stdin.isTTY || !(await hasGdb());
  const interrupted = isScripted ? undefined : nextStopSignal();
  const server = await startDemoServer();
  try {
    if (isScripted) {
      await (await import('./demo-script.js')).runDemoScript(server, output);
    } else {
      invite(server);
      await Promise.race([server.ended, interrupted]);
    }
  } finally {
    await server.close();
  }
}

try {
  await demonstrate();
} catch (error) {
  output.line(`The demonstration has failed: ${messageOf(error)}`);
  exitProcess(1);
}
exitProcess(0);
