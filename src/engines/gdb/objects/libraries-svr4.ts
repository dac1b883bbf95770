/** `libraries-svr4`: the link maps of the dynamic loader (GDB manual, "Library List Format for SVR4 Targets"). */
import { parseSvr4Query, printSvr4Libraries } from 'gdb-js-rsp-parser/documents';
import type { LoadedObjects } from '../../../core/program/index.js';
import { type TransferObject, utf8Bytes } from './transfer-object.js';

/** Objects without a name have no file that a client could read. */
function document({ mainLinkMap, objects }: LoadedObjects): string {
  const libraries = objects
    .filter(({ name }) => name !== '')
    .map(({ name, linkMap, loadBias, dynamic, namespaceId }) => ({
      name,
      linkMap,
      bias: loadBias,
      dynamicSection: dynamic,
      namespace: namespaceId,
    }));
  return printSvr4Libraries(mainLinkMap === 0n ? { libraries } : { mainLinkMap, libraries });
}

/** A list that has not changed is not written again. */
const written = new WeakMap<LoadedObjects, Uint8Array>();

function libraryList(loaded: LoadedObjects): Uint8Array {
  const known = written.get(loaded);
  if (known !== undefined) return known;
  const list = utf8Bytes(document(loaded));
  written.set(loaded, list);
  return list;
}

export const librariesSvr4: TransferObject = {
  name: 'libraries-svr4',
  advertise: ['augmented-libraries-svr4-read+'],
  read: (session, annex) => {
    const query = parseSvr4Query(annex);
    if (query === undefined) return undefined;
    return libraryList(session.selection.requireProcess().program.loadedObjects(query));
  },
};
