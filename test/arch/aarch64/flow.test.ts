import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { sequences } from '../../../arch/aarch64/exclusive-sequence.js';
import { flow, transfers } from '../../../arch/aarch64/flow.js';
import { type Flow, transferKinds } from '../../../arch/flow.js';
import { Random } from '../../support/random.js';
import { corpus, type Disassembled, disassemble } from './decode-reference.js';

const start = 0x5555_5555_1000n;

function bytesOf(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function flowOf(...words: readonly number[]): Flow | undefined {
  return flow(bytesOf(...words), start);
}

const conditional = /^(bc?\.\w\w|cbn?z|tbn?z)$/;
const leaving = /^(b|bl|br|blr|ret|(br|blr|ret)a[ab]z?|svc|hvc|smc|brk|hlt|udf|dcps\d|tcancel|eret.*|drps)$/;

/** What is wrong with the flow of a single instruction, given what a disassembler says of it. */
function fault(made: Flow, { mnemonic, operands, address }: Disassembled): string | undefined {
  const next = address + 4n;
  const reaches = (target: bigint): boolean =>
    target === address || made.exits.some((exit) => exit.kind === 'target' && exit.address === target);
  if (conditional.test(mnemonic)) {
    const target = BigInt(/(0x[0-9a-f]+)$/.exec(operands)?.[1] ?? 0);
    return reaches(next) && reaches(target) ? undefined : 'misses a branch';
  }
  const [only] = made.exits;
  const watches = made.exits.length === 1 && only?.kind === 'instruction' && only.address === address;
  const staysInside =
    made.exits.length === 0 && BigInt(/(0x[0-9a-f]+)$/.exec(operands)?.[1] ?? 0) === address;
  if (leaving.test(mnemonic)) return watches || staysInside ? undefined : 'is lost';
  return made.exits.length === 1 && reaches(next) ? undefined : 'does not go on';
}

function transferOf({ mnemonic }: Disassembled): number {
  if (conditional.test(mnemonic)) return transferKinds.maybe;
  return leaving.test(mnemonic) ? transferKinds.always : transferKinds.never;
}

describe('flow of aarch64 code', () => {
  it('takes no instruction for one that simply goes on', function () {
    this.timeout(60_000);
    const faults: string[] = [];
    let known = 0;
    for (const one of disassemble(corpus(new Random(44), 3000), start)) {
      const made = one && flow(bytesOf(one.word), one.address);
      if (one === undefined || made === undefined) continue;
      known += 1;
      const kinds = transfers(bytesOf(one.word));
      if (kinds[0] !== transferOf(one)) faults.push(`${one.word.toString(16)} ${one.mnemonic}: ${kinds[0]}`);
      const wrong = fault(made, one);
      if (wrong !== undefined)
        faults.push(`${one.word.toString(16)} ${one.mnemonic} ${one.operands}: ${wrong}`);
    }
    assert.ok(known > 20_000, `${known} known`);
    assert.deepEqual(faults.slice(0, 20), []);
  });

  it('of a loop is left at its end alone', () => {
    // add x0, x0, #1; subs x1, x1, #1; b.ne start
    assert.deepEqual(flowOf(0x9100_0400, 0xf100_0421, 0x54ff_ffc1), {
      instructions: [start, start + 4n, start + 8n],
      exits: [{ kind: 'target', address: start + 12n, branch: undefined }],
    });
  });

  it('is left by branches, calls, returns and system calls', () => {
    // cbz x0, .+64; bl .+256; svc #0; ret
    assert.deepEqual(flowOf(0xb400_0200, 0x9400_0040, 0xd400_0001, 0xd65f_03c0)?.exits, [
      { kind: 'target', address: start + 64n, branch: start },
      { kind: 'instruction', address: start + 4n },
      { kind: 'instruction', address: start + 8n },
      { kind: 'instruction', address: start + 12n },
    ]);
  });

  it('is never stopped inside an exclusive sequence', () => {
    // ldaxr w0, [x1]; cmp w0, w2; b.ne .+64; stlxr w3, w4, [x1]; cbnz w3, start
    const words = [0x885f_fc20, 0x6b02_001f, 0x5400_0201, 0x8803_fc24, 0x35ff_ff83];
    assert.deepEqual(flowOf(...words)?.exits, [
      { kind: 'target', address: start + 8n + 64n, branch: undefined },
      { kind: 'target', address: start + 20n, branch: undefined },
    ]);
    assert.equal(flowOf(...words.slice(0, 3)), undefined, 'it would be left in the middle');
    assert.notEqual(flowOf(0x885f_fc20, 0xd65f_03c0), undefined, 'there is no store');
  });

  it('takes literals for no instructions', () => {
    // ldr x0, .+12; nop; nop; and a number that looks like ret
    assert.equal(flowOf(0x5800_0060, 0xd503_201f, 0xd503_201f, 0xd65f_03c0), undefined);
  });

  it('is not known with what is not understood', () => {
    assert.equal(flowOf(0xd503_201f, 0xd7ff_ffff), undefined);
    assert.equal(flowOf(0xd503_201f, 0xd523_3060), undefined);
    assert.equal(flow(Uint8Array.of(0x1f, 0x20, 3), start), undefined);
    assert.equal(flow(bytesOf(0xd503_201f), start + 2n), undefined);
  });
});

describe('aarch64 exclusive sequences', () => {
  it('are left behind the store and by their branches', () => {
    const words = [0x885f_fc20, 0x6b02_001f, 0x5400_0201, 0x8803_fc24, 0x35ff_ff83];
    assert.deepEqual(sequences.find(bytesOf(...words), start).flow, {
      instructions: [start, start + 4n, start + 8n, start + 12n],
      exits: [
        { kind: 'target', address: start + 16n, branch: undefined },
        { kind: 'target', address: start + 72n, branch: undefined },
      ],
    });
  });

  it('without a store are the load alone', () => {
    assert.deepEqual(sequences.find(bytesOf(0x885f_fc20, 0x34ff_ffe0, 0xd65f_03c0), start).flow, {
      instructions: [start],
      exits: [{ kind: 'target', address: start + 4n, branch: undefined }],
    });
  });
});
