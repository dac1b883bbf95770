/** `npm run guest:aarch64`: aarch64 guests for developers. */

import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf } from '../../src/base/errors.js';
import { hostProcess } from '../../src/base/host-process.js';
import { projectRoot } from '../support/project-paths.js';
import { Guest } from './guest.js';
import { withServices } from './services.js';

const usage = `usage: guest:aarch64 [--name NAME] VERB …
  run COMMAND …   runs a command in the guest, in this folder; boots the guest if none runs
  shell           a shell in the guest
  boot            boots the guest, or does nothing
  ports           ports of this machine that lead to the same port of the guest, one a line
  console         the end of the kernel's console
  stop            ends the guest
`;

function say(text: string): void {
  writeSync(1, `${text}\n`);
}

function running(name: string): Guest {
  const guest = Guest.find(name);
  if (guest === undefined) throw new Error(`no guest "${name}" runs: boot it first`);
  return guest;
}

const verbs: Readonly<Record<string, (name: string, words: readonly string[]) => Promise<number>>> = {
  run: async (name, words) => {
    const guest = await Guest.findOrBoot(name);
    return withServices((env) => guest.run(words, { env }));
  },
  shell: async (name) => {
    const guest = await Guest.findOrBoot(name);
    return withServices((env) => guest.run([], { env, terminal: true }));
  },
  boot: async (name) => {
    await Guest.findOrBoot(name);
    return 0;
  },
  ports: async (name) => {
    say(running(name).state.ports.join('\n'));
    return 0;
  },
  console: async (name) => {
    say(running(name).consoleTail());
    return 0;
  },
  stop: async (name) => {
    Guest.find(name)?.stop();
    return 0;
  },
};

/** Options of ours stand before the verb; what follows is the command's. */
async function main(): Promise<number> {
  const words = hostProcess.argv.slice(2);
  const verbAt = words.findIndex((word) => word in verbs);
  const { values } = parseArgs({
    args: words.slice(0, verbAt < 0 ? words.length : verbAt),
    options: { name: { type: 'string' }, help: { type: 'boolean' } },
  });
  const verb = verbs[words[verbAt] ?? ''];
  if (verb === undefined) {
    writeSync(values.help ? 1 : 2, usage);
    return values.help ? 0 : 2;
  }
  return verb(values.name ?? basename(projectRoot), words.slice(verbAt + 1));
}

try {
  hostProcess.exitCode = await main();
} catch (error) {
  writeSync(2, `guest:aarch64: ${messageOf(error)}\n`);
  hostProcess.exitCode = 2;
}
