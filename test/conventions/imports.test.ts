/** The architecture as a table of allowed edges between folders, checked on every import of the sources. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, it } from 'mocha';
import { projectRoot } from '../support/project-paths.js';

const layers = [
  'base',
  'native',
  'arch',
  'debug-info',
  'core',
  'snapshot',
  'event-log',
  'engines',
  'client',
  'cli',
  'rsp',
  'index',
] as const;
type Layer = (typeof layers)[number];

const codec = 'gdb-js-rsp-parser';

/** Which other layers a layer may import; itself is always allowed. */
const allowed: Readonly<Record<Layer, readonly Layer[]>> = {
  base: [],
  rsp: [],
  arch: ['base'],
  native: ['base'],
  'debug-info': ['base'],
  core: ['base', 'arch', 'native'],
  snapshot: ['base', 'arch', 'core', 'debug-info'],
  'event-log': ['base', 'core', 'rsp'],
  engines: ['base', 'event-log', 'arch', 'core', 'snapshot', 'rsp'],
  client: ['rsp'],
  cli: ['base', 'event-log', 'arch', 'native', 'core', 'snapshot', 'engines', 'client', 'rsp', 'index'],
  index: ['base', 'event-log', 'snapshot', 'arch', 'core', 'engines', 'client', 'rsp'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isTypeOnly: boolean;
}

function sourcesUnder(folder: string): string[] {
  return readdirSync(resolve(projectRoot, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)))
    .filter((path) => !path.includes('node_modules/'));
}

const sources = [...sourcesUnder('src'), ...sourcesUnder('arch')];

function layerOf(path: string): Layer {
  const [top, second = ''] = path.split('/');
  const name = top === 'arch' ? 'arch' : second.replace(/\.ts$/, '');
  const layer = layers.find((candidate) => candidate === name);
  assert.ok(layer, `${path} lies in no known layer`);
  return layer;
}

const importForms =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)(\.)?/g;

/** Relative imports by the path of their source, packages by their name. */
function importsOf(path: string): Import[] {
  const text = readFileSync(resolve(projectRoot, path), 'utf8');
  return [...text.matchAll(importForms)].map(([, typeWord, named, called, member]) => {
    const target = named ?? called ?? '';
    const to = target.startsWith('.')
      ? relative(projectRoot, resolve(projectRoot, dirname(path), target.replace(/\.js$/, '.ts')))
      : target;
    return { from: path, to, isTypeOnly: typeWord !== undefined || member !== undefined };
  });
}

const imports = sources.flatMap(importsOf);

/** undefined: a package or Node's own module, which is no layer. */
function targetLayer(to: string): Layer | undefined {
  if (to === codec) return 'rsp';
  return to.startsWith('src/') || to.startsWith('arch/') ? layerOf(to) : undefined;
}

function isAllowed({ from, to }: Import): boolean {
  const source = layerOf(from);
  const target = targetLayer(to);
  return target === undefined || target === source || allowed[source].includes(target);
}

/** A way along imports of values back to where it started, or undefined. */
function findCycle(edges: ReadonlyMap<string, readonly string[]>): readonly string[] | undefined {
  const finished = new Set<string>();
  const visit = (node: string, way: readonly string[]): readonly string[] | undefined => {
    if (way.includes(node)) return [...way.slice(way.indexOf(node)), node];
    if (finished.has(node)) return undefined;
    for (const next of edges.get(node) ?? []) {
      const cycle = visit(next, [...way, node]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(node);
    return undefined;
  };
  for (const node of edges.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

describe('conventions: imports', () => {
  it('reads imports in all their forms', () => {
    assert.ok(sources.includes('src/base/ids.ts') && sources.includes('arch/module.ts'));
    const ofCommandLine = importsOf('src/cli/main.ts').map(({ to }) => to);
    assert.ok(ofCommandLine.includes('src/cli/options.ts'), 'static');
    assert.ok(ofCommandLine.includes('src/cli/serve.ts'), 'dynamic');
    assert.ok(
      importsOf('src/cli/listen.ts').some(({ to }) => to === 'node:fs'),
      'of Node',
    );
    const ofEvents = importsOf('src/core/event.ts');
    assert.ok(
      ofEvents.some(({ to, isTypeOnly }) => to === 'arch/module.ts' && isTypeOnly),
      'of types',
    );
  });

  it('name files that exist', () => {
    const missing = imports.filter(
      ({ to }) => targetLayer(to) !== undefined && to !== codec && !sources.includes(to),
    );
    assert.deepEqual(missing, []);
  });

  it('go down only', () => {
    const wrong = imports.filter((edge) => !isAllowed(edge)).map(({ from, to }) => `${from} -> ${to}`);
    assert.deepEqual(wrong, []);
  });

  it('of values make no cycles between files', () => {
    const edges = new Map(
      sources.map((from) => [
        from,
        imports.filter((edge) => edge.from === from && !edge.isTypeOnly).map(({ to }) => to),
      ]),
    );
    assert.deepEqual(
      findCycle(
        new Map([
          ['a', ['b']],
          ['b', ['c']],
          ['c', ['b']],
        ]),
      ),
      ['b', 'c', 'b'],
    );
    assert.equal(findCycle(edges), undefined);
  });

  it('keep Node out of what runs in a browser or needs no machine', () => {
    const pure: readonly Layer[] = ['rsp', 'arch', 'debug-info'];
    const wrong = imports.filter(({ from, to }) => pure.includes(layerOf(from)) && to.startsWith('node:'));
    assert.deepEqual(wrong, []);
  });

  it('never take node:process, whose evaluation touches the standard descriptors', () => {
    const takers = sources.filter((path) => importsOf(path).some(({ to }) => to === 'node:process'));
    assert.deepEqual(takers, []);
  });

  it('load the addon in one folder', () => {
    const wrong = sources.filter(
      (path) =>
        layerOf(path) !== 'native' && /\.node['"`]/.test(readFileSync(resolve(projectRoot, path), 'utf8')),
    );
    assert.deepEqual(wrong, []);
  });

  for (const [name, layer] of [
    ['capstone-wasm', 'client'],
    ['@rgrove/parse-xml', 'rsp'],
  ] as const)
    it(`load ${name} in one file, of ${layer}`, () => {
      const users = [...new Set(imports.filter(({ to }) => to === name).map(({ from }) => from))];
      assert.equal(users.length, 1, users.join(', '));
      assert.ok(users.every((path) => layerOf(path) === layer));
    });

  it('load the demangler in one file', () => {
    const users = imports.filter(({ to }) => to.startsWith('gecko-profiler-demangle'));
    assert.deepEqual([...new Set(users.map(({ from }) => from))], ['src/snapshot/demangle.ts']);
  });

  it('never lead from the command line to the client', () => {
    const reached = new Set(['src/cli/main.ts']);
    for (const path of reached)
      for (const { from, to, isTypeOnly } of imports) if (from === path && !isTypeOnly) reached.add(to);
    assert.ok(reached.has('src/engines/gdb/session.ts'), 'the server is reached');
    const ofClient = [...reached].filter((path) => path.startsWith('src/client/'));
    assert.deepEqual(ofClient, []);
  });
});
