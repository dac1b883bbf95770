/**
 * The descriptors that whoever started this process has left open for the programs that it is to start. Node marks all of
 * them close-on-exec before any of our code runs, so that they must be told from its own by what they lead to.
 */
import { fstatSync, readdirSync, readlinkSync } from 'node:fs';

const firstBeyondStandard = 3;

interface Inherited {
  readonly fd: number;
  readonly device: bigint;
  readonly inode: bigint;
}

/** What Node has open: event loops, pipes with both ends here, the folder that is being read, and /dev/null. */
function isNodes(target: string, count: number): boolean {
  const isOwnPipe = target.startsWith('pipe:') && count > 1;
  return isOwnPipe || target.startsWith('anon_inode:') || /^\/proc\/\d+\/fd$|^\/dev\/null$/.test(target);
}

function identityOf(fd: number): Inherited | undefined {
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return { fd, device: dev, inode: ino };
  } catch {
    // Closed since.
    return undefined;
  }
}

function targetOf(fd: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    // That of the listing itself.
    return undefined;
  }
}

function openedByOthers(): readonly Inherited[] {
  const targets = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    const target = targetOf(Number(name));
    if (target !== undefined) targets.set(Number(name), target);
  }
  const counts = new Map<string, number>();
  for (const target of targets.values()) counts.set(target, (counts.get(target) ?? 0) + 1);
  return [...targets].flatMap(([fd, target]) => {
    if (fd < firstBeyondStandard || isNodes(target, counts.get(target) ?? 0)) return [];
    return identityOf(fd) ?? [];
  });
}

/** Looked at when the command line's entry loads this file: nothing of ours is open by then. */
const inherited = openedByOthers();

/** The numbers of those that are still open, but for `own`, which are meant for this process. */
export function inheritedDescriptors(...own: readonly (number | undefined)[]): readonly number[] {
  return inherited.flatMap(({ fd, device, inode }) => {
    const now = own.includes(fd) ? undefined : identityOf(fd);
    return now?.device === device && now.inode === inode ? [fd] : [];
  });
}
