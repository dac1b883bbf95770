/** What all rows share: the programs, and the core that everything runs on. */
import { type BenchPrograms, buildPrograms } from './bench-programs.js';

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

export class Bench {
  private constructor(
    readonly programs: BenchPrograms,
    readonly core: number,
  ) {}

  /** @param core number of the processor for servers, programs and clients */
  static async prepare(core: number): Promise<Bench> {
    return new Bench(await buildPrograms(), core);
  }

  pinned(command: readonly string[]): readonly string[] {
    return ['taskset', '-c', `${this.core}`, ...command];
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
}
