/** `struct sockaddr` of the common families: <linux/un.h>, <linux/in.h>, <linux/in6.h>, <linux/netlink.h>. */
import { addressText } from '../basics.js';
import { argument, type CallFacts, type Decoder, reading } from '../call-facts.js';
import { oneOf } from '../constants.js';
import { quoted } from '../quoting.js';
import { families } from '../tables/network.js';

const [unix, internet, internet6, netlink] = [1, 2, 10, 16];
/** sizeof (struct sockaddr_storage). */
const longest = 128;

export function socketAddressText(at: bigint, lengthBytes: number, { memory, options }: CallFacts): string {
  const bytes = lengthBytes < 2 ? undefined : memory.exact(at, Math.min(lengthBytes, longest));
  return bytes === undefined ? addressText(at) : describe(bytes, (part) => quoted(part, options.escapes));
}

type Quote = (bytes: Uint8Array) => string;

function describe(bytes: Uint8Array, quote: Quote): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const family = view.getUint16(0, true);
  const fields = [`sa_family=${oneOf(BigInt(family), families)}`];
  if (family === unix) fields.push(...unixFields(bytes.subarray(2), quote));
  else if (family === internet && bytes.length >= 8) fields.push(...internetFields(view));
  else if (family === internet6 && bytes.length >= 24) fields.push(...internet6Fields(view, bytes));
  else if (family === netlink && bytes.length >= 12)
    fields.push(`nl_pid=${view.getUint32(4, true)}`, `nl_groups=${groupsText(view.getUint32(8, true))}`);
  else if (bytes.length > 2) fields.push(`sa_data=${quote(bytes.subarray(2))}`);
  return `{${fields.join(', ')}}`;
}

/** As printf(3) does by %#08x. */
function groupsText(groups: number): string {
  return groups === 0 ? '00000000' : `0x${groups.toString(16).padStart(6, '0')}`;
}

/** A name that begins with a zero is abstract, unix(7). */
function unixFields(path: Uint8Array, quote: Quote): readonly string[] {
  if (path.length === 0) return [];
  if (path[0] === 0) return [`sun_path=@${quote(path.subarray(1))}`];
  const end = path.indexOf(0);
  return [`sun_path=${quote(end < 0 ? path : path.subarray(0, end))}`];
}

function internetFields(view: DataView): readonly string[] {
  const parts = [4, 5, 6, 7].map((offset) => view.getUint8(offset));
  return [`sin_port=htons(${view.getUint16(2)})`, `sin_addr=inet_addr("${parts.join('.')}")`];
}

function internet6Fields(view: DataView, bytes: Uint8Array): readonly string[] {
  const groups = Array.from({ length: 8 }, (_, index) => view.getUint16(8 + 2 * index));
  return [
    `sin6_port=htons(${view.getUint16(2)})`,
    `sin6_flowinfo=htonl(${view.getUint32(4)})`,
    `inet_pton(AF_INET6, "${internet6Text(groups)}", &sin6_addr)`,
    ...(bytes.length >= 28 ? [`sin6_scope_id=${view.getUint32(24, true)}`] : []),
  ];
}

/** RFC 5952, and inet_ntop(3)'s dotted form of addresses that hold one of IPv4. */
export function internet6Text(groups: readonly number[]): string {
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) {
    const [high = 0, low = 0] = groups.slice(6);
    return `::ffff:${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
  }
  const { start, length } = longestZeros(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (length < 2) return text(groups);
  return `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length += 1;
    if (length > best.length) best = { start, length };
  }
  return best;
}

/** An address whose length is another argument. */
export function socketAddress(lengthIndex: number): Decoder {
  return reading<Decoder>(
    (value, call) => socketAddressText(value, Number(BigInt.asIntN(32, argument(call, lengthIndex))), call),
    (index) => [{ argument: index, count: lengthIndex, mostBytes: longest }],
  );
}
