/** The plans of all instructions, compared with what an independent decoder says of their flow of control. */
import { FlowControl, Mnemonic, OpKind, type Instruction as Reference } from 'iced-x86';
import type { ArchModule } from '../../../arch/module.js';
import type { Plan } from '../../../arch/plan.js';
import type { CodeBits } from '../../../arch/x86/code-mode.js';
import { Random } from '../../support/random.js';
import {
  everyLegacyOpcode,
  everyVectorOpcode,
  ReferenceDecoder,
  randomInstruction,
} from './decode-reference.js';

/** Mnemonics of instructions without control flow that are refused all the same. */
const refusedMnemonics: ReadonlySet<Mnemonic> = new Set([Mnemonic.Enclu]);

function describePlan(made: Plan): string {
  if (made.kind === 'emulate') return made.effect.op;
  if (made.kind === 'refuse') return 'refuse';
  const { fixups, barredStackBits } = made.slot;
  return ['slot', ...fixups, ...(barredStackBits === 0n ? [] : ['barred'])].join(' ');
}

/** Prefixes that may make a branch differ between CPUs, or cut its counter. */
function isRefusedBranch(bytes: Uint8Array): boolean {
  return [0x66, 0xf2, 0xf3].some((prefix) => bytes.includes(prefix));
}

/** Where a branch faults because of it. */
function hasLock(bytes: Uint8Array): boolean {
  return bytes.includes(0xf0);
}

/** The plans that are right for what the reference says the instruction does. */
function rightPlans(reference: Reference, bytes: Uint8Array, bits: CodeBits): readonly string[] {
  // Does not return, but faults in programs.
  if (reference.mnemonic === Mnemonic.Skinit) return ['slot'];
  const locked = hasLock(bytes) ? ['slot'] : [];
  switch (reference.flowControl) {
    case FlowControl.UnconditionalBranch:
      // Far ones go to absolute addresses.
      if (reference.op0Kind >= OpKind.FarBranch16) return ['slot'];
      return ['jump', ...locked, ...(isRefusedBranch(bytes) ? ['refuse'] : [])];
    case FlowControl.ConditionalBranch:
      return ['branch', 'count-branch', ...locked, ...(isRefusedBranch(bytes) ? ['refuse'] : [])];
    case FlowControl.Call:
      if (reference.mnemonic === Mnemonic.Syscall) return [bits === 64 ? 'slot syscall-registers' : 'slot'];
      return [...callPlans(reference, bytes), ...locked];
    case FlowControl.IndirectBranch:
      return ['slot'];
    case FlowControl.IndirectCall:
      if (reference.isCallFarIndirect) return ['refuse'];
      return [
        ...['call-register', 'call-memory', 'slot return-address', ...locked],
        ...(isRefusedBranch(bytes) ? ['refuse'] : []),
      ];
    case FlowControl.Return:
    case FlowControl.Exception:
    case FlowControl.XbeginXabortXend:
      return ['slot'];
    case FlowControl.Interrupt:
      return reference.mnemonic === Mnemonic.Int1 ? ['refuse'] : ['slot'];
    default:
      return [...sequentialPlans(reference), ...locked];
  }
}

function callPlans(reference: Reference, bytes: Uint8Array): readonly string[] {
  const isNear =
    reference.opCount === 1 &&
    reference.op0Kind <= OpKind.NearBranch64 &&
    reference.op0Kind > OpKind.Register;
  if (!isNear) return ['slot', 'refuse'];
  return isRefusedBranch(bytes) ? ['call', 'refuse'] : ['call'];
}

function sequentialPlans(reference: Reference): readonly string[] {
  const { mnemonic } = reference;
  if (refusedMnemonics.has(mnemonic)) return ['refuse'];
  if ([Mnemonic.Pushf, Mnemonic.Pushfd, Mnemonic.Pushfq].includes(mnemonic)) return ['slot pushed-flags'];
  if ([Mnemonic.Popf, Mnemonic.Popfd, Mnemonic.Popfq].includes(mnemonic)) return ['slot barred'];
  if (mnemonic === Mnemonic.Push) return ['slot', 'push-register', 'push-value'];
  if (mnemonic === Mnemonic.Nop || mnemonic === Mnemonic.Endbr64 || mnemonic === Mnemonic.Endbr32)
    return ['next', 'slot'];
  return ['slot'];
}

function targetOf(made: Plan): bigint | undefined {
  return made.kind === 'emulate' && 'target' in made.effect ? made.effect.target : undefined;
}

export function* corpus(): Generator<Uint8Array> {
  yield* everyLegacyOpcode(new Random(11));
  yield* everyVectorOpcode(new Random(12));
  const random = new Random(13);
  for (let count = 0; count < 150_000; count++) yield randomInstruction(random);
}

/** One line for each instruction whose plan is not right. */
export function flowDifferences(plan: ArchModule['plan'], bits: CodeBits, site: bigint): readonly string[] {
  const reference = new ReferenceDecoder();
  const differences: string[] = [];
  for (const bytes of corpus()) {
    const facts = reference.decode(bytes, site, bits);
    const made = plan(bytes, site);
    // Unknown to one of the two: the decoder's own test compares these.
    if (facts === undefined || (made.kind === 'refuse' && made.reason === 'instruction is not known'))
      continue;
    const { instruction } = facts;
    const exact = bytes.subarray(0, instruction.length);
    const isRight = rightPlans(instruction, exact, bits).includes(describePlan(made));
    const target = targetOf(made);
    const isTargetRight = target === undefined || target === instruction.nearBranchTarget;
    const isLengthRight = made.kind === 'refuse' || made.lengthBytes === instruction.length;
    if (isRight && isTargetRight && isLengthRight) continue;
    const hex = [...exact].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    differences.push(`${hex} ${Mnemonic[instruction.mnemonic]}: ${describePlan(made)}`);
  }
  return differences;
}
