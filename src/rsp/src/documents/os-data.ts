/** The documents of `qXfer:osdata:read`: tables about the operating system (GDB manual, "Operating System Information"). */
import { attribute, elementsNamed, parseDocument } from './xml.js';
import { escapeXml, filledElement } from './xml-text.js';

/** By the names of the columns, in their order. */
export type OsDataRow = Readonly<Record<string, string>>;

export interface OsData {
  readonly type: string;
  readonly rows: Iterable<OsDataRow>;
}

/** @throws ProtocolError */
export function parseOsData(text: string): OsData & { readonly rows: readonly OsDataRow[] } {
  const root = parseDocument(text, 'the table');
  const rows = elementsNamed(root, 'item').map((item) =>
    Object.fromEntries(
      elementsNamed(item, 'column').map((column) => [attribute(column, 'name'), column.text]),
    ),
  );
  return { type: attribute(root, 'type'), rows };
}

export function printOsData({ type, rows }: OsData): string {
  const items = Array.from(rows, (row) => {
    const columns = Object.entries(row).map(([name, value]) =>
      filledElement('column', { name }, escapeXml(value)),
    );
    return `${filledElement('item', {}, columns.join(''))}\n`;
  });
  return `${filledElement('osdata', { type }, `\n${items.join('')}`)}\n`;
}
