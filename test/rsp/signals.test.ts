import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { gdbSignalOf, kernelSignalOf, signalName } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';

describe('signals', () => {
  it('translate there and back, all but the one that GDB does not know', () => {
    const seen = new Set<number>();
    for (let kernel = 1; kernel <= 64; kernel += 1) {
      const gdb = gdbSignalOf(kernel);
      assert.ok(!seen.has(gdb), `${kernel}`);
      seen.add(gdb);
      assert.equal(kernelSignalOf(gdb), kernel === constants.signals.SIGSTKFLT ? undefined : kernel);
    }
  });

  it('have the numbers of the protocol', () => {
    const { SIGBUS, SIGUSR1, SIGSEGV, SIGCHLD, SIGCONT, SIGSTOP, SIGSTKFLT, SIGPWR, SIGSYS, SIGIO } =
      constants.signals;
    const kernel = [SIGBUS, SIGUSR1, SIGSEGV, SIGCHLD, SIGCONT, SIGSTOP, SIGSTKFLT, SIGPWR, SIGSYS, SIGIO];
    assert.deepEqual(kernel.map(gdbSignalOf), [10, 30, 11, 20, 19, 17, 143, 32, 12, 23]);
    assert.deepEqual([32, 33, 34, 63, 64].map(gdbSignalOf), [77, 45, 46, 75, 78]);
  });

  it('are unknown when they do not exist', () => {
    assert.equal(gdbSignalOf(0), 0);
    assert.equal(gdbSignalOf(65), 143);
    for (const gdb of [0, 7, 29, 33, 76, 79, 143, 144, 151, 500])
      assert.equal(kernelSignalOf(gdb), undefined);
  });

  it('have the names of the system', () => {
    const aliases = new Set(['SIGIOT', 'SIGPOLL', 'SIGUNUSED']);
    for (const [name, kernel] of Object.entries(constants.signals)) {
      if (!aliases.has(name)) assert.equal(signalName(kernel), name);
    }
    assert.equal(signalName(34), 'SIG34');
  });
});
