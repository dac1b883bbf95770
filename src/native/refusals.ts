/** What the kernel refuses a tracer of the addon, as failures that leave the library: with a code, and typed. */
import { errorCodes, OutstepError } from '../base/errors.js';
import { isNativeError, nativeBinding, sentinelPath } from './binding.js';
import type { NativeArch, NativeError, NativeTracer } from './binding-types.js';

/** A request about a thread that the kernel refused, for another reason than that the thread is gone. */
export class KernelRefusal extends OutstepError implements NativeError {
  declare readonly errno: number;
  /** For example `PTRACE_SETREGSET`. */
  readonly request: string;
  readonly tid: number;

  constructor(cause: NativeError) {
    const { errno, request, tid } = cause;
    const text = cause.message.replace(/^[^:]*: /, '');
    super(errorCodes.KERNEL_REFUSED, `${request} of thread ${tid}: ${text}`, { errno, cause });
    this.request = request;
    this.tid = tid;
  }
}

function refusal(error: unknown): unknown {
  return isNativeError(error) ? new KernelRefusal(error) : error;
}

/** A tracer of the addon; what threads are refused once they are traced comes as a `KernelRefusal`. */
export function newNativeTracer(): NativeTracer {
  class TypedTracer extends nativeBinding().Tracer {
    override interrupt(tid: number): boolean {
      return typed(() => super.interrupt(tid));
    }

    override detach(tid: number, signal: number): boolean {
      return typed(() => super.detach(tid, signal));
    }

    override kill(pid: number): boolean {
      return typed(() => super.kill(pid));
    }

    override tgkill(pid: number, tid: number, signal: number): boolean {
      return typed(() => super.tgkill(pid, tid, signal));
    }

    // The one that is called all the time: without a function around it.
    override getRegset(tid: number, noteType: number, sizeBytes: number): Uint8Array | undefined {
      try {
        return super.getRegset(tid, noteType, sizeBytes);
      } catch (error) {
        throw refusal(error);
      }
    }

    override getRegsets(
      tids: Int32Array,
      noteTypes: Int32Array,
      sizesBytes: Uint32Array,
    ): readonly (Uint8Array | undefined)[] {
      return typed(() => super.getRegsets(tids, noteTypes, sizesBytes));
    }

    override setRegset(tid: number, noteType: number, bytes: Uint8Array): boolean {
      return typed(() => super.setRegset(tid, noteType, bytes));
    }

    override pokeUser(tid: number, offset: number, value: bigint): boolean {
      return typed(() => super.pokeUser(tid, offset, value));
    }

    override setSiginfo(tid: number, bytes: Uint8Array): boolean {
      return typed(() => super.setSiginfo(tid, bytes));
    }

    override addSpace(pid: number, arch: NativeArch): number {
      return typed(() => super.addSpace(pid, arch));
    }
  }
  return new TypedTracer(sentinelPath());
}

function typed<Result>(request: () => Result): Result {
  try {
    return request();
  } catch (error) {
    throw refusal(error);
  }
}
