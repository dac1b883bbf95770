import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, it } from 'mocha';
import { nativeBinding } from '../../src/native/binding.js';
import { projectRoot } from '../support/project-paths.js';

const folder = resolve(projectRoot, 'src/native');
const declarations = readdirSync(folder)
  .filter((name) => name.endsWith('-types.ts'))
  .map((name) => readFileSync(resolve(folder, name), 'utf8'))
  .join('\n');

/** Names of the methods that an interface of the declaration files declares. */
function declaredMethods(name: string): string[] {
  const body = new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(declarations)?.[1];
  assert.ok(body, `no interface ${name}`);
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)(?:\(|:)/gm)].map((match) => match[1] ?? '').sort();
}

describe('native binding', () => {
  it('has the methods that are declared, and no others', () => {
    const methods = Object.getOwnPropertyNames(nativeBinding().Tracer.prototype).filter(
      (name) => name !== 'constructor',
    );
    assert.deepEqual(methods.sort(), declaredMethods('NativeTracer'));
    assert.deepEqual(Object.keys(nativeBinding()).sort(), declaredMethods('NativeBinding'));
  });

  it('documents what every call gives and how it fails', () => {
    const body = /export interface NativeTracer \{\n([\s\S]*?)\n\}/.exec(declarations)?.[1] ?? '';
    const undocumented = body
      .split('\n')
      .filter((line, index, lines) => /^ {2}\w+\(/.test(line) && !/\*\/$/.test(lines[index - 1] ?? ''));
    assert.deepEqual(undocumented, []);
  });

  it('throws with errno, request and thread', () => {
    const tracer = new (nativeBinding().Tracer)();
    assert.throws(
      () =>
        tracer.spawn({
          file: '/',
          args: ['/'],
          environment: [],
          workingDirectory: undefined,
          disableRandomization: false,
          redirectStdio: false,
          stdio: [],
          terminal: undefined,
          descriptors: [],
        }),
      { errno: 13, request: 'execve' },
    );
    assert.equal(tracer.seize(2 ** 22 - 1, 0, false), false);
    assert.throws(() => tracer.readMemory(77, 0n, new Uint8Array(1)), { request: 'space' });
    tracer.dispose();
    tracer.dispose();
  });

  it('tells the machine in terms that agree with each other', () => {
    const { xsave } = nativeBinding().machineFacts();
    if (xsave === undefined) return;
    const end = Math.max(576, ...xsave.components.map((part) => part.offset + part.sizeBytes));
    if (xsave.xcr0 !== 0n) assert.equal(xsave.sizeBytes, end);
    for (const part of xsave.components) assert.ok((xsave.xcr0 >> BigInt(part.index)) & 1n);
  });
});
