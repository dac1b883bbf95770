/**
 * Scripts are modules that Node loads like any other, with two additions: `outstep/client` is this package's wherever the
 * script lies, and TypeScript is understood where Node does not do so by itself (its types are stripped, from 22.18 on).
 */
import { statSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hostProcess } from '../../../base/host-process.js';
import type * as ClientModule from '../../../client/index.js';
import { clientText, clientUrl, hooksUrl } from '../../package-urls.js';
import { StartError } from '../../start-error.js';
import { ClientHooks, type ClientPlace } from './client-hooks.js';
import { importModule } from './import-module.js';

export type Client = typeof ClientModule;
type Script = ClientModule.Script;

/** What a script has thrown, as the cause. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';

  constructor(cause: unknown) {
    super('the script has failed', { cause });
  }
}

/** The client library as scripts have it: one and the same module. */
export async function loadClient(): Promise<Client> {
  return (await importModule(clientUrl)) as Client;
}

/** @throws StartError when there is no such file, or its default export is no function; ScriptError */
export async function loadScript(file: string): Promise<Script> {
  const path = resolve(file);
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new StartError(`${file}: no such file`);
  const url = pathToFileURL(path).href;
  addHooks(/\.[cm]?ts$/.test(path), { clientUrl, clientText: clientText(), scriptUrl: url });
  const loaded = await load(url);
  if (typeof loaded.default !== 'function')
    throw new StartError(
      `${file}: the default export must be a function, which gets { client, args, signal }`,
    );
  return loaded.default as Script;
}

async function load(url: string): Promise<{ readonly default?: unknown }> {
  try {
    return (await importModule(url)) as { readonly default?: unknown };
  } catch (error) {
    throw new ScriptError(error);
  }
}

type Next = (specifier: string, context: unknown) => unknown;

interface SyncHooks {
  readonly resolve: (specifier: string, context: { readonly parentURL?: string }, next: Next) => unknown;
  readonly load: (url: string, context: unknown, next: Next) => unknown;
}

/** Newer than the types (Node's documentation, "module.registerHooks"). */
const { registerHooks } = nodeModule as { registerHooks?: (hooks: SyncHooks) => void };

function addHooks(isTypeScript: boolean, place: ClientPlace): void {
  const stripsTypes = isTypeScript && !understandsTypeScript();
  if (registerHooks === undefined || stripsTypes) {
    nodeModule.register(hooksUrl(), { data: place });
    return;
  }
  const client = new ClientHooks(place);
  registerHooks({
    resolve: (specifier, context, next) => client.resolve(specifier, context, next),
    load: (url, context, next) => client.load(url) ?? next(url, context),
  });
}

/** `false` where it is switched off; older Nodes do not know the word. */
function understandsTypeScript(): boolean {
  const { typescript = false } = hostProcess.features as { readonly typescript?: string | false };
  return typescript !== false;
}
