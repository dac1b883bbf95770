import assert from 'node:assert/strict';
import { FlowControl, Mnemonic, type Instruction as Reference } from 'iced-x86';
import { describe, it } from 'mocha';
import { type Flow, transferKinds } from '../../../arch/flow.js';
import { i386 } from '../../../arch/i386/index.js';
import { x86_64 } from '../../../arch/x86_64/index.js';
import { ReferenceDecoder } from './decode-reference.js';
import { corpus } from './flow-of-control.js';

const start = 0x401000n;

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text.split(' ').map((byte) => Number.parseInt(byte, 16)));
}

function flowOf(text: string): Flow | undefined {
  return x86_64.flow(bytesOf(text), start);
}

/** They fault in programs, or come back as system calls do not: to the next instruction. */
const hypervisorCalls: ReadonlySet<Mnemonic> = new Set([
  Mnemonic.Vmcall,
  Mnemonic.Vmlaunch,
  Mnemonic.Vmresume,
  Mnemonic.Vmrun,
  Mnemonic.Vmmcall,
  Mnemonic.Vmgexit,
  Mnemonic.Skinit,
]);

/** What is wrong with the flow of a single instruction, given what an independent decoder says of it. */
function fault(flow: Flow, reference: Reference): string | undefined {
  const next = start + BigInt(reference.length);
  const kinds = flow.exits.map((exit) => exit.kind);
  const reaches = (address: bigint) =>
    address === start || flow.exits.some((exit) => exit.kind === 'target' && exit.address === address);
  const watches = kinds.length === 1 && kinds[0] === 'instruction' && flow.exits[0]?.address === start;
  if (hypervisorCalls.has(reference.mnemonic)) return undefined;
  switch (reference.flowControl) {
    case FlowControl.Next:
    case FlowControl.Exception:
      return reaches(next) ? undefined : 'does not go on';
    case FlowControl.ConditionalBranch:
      return reaches(next) && reaches(reference.nearBranchTarget) ? undefined : 'misses a branch';
    case FlowControl.UnconditionalBranch:
    case FlowControl.Call:
      return watches || (kinds.length === 0 && reference.nearBranchTarget === start) ? undefined : 'is lost';
    case FlowControl.XbeginXabortXend:
      return reference.nearBranchTarget === 0n ? undefined : 'is run in a transaction';
    default:
      return watches ? undefined : 'is lost';
  }
}

/** What the instruction is to do to control, by that decoder; undefined: it is not asked. */
function transferOf({ flowControl, mnemonic, nearBranchTarget }: Reference): number | undefined {
  if (hypervisorCalls.has(mnemonic)) return undefined;
  switch (flowControl) {
    case FlowControl.Next:
    case FlowControl.Exception:
      return transferKinds.never;
    case FlowControl.ConditionalBranch:
      return transferKinds.maybe;
    case FlowControl.XbeginXabortXend:
      return nearBranchTarget === 0n ? transferKinds.never : transferKinds.maybe;
    default:
      return transferKinds.always;
  }
}

describe('flow of x86 code', () => {
  for (const [arch, bits] of [
    [x86_64, 64],
    [i386, 32],
  ] as const) {
    it(`takes no instruction for one that simply goes on: ${arch.name}`, () => {
      const decoder = new ReferenceDecoder();
      const faults: string[] = [];
      let known = 0;
      for (const bytes of corpus()) {
        const facts = decoder.decode(bytes, start, bits);
        if (facts === undefined) continue;
        const exact = bytes.subarray(0, facts.instruction.length);
        const flow = arch.flow(exact, start);
        if (flow === undefined) continue;
        known += 1;
        const expected = transferOf(facts.instruction);
        const isRight = expected === undefined || arch.transfers(exact)[0] === expected;
        const wrong = fault(flow, facts.instruction) ?? (isRight ? undefined : 'transfers otherwise');
        if (wrong !== undefined)
          faults.push(`${[...exact].map((byte) => byte.toString(16)).join(' ')}: ${wrong}`);
      }
      assert.ok(known > 10_000, `${known} known`);
      assert.deepEqual(faults.slice(0, 20), []);
    });
  }

  it('is looked at as far as the first instruction that always transfers it, or that is not known', () => {
    const { inside, never, maybe, always } = transferKinds;
    const of = (text: string) => [...x86_64.transfers(bytesOf(text))];
    // mov eax, ebx; je; rep movsb; ret; nop
    assert.deepEqual(of('89 d8 74 10 f3 a4 c3 90'), [never, inside, maybe, inside, never, inside, always]);
    assert.deepEqual(of('90 e8 00'), [never]);
    assert.deepEqual(of('06'), [always]);
    assert.deepEqual(of(`90 06 ${'90 '.repeat(20).trim()}`), [never, always]);
    assert.deepEqual(of('0f 05'), [always, inside]);
  });

  it('of a loop is left at its end alone', () => {
    // add eax, 1; dec ecx; jne start
    assert.deepEqual(flowOf('83 c0 01 ff c9 75 f9'), {
      instructions: [start, start + 3n, start + 5n],
      exits: [{ kind: 'target', address: start + 7n, branch: undefined }],
    });
  });

  it('is left by branches, calls and returns', () => {
    // je +0x10; call +0x100; ret
    assert.deepEqual(flowOf('74 10 e8 00 01 00 00 c3')?.exits, [
      { kind: 'target', address: start + 0x12n, branch: start },
      { kind: 'instruction', address: start + 2n },
      { kind: 'instruction', address: start + 7n },
    ]);
  });

  it('is not known where a branch goes into the middle of an instruction', () => {
    // je behind the prefix of `lock dec dword [rdi]`
    assert.equal(flowOf('74 01 f0 ff 0f'), undefined);
    assert.notEqual(flowOf('74 00 f0 ff 0f'), undefined);
  });

  it('is not known with bytes that are no instruction, half of one, or change the trap flag', () => {
    assert.equal(flowOf('90 06'), undefined);
    assert.equal(flowOf('90 e8 00'), undefined);
    assert.equal(flowOf('90 9d'), undefined);
  });
});
