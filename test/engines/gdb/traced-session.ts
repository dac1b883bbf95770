/** A fixture under a server, and one client in memory; afterwards nothing is left running. */
import assert from 'node:assert/strict';
import process from 'node:process';
import type { Register, RegisterRole } from '../../../arch/module.js';
import { Tracer } from '../../../src/core/index.js';
import { DebugLog } from '../../../src/engines/gdb/debug-log.js';
import { GdbServer } from '../../../src/engines/gdb/server.js';
import type { ServerConfig } from '../../../src/engines/gdb/server-config.js';
import { textConsole } from '../../../src/engines/gdb/status.js';
import { symbolValue } from '../../core/traced-program.js';
import { compileFixture } from '../../support/fixture.js';
import { type Machine, thisMachine } from '../../support/machine.js';
import { WireClient } from './wire-client.js';

export interface TracedSession {
  readonly server: GdbServer;
  readonly client: WireClient;
  readonly path: string;
  /** What the server said on its terminal. */
  readonly lines: readonly string[];
  readonly pid: number;
  /** Address of a symbol, as hex. */
  symbol(name: string): string;
  /** Value of the register with this role, or of this one of `machine-registers.ts`. */
  register(which: RegisterRole | Register): Promise<bigint>;
}

export interface SessionOptions {
  readonly args?: readonly string[];
  readonly flags?: readonly string[];
  readonly machine?: Machine;
  readonly config?: Partial<ServerConfig>;
  /** Tokens of `qSupported`; 'none': the client says nothing at all. */
  readonly tokens?: string;
}

export function serverConfig(config: Partial<ServerConfig> = {}): ServerConfig {
  return {
    once: false,
    multi: false,
    startWithShell: false,
    disableRandomization: true,
    disabledPackets: new Set(),
    redirectStdio: true,
    ...config,
  };
}

export function newServer(config: Partial<ServerConfig> = {}): { server: GdbServer; lines: string[] } {
  const lines: string[] = [];
  const console = textConsole({
    line: (text: string) => void lines.push(text),
    print: (output: Uint8Array) => void lines.push(new TextDecoder().decode(output)),
  });
  const server = new GdbServer(new Tracer(), serverConfig(config), console, new DebugLog(() => undefined));
  return { server, lines };
}

/** Fixtures are linked at fixed addresses, so that a symbol's address is known without asking. */
const fixedAddresses = ['-no-pie'];

export function compileFixed(
  name: string,
  flags: readonly string[] = [],
  machine: Machine = thisMachine,
): Promise<string> {
  return compileFixture(name, { flags: [...fixedAddresses, ...flags], machine });
}

export async function withSession(
  fixture: string,
  options: SessionOptions,
  test: (session: TracedSession) => Promise<void>,
): Promise<void> {
  const path = await compileFixed(fixture, options.flags, options.machine);
  const { server, lines } = newServer(options.config);
  try {
    await server.launch(path, options.args ?? []);
    const [traced] = server.tracer.processes.values();
    assert.ok(traced);
    const client = new WireClient(server);
    if (options.tokens !== 'none') await client.greet(options.tokens);
    await test({
      server,
      client,
      path,
      lines,
      pid: traced.pid,
      symbol: (name) => symbolValue(path, name).toString(16),
      register: async (which) => {
        const { number } = typeof which === 'string' ? traced.registerFile.byRole(which) : which;
        return bigintOfHex(await client.request(`p${number.toString(16)}`));
      },
    });
  } finally {
    server.dispose();
  }
}

/** A value in target byte order. */
export function bigintOfHex(hex: string): bigint {
  const bytes = hex.match(/../g) ?? [];
  return BigInt(`0x${bytes.reverse().join('')}`);
}

/** Keys and values of a `T` stop reply. */
export function stopKeys(reply: string): ReadonlyMap<string, string> {
  assert.match(reply, /^T[0-9a-f]{2}/, reply);
  const pairs = reply
    .slice(3)
    .split(';')
    .filter((pair) => pair !== '');
  return new Map(
    pairs.map((pair): [string, string] => {
      const at = pair.indexOf(':');
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

/** The process runs or has ended by itself: it is in nobody's hands. */
export function endProcess(pid: number): void {
  process.kill(pid, 'SIGKILL');
}
