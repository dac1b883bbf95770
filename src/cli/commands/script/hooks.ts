/**
 * Hooks for Nodes without type stripping, on a thread of their own (Node's documentation, "Customization hooks"). The
 * build makes one file of it, dist/script-hooks.mjs, and of what strips the types.
 */
import { readFile } from 'node:fs/promises';
import type { InitializeHook, LoadHook, ResolveHook } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transform } from 'sucrase';
import { ClientHooks, type ClientPlace } from './client-hooks.js';

let client: ClientHooks | undefined;

export const initialize: InitializeHook<ClientPlace> = (place) => {
  client = new ClientHooks(place);
};

export const resolve: ResolveHook = (specifier, context, nextResolve) =>
  client === undefined
    ? nextResolve(specifier, context)
    : client.resolve(specifier, context, (name, from) => nextResolve(name, from));

export const load: LoadHook = async (url, context, nextLoad) => {
  const library = client?.load(url);
  if (library !== undefined) return library;
  const [, letter] = /^file:.*\.([cm]?)ts$/.exec(url) ?? [];
  if (letter === undefined) return nextLoad(url, context);
  const path = fileURLToPath(url);
  return {
    format: letter === 'c' ? 'commonjs' : 'module',
    source: withoutTypes(await readFile(path, 'utf8'), path),
    shortCircuit: true,
  };
};

/** Lines stay where they are, so that those of errors are true; imports stay as well, as Node has it. */
function withoutTypes(text: string, filePath: string): string {
  return transform(text, {
    transforms: ['typescript'],
    disableESTransforms: true,
    keepUnusedImports: true,
    filePath,
  }).code;
}
