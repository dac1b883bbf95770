/** Calls about memory. */
import {
  address,
  addressText,
  descriptor,
  flagsInt,
  hasFailed,
  hexadecimal,
  int,
  oneOfInt,
  size,
} from '../basics.js';
import {
  argument,
  type Decoder,
  hexResult,
  ofRegisters,
  out,
  type Signature,
  signature,
} from '../call-facts.js';
import { flagsOf, oneOf } from '../constants.js';
import {
  lockAllFlags,
  mapFlags,
  memoryAdvices,
  protections,
  remapFlags,
  sharing,
  syncFlags,
} from '../tables/memory.js';

const protection = flagsInt(protections);
/** MAP_TYPE. */
const sharingMask = 15n;
const fixed = 2n;

const mapping = ofRegisters<Decoder>((value) => {
  const flags = BigInt.asUintN(32, value);
  const kind = oneOf(flags & sharingMask, sharing);
  const others = flags & ~sharingMask;
  return others === 0n ? kind : `${kind}|${flagsOf(others, mapFlags)}`;
});

const pageBytes = 4096n;
const offsetInPages = ofRegisters<Decoder>((value, call, index) =>
  hexadecimal(value * pageBytes, call, index),
);

/** Only where MREMAP_FIXED or MREMAP_DONTUNMAP says that there is one. */
const newAddress = ofRegisters<Decoder>((value, call) =>
  (argument(call, 3) & (fixed | 4n)) === 0n ? undefined : addressText(value),
);

/** A bit for each page. */
const residency: Decoder = (value, call) => {
  const pages = Number((argument(call, 1) + pageBytes - 1n) / pageBytes);
  const shown = Math.min(pages, 32);
  const bytes = hasFailed(call) ? undefined : call.memory.exact(value, shown);
  if (bytes === undefined) return addressText(value);
  return `[${[...bytes].map((byte) => byte & 1).join(', ')}${pages > shown ? ', ...' : ''}]`;
};

export const memoryCalls: Readonly<Record<string, Signature>> = {
  brk: signature([address], hexResult),
  mmap: signature([address, size, protection, mapping, descriptor, hexadecimal], hexResult),
  mmap2: signature([address, size, protection, mapping, descriptor, offsetInPages], hexResult),
  munmap: signature([address, size]),
  mprotect: signature([address, size, protection]),
  pkey_mprotect: signature([address, size, protection, int]),
  mremap: signature([address, size, size, flagsInt(remapFlags), newAddress], hexResult),
  madvise: signature([address, size, oneOfInt(memoryAdvices)]),
  msync: signature([address, size, flagsInt(syncFlags)]),
  mincore: signature([address, size, out(residency)]),
  mlock: signature([address, size]),
  munlock: signature([address, size]),
  mlockall: signature([flagsInt(lockAllFlags)]),
  munlockall: signature([]),
};
