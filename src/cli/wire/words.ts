/** Values of the codec in words. */
import { asciiText, gdbSignal, hexOf, kernelSignalOf, signalName } from 'gdb-js-rsp-parser';

const longestText = 60;
const mostItems = 8;
/** So many are shown in hex. */
const shortBytes = 16;
/** Below it a number is more often a count than an address. */
const firstHexNumber = 4096;

/** `name value, name value`; members that tell nothing are left out. */
export function wordsOf(members: object): string {
  return Object.entries(members)
    .filter(([name, value]) => name !== 'kind' && value !== undefined)
    .map(([name, value]) => `${spaced(name)} ${memberInWords(name, value)}`)
    .join(', ');
}

/** Ids and signals are numbers that nobody wants in hex. */
const decimal = /^(pid|tid|process|thread|descriptor|signal)$/;

function memberInWords(name: string, value: unknown): string {
  if (typeof value !== 'number' || !decimal.test(name)) return wordOf(value);
  const kernelSignal = name === 'signal' ? kernelSignalOf(gdbSignal(value)) : undefined;
  return kernelSignal === undefined ? String(value) : signalName(kernelSignal);
}

function spaced(name: string): string {
  return name.replace(
    /([a-z])([A-Z])/g,
    (_all, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
}

export function wordOf(value: unknown): string {
  if (typeof value === 'bigint') return `0x${value.toString(16)}`;
  if (typeof value === 'number') return value < firstHexNumber ? String(value) : `0x${value.toString(16)}`;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Uint8Array) return bytesInWords(value);
  if (value instanceof Map || value instanceof Set) return wordOf([...value]);
  if (Array.isArray(value)) return listInWords(value);
  if (typeof value === 'object' && value !== null) return objectInWords(value);
  return String(value);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > longestText ? `${text.slice(0, longestText)}...` : text);
}

function bytesInWords(bytes: Uint8Array): string {
  const text = asciiText(bytes.subarray(0, longestText));
  const isText = bytes.length > 0 && /^[\x20-\x7e\n\t]*$/.test(text);
  if (isText) return `${bytes.length} bytes ${quoted(text)}`;
  return bytes.length <= shortBytes ? `${bytes.length} bytes ${hexOf(bytes)}` : `${bytes.length} bytes`;
}

function listInWords(items: readonly unknown[]): string {
  const shown = items.slice(0, mostItems).map(wordOf).join('; ');
  return `[${items.length > mostItems ? `${shown}; ${items.length - mostItems} more` : shown}]`;
}

function objectInWords(members: object): string {
  const kind = 'kind' in members ? String(members.kind) : '';
  const rest = wordsOf(members);
  return rest === '' ? kind : `(${kind === '' ? rest : `${kind}: ${rest}`})`;
}
