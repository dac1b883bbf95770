/** An architecture's facts in the form that native code takes. */
import type { ArchModule, RegisterFile } from '../../arch/module.js';
import type { NativeArch } from '../native/binding-types.js';
import type { Machine } from './machine.js';

export function nativeArch(machine: Machine): NativeArch {
  const { arch, registerFile, debugRegisters, guardedStack } = machine;
  const { general, syscall, breakpoint, trapCodes } = arch;
  const { hits, none, trapsAfterWrite } = debugRegisters;
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
    ...currentNumberPlace(syscall),
    syscallResultOffset: syscall.resultOffset,
    syscallArgumentOffsets: syscall.argumentOffsets,
    syscallInstructions: syscall.instructions,
    syscallEndMarkOffset: syscall.endMarkOffset ?? -1,
    rewindsCallsEarly: syscall.isRewoundEarly,
    ...threadPointerPlace(machine),
    trapFlag: general.trapFlag,
    alignmentFlag: general.alignmentFlag,
    branchTargetFlags: general.branchTargetFlags,
    linkOffset: general.linkOffset ?? -1,
    returnMark: machine.returnMark,
    sequenceStarts: arch.sequences?.starts ?? [],
    addressMask: arch.addressMask,
    hasCoherentText: arch.hasCoherentText,
    keepsStepping: arch.lastingSteps !== undefined,
    breakpointBytes: breakpoint.bytes,
    breakpointPcOffset: breakpoint.pcOffset,
    breakpointLookalikes: breakpoint.lookalikes,
    breakpointTrapCode: trapCodes.breakpoint,
    breakpointTrapCodes: trapCodes.breakpoints,
    callStepTrapCode: trapCodes.callStep,
    signalFrames: arch.signalFrames,
    guardedStackNote: guardedStack?.noteType ?? 0,
    guardedStackEnabledOffset: guardedStack?.enabledOffset ?? 0,
    guardedStackPointerOffset: guardedStack?.pointerOffset ?? 0,
    debugStatusOffset: hits.kind === 'status' ? hits.offset : -1,
    debugStatusMask: (1n << BigInt(none.slots.length)) - 1n,
    debugSets: hits.kind === 'address' ? hits.sets : [],
    trapsBeforeAccess: !trapsAfterWrite,
    registers: registerPlaces(registerFile, general.noteType),
  };
}

/** Where it is in no register of the general set, it is in that of the number when the call is made. */
function currentNumberPlace({
  currentNumber,
  numberOffset,
}: ArchModule['syscall']): Pick<NativeArch, 'syscallNumberNote' | 'syscallNumberOffset'> {
  return currentNumber.kind === 'register'
    ? { syscallNumberNote: 0, syscallNumberOffset: currentNumber.offset }
    : { syscallNumberNote: currentNumber.noteType, syscallNumberOffset: numberOffset };
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
