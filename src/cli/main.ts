#!/usr/bin/env node
/** The command line's entry. What is not needed for an answer is not loaded for it. */
import { isSea } from 'node:sea';
import { assertNever } from '../base/assert-never.js';
import { errorCodes, isOutstepError } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import { findSubcommand } from './commands/index.js';
import type { Subcommand } from './commands/subcommand.js';
import { openConsole } from './console.js';
import { exitProcess } from './exit-process.js';
import './inherited-descriptors.js';
import { type Command, parseCommandLine, type ServeOptions } from './options.js';
import { StartError } from './start-error.js';
import { packetList, usage } from './usage.js';
import { UsageError } from './usage-error.js';
import { version } from './version.js';

const output = openConsole(1);
const console = openConsole(2);

/** For who runs this as a part of something else, as the loader of the bundle does. */
export const progress = {
  /** A client has come: when this ends, what it takes to serve one has been compiled. */
  hasServed: false,
};

async function run(command: Command): Promise<number> {
  switch (command.kind) {
    case 'help':
      output.line(usage.trimEnd());
      return 0;
    case 'version':
      output.line(`outstep ${version()}`);
      return 0;
    case 'list-packets':
      output.line(packetList);
      return 0;
    case 'selftest':
      return (await import('./self-test.js')).runSelfTest(command.filter, output);
    case 'serve':
      return serve(command.options);
    default:
      return assertNever(command);
  }
}

async function serve(options: ServeOptions): Promise<number> {
  const module = await import('./serve.js');
  const { statusConsole } = await import('./status.js');
  const status = statusConsole(console, options.json === true);
  try {
    return await module.serve(options, status, () => {
      progress.hasServed = true;
    });
  } catch (error) {
    if (options.json !== true || !(error instanceof StartError)) throw error;
    if (error.message !== '') status.say({ status: 'failed', lines: [error.message], isSaid: false });
    status.say({ status: 'exiting' });
    return 1;
  }
}

async function runSubcommand({ load }: Subcommand, words: readonly string[]): Promise<number> {
  const module = await load();
  if (words[0] === '--help') {
    output.line(module.usage.trimEnd());
    return 0;
  }
  try {
    return await module.run(words, { output, errors: console });
  } catch (error) {
    report(error, module.usage);
    return 1;
  }
}

function report(error: unknown, usageText: string): void {
  if (error instanceof UsageError) {
    console.line(error.message);
    if (error.hint === 'usage') console.line(usageText.trimEnd());
    if (error.hint === 'packets') console.line(packetList);
    return;
  }
  if (isOutstepError(error) && error.code === errorCodes.NO_ADDON) {
    console.line(`outstep: ${error.message}`);
  } else if (!(error instanceof StartError)) {
    console.line(`outstep: internal error: ${error instanceof Error ? error.stack : String(error)}`);
  } else if (error.message !== '') {
    console.line(error.message);
  }
  console.line('Exiting');
}

/** Resolves with the exit status. */
async function main(): Promise<number> {
  const [, script = '', ...argv] = hostProcess.argv;
  const found = findSubcommand(isSea() ? hostProcess.argv0 : script, argv);
  if (found !== undefined) return runSubcommand(found.subcommand, found.words);
  try {
    return await run(parseCommandLine(argv));
  } catch (error) {
    report(error, usage);
    return 1;
  }
}

// No await here: the bundle of this file is no ES module, which could wait.
void main().then((status) => exitProcess(status));
