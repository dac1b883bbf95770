/** `--selftest`: a few checks of this build on this machine, for bug reports and for tools that ask before use. */

import { asciiBytes, asciiText, encodePacket, escapeBinary, FrameDecoder } from 'gdb-js-rsp-parser';
import { modulesOn } from '../../arch/index.js';
import type { RegisterFile } from '../../arch/module.js';
import { messageOf } from '../base/errors.js';
import { hostProcess } from '../base/host-process.js';
import { type CoreEvent, type Engine, type ExitStatus, Tracer } from '../core/index.js';
import { nativeBinding } from '../native/binding.js';
import type { Console } from './console.js';

interface Check {
  readonly name: string;
  /** Throws when the check fails. */
  readonly run: () => void | Promise<void>;
}

const checks: readonly Check[] = [
  { name: 'codec: packets survive encoding and decoding', run: checkCodec },
  { name: 'addon: loads and knows this machine', run: checkAddon },
  { name: 'registers: rows agree with their sets and their description', run: checkRegisters },
  { name: 'tracer: runs /bin/true from its first instruction to its exit', run: checkTracer },
];

/** Runs the checks whose name contains `filter`; resolves with the exit status. */
export async function runSelfTest(filter: string, console: Console): Promise<number> {
  const chosen = checks.filter(({ name }) => name.includes(filter));
  let failed = 0;
  for (const { name, run } of chosen) {
    console.line(`Running self-test ${name}`);
    try {
      await run();
    } catch (error) {
      failed += 1;
      console.line(`Self test failed: ${messageOf(error)}`);
    }
  }
  console.line(`Ran ${chosen.length} unit tests, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function checkCodec(): void {
  const everyByte = Uint8Array.from({ length: 256 }, (_unused, value) => value);
  const wire = encodePacket(escapeBinary(everyByte));
  const decoder = new FrameDecoder({ role: 'stub', maxPacketBytes: 1024 });
  const half = wire.length >> 1;
  const frames = [...decoder.push(wire.subarray(0, half)), ...decoder.push(wire.subarray(half))];
  const [frame] = frames;
  expect(frames.length === 1 && frame?.kind === 'packet', 'one packet comes out of one packet');
  if (frame?.kind === 'packet')
    expect(asciiText(frame.data) === asciiText(everyByte), 'every byte comes back');
  expect(asciiText(encodePacket(asciiBytes('OK'))) === '$OK#9a', 'checksum of OK');
}

function checkAddon(): void {
  const { xsave } = nativeBinding().machineFacts();
  for (const { index, offset, sizeBytes } of xsave?.components ?? []) {
    expect(offset + sizeBytes <= (xsave?.sizeBytes ?? 0), `XSAVE component ${index} lies in the area`);
  }
}

function checkRegisters(): void {
  const facts = nativeBinding().machineFacts();
  const modules = modulesOn(facts.machine);
  expect(modules.length > 0, `there is an architecture for ${facts.machine}`);
  for (const module of modules) checkRegisterFile(module.registerFile(facts));
}

function checkRegisterFile({ registers, regsets, targetDescription }: RegisterFile): void {
  const sizes = new Map(regsets.map(({ name, sizeBytes }) => [name, sizeBytes]));
  expect(new Set(registers.map(({ name }) => name)).size === registers.length, 'register names differ');
  for (const [index, { name, number, regset, offset, bits }] of registers.entries()) {
    expect(number === index, `register ${name} is numbered by its place`);
    expect(
      offset >= 0 && offset + bits / 8 <= (sizes.get(regset) ?? 0),
      `register ${name} lies in ${regset}`,
    );
    expect(targetDescription.includes(`name="${name}"`), `register ${name} is described`);
  }
}

async function checkTracer(): Promise<void> {
  const tracer = new Tracer();
  try {
    const status = await traceTrue(tracer);
    expect(status.kind === 'exited' && status.code === 0, `/bin/true ended: ${JSON.stringify(status)}`);
  } finally {
    tracer.dispose();
  }
}

async function traceTrue(tracer: Tracer): Promise<ExitStatus> {
  let resolve: ((status: ExitStatus) => void) | undefined;
  const exited = new Promise<ExitStatus>((whenExited) => {
    resolve = whenExited;
  });
  const engine: Engine = {
    name: 'self-test',
    mask: new Set(['exit']),
    onEvent: (event: CoreEvent) => {
      if (event.kind === 'exit') resolve?.(event.status);
      return 'pass';
    },
  };
  const environment = { PATH: hostProcess.env.PATH ?? '/bin' };
  const options = { program: '/bin/true', args: [], environment, redirectStdio: true };
  const attachment = await tracer.launch(
    { ...options, disableRandomization: true, startWithShell: false },
    engine,
  );
  const threads = [...attachment.process.threads.values()];
  expect(
    threads.length === 1 && threads.every((thread) => thread.pc !== 0n),
    'stopped at the first instruction',
  );
  attachment.resume(threads.map((thread) => ({ thread, action: { kind: 'continue' } as const })));
  return exited;
}
