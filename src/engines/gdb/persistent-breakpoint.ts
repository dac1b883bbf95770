/** A breakpoint whose commands go on when its client is gone, for as long as the server has the process. */
import type { Address } from '../../base/ids.js';
import type { Attachment, BreakpointPrograms } from '../../core/index.js';

export interface PersistentBreakpoint {
  readonly kind: 'software' | 'hardware';
  readonly address: Address;
  readonly programs: BreakpointPrograms;
}

export function insertBreakpoint(
  attachment: Attachment,
  { kind, address, programs }: PersistentBreakpoint,
): void {
  if (kind === 'software') attachment.insertBreakpoint(address, programs);
  else attachment.insertHardwarePoint({ kind: 'execute', address, lengthBytes: 1 }, programs);
}

export function removeBreakpoint(attachment: Attachment, { kind, address }: PersistentBreakpoint): void {
  if (kind === 'software') attachment.removeBreakpoint(address);
  else attachment.removeHardwarePoint({ kind: 'execute', address, lengthBytes: 1 });
}
