/** `osdata`: tables about the operating system (GDB manual, "Operating System Information"); the annex names one. */

import { type OsDataRow, printOsData } from 'gdb-js-rsp-parser/documents';
import { osTables } from '../osdata/index.js';
import type { OsTable } from '../osdata/os-table.js';
import { type TransferObject, utf8Bytes } from './transfer-object.js';

function listOfTables(tables: readonly OsTable[]): OsDataRow[] {
  return tables.map(({ name, description, title }) => ({
    Type: name,
    Description: description,
    Title: title,
  }));
}

export const osdata: TransferObject = {
  name: 'osdata',
  read: (_session, annex) => {
    if (annex === '') return utf8Bytes(printOsData({ type: 'types', rows: listOfTables(osTables) }));
    const table = osTables.find((one) => one.name === annex);
    // Nothing at all is what clients take for a table that is not there.
    if (table === undefined) return new Uint8Array(0);
    return utf8Bytes(printOsData({ type: annex, rows: table.rows() }));
  },
};
