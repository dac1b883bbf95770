import assert from 'node:assert/strict';
import { hexOf } from 'gdb-js-rsp-parser';
import { after, before, describe, it } from 'mocha';
import type { Thread } from '../../src/core/index.js';
import { nativeBinding } from '../../src/native/binding.js';
import { type Instruction, immediateSize, type OpName, printing, program } from '../support/agent-program.js';
import { timeFactor } from '../support/bounded.js';
import { trap } from '../support/raw-memory.js';
import { evaluateByReference, type Machine } from './agent-reference.js';
import { launchFixture, type TracedProgram } from './traced-program.js';

const straightOps: readonly OpName[] = [
  'add',
  'sub',
  'mul',
  'div_signed',
  'div_unsigned',
  'rem_signed',
  'rem_unsigned',
  'lsh',
  'rsh_signed',
  'rsh_unsigned',
  'log_not',
  'bit_and',
  'bit_or',
  'bit_xor',
  'bit_not',
  'equal',
  'less_signed',
  'less_unsigned',
  'ext',
  'ref8',
  'ref16',
  'ref32',
  'ref64',
  'dup',
  'pop',
  'zero_ext',
  'swap',
  'pick',
  'rot',
];

/** Numbers in a sequence that every run repeats (a linear congruential generator). */
function numbers(seed: number): (below: number) => number {
  let state = BigInt(seed);
  return (below) => {
    state = BigInt.asUintN(64, state * 6364136223846793005n + 1442695040888963407n);
    return Number((state >> 33n) % BigInt(below));
  };
}

