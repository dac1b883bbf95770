/** The client library of this machine on the server of an aarch64 one. */
import { describeServer } from '../../client/server-suite.js';
import { aarch64, streamsCommand } from '../../client/servers.js';
import { compileFixture } from '../../support/fixture.js';
import { cacheFolder } from '../../support/project-paths.js';
import { serverCommand, theGuest } from './guest-session.js';

describeServer({
  name: 'Outstep in the aarch64 guest',
  machine: aarch64,
  lacks: ['own-processes'],
  compile: (fixture) => compileFixture(fixture, { machine: 'aarch64', flags: ['-no-pie'] }),
  folder: cacheFolder,
  endpoint: (program) => {
    const [command = '', ...args] = theGuest().shellCommand(streamsCommand(serverCommand, program));
    return { command, args };
  },
});
