/** How the next program of a connection is started. Each connection has its own; a client's packets change it. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { hostProcess } from '../../base/host-process.js';
import type { ProgramStdio } from '../../core/index.js';

/** What a program is started with. */
export interface ProgramSettings {
  readonly environment: ReadonlyMap<string, string>;
  /** undefined: the server's own. */
  readonly workingDirectory: string | undefined;
  readonly disableRandomization: boolean;
  readonly startWithShell: boolean;
  readonly stdio?: ProgramStdio;
}

export class LaunchSettings implements ProgramSettings {
  environment: Map<string, string>;
  workingDirectory: string | undefined = undefined;
  disableRandomization: boolean;
  startWithShell: boolean;
  readonly #initialEnvironment: Readonly<Record<string, string>>;

  constructor(initial: {
    readonly environment: Readonly<Record<string, string>>;
    readonly disableRandomization: boolean;
    readonly startWithShell: boolean;
  }) {
    this.#initialEnvironment = initial.environment;
    this.environment = new Map(Object.entries(initial.environment));
    this.disableRandomization = initial.disableRandomization;
    this.startWithShell = initial.startWithShell;
  }

  /** Back to the environment that the server was started with. */
  resetEnvironment(): void {
    this.environment = new Map(Object.entries(this.#initialEnvironment));
  }
}

/** A bare name is a file of the current folder when there is one, and is searched in PATH otherwise. */
export function inCurrentFolder(program: string): string {
  const here = resolve(program);
  return !program.includes('/') && existsSync(here) ? here : program;
}

export function ownEnvironment(): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(hostProcess.env))
    if (value !== undefined) environment[name] = value;
  return environment;
}
