/** Decoders of structs: one read of memory each. */
import { type Fields, layoutOf, type StructLayout } from '../../../../arch/struct-layout.js';
import type { DataModel } from '../../../../arch/system-call-table.js';
import { addressText } from './basics.js';
import { type CallFacts, type Decoder, reading } from './call-facts.js';

export interface Struct<Name extends string> {
  sizeBytes(model: DataModel): number;
  /** undefined: it cannot be read. */
  read(at: bigint, call: CallFacts): Record<Name, bigint> | undefined;
  parse(bytes: Uint8Array, model: DataModel): Record<Name, bigint>;
  layout(model: DataModel): StructLayout<Name>;
  /** What stands in its place where it cannot be read is its address. `format` reads nothing else. */
  decoder(format: (fields: Record<Name, bigint>, call: CallFacts) => string): Decoder;
}

export function struct<Name extends string>(fields: Fields<Name>): Struct<Name> {
  const layouts = new Map<string, StructLayout<Name>>();
  const layout = (model: DataModel): StructLayout<Name> => {
    const key = `${model.longBytes} ${model.longLongAlignmentBytes}`;
    const known = layouts.get(key) ?? layoutOf(fields, model);
    layouts.set(key, known);
    return known;
  };
  const read: Struct<Name>['read'] = (at, { memory, abi }) => {
    const found = layout(abi);
    const bytes = memory.exact(at, found.sizeBytes);
    return bytes && found.read(bytes);
  };
  return {
    layout,
    sizeBytes: (model) => layout(model).sizeBytes,
    parse: (bytes, model) => layout(model).read(bytes),
    read,
    decoder: (format) =>
      reading<Decoder>(
        (value, call) => {
          const values = read(value, call);
          return values === undefined ? addressText(value) : format(values, call);
        },
        (index, { abi }) => [{ argument: index, mostBytes: layout(abi).sizeBytes }],
      ),
  };
}
