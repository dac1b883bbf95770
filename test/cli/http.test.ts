/** HTTP requests at the port of a debug server. */
import assert from 'node:assert/strict';
import { asciiBytes, asciiText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { httpAnswer, isHttpRequest } from '../../src/cli/http.js';
import { DebugServer, skipOnGnuServer } from '../support/debug-server.js';
import { eventually, processState, tracerOf } from '../support/proc-files.js';
import { connectRaw } from '../support/raw-client.js';
import { TestProcess } from '../support/test-process.js';

async function fetchText(port: number): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://localhost:${port}/some/path?query`);
  return { status: response.status, text: await response.text() };
}

describe('cli: HTTP requests', () => {
  it('are known by their first line, and no packet is one', () => {
    for (const request of [
      'GET / HTTP/1.1\r\n',
      'POST /x HTTP/1.0',
      'OPTIONS * HTTP/1.1',
      'CONNECT host:1 HTTP/1.1',
    ])
      assert.ok(isHttpRequest(asciiBytes(request)), request);
    for (const packet of ['+$qSupported#37', '$GET /#00', '+', '\x03', 'GETTER', ''])
      assert.ok(!isHttpRequest(asciiBytes(packet)), packet);
    assert.match(asciiText(httpAnswer), /^HTTP\/1\.1 400 [^\r]*\r\n/);
  });

  it('are answered in words before a debugger comes, also where one alone is served', async function () {
    skipOnGnuServer(this, 'it takes HTTP for a debugger');
    await using server = await DebugServer.start(['--once', 'localhost:0', '/bin/true']);
    const { status, text } = await fetchText(server.port);
    assert.equal(status, 400);
    assert.match(text, /^This is outstep, a debug server.*\n.*target remote/);
    await server.output.match(/^That was an HTTP request: .*$/m, 5000);
    using connection = await connectRaw({ port: server.port, host: 'localhost' });
    assert.match(await connection.client.request('?'), /^[ST]05/);
    connection.client.send('k');
    assert.deepEqual(await server.process.waitForExit(), { kind: 'exited', code: 0 });
  });

  it('do not touch the session that is there, nor its program', async function () {
    skipOnGnuServer(this, 'it takes HTTP for a debugger');
    await using server = await DebugServer.start(['localhost:0', '/bin/cat']);
    using connection = await connectRaw({ port: server.port, host: 'localhost' });
    assert.match(await connection.client.request('?'), /^[ST]05/);
    assert.equal((await fetchText(server.port)).status, 400);
    assert.match(await connection.client.request('?'), /^[ST]05/);
    assert.match(await connection.client.request('g'), /^[0-9a-fx]{100,}/);
  });

  it('do not count as a client that is lost', async function () {
    skipOnGnuServer(this, 'it takes HTTP for a debugger');
    await using target = await TestProcess.start('target', ['sleep', '600']);
    const options = ['--on-disconnect=kill', '--attach', 'localhost:0', String(target.pid)];
    await using server = await DebugServer.start(options);
    await fetchText(server.port);
    await server.output.match(/^That was an HTTP request/m, 5000);
    using connection = await connectRaw({ port: server.port, host: 'localhost' });
    assert.match(await connection.client.request('?'), /^[ST]/);
    assert.equal(tracerOf(target.pid), server.process.pid);
    await eventually('it is stopped', () => processState(target.pid) === 't');
  });
});
