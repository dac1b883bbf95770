/** Calls about sockets. */
import {
  addressText,
  descriptor,
  descriptorResult,
  filled,
  flagsInt,
  hasFailed,
  inputBytes,
  int,
  oneOfInt,
  readBytes,
  size,
  unsigned,
} from '../basics.js';
import {
  argument,
  type CallFacts,
  type Decoder,
  intOf,
  ofRegisters,
  out,
  type Signature,
  signature,
} from '../call-facts.js';
import { flagsOf } from '../constants.js';
import { descriptorPair } from '../structs/files.js';
import {
  changedLength,
  intInMemory,
  optionLevel,
  optionName,
  optionValue,
  socketProtocol,
  socketType,
} from '../structs/requests.js';
import { socketAddress, socketAddressText } from '../structs/socket-addresses.js';
import { receivedMessage, sentMessage } from '../structs/vectors.js';
import { families, messageFlags, shutdownDirections, socketFlags } from '../tables/network.js';

const family = oneOfInt(families);
const messages = flagsInt(messageFlags);
const length = out(changedLength, intInMemory);

function lengthIn(at: bigint, { memory }: CallFacts): number {
  const bytes = memory.exact(at, 4);
  return bytes === undefined ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}

/** An address that the kernel has filled in; `lengthIndex` is where its length lies in memory. */
function filledAddress(lengthIndex: number): Decoder {
  return (value, call) => {
    const noted = Number((call.notes.get(lengthIndex) ?? '').replace(/\D/g, ''));
    const filledBytes = hasFailed(call) ? 0 : lengthIn(argument(call, lengthIndex), call);
    return socketAddressText(value, Math.min(noted, filledBytes), call);
  };
}

const accepted = [descriptor, out(filledAddress(2)), length] as const;
const acceptFlags = ofRegisters<Decoder>((value) => flagsOf(BigInt.asUintN(32, value), socketFlags));
const readOption: Decoder = (value, call, index) =>
  hasFailed(call)
    ? addressText(value)
    : optionValue((of) => lengthIn(argument(of, 4), of))(value, call, index);
const writtenOption = optionValue((call) => intOf(argument(call, 4)));

export const networkCalls: Readonly<Record<string, Signature>> = {
  socket: signature([family, socketType, socketProtocol], descriptorResult),
  socketpair: signature([family, socketType, socketProtocol, out(filled(descriptorPair))]),
  bind: signature([descriptor, socketAddress(2), int]),
  connect: signature([descriptor, socketAddress(2), int]),
  listen: signature([descriptor, int]),
  accept: signature(accepted, descriptorResult),
  accept4: signature([...accepted, acceptFlags], descriptorResult),
  getsockname: signature(accepted),
  getpeername: signature(accepted),
  send: signature([descriptor, inputBytes(2), size, messages]),
  sendto: signature([descriptor, inputBytes(2), size, messages, socketAddress(5), unsigned]),
  recv: signature([descriptor, out(readBytes), size, messages]),
  recvfrom: signature([descriptor, out(readBytes), size, messages, out(filledAddress(5)), length]),
  sendmsg: signature([descriptor, sentMessage, messages]),
  recvmsg: signature([descriptor, out(receivedMessage), messages]),
  shutdown: signature([descriptor, oneOfInt(shutdownDirections)]),
  setsockopt: signature([descriptor, optionLevel, optionName, writtenOption, int]),
  getsockopt: signature([descriptor, optionLevel, optionName, out(readOption), length]),
};
