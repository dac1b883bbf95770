/** What a core file tells of the XSAVE areas in it. */
import type { CoreFileFacts, XsaveFacts } from '../module.js';

/** The x87 and the SSE component come before: their place is the same on all machines. */
const firstExtended = 2;
const fieldBytes = 4;
const componentBytes = 4 * fieldBytes;

/** An array of `struct x86_xfeat_component`, <asm/elf.h>; its last field, flags, is 0. */
function layoutOf({ components }: XsaveFacts): Uint8Array {
  const extended = components.filter(({ index }) => index >= firstExtended);
  const contents = new Uint8Array(extended.length * componentBytes);
  const view = new DataView(contents.buffer);
  for (const [place, { index, sizeBytes, offset }] of extended.entries()) {
    for (const [field, value] of [index, sizeBytes, offset].entries())
      view.setUint32(place * componentBytes + field * fieldBytes, value, true);
  }
  return contents;
}

/** NT_X86_XSAVE_LAYOUT, which kernels write since Linux 6.12. */
export const xsaveNotes: CoreFileFacts['machineNotes'] = ({ xsave }) =>
  xsave === undefined ? [] : [[0x205, layoutOf(xsave)]];
