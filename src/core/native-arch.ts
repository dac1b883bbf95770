/** An architecture's facts in the form that native code takes. */
import type { ArchModule } from '../../arch/module.js';
import type { NativeArch } from '../native/binding-types.js';

export function nativeArch(arch: ArchModule): NativeArch {
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
    breakpointBytes: breakpoint.bytes,
    breakpointPcOffset: breakpoint.pcOffset,
    breakpointTrapCodes: arch.breakpointTrapCodes,
    debugStatusOffset: debugRegisters.statusOffset ?? -1,
    debugStatusMask: debugRegisters.statusMask,
  };
}
