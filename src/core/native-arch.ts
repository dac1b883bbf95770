/** An architecture's facts in the form that native code takes. */
import type { RegisterFile } from '../../arch/module.js';
import type { NativeArch } from '../native/binding-types.js';
import type { Machine } from './address-space.js';

export function nativeArch({ arch, registerFile }: Machine): NativeArch {
  const { general, syscall, breakpoint, debugRegisters } = arch;
  return {
    generalNote: general.noteType,
    generalSizeBytes: general.sizeBytes,
    registerBytes: general.registerBytes,
    pcOffset: general.pcOffset,
    spOffset: general.spOffset,
    flagsOffset: general.flagsOffset,
    syscallNextOffset: syscall.nextAddressOffset ?? -1,
    syscallFlagsOffset: syscall.savedFlagsOffset ?? -1,
    syscallNumberOffset: syscall.currentNumberOffset ?? -1,
    syscallResultOffset: syscall.resultOffset,
    syscallInstructions: syscall.instructions,
    trapFlag: general.trapFlag,
    alignmentFlag: general.alignmentFlag,
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

/** Registers as far as they are in the general regset and fit into a word. */
function registerPlaces(registerFile: RegisterFile, generalNote: number): NativeArch['registers'] {
  const general = registerFile.regsets.find(({ noteType }) => noteType === generalNote)?.name;
  return registerFile.registers.map(({ regset, offset, bits }) =>
    regset === general && bits <= 64 ? { offset, sizeBytes: bits / 8 } : { offset: 0, sizeBytes: 0 },
  );
}
