/**
 * Node's own process. Importing `node:process` would evaluate its `stdin`, `stdout` and `stderr`, which puts terminals and
 * pipes into non-blocking mode, also for the programs that inherit them from us.
 */
export const hostProcess: NodeJS.Process = globalThis.process;
