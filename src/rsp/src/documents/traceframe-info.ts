/** The document of `qXfer:traceframe-info:read`: what a traceframe holds (GDB manual, "Traceframe Info Format"). */
import { bigintAttribute, parseDocument } from './xml.js';
import { emptyElement, hexAddress } from './xml-text.js';

export type TraceframePart =
  | { readonly kind: 'memory'; readonly start: bigint; readonly lengthBytes: bigint }
  | { readonly kind: 'variable'; readonly number: number };

/** @throws ProtocolError */
export function parseTraceframeInfo(text: string): TraceframePart[] {
  return parseDocument(text, 'what a traceframe holds').children.flatMap((element): TraceframePart[] => {
    switch (element.name) {
      case 'memory': {
        const lengthBytes = bigintAttribute(element, 'length');
        return [{ kind: 'memory', start: bigintAttribute(element, 'start'), lengthBytes }];
      }
      case 'tvar':
        return [{ kind: 'variable', number: Number(bigintAttribute(element, 'id')) }];
      default:
        return [];
    }
  });
}

export function printTraceframeInfo(parts: Iterable<TraceframePart>): string {
  const elements = Array.from(parts, (part) => {
    const element =
      part.kind === 'memory'
        ? emptyElement('memory', { start: hexAddress(part.start), length: hexAddress(part.lengthBytes) })
        : emptyElement('tvar', { id: String(part.number) });
    return `${element}\n`;
  });
  return `<traceframe-info>\n${elements.join('')}</traceframe-info>\n`;
}
