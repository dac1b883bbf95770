/** The demonstration without a debugger: a script that stops, looks, and lets the sample run to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { bytesOfHex, parseStopReply, type StopReply } from 'gdb-js-rsp-parser';
import type { Console } from './console.js';
import { DemoClient } from './demo-client.js';
import type { DemoServer } from './demo-server.js';
import { disassemble } from './disassemble.js';

const shownRegisters = 17;
const instructionCount = 6;
const longestInstructionBytes = 15;

export async function runDemoScript(server: DemoServer, output: Console): Promise<void> {
  using client = await DemoClient.connect(server.port);
  const features = await client.request('qSupported:multiprocess+;swbreak+;hwbreak+');
  output.line(`\nThe server can: ${features}`);

  output.line(`\nFirst stop: ${describeStop(parseStopReply(await client.request('?')))}`);
  await showRegisters(client, output);
  await showInstructions(client, await readRegister(client, 'rip'), output);

  const deposit = await addressOf(server.program, 'deposit');
  output.line(`\nA breakpoint at deposit (0x${deposit.toString(16)}), and on:`);
  await client.request(`Z0,${deposit.toString(16)},1`);
  output.line(describeStop(parseStopReply(await client.request('vCont;c'))));
  output.line(
    `deposit(account 0x${(await readRegister(client, 'rdi')).toString(16)}, amount ${await readRegister(client, 'rsi')})`,
  );
  await showInstructions(client, deposit, output);

  output.line('\nWithout the breakpoint, to the end:');
  await client.request(`z0,${deposit.toString(16)},1`);
  output.line(describeStop(parseStopReply(await client.request('vCont;c'))));
}

function describeStop(reply: StopReply): string {
  switch (reply.kind) {
    case 'signal':
      return `thread ${reply.thread?.tid}, ${reply.reason?.kind ?? `signal ${reply.signal}`}`;
    case 'exited':
      return `the program has exited with code ${reply.code}`;
    default:
      return reply.kind;
  }
}

interface DescribedRegister {
  readonly name: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** The registers in the order of the `g` packet, from the target description. */
async function describedRegisters(client: DemoClient): Promise<readonly DescribedRegister[]> {
  const description = (await client.request('qXfer:features:read:target.xml:0,10000')).slice(1);
  let offsetBytes = 0;
  return [...description.matchAll(/<reg name="(\w+)" bitsize="(\d+)"/g)].map(([, name = '', bits]) => {
    const register = { name, offsetBytes, lengthBytes: Number(bits) / 8 };
    offsetBytes += register.lengthBytes;
    return register;
  });
}

async function readRegisters(client: DemoClient): Promise<ReadonlyMap<string, bigint>> {
  const registers = (await describedRegisters(client)).slice(0, shownRegisters);
  const bytes = bytesOfHex((await client.request('g')).replaceAll('x', '0'));
  return new Map(
    registers.map(({ name, offsetBytes, lengthBytes }) => {
      const value = bytes.subarray(offsetBytes, offsetBytes + lengthBytes);
      return [name, value.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n)];
    }),
  );
}

async function readRegister(client: DemoClient, name: string): Promise<bigint> {
  const value = (await readRegisters(client)).get(name);
  if (value === undefined) throw new Error(`the server describes no register ${name}`);
  return value;
}

async function showRegisters(client: DemoClient, output: Console): Promise<void> {
  const shown = [...(await readRegisters(client))].map(
    ([name, value]) => `${name.padStart(6)} ${value.toString(16).padStart(16, '0')}`,
  );
  for (let first = 0; first < shown.length; first += 3) output.line(shown.slice(first, first + 3).join('  '));
}

async function showInstructions(client: DemoClient, address: bigint, output: Console): Promise<void> {
  const lengthBytes = instructionCount * longestInstructionBytes;
  const memory = bytesOfHex(await client.request(`m${address.toString(16)},${lengthBytes.toString(16)}`));
  for (const instruction of await disassemble(memory, address, instructionCount)) {
    output.line(`  0x${instruction.address.toString(16)}  ${instruction.text}`);
  }
}

/** Where a function of the program lies; the sample is linked to fixed addresses. */
async function addressOf(program: string, name: string): Promise<bigint> {
  const { stdout } = await promisify(execFile)('nm', [program]);
  const [, hex] = new RegExp(`^([0-9a-f]+) T ${name}$`, 'm').exec(stdout) ?? [];
  if (hex === undefined) throw new Error(`${program} has no function ${name}`);
  return BigInt(`0x${hex}`);
}
