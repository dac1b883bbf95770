import { describe, it } from 'mocha';
import { debugFixture } from '../support/debug-session.js';
import { expectBreakpointStop, expectExit } from '../support/expectations.js';

describe('gdb: breakpoints', () => {
  it('break stops before the line, each time it is reached', async () => {
    await debugFixture('stepping', {}, async ({ gdb, line }) => {
      await gdb.execute('break twice');
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice', number: 1 });
      expectBreakpointStop(await gdb.run('continue'), { function: 'twice', number: 1 });
      await gdb.execute('delete 1');
      await gdb.execute(`break ${line('end')}`);
      expectBreakpointStop(await gdb.run('continue'), { function: 'main', line: line('end') });
      expectExit(await gdb.run('continue'), 0);
    });
  });
});
