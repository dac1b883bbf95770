/** The documents of `qXfer:libraries-svr4:read` and `qXfer:libraries:read` (GDB manual, "Library List Format" of both). */
import { attribute, bigintAttribute, type Element, elementsNamed, parseDocument } from './xml.js';
import { emptyElement, filledElement, hexAddress } from './xml-text.js';

/** What a dynamic linker with link maps has loaded. */
export interface Svr4Library {
  readonly name: string;
  readonly linkMap: bigint;
  /** What is added to the addresses of its file. */
  readonly bias: bigint;
  readonly dynamicSection: bigint;
  /** Of its namespace. */
  readonly namespace?: bigint;
}

export interface Svr4LibraryList {
  /** Of the program itself, which is not among them. */
  readonly mainLinkMap?: bigint;
  readonly libraries: readonly Svr4Library[];
}

/** A library of a loader without link maps. */
export interface PlainLibrary {
  readonly name: string;
  /** Where its segments are, or its sections. */
  readonly addresses: readonly bigint[];
  readonly unit: 'segment' | 'section';
}

/** The annex of a client that has part of the list: where it begins, what comes before, and the namespace. */
export interface Svr4Query {
  readonly start?: bigint;
  readonly prev?: bigint;
  readonly lmid?: bigint;
}

const queryKeys = ['start', 'prev', 'lmid'] as const;

/** `key=value;` pairs, values in hex; keys that are not known are skipped. undefined: not of that form. */
export function parseSvr4Query(annex: string): Svr4Query | undefined {
  if (!/^(?:[^=;]+=[0-9a-f]+;)*$/i.test(annex)) return undefined;
  const values = new Map<string, bigint>();
  for (const [, key = '', value = ''] of annex.matchAll(/([^=;]+)=([^;]+);/g)) {
    values.set(key, BigInt.asUintN(64, BigInt(`0x${value}`)));
  }
  const query: { start?: bigint; prev?: bigint; lmid?: bigint } = {};
  for (const key of queryKeys) {
    const value = values.get(key);
    if (value !== undefined) query[key] = value;
  }
  return query;
}

export function printSvr4Query(query: Svr4Query): string {
  return queryKeys
    .map((key) => (query[key] === undefined ? '' : `${key}=${query[key].toString(16)};`))
    .join('');
}

/** @throws ProtocolError */
export function parseSvr4Libraries(text: string): Svr4LibraryList {
  const root = parseDocument(text, 'the list of libraries');
  const libraries = elementsNamed(root, 'library').map((element) => ({
    name: attribute(element, 'name'),
    linkMap: bigintAttribute(element, 'lm'),
    bias: bigintAttribute(element, 'l_addr'),
    dynamicSection: bigintAttribute(element, 'l_ld'),
    ...(element.attributes.lmid === undefined ? {} : { namespace: bigintAttribute(element, 'lmid') }),
  }));
  const hasMain = root.attributes['main-lm'] !== undefined;
  return hasMain ? { mainLinkMap: bigintAttribute(root, 'main-lm'), libraries } : { libraries };
}

export function printSvr4Libraries({ mainLinkMap, libraries }: Svr4LibraryList): string {
  const elements = libraries.map(({ name, linkMap, bias, dynamicSection, namespace }) =>
    emptyElement('library', {
      name,
      lm: hexAddress(linkMap),
      l_addr: hexAddress(bias),
      l_ld: hexAddress(dynamicSection),
      lmid: namespace === undefined ? undefined : hexAddress(namespace),
    }),
  );
  const main = mainLinkMap === undefined ? undefined : hexAddress(mainLinkMap);
  return filledElement('library-list-svr4', { version: '1.0', 'main-lm': main }, elements.join(''));
}

/** @throws ProtocolError */
export function parsePlainLibraries(text: string): PlainLibrary[] {
  return elementsNamed(parseDocument(text, 'the list of libraries'), 'library').map((element) => {
    const sections = addresses(element, 'section');
    return {
      name: attribute(element, 'name'),
      ...(sections.length > 0
        ? { unit: 'section', addresses: sections }
        : { unit: 'segment', addresses: addresses(element, 'segment') }),
    };
  });
}

function addresses(library: Element, unit: PlainLibrary['unit']): readonly bigint[] {
  return library.children
    .filter(({ name }) => name === unit)
    .map((element) => bigintAttribute(element, 'address'));
}

export function printPlainLibraries(libraries: Iterable<PlainLibrary>): string {
  const elements = Array.from(libraries, ({ name, unit, addresses: places }) => {
    const parts = places.map((address) => emptyElement(unit, { address: hexAddress(address) }));
    return filledElement('library', { name }, parts.join(''));
  });
  return `<library-list>${elements.join('')}</library-list>`;
}
