/** `osdata`: tables about the operating system (GDB manual, "Operating System Information"); the annex names one. */

import { osTables } from '../osdata/index.js';
import type { OsTable } from '../osdata/os-table.js';
import type { TransferObject } from './transfer-object.js';
import { escapeXml, utf8Bytes } from './xml.js';

type Row = Readonly<Record<string, string>>;

export function osDataXml(type: string, rows: Iterable<Row>): string {
  const items: string[] = [];
  for (const row of rows) {
    const columns = Object.entries(row).map(
      ([name, value]) => `<column name="${escapeXml(name)}">${escapeXml(value)}</column>`,
    );
    items.push(`<item>${columns.join('')}</item>\n`);
  }
  return `<osdata type="${escapeXml(type)}">\n${items.join('')}</osdata>\n`;
}

function listOfTables(tables: readonly OsTable[]): Row[] {
  return tables.map(({ name, description, title }) => ({
    Type: name,
    Description: description,
    Title: title,
  }));
}

export const osdata: TransferObject = {
  name: 'osdata',
  read: (_session, annex) => {
    if (annex === '') return utf8Bytes(osDataXml('types', listOfTables(osTables)));
    const table = osTables.find((one) => one.name === annex);
    // Nothing at all is what clients take for a table that is not there.
    return table === undefined ? new Uint8Array(0) : utf8Bytes(osDataXml(annex, table.rows()));
  },
};
