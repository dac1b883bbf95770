/** The one place that knows the XML parser. */
import { parseXml, XmlElement, XmlError } from '@rgrove/parse-xml';
import { ClientError, clientErrorCodes } from './client-error.js';

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
 * @throws ClientError BAD_OBJECT
 */
export function parseDocument(text: string, what: string): Element {
  try {
    const { root } = parseXml(text);
    if (root !== null) return elementOf(root);
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new ClientError(clientErrorCodes.BAD_OBJECT, `${what} is no XML: ${error.message}`, {
      cause: error,
    });
  }
  throw new ClientError(clientErrorCodes.BAD_OBJECT, `${what} is empty`);
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

/** @throws ClientError BAD_OBJECT where it is missing */
export function attribute(element: Element, name: string): string {
  const value = element.attributes[name];
  if (value !== undefined) return value;
  throw new ClientError(clientErrorCodes.BAD_OBJECT, `<${element.name}> has no attribute ${name}`);
}

/** A number as XML of the protocol has it: `0x` and hex, or decimal. @throws ClientError BAD_OBJECT */
export function bigintAttribute(element: Element, name: string): bigint {
  const text = attribute(element, name).trim();
  if (/^(?:0x[0-9a-f]+|\d+)$/i.test(text)) return BigInt(text);
  throw new ClientError(clientErrorCodes.BAD_OBJECT, `<${element.name} ${name}="${text}">: no number`);
}

/** As `bigintAttribute`, undefined where there is none. */
export function optionalNumber(element: Element, name: string): number | undefined {
  return element.attributes[name] === undefined ? undefined : Number(bigintAttribute(element, name));
}
