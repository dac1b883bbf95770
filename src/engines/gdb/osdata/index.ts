/** The tables that `info os` can show, by name. */
import { ipcTables } from './ipc-tables.js';
import { machineTables } from './machine-tables.js';
import type { OsTable } from './os-table.js';
import { processTables } from './process-tables.js';
import { socketTables } from './socket-tables.js';

export const osTables: readonly OsTable[] = [
  ...processTables,
  ...socketTables,
  ...ipcTables,
  ...machineTables,
].sort((left, right) => (left.name < right.name ? -1 : 1));
