/** The server cannot start: an address, a program or a process is not to be had. An empty message: all is said already. */
export class StartError extends Error {}
