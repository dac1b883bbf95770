/** The tables that `info os` can show. */
import { machineTables } from './machine-tables.js';
import type { OsTable } from './os-table.js';
import { processTables } from './process-tables.js';

export const osTables: readonly OsTable[] = [...processTables, ...machineTables];
