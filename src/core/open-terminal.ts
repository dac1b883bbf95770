/** Pseudo terminals for programs. */
import { errorCodes, OutstepError } from '../base/errors.js';
import { isNativeError, nativeBinding } from '../native/binding.js';

/** A new one, pty(7): the descriptor of its master side, and the path of the one that programs have. */
export function openTerminal(): { readonly fd: number; readonly path: string } {
  try {
    return nativeBinding().openTerminal();
  } catch (error) {
    if (!isNativeError(error)) throw error;
    const message = `no terminal can be had for the program: ${error.message}`;
    throw new OutstepError(errorCodes.KERNEL_REFUSED, message, { errno: error.errno, cause: error });
  }
}
