/** `traceframe-info`: what the selected traceframe holds (GDB manual, "Traceframe Info Format"). */
import { selectedFrame } from '../tracing/selected-frame.js';
import type { TraceBlock } from '../tracing/traceframe.js';
import type { TransferObject } from './transfer-object.js';
import { emptyElement, hexAddress, utf8Bytes } from './xml.js';

function elementOf(block: TraceBlock): readonly string[] {
  switch (block.kind) {
    case 'memory': {
      const length = hexAddress(BigInt(block.bytes.length));
      return [emptyElement('memory', { start: hexAddress(block.address), length })];
    }
    case 'variable':
      return [emptyElement('tvar', { id: String(block.number) })];
    case 'registers':
      return [];
  }
}

export const traceframeInfo: TransferObject = {
  name: 'traceframe-info',
  read: (session, annex) => {
    const frame = selectedFrame(session);
    if (frame === undefined || annex !== '') return undefined;
    const elements = [...frame.blocks()].flatMap(elementOf).map((element) => `${element}\n`);
    return utf8Bytes(`<traceframe-info>\n${elements.join('')}</traceframe-info>\n`);
  },
};
