/** An architecture's facts in the form that native code takes. */
import type { RegisterFile } from '../../arch/module.js';
import type { NativeArch } from '../native/binding-types.js';
import type { Machine } from './address-space.js';

export function nativeArch(machine: Machine): NativeArch {
  const { arch, registerFile } = machine;
  const { general, syscall, breakpoint, debugRegisters } = arch;
  return {
    generalNote: general.noteType,
    generalSizeBytes: general.sizeBytes,
    registerBytes: general.registerBytes,
    pcOffset: general.pcOffset,
    pcUserOffset: general.pcUserOffset ?? -1,
    spOffset: general.spOffset,
    flagsOffset: general.flagsOffset,
    syscallNextOffset: syscall.nextAddressOffset ?? -1,
    syscallFlagsOffset: syscall.savedFlagsOffset ?? -1,
    syscallNumberOffset: syscall.currentNumberOffset ?? -1,
    syscallResultOffset: syscall.resultOffset,
    syscallInstructions: syscall.instructions,
    ...threadPointerPlace(machine),
    trapFlag: general.trapFlag,
    alignmentFlag: general.alignmentFlag,
    branchTargetFlags: general.branchTargetFlags,
    linkOffset: general.linkOffset ?? -1,
    sequenceStarts: arch.sequences?.starts ?? [],
    breakpointBytes: breakpoint.bytes,
    breakpointPcOffset: breakpoint.pcOffset,
    breakpointLookalikes: breakpoint.lookalikes,
    breakpointTrapCodes: arch.breakpointTrapCodes,
    signalFrames: arch.signalFrames,
    debugStatusOffset: debugRegisters.statusOffset ?? -1,
    debugStatusMask: debugRegisters.statusMask,
    registers: registerPlaces(registerFile, general.noteType),
  };
}

function threadPointerPlace({
  arch,
  registerFile,
}: Machine): Pick<NativeArch, 'threadPointerNote' | 'threadPointerOffset'> {
  const { pointer } = arch.threadLocal;
  if (pointer.kind === 'user-area') return { threadPointerNote: 0, threadPointerOffset: pointer.offset };
  const register = registerFile.byRole('thread-pointer');
  const row = registerFile.regsets.find(({ name }) => name === register.regset);
  return { threadPointerNote: row?.noteType ?? 0, threadPointerOffset: register.offset };
}

/** Registers as far as they are in the general regset and fit into a word. */
function registerPlaces(registerFile: RegisterFile, generalNote: number): NativeArch['registers'] {
  const general = registerFile.regsets.find(({ noteType }) => noteType === generalNote)?.name;
  return registerFile.registers.map(({ regset, offset, bits }) =>
    regset === general && bits <= 64 ? { offset, sizeBytes: bits / 8 } : { offset: 0, sizeBytes: 0 },
  );
}
