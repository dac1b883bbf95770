/**
 * Files of the package that are found by where they lie, from a module of `src/cli` (and from the bundle: its README). The
 * executable in one file holds them (`bundle/single.mjs`).
 */
import { getAsset, isSea } from 'node:sea';

/** The client library. */
export const clientUrl = isSea() ? 'outstep:client' : new URL('../client/index.js', import.meta.url).href;

/** Its text, where there is no file of it. */
export function clientText(): string | undefined {
  return isSea() ? getAsset('client.mjs', 'utf8') : undefined;
}

/** What the build makes of `commands/script/hooks.ts`. */
export function hooksUrl(): string {
  if (!isSea()) return new URL('../../script-hooks.mjs', import.meta.url).href;
  return `data:text/javascript,${encodeURIComponent(getAsset('script-hooks.mjs', 'utf8'))}`;
}
