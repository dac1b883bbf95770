import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { breakpointKind, registerOfRole, thisModule } from '../../support/machine-registers.js';
import { stopKeys, withSession } from './traced-session.js';
import { lldbTokens } from './wire-client.js';

const sigusr1 = '1e';

const pcNumber = registerOfRole('pc').number.toString(16);
const trapBytes = thisModule.breakpoint.bytes.length;

/** The pc behind the program's own trap, as in `P`. */
function behindTrap(symbol: (name: string) => string): string {
  const at = BigInt(`0x${symbol('trap_instruction')}`) + BigInt(trapBytes);
  const bytes = at.toString(16).padStart(16, '0').match(/../g) ?? [];
  return bytes.reverse().join('');
}

describe('gdb session: signals', () => {
  it('reports a signal in GDB numbers, swallows it with c and delivers it with C', () =>
    withSession('signals', { args: ['usr1', 'usr1'] }, async ({ client, symbol }) => {
      await client.request('?');
      assert.equal(await client.request(`Z0,${symbol('on_usr1')},${breakpointKind}`), 'OK');
      const stop = await client.request('vCont;c');
      assert.equal(stop.slice(0, 3), `T${sigusr1}`);
      assert.ok(stopKeys(stop).has('thread'));
      assert.equal((await client.request('vCont;c')).slice(0, 3), `T${sigusr1}`, 'the handler did not run');
      assert.match(await client.request(`vCont;C${sigusr1}`), /^T05.*swbreak/);
      assert.equal(await client.request(`m${symbol('handled')},4`), '00000000');
      assert.match(await client.request('vCont;c'), /^W0/);
    }));

  it('delivers what QPassSignals names without a stop', () =>
    withSession('signals', { args: ['usr1', 'usr1', 'queue'] }, async ({ client, symbol }) => {
      await client.request('?');
      assert.equal(await client.request(`QPassSignals:${sigusr1};`), 'OK');
      assert.equal(await client.request(`QProgramSignals:${sigusr1};2`), 'OK');
      const stop = await client.request('vCont;c');
      assert.equal(stop.slice(0, 3), 'T30', 'SIGRTMIN + 2 is 36, GDB says 48');
      assert.equal(await client.request(`m${symbol('handled')},4`), '02000000');
      assert.equal(await client.request('QPassSignals:'), 'OK');
      assert.match(await client.request('vCont;C30'), /^W0/);
    }));

  it('reports SIGSEGV at a breakpoint where nothing may be executed, QPassSignals or not', () =>
    withSession('signals', { args: ['segv'] }, async ({ client, register }) => {
      await client.request('?');
      assert.equal(await client.request('QPassSignals:b'), 'OK');
      const [start, stack] = [await register('pc'), await register('sp')];
      const bytes = (value: bigint): string =>
        (value.toString(16).padStart(16, '0').match(/../g) ?? []).reverse().join('');
      assert.equal(await client.request(`Z0,${stack.toString(16)},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`P${pcNumber}=${bytes(stack)}`), 'OK');
      assert.equal((await client.request('vCont;c')).slice(0, 3), 'T0b');
      assert.equal(await register('pc'), stack);
      assert.equal(await client.request(`z0,${stack.toString(16)},${breakpointKind}`), 'OK');
      assert.equal(await client.request(`P${pcNumber}=${bytes(start)}`), 'OK');
      assert.match(await client.request('vCont;c'), /^X0b/, 'any other one is delivered');
    }));

  it('steps into the handler with S', () =>
    withSession('signals', { args: ['usr1'] }, async ({ client, symbol, register }) => {
      await client.request('?');
      await client.request('vCont;c');
      assert.equal((await client.request(`vCont;S${sigusr1}`)).slice(0, 3), 'T05');
      assert.equal(await register('pc'), BigInt(`0x${symbol('on_usr1')}`));
    }));

  it('reports the death by a signal', () =>
    withSession('signals', { args: ['segv'] }, async ({ client, pid, lines }) => {
      await client.request('?');
      assert.equal((await client.request('vCont;c')).slice(0, 3), 'T0b');
      assert.equal(await client.request('vCont;C0b'), `X0b;process:${pid.toString(16)}`);
      assert.deepEqual(lines.slice(-2), ['', 'Child terminated with signal = 0xb (SIGSEGV)']);
    }));

  it('delivers SIGSTKFLT, which has no number of its own on the wire', () =>
    withSession('own-traps', {}, async ({ client, symbol }) => {
      await client.request('?');
      assert.equal((await client.request('vCont;c')).slice(0, 3), 'T8f');
      assert.match(await client.request('vCont;C8f'), /^T05/);
      assert.equal(await client.request(`m${symbol('sum')},4`), '10000000');
    }));

  it('reports a trap instruction of the program, the pc at it for a client with swbreak', () =>
    withSession('own-traps', {}, async ({ client, pid, symbol, register }) => {
      await client.request('vCont;c');
      assert.match(await client.request('vCont;c'), /^T05.*swbreak:;/);
      assert.equal(await register('pc'), BigInt(`0x${symbol('trap_instruction')}`));
      // What GDB does: it shows the program the pc that the machine would.
      assert.equal(await client.request(`P${pcNumber}=${behindTrap(symbol)}`), 'OK');
      assert.equal(await client.request('vCont;C05'), `W05;process:${pid.toString(16)}`);
    }));

  it('leaves the pc behind the program’s own trap for other clients', async () => {
    for (const tokens of ['multiprocess+', lldbTokens]) {
      await withSession('own-traps', { tokens }, async ({ client, symbol, register }) => {
        await client.request('vCont;c');
        const stop = await client.request('vCont;c');
        assert.equal(stop.slice(0, 3), 'T05');
        assert.ok(!stop.includes('swbreak'), stop);
        assert.equal(
          await register('pc'),
          BigInt(`0x${symbol('trap_instruction')}`) + BigInt(thisModule.breakpoint.pcOffset),
        );
        // Where the machine stays at the instruction, the client goes past it.
        if (thisModule.breakpoint.pcOffset === 0)
          assert.equal(await client.request(`P${pcNumber}=${behindTrap(symbol)}`), 'OK');
        assert.match(await client.request('vCont;c'), /^W00/, 'the signal was the debugger’s');
      });
    }
  });
});
