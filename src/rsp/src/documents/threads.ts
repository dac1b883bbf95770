/** The document of `qXfer:threads:read` (GDB manual, "Thread List Format"). */
import { bytesOfHex, hexOf } from '../hex.js';
import { ProtocolError } from '../protocol-error.js';
import { parseThreadSelector, type ThreadId } from '../thread-selector.js';
import { attribute, elementsNamed, optionalNumber, parseDocument } from './xml.js';
import { type Attributes, emptyElement, escapeXml, filledElement } from './xml-text.js';

export interface ListedThread {
  readonly id: ThreadId;
  readonly name?: string;
  /** Number of the processor that it was last on. */
  readonly core?: number;
  /** Its `pthread_t`. */
  readonly handle?: Uint8Array;
  /** How it is to be called in place of its id; since GDB 17. */
  readonly idText?: string;
  /** What else there is to say. */
  readonly description?: string;
}

/** @throws ProtocolError */
export function parseThreadList(text: string): ListedThread[] {
  return elementsNamed(parseDocument(text, 'the list of threads'), 'thread').map((element) => {
    const { name, handle, id_str: idText } = element.attributes;
    const core = optionalNumber(element, 'core');
    const description = element.text.trim();
    return {
      id: oneThread(attribute(element, 'id')),
      ...(name === undefined ? {} : { name }),
      ...(core === undefined ? {} : { core }),
      ...(handle === undefined ? {} : { handle: bytesOfHex(handle) }),
      ...(idText === undefined ? {} : { idText }),
      ...(description === '' ? {} : { description }),
    };
  });
}

function oneThread(text: string): ThreadId {
  const { process, thread } = parseThreadSelector(text);
  if (typeof thread === 'number' && typeof process !== 'string')
    return process === undefined ? { tid: thread } : { pid: process, tid: thread };
  throw new ProtocolError(`the list of threads has no thread ${text}`);
}

export function printThreadList(threads: Iterable<ListedThread>): string {
  const elements = Array.from(threads, ({ id, name, core, handle, idText, description }) => {
    const attributes: Attributes = {
      id: `${id.pid === undefined ? '' : `p${id.pid.toString(16)}.`}${id.tid.toString(16)}`,
      core: core?.toString(),
      name,
      handle: handle && hexOf(handle),
      id_str: idText,
    };
    const element =
      description === undefined
        ? emptyElement('thread', attributes)
        : filledElement('thread', attributes, escapeXml(description));
    return `${element}\n`;
  });
  return `<threads>\n${elements.join('')}</threads>\n`;
}
