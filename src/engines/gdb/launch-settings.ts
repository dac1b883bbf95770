/** How the next program of a connection is started. Each connection has its own; a client's packets change it. */
export class LaunchSettings {
  environment: Map<string, string>;
  /** undefined: the server's own. */
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
