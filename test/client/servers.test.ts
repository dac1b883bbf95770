/** The client against real servers. */
import { describeServer } from './server-suite.js';
import { servers } from './servers.js';

for (const server of servers) describeServer(server);
