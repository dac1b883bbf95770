/** Capabilities: `struct __user_cap_header_struct` and `struct __user_cap_data_struct`, <linux/capability.h>; capget(2). */
import { addressText } from '../basics.js';
import { argument, type CallFacts, type Decoder } from '../call-facts.js';
import { type Constants, flagsOf, nameOf, oneOf } from '../constants.js';
import { struct } from '../struct.js';
import { ambientOperations, capabilities, capabilityVersions } from '../tables/capabilities.js';

const headerStruct = struct({ version: 'u32', pid: 'i32' });
const dataStruct = struct({ effective: 'u32', permitted: 'u32', inheritable: 'u32' });
const dataBytes = 12n;
const wordBits = 32n;
/** Of it there is one structure, of the others two. */
const firstVersion = '_LINUX_CAPABILITY_VERSION_1';

/** Sets of them: each is a bit. */
const bits: Constants = {
  rows: capabilities.rows.map(([name, value]) => [`1<<${name}`, 1n << value]),
  unknown: capabilities.unknown,
};

export const capabilityHeader: Decoder = headerStruct.decoder(
  ({ version, pid }) => `{version=${oneOf(version, capabilityVersions)}, pid=${pid}}`,
);

/** By the version in the header. */
export const capabilityData: Decoder = (value, call) => {
  if (value === 0n) return 'NULL';
  const header = headerStruct.read(argument(call, 0), call);
  const version = header && nameOf(header.version, capabilityVersions);
  const low = dataStruct.read(value, call);
  const high = version === firstVersion ? undefined : dataStruct.read(value + dataBytes, call);
  if (version === undefined || low === undefined) return addressText(value);
  const text = (field: keyof typeof low): string =>
    `${field}=${flagsOf(low[field] | ((high?.[field] ?? 0n) << wordBits), bits)}`;
  return `{${text('effective')}, ${text('permitted')}, ${text('inheritable')}}`;
};

export function capabilityName(value: bigint): string {
  return oneOf(value, capabilities);
}

/** Argument 1 or 2 of PR_CAP_AMBIENT; undefined: it is a plain number. */
export function ambientText(value: bigint, call: CallFacts, index: number): string | undefined {
  if (index === 1) return oneOf(value, ambientOperations);
  const operation = nameOf(argument(call, 1), ambientOperations);
  const hasCapability = operation !== undefined && operation !== 'PR_CAP_AMBIENT_CLEAR_ALL';
  return index === 2 && hasCapability ? capabilityName(value) : undefined;
}
