/**
 * What a target description (GDB manual, "Target Descriptions") says of registers. Only the elements `architecture`,
 * `reg` and `xi:include` are read, by their attributes; they hold no text that would need a parser of its own.
 */

export interface RegisterDescription {
  readonly name: string;
  /** Number in the `p` packet; registers come in its order in the `g` packet. */
  readonly number: number;
  readonly sizeBytes: number;
}

export interface TargetDescription {
  /** As GDB names it, `i386:x86-64` or `aarch64`; undefined when the description does not say. */
  readonly architecture: string | undefined;
  /** In the order of their numbers. */
  readonly registers: readonly RegisterDescription[];
}

const comment = /<!--[\s\S]*?-->/g;
const element = /<(reg|xi:include)\s([^>]*?)\/?>/g;
const attribute = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const maxDepth = 8;

/**
 * Reads a description together with the documents that it includes.
 * @param fetchDocument text of a document by its name, `target.xml` first
 * @throws Error when documents include each other without end, or an attribute is missing
 */
export async function readTargetDescription(
  fetchDocument: (name: string) => Promise<string>,
): Promise<TargetDescription> {
  const text = await expandIncludes('target.xml', fetchDocument, 0);
  const architecture = /<architecture>\s*([^<\s]*)\s*<\/architecture>/.exec(text)?.[1];
  return { architecture, registers: registersOf(text) };
}

async function expandIncludes(
  name: string,
  fetchDocument: (name: string) => Promise<string>,
  depth: number,
): Promise<string> {
  if (depth > maxDepth) throw new Error(`the target description includes ${name} too deep`);
  const text = (await fetchDocument(name)).replace(comment, '');
  let expanded = '';
  let end = 0;
  for (const match of text.matchAll(element)) {
    if (match[1] !== 'xi:include') continue;
    const included = attributesOf(match[2] ?? '').get('href') ?? '';
    expanded += text.slice(end, match.index) + (await expandIncludes(included, fetchDocument, depth + 1));
    end = match.index + match[0].length;
  }
  return expanded + text.slice(end);
}

/** A register without a number follows the one before it. */
function registersOf(text: string): RegisterDescription[] {
  const registers: RegisterDescription[] = [];
  let next = 0;
  for (const [, tag, attributeText = ''] of text.matchAll(element)) {
    if (tag !== 'reg') continue;
    const attributes = attributesOf(attributeText);
    const name = attributes.get('name');
    const bits = Number(attributes.get('bitsize'));
    const number = Number(attributes.get('regnum') ?? next);
    if (name === undefined || !(bits > 0) || !Number.isInteger(number)) {
      throw new Error(`the target description has a register without name, size or number: ${attributeText}`);
    }
    registers.push({ name, number, sizeBytes: Math.ceil(bits / 8) });
    next = number + 1;
  }
  return registers.sort((a, b) => a.number - b.number);
}

function attributesOf(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(attribute)].map(([, name = '', double, single]) => [name, double ?? single ?? '']),
  );
}
