/** What a server has in use: what must not grow with the work that it has done. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { eventually } from '../support/proc-files.js';
import { projectRoot } from '../support/project-paths.js';
import type { MemoryReport } from './memory-probe.js';

export interface ServerResources extends MemoryReport {
  readonly descriptors: number;
  readonly threads: number;
}

/** A server that is started with `environment` can be asked for what it has in use. */
export class ResourceProbe implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'outstep-soak-'));
  readonly #report = join(this.#folder, 'memory.json');

  get environment(): Readonly<Record<string, string>> {
    const probe = pathToFileURL(join(projectRoot, 'dist/test/soak/memory-probe.js'));
    return { NODE_OPTIONS: `--import ${probe.href}`, OUTSTEP_MEMORY_REPORT: this.#report };
  }

  async ask(server: number): Promise<ServerResources> {
    rmSync(this.#report, { force: true });
    process.kill(server, 'SIGUSR2');
    await eventually('the server reports its memory', () => existsSync(this.#report));
    const memory: MemoryReport = JSON.parse(readFileSync(this.#report, 'utf8'));
    return {
      ...memory,
      descriptors: readdirSync(`/proc/${server}/fd`).length,
      threads: readdirSync(`/proc/${server}/task`).length,
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
