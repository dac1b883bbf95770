/** What is mapped in a process (proc(5), `/proc/PID/maps`). */

export interface MappedMemory {
  readonly start: bigint;
  readonly lengthBytes: bigint;
  /** A subset of `rwx`. */
  readonly permissions: string;
  /** The file, or `[stack]` and the like; '' where there is none. */
  readonly name: string;
}

const line = /^([0-9a-f]+)-([0-9a-f]+) ([r-])([w-])([x-])\S* \S+ \S+ \S+ *(.*)$/;

/** Lines of another form are left out. */
export function parseMaps(text: string): MappedMemory[] {
  return text.split('\n').flatMap((each) => {
    const [matched, start, end, ...rest] = line.exec(each) ?? [];
    if (matched === undefined) return [];
    const name = rest.at(-1) ?? '';
    const permissions = rest.slice(0, 3).join('').replaceAll('-', '');
    const first = BigInt(`0x${start}`);
    return [{ start: first, lengthBytes: BigInt(`0x${end}`) - first, permissions, name }];
  });
}
