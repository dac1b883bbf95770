/** `traceframe-info`: what the selected traceframe holds (GDB manual, "Traceframe Info Format"). */
import { printTraceframeInfo, type TraceframePart } from 'gdb-js-rsp-parser/documents';
import { selectedFrame } from '../tracing/selected-frame.js';
import type { TraceBlock } from '../tracing/traceframe.js';
import { type TransferObject, utf8Bytes } from './transfer-object.js';

function partsOf(block: TraceBlock): readonly TraceframePart[] {
  switch (block.kind) {
    case 'memory':
      return [{ kind: 'memory', start: block.address, lengthBytes: BigInt(block.bytes.length) }];
    case 'variable':
      return [{ kind: 'variable', number: block.number }];
    case 'registers':
      return [];
  }
}

export const traceframeInfo: TransferObject = {
  name: 'traceframe-info',
  read: (session, annex) => {
    const frame = selectedFrame(session);
    if (frame === undefined || annex !== '') return undefined;
    return utf8Bytes(printTraceframeInfo([...frame.blocks()].flatMap(partsOf)));
  },
};
