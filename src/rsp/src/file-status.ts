/** The record that `vFile:fstat`, `stat` and `lstat` answer with: `struct stat` of the GDB manual, big-endian. */
import { ProtocolError } from './protocol-error.js';

export interface FileStatus {
  readonly device: bigint;
  readonly inode: bigint;
  /** Type and permissions as in stat(2), whose numbers are also the protocol's. */
  readonly mode: bigint;
  readonly links: bigint;
  readonly user: bigint;
  readonly group: bigint;
  readonly rawDevice: bigint;
  readonly sizeBytes: bigint;
  readonly blockBytes: bigint;
  readonly blocks: bigint;
  /** Times in seconds since 1970. */
  readonly accessedS: bigint;
  readonly modifiedS: bigint;
  readonly changedS: bigint;
}

/** In the order of the record, without gaps. */
const fields: readonly { readonly name: keyof FileStatus; readonly sizeBytes: 4 | 8 }[] = [
  { name: 'device', sizeBytes: 4 },
  { name: 'inode', sizeBytes: 4 },
  { name: 'mode', sizeBytes: 4 },
  { name: 'links', sizeBytes: 4 },
  { name: 'user', sizeBytes: 4 },
  { name: 'group', sizeBytes: 4 },
  { name: 'rawDevice', sizeBytes: 4 },
  { name: 'sizeBytes', sizeBytes: 8 },
  { name: 'blockBytes', sizeBytes: 8 },
  { name: 'blocks', sizeBytes: 8 },
  { name: 'accessedS', sizeBytes: 4 },
  { name: 'modifiedS', sizeBytes: 4 },
  { name: 'changedS', sizeBytes: 4 },
];

const fileStatusSizeBytes = 64;

/** @throws ProtocolError when it is shorter than the record; what follows is of later versions */
export function parseFileStatus(bytes: Uint8Array): FileStatus {
  if (bytes.length < fileStatusSizeBytes) throw new ProtocolError(`a file status of ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  const read = ({ name, sizeBytes }: (typeof fields)[number]) => {
    const at = offset;
    offset += sizeBytes;
    return [name, sizeBytes === 4 ? BigInt(view.getUint32(at)) : view.getBigUint64(at)] as const;
  };
  return Object.fromEntries(fields.map(read)) as unknown as FileStatus;
}

/** The record, 64 bytes. A value that its field cannot hold becomes the nearest one that it can. */
export function printFileStatus(status: FileStatus): Uint8Array {
  const bytes = new Uint8Array(fileStatusSizeBytes);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const { name, sizeBytes } of fields) {
    const value = clamp(status[name], sizeBytes);
    if (sizeBytes === 4) view.setUint32(offset, Number(value));
    else view.setBigUint64(offset, value);
    offset += sizeBytes;
  }
  return bytes;
}

function clamp(value: bigint, sizeBytes: number): bigint {
  const most = (1n << BigInt(sizeBytes * 8)) - 1n;
  if (value < 0n) return 0n;
  return value > most ? most : value;
}
