/** `libraries-svr4`: the link maps of the dynamic loader (GDB manual, "Library List Format for SVR4 Targets"). */
import type { LinkMapQuery, LoadedObject, LoadedObjects } from '../../../core/program/index.js';
import type { TransferObject } from './transfer-object.js';
import { emptyElement, hexAddress, utf8Bytes } from './xml.js';

/** `key=value;` pairs, values in hex; keys that are not known are skipped. undefined: not of that form. */
export function parseLibraryAnnex(annex: string): LinkMapQuery | undefined {
  if (!/^(?:[^=;]+=[0-9a-f]+;)*$/i.test(annex)) return undefined;
  const values = new Map<string, bigint>();
  for (const [, key = '', value = ''] of annex.matchAll(/([^=;]+)=([^;]+);/g)) {
    values.set(key, BigInt.asUintN(64, BigInt(`0x${value}`)));
  }
  const query: { start?: bigint; prev?: bigint; lmid?: bigint } = {};
  for (const key of ['start', 'prev', 'lmid'] as const) {
    const value = values.get(key);
    if (value !== undefined) query[key] = value;
  }
  return query;
}

function library(object: LoadedObject): string {
  return emptyElement('library', {
    name: object.name,
    lm: hexAddress(object.linkMap),
    l_addr: hexAddress(object.loadBias),
    l_ld: hexAddress(object.dynamic),
    lmid: hexAddress(object.namespaceId),
  });
}

/** Objects without a name have no file that a client could read. */
function libraryListXml({ mainLinkMap, objects }: LoadedObjects): string {
  const main = mainLinkMap === 0n ? '' : ` main-lm="${hexAddress(mainLinkMap)}"`;
  const libraries = objects.filter((object) => object.name !== '').map(library);
  return `<library-list-svr4 version="1.0"${main}>${libraries.join('')}</library-list-svr4>`;
}

/** A list that has not changed is not written again. */
const written = new WeakMap<LoadedObjects, Uint8Array>();

function libraryList(loaded: LoadedObjects): Uint8Array {
  const known = written.get(loaded);
  if (known !== undefined) return known;
  const list = utf8Bytes(libraryListXml(loaded));
  written.set(loaded, list);
  return list;
}

export const librariesSvr4: TransferObject = {
  name: 'libraries-svr4',
  advertise: ['augmented-libraries-svr4-read+'],
  read: (session, annex) => {
    const query = parseLibraryAnnex(annex);
    if (query === undefined) return undefined;
    return libraryList(session.selection.requireProcess().program.loadedObjects(query));
  },
};