describe('agent expression', () => {
  let traced: TracedProgram;
  let thread: Thread;
  let text: bigint;

  before(async () => {
    traced = await launchFixture('hot-threads', ['1', '1']);
    const [first] = traced.attachment.process.threads.values();
    assert.ok(first !== undefined);
    thread = first;
    text = traced.symbol('hot');
    traced.attachment.insertBreakpoint(traced.symbol('hot'));
  });
  after(async () => {
    await traced[Symbol.asyncDispose]();
  });

  function machine(): Machine {
    const { memory, registerFile } = traced.attachment.process;
    const number = (bytes: Uint8Array): bigint =>
      bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    return {
      register: (index) => {
        const register = registerFile.registers[index];
        const bytes = register?.regset === 'general' ? thread.readRegister(register) : undefined;
        return bytes && number(bytes);
      },
      memory: (at, sizeBytes) => {
        try {
          return number(memory.readExact(at as never, sizeBytes));
        } catch {
          return undefined;
        }
      },
    };
  }

  function resultOf(...instructions: readonly Instruction[]): bigint | undefined {
    const outcome = thread.evaluate(program(...instructions));
    assert.equal(outcome.error, undefined);
    return outcome.value;
  }

  function errorOf(...instructions: readonly Instruction[]): string | undefined {
    return thread.evaluate(program(...instructions)).error;
  }

  it('agrees with another evaluator about random programs', () => {
    const next = numbers(1);
    const reference = machine();
    let errors = 0;
    for (let round = 0; round < 4000 / timeFactor; round++) {
      const bytes = randomProgram(next, text);
      const expected = evaluateByReference(reference, bytes);
      const { error, value } = thread.evaluate(bytes);
      const shown = hexOf(bytes);
      if (expected === 'error') {
        errors += 1;
        assert.notEqual(error, undefined, shown);
      } else {
        assert.deepEqual([error, value], [undefined, expected.value], shown);
      }
    }
    assert.ok(errors > 100 && errors < 3500, `${errors} errors`);
  });

  it('extends signs from any number of bits', () => {
    for (const bits of [1, 5, 8, 31, 32, 33, 40, 63, 64, 255]) {
      const width = Math.min(bits, 64);
      for (const value of [0x8000_0000_0000_0000n, 0xff_8000_0000n, 0x80n, 0x1_0000_0000n, 0xffffn]) {
        const extended = BigInt.asUintN(64, BigInt.asIntN(width, value));
        assert.equal(resultOf(['const64', value], ['ext', bits]), extended);
        assert.equal(resultOf(['const64', value], ['zero_ext', bits]), BigInt.asUintN(width, value));
      }
    }
  });

  it('divides the smallest number by -1', () => {
    const smallest: Instruction = ['const64', 1n << 63n];
    const minusOne: readonly Instruction[] = [
      ['const8', 0xff],
      ['ext', 8],
    ];
    assert.equal(resultOf(smallest, ...minusOne, 'div_signed'), 1n << 63n);
    assert.equal(resultOf(smallest, ...minusOne, 'rem_signed'), 0n);
  });

  it('sees the bytes of the program under a breakpoint', () => {
    const raw = new Uint8Array(trap.length);
    traced.attachment.process.addressSpace.rawMemory.read(text, raw);
    assert.deepEqual(raw, trap);
    const { memory } = traced.attachment.process;
    const [original = 0] = memory.readExact(traced.symbol('hot'), 1);
    assert.equal(resultOf(['const64', text], 'ref8'), BigInt(original));
  });

  it('jumps, and gives up on what never ends', () => {
    // 0: const8 3; 2: const8 1, sub, dup, if_goto 2; end
    assert.equal(resultOf(['const8', 3], ['const8', 1], 'sub', 'dup', ['if_goto', 2]), 0n);
    assert.match(String(errorOf(['goto', 0])), /too long/);
  });

  it('fails where there is nothing to work with', () => {
    assert.match(String(errorOf('add')), /stack is empty/);
    assert.match(String(errorOf(['const8', 1], 'add')), /stack is empty/);
    assert.match(String(errorOf(['const8', 1], ['pick', 1])), /stack is empty/);
    assert.match(String(errorOf(['const8', 1], ['const8', 2], 'rot')), /stack is empty/);
    assert.match(String(errorOf(['const8', 1], ['goto', 0])), /stack is full/);
    assert.match(String(errorOf(['const8', 1], ['const8', 0], 'rem_unsigned')), /zero/);
    assert.match(String(errorOf(['const8', 8], 'ref32')), /memory/);
    assert.match(String(errorOf(['reg', 999])), /register/);
    assert.equal(thread.evaluate(program()).value, undefined);
  });

  it('records what is to be traced', () => {
    const string = new TextEncoder().encode('hot-threads');
    const { memory, program: loaded } = traced.attachment.process;
    const sp = thread.readRegister(traced.attachment.process.registerFile.byRole('sp'));
    assert.ok(sp !== undefined && loaded !== undefined);
    const stack = new DataView(sp.buffer, sp.byteOffset).getBigUint64(0, true) - 256n;
    memory.write(stack as never, Uint8Array.of(...string, 0, 0));
    const outcome = thread.evaluate(
      program(
        ['const64', text],
        ['trace_quick', 5],
        ['trace16', 300],
        ['const8', 7],
        'trace',
        ['const64', stack],
        ['const8', 200],
        'tracenz',
        ['tracev', 9],
      ),
    );
    assert.equal(outcome.error, undefined);
    assert.deepEqual(outcome.recorded, [
      { kind: 'memory', address: text, lengthBytes: 5 },
      { kind: 'memory', address: text, lengthBytes: 300 },
      { kind: 'memory', address: text, lengthBytes: 7 },
      { kind: 'memory', address: stack, lengthBytes: string.length + 1 },
      { kind: 'variable', number: 9 },
    ]);
  });

  it('keeps trace state variables', () => {
    const { native } = traced.tracer;
    assert.equal(resultOf(['getv', 3]), 0n);
    assert.equal(resultOf(['const8', 42], ['setv', 3]), 42n);
    assert.equal(resultOf(['getv', 3]), 42n);
    assert.equal(native.variable(3), 42n);
    native.setVariable(3, 7n);
    assert.equal(resultOf(['getv', 3]), 7n);
    native.setVariable(3, undefined);
    assert.equal(native.variable(3), undefined);
  });

  it('prints as printf does', () => {
    const cases: readonly (readonly [string, readonly Instruction[], string])[] = [
      ['plain 100%%\\t\\"\\\\\\n', [], 'plain 100%\t"\\\n'],
      [
        '%d %i %u',
        [
          ['const64', 0xffff_ffff_ffff_fffen],
          ['const8', 5],
          ['const32', 0xffff_ffff],
        ],
        '-2 5 4294967295',
      ],
      [
        '%ld %llx %hhd %hd',
        [
          ['const64', (1n << 64n) - 3n],
          ['const64', 0x123456789abcdef0n],
          ['const8', 0xff],
          ['const16', 0x8000],
        ],
        '-3 123456789abcdef0 -1 -32768',
      ],
      [
        '[%05d|%-5d|%+d|%#x|%#o|%.3d]',
        [
          ['const8', 42],
          ['const8', 42],
          ['const8', 42],
          ['const8', 42],
          ['const8', 8],
          ['const8', 7],
        ],
        '[00042|42   |+42|0x2a|010|007]',
      ],
      [
        '%c%3c%-3c|',
        [
          ['const8', 0x61],
          ['const8', 0x62],
          ['const8', 0x63],
        ],
        'a  bc  |',
      ],
      ['%p', [['const16', 0x1234]], '0x1234'],
      ['%s', [['const8', 0]], '(null)'],
      [
        '%zu %td %jd',
        [
          ['const8', 1],
          ['const8', 2],
          ['const8', 3],
        ],
        '1 2 3',
      ],
    ];
    for (const [format, args, expected] of cases) {
      const { error, text: printed } = thread.evaluate(printing(format, ...args));
      assert.deepEqual([error, new TextDecoder().decode(printed)], [undefined, expected]);
    }
  });

  it('prints nothing wrong when format and arguments do not match', () => {
    const one: Instruction = ['const8', 1];
    for (const [format, args] of [
      ['%d', []],
      ['none', [one]],
      ['%f', [one]],
      ['%n', [one]],
      ['%ls', [one]],
      ['%', []],
      ['%*d', [one, one]],
      ['\\q', []],
      ['%s', [one]],
    ] as const) {
      assert.notEqual(thread.evaluate(printing(format, ...args)).error, undefined, format);
    }
  });

  it('is refused before it is used when it is malformed', () => {
    const fault = (...bytes: number[]): string | undefined =>
      nativeBinding().agentExpressionFault(Uint8Array.of(...bytes));
    assert.equal(fault(0x22, 1, 0x27), undefined);
    assert.match(String(fault()), /empty/);
    // Floating point, no opcode, cut off, a jump behind the end, one into an instruction, a format cut off.
    for (const bytes of [
      [0x01],
      [0x1b],
      [0x31],
      [0x35],
      [0x00],
      [0xff],
      [0x25, 1, 2],
      [0x21, 0, 9, 0x27],
      [0x22, 1, 0x21, 0, 1],
      [0x34, 0, 0, 5, 0x41],
      [0x34, 0],
    ])
      assert.notEqual(fault(...bytes), undefined, String(bytes));
  });
});

/** Constants to work on, then anything at all. */
function randomProgram(next: (below: number) => number, text: bigint): Uint8Array {
  const instructions: Instruction[] = [];
  const constant = (): Instruction => {
    const kind = next(6);
    if (kind === 0) return ['const64', text + BigInt(next(64))];
    if (kind === 1) return ['const64', (BigInt(next(2 ** 32)) << 32n) | BigInt(next(2 ** 32))];
    if (kind === 2) return ['const16', next(65536)];
    if (kind === 3) return ['const32', next(2 ** 32)];
    if (kind === 4) return ['reg', next(30)];
    return ['const8', next(70)];
  };
  for (let count = 1 + next(4); count > 0; count--) instructions.push(constant());
  for (let count = next(12); count > 0; count--) {
    const op = straightOps[next(straightOps.length)] ?? 'dup';
    const immediate = op === 'pick' ? next(4) : next(70);
    instructions.push(next(3) === 0 ? constant() : immediateSize(op) > 0 ? [op, immediate] : op);
  }
  return program(...instructions);
}
