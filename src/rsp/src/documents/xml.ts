/** XML 1.0 as it is parsed; the one place that knows the parser. */
import { parseXml, XmlElement, XmlError } from '@rgrove/parse-xml';
import { ProtocolError } from '../protocol-error.js';

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Elements only. */
  readonly children: readonly Element[];
  /** All text inside. */
  readonly text: string;
}

/**
 * The root of a document.
 * @param what the document is, for the message of an error
 * @throws ProtocolError
 */
export function parseDocument(text: string, what: string): Element {
  try {
    const { root } = parseXml(text);
    if (root !== null) return elementOf(root);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new ProtocolError(`${what} is no XML: ${error.message}`, { cause: error });
  }
  throw new ProtocolError(`${what} is empty`);
}

function elementOf(element: XmlElement): Element {
  return {
    name: element.name,
    attributes: { ...element.attributes },
    children: element.children.flatMap((child) => (child instanceof XmlElement ? [elementOf(child)] : [])),
    text: element.text,
  };
}

/** All elements of this name, at any depth, in their order. */
export function elementsNamed(element: Element, name: string): readonly Element[] {
  return element.children.flatMap((child) => (child.name === name ? [child] : elementsNamed(child, name)));
}

/** @throws ProtocolError where it is missing */
export function attribute(element: Element, name: string): string {
  const value = element.attributes[name];
  if (value !== undefined) return value;
  throw new ProtocolError(`<${element.name}> has no attribute ${name}`);
}

/** A number as XML of the protocol has it: `0x` and hex, or decimal. @throws ProtocolError */
export function bigintAttribute(element: Element, name: string): bigint {
  return numberIn(attribute(element, name), `<${element.name} ${name}>`);
}

/** As `bigintAttribute`, undefined where there is none. */
export function optionalNumber(element: Element, name: string): number | undefined {
  return element.attributes[name] === undefined ? undefined : Number(bigintAttribute(element, name));
}

/** @throws ProtocolError */
export function numberIn(text: string, what: string): bigint {
  const digits = text.trim();
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(digits)) return BigInt(digits);
  throw new ProtocolError(`${what} "${text}" is no number`);
}
