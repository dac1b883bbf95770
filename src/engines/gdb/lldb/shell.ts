/** Commands that a client of the platform has run on this machine. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

export interface Finished {
  /** Exit status; 0 when a signal ended it. */
  readonly status: number;
  readonly signal: number;
  readonly output: Uint8Array;
}

/** Of a timer; clients that do not want one say 2^32 - 1 seconds. */
const longestTimeoutMs = 2 ** 31 - 1;
/** Of one command; what is beyond it is cut off. */
const mostOutputBytes = 0x10000;

/**
 * Runs a command by sh(1), its errors among its output.
 * @param timeoutS after which it is killed
 */
export function runCommand(command: string, timeoutS: number, folder: string | undefined): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/sh', ['-c', `exec 2>&1\n${command}`], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: Math.min(timeoutS * 1000, longestTimeoutMs),
      killSignal: 'SIGKILL',
    });
    const chunks: Uint8Array[] = [];
    child.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      const output = joined(chunks).subarray(0, mostOutputBytes);
      resolve({ status: status ?? 0, signal: signal === null ? 0 : constants.signals[signal], output });
    });
  });
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
