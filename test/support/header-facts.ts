/** What the system's C headers say constants are, asked of the compiler. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Values of constants of this machine, by their names. @throws where a header does not have one */
export async function headerConstants(
  headers: readonly string[],
  names: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const source = [
    '#define _GNU_SOURCE',
    ...headers.map((header) => `#include <${header}>`),
    // Not by its header, which would bring in the C library's idea of what a kernel header declares.
    'int printf(const char *format, ...);',
    'int main(void) {',
    ...names.map((name) => `  printf("${name} %lld\\n", (long long)(${name}));`),
    '  return 0;\n}',
  ];
  const folder = await mkdtemp(join(tmpdir(), 'outstep-facts-'));
  try {
    const file = join(folder, 'facts.c');
    await writeFile(file, source.join('\n'));
    await run('gcc', ['-w', '-o', join(folder, 'facts'), file]);
    const { stdout } = await run(join(folder, 'facts'));
    return new Map(stdout.trim().split('\n').map(parse));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function parse(line: string): readonly [string, bigint] {
  const [name = '', value = ''] = line.split(' ');
  return [name, BigInt(value)];
}

/** Numbers of system calls by their names, as a compiler's <asm/unistd.h> says. */
export async function headerCallNumbers(compiler: string): Promise<ReadonlyMap<string, number>> {
  const header = '#include <asm/unistd.h>\n';
  const names = (await preprocess(compiler, ['-dM'], header)).matchAll(/^#define __NR_(\w+) /gm);
  const lines = [...names].map(([, name]) => `@ ${name} __NR_${name}`);
  const values = (await preprocess(compiler, ['-P'], header + lines.join('\n'))).matchAll(
    /^@ (\w+) ([\d( +)]+)$/gm,
  );
  return new Map([...values].map(([, name = '', value = '']) => [name, sumOf(value)]));
}

/** `(0 + 9)`: some headers count from a base. */
function sumOf(text: string): number {
  return (text.match(/\d+/g) ?? []).reduce((sum, number) => sum + Number(number), 0);
}

async function preprocess(compiler: string, flags: readonly string[], source: string): Promise<string> {
  const child = run(compiler, ['-E', ...flags, '-x', 'c', '-']);
  child.child.stdin?.end(source);
  return (await child).stdout;
}
