/** The server cannot start: an address, a program or a process is not to be had. The message is complete. */
export class StartError extends Error {}
