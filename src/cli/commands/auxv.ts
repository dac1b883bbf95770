/** `outstep auxv`: what the kernel has told a program at its start. The process is not stopped for that. */
import { readFileSync } from 'node:fs';
import { messageOf } from '../../base/errors.js';
import type { Pid } from '../../base/ids.js';
import { type AuxvEntry, elfIdentity, parseAuxv } from '../../core/index.js';
import { StartError } from '../start-error.js';
import type { Streams } from './subcommand.js';
import { onlyPid, parseWords } from './words.js';

export const usage = `Usage:  outstep auxv [--json] PID

Shows the auxiliary vector of process PID (getauxval(3)): number and name of each entry, and its
value in hex. The process is not stopped.

  --json                Show it as one JSON object.
`;

/** Names behind AT_, <linux/auxvec.h> and <asm/auxvec.h>. */
const names: Readonly<Record<number, string>> = {
  2: 'EXECFD',
  3: 'PHDR',
  4: 'PHENT',
  5: 'PHNUM',
  6: 'PAGESZ',
  7: 'BASE',
  8: 'FLAGS',
  9: 'ENTRY',
  11: 'UID',
  12: 'EUID',
  13: 'GID',
  14: 'EGID',
  15: 'PLATFORM',
  16: 'HWCAP',
  17: 'CLKTCK',
  23: 'SECURE',
  24: 'BASE_PLATFORM',
  25: 'RANDOM',
  26: 'HWCAP2',
  27: 'RSEQ_FEATURE_SIZE',
  28: 'RSEQ_ALIGN',
  29: 'HWCAP3',
  30: 'HWCAP4',
  31: 'EXECFN',
  32: 'SYSINFO',
  33: 'SYSINFO_EHDR',
  51: 'MINSIGSTKSZ',
};

export async function run(words: readonly string[], { output }: Streams): Promise<number> {
  const { values, positionals } = parseWords(words, { json: { type: 'boolean' } });
  const pid = onlyPid(positionals);
  const entries = readEntries(pid);
  if (values.json === true) output.line(JSON.stringify({ pid, auxv: entries.map(entryJson) }));
  else for (const entry of entries) output.line(entryText(entry));
  return 0;
}

/** @throws StartError */
function readEntries(pid: Pid): readonly AuxvEntry[] {
  try {
    const bytes = new Uint8Array(readFileSync(`/proc/${pid}/auxv`));
    const identity = elfIdentity(pid);
    if (identity === undefined) throw new Error('its program cannot be read');
    return parseAuxv(bytes, identity.elfClass === 1 ? 4 : 8);
  } catch (error) {
    throw new StartError(`Cannot read the auxiliary vector of process ${pid}: ${messageOf(error)}`);
  }
}

function nameOf({ type }: AuxvEntry): string | undefined {
  const name = names[Number(type)];
  return name && `AT_${name}`;
}

function entryText(entry: AuxvEntry): string {
  return `${`${entry.type}`.padEnd(4)}${(nameOf(entry) ?? '???').padEnd(22)}0x${entry.value.toString(16)}`;
}

function entryJson(entry: AuxvEntry): object {
  return { type: Number(entry.type), name: nameOf(entry), value: `0x${entry.value.toString(16)}` };
}
