/** Addresses of a program that is linked to fixed ones. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Symbols = (name: string) => bigint;

export async function symbolsOf(program: string): Promise<Symbols> {
  const { stdout } = await run('nm', [program]);
  const addresses = new Map(
    stdout.split('\n').map((line) => {
      const [address = '', , name = ''] = line.split(' ');
      return [name, address];
    }),
  );
  return (name) => {
    const address = addresses.get(name);
    assert.ok(address, `${program} has no symbol ${name}`);
    return BigInt(`0x${address}`);
  };
}
