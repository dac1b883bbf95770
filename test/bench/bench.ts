/** What all rows share: the programs, and the core that everything runs on. */
import { type BenchPrograms, buildPrograms } from './bench-programs.js';
import { accountProcessorTime, type ProcessorTime } from './processor-time.js';

const symbols = [
  'ready',
  'finished',
  'hot',
  'done',
  'watched',
  'memory',
  'loop_start',
  'loop_end',
  'jumps_start',
  'jumps_end',
] as const;

/** Of the wall, or the processor time of server, program and client. */
export type Clock = 'wall' | 'cpu';

export interface BenchSettings {
  /** Number of the processor for servers, programs and clients. */
  readonly core: number;
  readonly clock: Clock;
}

export class Bench implements AsyncDisposable {
  private constructor(
    readonly programs: BenchPrograms,
    readonly settings: BenchSettings,
    readonly processorTime: ProcessorTime | undefined,
  ) {}

  static async prepare(settings: BenchSettings): Promise<Bench> {
    const programs = await buildPrograms();
    return new Bench(programs, settings, settings.clock === 'cpu' ? accountProcessorTime() : undefined);
  }

  /** Environment of what takes the time. */
  get clockEnvironment(): Readonly<Record<string, string>> {
    return this.processorTime === undefined ? {} : { BENCH_USAGE: this.processorTime.usageFile };
  }

  /** The command on the core of the benchmark. */
  pinned(command: readonly string[]): readonly string[] {
    return [...(this.processorTime?.enter ?? []), 'taskset', '-c', `${this.settings.core}`, ...command];
  }

  address(symbol: string): bigint {
    const address = this.programs.addresses.get(symbol);
    if (address === undefined) throw new Error(`the workload has no symbol ${symbol}`);
    return address;
  }

  /** raw-limit with a row of its own, on the workload or on what else that row takes. */
  rawCommand(row: string, operands: readonly string[], program = this.programs.workload): readonly string[] {
    const addresses = symbols.map((symbol) => `${symbol}=${this.address(symbol).toString(16)}`);
    const command = program === '' ? operands : [program, ...operands];
    return this.pinned([this.programs.rawLimit, row, ...addresses, '--', ...command]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.processorTime?.[Symbol.asyncDispose]();
  }
}
