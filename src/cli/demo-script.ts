/** The demonstration without a debugger: a script that stops, looks, and lets the sample run to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { RspClient, type StopEvent } from '../client/index.js';
import type { Console } from './console.js';
import type { DemoServer } from './demo-server.js';

const shownRegisters = 18;
const registersInLine = 3;
const instructionCount = 6;

export async function runDemoScript(server: DemoServer, output: Console): Promise<void> {
  await using client = await RspClient.connect({ host: '127.0.0.1', port: server.port });
  output.line(`\nFirst stop: ${describeStop(await client.stopReason())}`);
  await showRegisters(client, output);
  await showInstructions(client, output);

  const deposit = await addressOf(server.program, 'deposit');
  output.line(`\nA breakpoint at deposit (0x${deposit.toString(16)}), and on:`);
  const breakpoint = await client.breakpoints.set(deposit);
  output.line(describeStop(await client.continue()));
  const [account, amount] = await Promise.all(['rdi', 'rsi'].map((name) => client.registers.read(name)));
  output.line(`deposit(account 0x${account?.toString(16)}, amount ${amount})`);
  await showInstructions(client, output);

  output.line('\nWithout the breakpoint, to the end:');
  await breakpoint.remove();
  output.line(describeStop(await client.continue()));
}

function describeStop(stop: StopEvent | undefined): string {
  switch (stop?.kind) {
    case 'signal':
      return `thread ${stop.thread?.tid}, ${stop.reason?.kind ?? `signal ${stop.signal}`}`;
    case 'exited':
      return `the program has exited with code ${stop.code}`;
    default:
      return `${stop?.kind}`;
  }
}

async function showRegisters(client: RspClient, output: Console): Promise<void> {
  const shown = [...(await client.registers.readAll())]
    .slice(0, shownRegisters)
    .map(([name, value]) => `${name.padStart(6)} ${value.toString(16).padStart(16, '0')}`);
  for (let first = 0; first < shown.length; first += registersInLine) {
    output.line(shown.slice(first, first + registersInLine).join('  '));
  }
}

async function showInstructions(client: RspClient, output: Console): Promise<void> {
  for (const instruction of await client.disassemble(instructionCount)) {
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
