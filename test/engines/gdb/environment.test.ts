import assert from 'node:assert/strict';
import { hexOfText } from 'gdb-js-rsp-parser';
import { describe, it } from 'mocha';
import { newServer } from './traced-session.js';
import { WireClient } from './wire-client.js';

async function withClient(test: (client: WireClient, tokens: string) => Promise<void>): Promise<void> {
  const environment = { HOME: '/home/me', EMPTY: '' };
  const { server } = newServer({ multi: true, environment });
  try {
    const client = new WireClient(server);
    await test(client, await client.greet());
  } finally {
    server.dispose();
  }
}

describe('environment packets', () => {
  it('are announced, for clients send none of them otherwise', () =>
    withClient(async (_client, tokens) => {
      const names = ['DisableRandomization', 'StartupWithShell', 'EnvironmentReset', 'EnvironmentHexEncoded'];
      for (const name of [...names, 'EnvironmentUnset', 'SetWorkingDir']) {
        assert.ok(tokens.split(';').includes(`Q${name}+`), name);
      }
    }));

  it('set, unset and reset variables of this connection', () =>
    withClient(async (client) => {
      const { launchSettings } = client.session;
      const variables = (): unknown => Object.fromEntries(launchSettings.environment);
      assert.equal(await client.request(`QEnvironmentHexEncoded:${hexOfText('NAME=a=b, \u00e4')}`), 'OK');
      assert.equal(await client.request(`QEnvironmentUnset:${hexOfText('HOME')}`), 'OK');
      assert.deepEqual(variables(), { EMPTY: '', NAME: 'a=b, \u00e4' });
      assert.equal(await client.request(`QEnvironmentHexEncoded:${hexOfText('EMPTY=')}`), 'OK');
      assert.equal(await client.request('QEnvironmentReset'), 'OK');
      assert.deepEqual(variables(), { HOME: '/home/me', EMPTY: '' });
    }));

  it('choose folder, shell and randomization', () =>
    withClient(async (client) => {
      const { launchSettings } = client.session;
      assert.equal(await client.request(`QSetWorkingDir:${hexOfText('/tmp')}`), 'OK');
      assert.equal(launchSettings.workingDirectory, '/tmp');
      const folders = {
        '~': '/home/me',
        '~/': '/home/me/',
        '~/a b': '/home/me/a b',
        '~me': '~me',
        'a~': 'a~',
      };
      for (const [folder, expanded] of Object.entries(folders)) {
        assert.equal(await client.request(`QSetWorkingDir:${hexOfText(folder)}`), 'OK');
        assert.equal(launchSettings.workingDirectory, expanded);
      }
      assert.equal(await client.request('QSetWorkingDir:'), 'OK');
      assert.equal(launchSettings.workingDirectory, undefined);
      for (const on of [true, false]) {
        assert.equal(await client.request(`QStartupWithShell:${on ? 1 : 0}`), 'OK');
        assert.equal(launchSettings.startWithShell, on);
        assert.equal(await client.request(`QDisableRandomization:${on ? 1 : 0}`), 'OK');
        assert.equal(launchSettings.disableRandomization, on);
      }
    }));

  it('answer mistakes with an error and change nothing', () =>
    withClient(async (client) => {
      const before = new Map(client.session.launchSettings.environment);
      const broken = [
        `QEnvironmentHexEncoded:${hexOfText('NAME')}`,
        `QEnvironmentHexEncoded:${hexOfText('=value')}`,
        'QEnvironmentHexEncoded:4e3',
        'QEnvironmentUnset:',
        'QEnvironmentReset:1',
        'QStartupWithShell:2',
        'QDisableRandomization',
      ];
      for (const packet of broken) assert.equal(await client.request(packet), 'E16', packet);
      assert.deepEqual(client.session.launchSettings.environment, before);
    }));
});
