/** LLDB: what is mapped, and memory for its own use (LLDB's "GDB Remote Protocol Extensions"). */
import { ProtocolError } from 'gdb-js-rsp-parser';
import { address } from '../../../base/ids.js';
import { protections } from '../../../core/index.js';
import { codecPacket, replyTo } from '../codec-packet.js';
import { describeRegion } from '../lldb/memory-regions.js';
import { moduleFacts } from '../lldb/modules.js';
import { registerFacts } from '../lldb/register-facts.js';
import { errno, failure, ok, type PacketEntry } from '../packet.js';

const protectionLetters: Readonly<Record<string, bigint>> = {
  r: protections.read,
  w: protections.write,
  x: protections.execute,
};

/** What ends the list, in LLDB's own servers. */
const endOfRegisters = 0x45;

function protectionOf(letters: string): bigint {
  return [...letters].reduce((bits, letter) => {
    const bit = protectionLetters[letter];
    if (bit === undefined) throw new ProtocolError(`no permission of memory: ${letter}`);
    return bits | bit;
  }, 0n);
}

export const lldbMemoryPackets: readonly PacketEntry[] = [
  codecPacket('qMemoryRegionInfo', ({ selection }, { address: at }) => {
    if (at === undefined) return ok;
    const region = describeRegion(selection.requireProcess(), address(at));
    return replyTo('qMemoryRegionInfo', { kind: 'region', region });
  }),
  codecPacket('_M', ({ selection }, { lengthBytes, permissions }) => {
    const process = selection.requireProcess();
    const { memoryMap } = process.addressSpace;
    const value = memoryMap.allocate(process, lengthBytes, protectionOf(permissions));
    return replyTo('_M', { kind: 'value', value });
  }),
  codecPacket('_m', ({ selection }, { address: at }) => {
    const process = selection.requireProcess();
    process.addressSpace.memoryMap.free(process, address(at));
    return ok;
  }),
  codecPacket('qModuleInfo', (_session, { path, triple }) => {
    const module = moduleFacts(path, triple);
    return module === undefined
      ? failure(errno.noEntry, `no file with a build id: ${path}`)
      : replyTo('qModuleInfo', { kind: 'module', module });
  }),
  codecPacket('jModulesInfo', (_session, { modules }) =>
    replyTo('jModulesInfo', {
      kind: 'modules',
      modules: modules.flatMap(({ file, triple }) => moduleFacts(file, triple) ?? []),
    }),
  ),
  codecPacket('qFileLoadAddress', ({ selection }, { path }) => {
    const process = selection.requireProcess();
    const first = process.addressSpace.memoryMap.of(process).find(({ name }) => name === path);
    return first === undefined
      ? failure(errno.noEntry, `${path} is not loaded`)
      : replyTo('qFileLoadAddress', { kind: 'value', value: first.start });
  }),
  codecPacket('qRegisterInfo', ({ selection }, { number }) => {
    const register = registerFacts(selection.requireProcess().registerFile, number);
    return register === undefined
      ? failure(endOfRegisters, 'no more registers')
      : replyTo('qRegisterInfo', { kind: 'register', register });
  }),
  codecPacket('qShlibInfoAddr', ({ selection }) => {
    const value = selection.requireProcess().program.debugPointerAddress();
    return replyTo('qShlibInfoAddr', { kind: 'value', value });
  }),
  codecPacket('qWatchpointSupportInfo', ({ selection }) => {
    const count = selection.requireProcess().debugRegisters.watchpointSlots;
    return replyTo('qWatchpointSupportInfo', { kind: 'slots', count });
  }),
];
