/** The version, from the description of the package; an executable in one file holds that as an asset. */
import { readFileSync } from 'node:fs';
import { getAsset, isSea } from 'node:sea';

export function version(): string {
  const name = 'package.json';
  const text = isSea()
    ? getAsset(name, 'utf8')
    : readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
  const description: { version: string } = JSON.parse(text);
  return description.version;
}
