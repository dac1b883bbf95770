/**
 * Tries a server that was put on a machine where there is neither npm nor a compiler, as in an aarch64 guest.
 * usage: try.js SAMPLE SPINNER COMMAND...   two compiled fixtures, and the words that start the server
 */
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { checkLaunch, checkRepair } from './session.js';

const [, , sample = '', spinner = '', ...words] = process.argv;
const [command = '', ...args] = words;

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

say(execFileSync(command, [...args, '--version'], { encoding: 'utf8' }).trim());
await checkLaunch({ words }, { sample });
say('serves a program from its launch to its exit');
await checkRepair({ words }, { spinner });
say('leaves nothing in a program when it is killed');
