/** One table of `info os`: columns are the keys of its rows, in the order in which they are shown. */
export interface OsTable {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: () => Iterable<Readonly<Record<string, string>>>;
}
