/** XML 1.0 as it is printed; GDB rejects a whole document for one character that XML does not allow. */

export type Attributes = Readonly<Record<string, string | undefined>>;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

const needsNothing = /^[ !#-%(-;=?-~]*$/;

/** Text for an element or an attribute. Characters that XML does not allow become U+FFFD. */
export function escapeXml(text: string): string {
  if (needsNothing.test(text)) return text;
  let escaped = '';
  for (const char of text)
    escaped += isAllowed(char.codePointAt(0) ?? 0) ? (entities[char] ?? char) : '\ufffd';
  return escaped;
}

/** Production [2] of XML 1.0: no control characters but tab and line ends, no halves of surrogate pairs. */
function isAllowed(codePoint: number): boolean {
  if (codePoint < 0x20) return codePoint === 0x9 || codePoint === 0xa || codePoint === 0xd;
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return !isSurrogate && codePoint !== 0xfffe && codePoint !== 0xffff;
}

/** An element without content. Attributes that are undefined are left out. */
export function emptyElement(name: string, attributes: Attributes): string {
  return `<${name}${written(attributes)}/>`;
}

/** `content` is XML. */
export function filledElement(name: string, attributes: Attributes, content: string): string {
  return `<${name}${written(attributes)}>${content}</${name}>`;
}

function written(attributes: Attributes): string {
  const parts = Object.entries(attributes).map(([key, value]) =>
    value === undefined ? '' : ` ${key}="${escapeXml(value)}"`,
  );
  return parts.join('');
}

/** `0x` and hex digits, as addresses are written in XML. */
export function hexAddress(value: bigint): string {
  return `0x${value.toString(16)}`;
}
