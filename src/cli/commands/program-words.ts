/** A program that stands behind the options of a subcommand: started as a shell would, without a shell. */
import { hostProcess } from '../../base/host-process.js';
import type { LaunchOptions } from '../../core/index.js';

export function launchOptions(
  [program = '', ...args]: readonly string[],
  descriptors: readonly number[],
  environment = hostProcess.env as Record<string, string>,
): LaunchOptions {
  return {
    program,
    args,
    environment,
    disableRandomization: false,
    startWithShell: false,
    redirectStdio: false,
    descriptors,
  };
}
