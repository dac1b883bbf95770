/** Every operation of the library while the kernel refuses every request for a reason of its own. */
import assert from 'node:assert/strict';
import hostProcess from 'node:process';
import { describe, it } from 'mocha';
import sinon from 'sinon';
import { isOutstepError } from '../../../src/base/errors.js';
import { nativeBinding } from '../../../src/native/binding.js';
import type { NativeTracer } from '../../../src/native/binding-types.js';
import { Bench } from './bench.js';
import { launched, type Operation, ofProcesses, ofThreads, type Traced } from './operations.js';

/** ESRCH says that the thread is gone, which a program can be made to be. */
const refusals = { EPERM: 1, EIO: 5, ENOMEM: 12 } as const;

/** Requests of the addon that the kernel answers: they fail with an error. */
const requests = [
  'getRegset',
  'getRegsets',
  'setRegset',
  'setSiginfo',
  'pokeUser',
  'interrupt',
  'tgkill',
] as const;
/** They say how much was done. */
const transfers = ['readMemory', 'writeMemory'] as const;

type Request = (typeof requests)[number] | (typeof transfers)[number];

/** Tracers that are made from now on: the kernel refuses them all requests while there is an error number. */
class RefusingKernel implements Disposable {
  errno: number | undefined;
  readonly #stub: sinon.SinonStub;

  constructor() {
    const binding = nativeBinding();
    const Real = binding.Tracer;
    const Refused = class extends Real {};
    const answer = (request: Request): unknown => this.#answer(request);
    const isRefusing = (): boolean => this.errno !== undefined;
    for (const request of [...requests, ...transfers]) {
      const real = Real.prototype[request] as (...args: unknown[]) => unknown;
      Object.defineProperty(Refused.prototype, request, {
        value(this: NativeTracer, ...args: unknown[]): unknown {
          return isRefusing() ? answer(request) : real.apply(this, args);
        },
      });
    }
    this.#stub = sinon.stub(binding, 'Tracer').value(Refused);
  }

  #answer(request: Request): unknown {
    if (request === 'readMemory' || request === 'writeMemory') return 0;
    throw Object.assign(new Error(`${request}: refused`), { errno: this.errno, request, tid: 0 });
  }

  [Symbol.dispose](): void {
    this.#stub.restore();
  }
}

/** Nothing: it was done all the same. */
async function refusalOf(operation: Operation, traced: Traced): Promise<unknown> {
  try {
    await operation(traced);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('what the kernel refuses', () => {
  for (const [name, errno] of Object.entries(refusals)) {
    it(`with ${name} is an error with a code, and the next operation works`, async () => {
      using kernel = new RefusingKernel();
      const untyped: string[] = [];
      let refused = 0;
      for (const [title, operation] of Object.entries({ ...ofThreads, ...ofProcesses })) {
        using bench = new Bench();
        const traced = await launched(bench);
        const { process, thread } = traced;
        const { pc } = thread;
        const stack = thread.readRegister(process.registerFile.byRole('sp'))?.slice();
        thread.forgetRegisters();
        kernel.errno = errno;
        const error = await refusalOf(operation, traced);
        kernel.errno = undefined;
        if (error !== undefined) refused += 1;
        if (error !== undefined && !isOutstepError(error)) untyped.push(`${title}: ${String(error)}`);
        if (title === 'detach') {
          hostProcess.kill(process.pid, 'SIGKILL');
          continue;
        }
        assert.ok(process.isAlive, title);
        if (thread.isRunning) await traced.engine.stop(thread);
        if (title !== 'resume' && title !== 'set pc') {
          assert.equal(thread.pc, pc, title);
          assert.deepEqual(thread.readRegister(process.registerFile.byRole('sp')), stack, title);
        }
        await process.attachmentOf(traced.engine)?.kill();
        assert.deepEqual(bench.warnings, [], title);
      }
      assert.deepEqual(untyped, []);
      assert.ok(refused > 5, `${refused} were refused`);
    });
  }
});
