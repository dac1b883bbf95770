/** The demonstration without a debugger: a script that stops, looks, and lets the sample run to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { StopReply } from 'gdb-js-rsp-parser';
import { RspClient } from '../client/index.js';
import type { Console } from './console.js';
import type { DemoServer } from './demo-server.js';
import { disassemble } from './disassemble.js';

const shownRegisters = 18;
const registersInLine = 3;
const instructionCount = 6;
const longestInstructionBytes = 15;

export async function runDemoScript(server: DemoServer, output: Console): Promise<void> {
  await using client = await RspClient.connect({ host: '127.0.0.1', port: server.port });
  output.line(`\nFirst stop: ${describeStop(await client.stopReason())}`);
  await showRegisters(client, output);
  await showInstructions(client, await client.readRegister('rip'), output);

  const deposit = await addressOf(server.program, 'deposit');
  output.line(`\nA breakpoint at deposit (0x${deposit.toString(16)}), and on:`);
  await client.setBreakpoint(deposit);
  output.line(describeStop(await client.continue()));
  const [account, amount] = [await client.readRegister('rdi'), await client.readRegister('rsi')];
  output.line(`deposit(account 0x${account.toString(16)}, amount ${amount})`);
  await showInstructions(client, deposit, output);

  output.line('\nWithout the breakpoint, to the end:');
  await client.removeBreakpoint(deposit);
  output.line(describeStop(await client.continue()));
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

async function showRegisters(client: RspClient, output: Console): Promise<void> {
  const shown = [...(await client.registers())]
    .slice(0, shownRegisters)
    .map(([name, value]) => `${name.padStart(6)} ${value.toString(16).padStart(16, '0')}`);
  for (let first = 0; first < shown.length; first += registersInLine) {
    output.line(shown.slice(first, first + registersInLine).join('  '));
  }
}

async function showInstructions(client: RspClient, address: bigint, output: Console): Promise<void> {
  const memory = await client.readMemory(address, instructionCount * longestInstructionBytes);
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
