/** A thread whose client lets the children of so many forks go: a server in another thread may wait for it. */
import { parentPort, workerData } from 'node:worker_threads';
import { connectRaw } from '../support/raw-client.js';
import { ForkClient } from './fork-client.js';

export interface ForkWork {
  readonly port: number;
  readonly work: bigint;
  readonly forks: number;
  /** What is said of each child before. */
  readonly about: readonly string[];
}

const { port, work, forks, about } = workerData as ForkWork;
using connection = await connectRaw({ port, host: '127.0.0.1' });
const client = await ForkClient.of(connection, work);
await client.ask('Z0,WORK,KIND');
await client.letGo(forks, about);
parentPort?.postMessage(await client.ask('vCont;c'));
