/** `struct iovec` and `struct msghdr`, <linux/uio.h>, <linux/socket.h>. */
import { addressText, arrayText, bytesText, descriptorText, hasFailed } from '../basics.js';
import { argument, type CallFacts, type Decoder } from '../call-facts.js';
import { flagsOf, oneOf } from '../constants.js';
import { struct } from '../struct.js';
import { controlTypes, messageFlags, optionLevels } from '../tables/network.js';
import { socketAddressText } from './socket-addresses.js';

const vectorStruct = struct({ base: 'pointer', length: 'ulong' });
/** UIO_MAXIOV. */
const mostVectors = 1024;
/** How many are shown. */
const shownVectors = 32;

/** `available`: as many bytes as the kernel has filled in; undefined: all are the program's. */
export function vectorsText(at: bigint, count: number, call: CallFacts, available?: number): string {
  const lengthBytes = vectorStruct.sizeBytes(call.abi);
  const shown = Math.min(count, shownVectors);
  if (count <= 0 || count > mostVectors) return count === 0 && at !== 0n ? '[]' : addressText(at);
  const bytes = call.memory.exact(at, shown * lengthBytes);
  if (bytes === undefined) return addressText(at);
  let left = available ?? Number.POSITIVE_INFINITY;
  return arrayText(at, count, shownVectors, (index) => {
    const { base, length } = vectorStruct.parse(
      bytes.subarray(index * lengthBytes, (index + 1) * lengthBytes),
      call.abi,
    );
    const filled = Math.min(left, Number(length));
    left -= filled;
    return `{iov_base=${bytesText(base, filled, call)}, iov_len=${length}}`;
  });
}

export function writtenVectors(countIndex: number): Decoder {
  return (value, call) => vectorsText(value, Number(argument(call, countIndex)), call);
}

export function readVectors(countIndex: number): Decoder {
  return (value, call) =>
    hasFailed(call)
      ? vectorBases(value, Number(argument(call, countIndex)), call)
      : vectorsText(value, Number(argument(call, countIndex)), call, Number(call.result));
}

/** Where nothing was filled in: the addresses. */
function vectorBases(at: bigint, count: number, call: CallFacts): string {
  const lengthBytes = vectorStruct.sizeBytes(call.abi);
  const bytes = count > 0 && count <= shownVectors ? call.memory.exact(at, count * lengthBytes) : undefined;
  if (bytes === undefined) return addressText(at);
  return arrayText(at, count, shownVectors, (index) => {
    const { base, length } = vectorStruct.parse(
      bytes.subarray(index * lengthBytes, (index + 1) * lengthBytes),
      call.abi,
    );
    return `{iov_base=${addressText(base)}, iov_len=${length}}`;
  });
}

const messageStruct = struct({
  msg_name: 'pointer',
  msg_namelen: 'u32',
  msg_iov: 'pointer',
  msg_iovlen: 'ulong',
  msg_control: 'pointer',
  msg_controllen: 'ulong',
  msg_flags: 'u32',
});
const controlStruct = struct({ cmsg_len: 'ulong', cmsg_level: 'i32', cmsg_type: 'i32' });
const solSocket = 1n;
const [rights, credentials] = [1n, 2n];
/** Of control messages. */
const mostControlBytes = 4096;

function messageText(available: number | undefined): (at: bigint, call: CallFacts) => string {
  return (at, call) => {
    const message = messageStruct.read(at, call);
    if (message === undefined) return addressText(at);
    const nameLength = Number(message.msg_namelen);
    const fields = [
      `msg_name=${socketAddressText(message.msg_name, nameLength, call)}`,
      `msg_namelen=${nameLength}`,
      `msg_iov=${vectorsText(message.msg_iov, Number(message.msg_iovlen), call, available)}`,
      `msg_iovlen=${message.msg_iovlen}`,
    ];
    if (message.msg_controllen !== 0n)
      fields.push(`msg_control=${controlText(message.msg_control, Number(message.msg_controllen), call)}`);
    fields.push(
      `msg_controllen=${message.msg_controllen}`,
      `msg_flags=${flagsOf(message.msg_flags, messageFlags)}`,
    );
    return `{${fields.join(', ')}}`;
  };
}

export const sentMessage: Decoder = (value, call) => messageText(undefined)(value, call);

export const receivedMessage: Decoder = (value, call) => {
  if (!hasFailed(call)) return messageText(Number(call.result))(value, call);
  const message = messageStruct.read(value, call);
  return message === undefined ? addressText(value) : `{msg_namelen=${message.msg_namelen}}`;
};

function controlText(at: bigint, lengthBytes: number, call: CallFacts): string {
  const bytes = lengthBytes <= mostControlBytes ? call.memory.exact(at, lengthBytes) : undefined;
  if (bytes === undefined) return addressText(at);
  const headBytes = controlStruct.sizeBytes(call.abi);
  const texts: string[] = [];
  for (let offset = 0; offset + headBytes <= bytes.length; ) {
    const head = controlStruct.parse(bytes.subarray(offset), call.abi);
    const length = Number(head.cmsg_len);
    if (length < headBytes) break;
    const data = bytes.subarray(offset + headBytes, offset + length);
    const isSocket = head.cmsg_level === solSocket;
    const type = isSocket ? oneOf(head.cmsg_type, controlTypes) : `0x${head.cmsg_type.toString(16)}`;
    const shown = isSocket ? controlData(head.cmsg_type, data, call) : undefined;
    texts.push(
      `{cmsg_len=${length}, cmsg_level=${oneOf(head.cmsg_level, optionLevels)}, cmsg_type=${type}` +
        `${shown === undefined ? '' : `, cmsg_data=${shown}`}}`,
    );
    offset += Math.ceil(length / call.abi.longBytes) * call.abi.longBytes;
  }
  return `[${texts.join(', ')}]`;
}

function controlData(type: bigint, data: Uint8Array, call: CallFacts): string | undefined {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const numbers = Array.from({ length: data.length >> 2 }, (_, index) => view.getInt32(4 * index, true));
  if (type === rights) return `[${numbers.map((number) => descriptorText(number, call)).join(', ')}]`;
  if (type !== credentials || numbers.length < 3) return undefined;
  const [pid = 0, uid = 0, gid = 0] = numbers;
  return `{pid=${pid}, uid=${uid}, gid=${gid}}`;
}
