/** Terminals: `struct termios`, `struct winsize`; <asm/termbits.h>, <asm/termios.h>. */
import { type Constants, flagsOf, oneOf } from '../constants.js';
import { struct } from '../struct.js';
import {
  characterSizeMask,
  characterSizes,
  controlFlags,
  inputFlags,
  localFlags,
  outputDelays,
  outputFlags,
  speedMask,
  speeds,
} from '../tables/ioctls.js';

export const windowSize = struct({ row: 'u16', col: 'u16', x: 'u16', y: 'u16' }).decoder(
  ({ row, col, x, y }) => `{ws_row=${row}, ws_col=${col}, ws_xpixel=${x}, ws_ypixel=${y}}`,
);

/** Bits that say which of several, then those that stand for themselves. */
function mixed(
  value: bigint,
  choices: readonly (readonly [mask: bigint, table: Constants])[],
  flags: Constants,
): string {
  const chosen = choices.map(([mask, table]) => oneOf(value & mask, table));
  const rest = choices.reduce((bits, [mask]) => bits & ~mask, value);
  return [...chosen, ...(rest === 0n ? [] : [flagsOf(rest, flags)])].join('|');
}

export const terminal = struct({ iflag: 'u32', oflag: 'u32', cflag: 'u32', lflag: 'u32' }).decoder(
  ({ iflag, oflag, cflag, lflag }) => {
    const control = [
      [speedMask, speeds],
      [characterSizeMask, characterSizes],
    ] as const;
    return (
      `{c_iflag=${flagsOf(iflag, inputFlags)}, c_oflag=${mixed(oflag, outputDelays, outputFlags)}, ` +
      `c_cflag=${mixed(cflag, control, controlFlags)}, c_lflag=${flagsOf(lflag, localFlags)}, ...}`
    );
  },
);
