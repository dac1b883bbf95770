/** Descendants of a process that a test starts, known by a variable of their environment, whatever their parents became. */
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';

const marker = 'OUTSTEP_TEST_FAMILY';
let families = 0;

/** A name of its own, and the variables that processes bear it by. */
export function newFamily(): {
  readonly family: string;
  readonly variables: Readonly<Record<string, string>>;
} {
  families += 1;
  const family = `${process.pid}.${families}`;
  return { family, variables: { [marker]: family } };
}

export function killFamily(family: string): void {
  for (const entry of readdirSync('/proc')) {
    if (/^\d+$/.test(entry) && bearsMark(entry, family)) killIfThere(Number(entry));
  }
}

function bearsMark(pid: string, family: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(`${marker}=${family}`);
  } catch {
    return false;
  }
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
