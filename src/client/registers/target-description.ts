/** What a target description says of a machine (GDB manual, "Target Descriptions"; LLDB's attributes of registers). */
import { ProtocolError } from 'gdb-js-rsp-parser';
import {
  attribute,
  bigintAttribute,
  type Element,
  optionalNumber,
  parseDocument,
} from 'gdb-js-rsp-parser/documents';
import { ofDocument } from '../objects.js';
import {
  type BitField,
  predefinedTypes,
  type RegisterType,
  type StructField,
  type TypeField,
  typeNamed,
} from './register-type.js';

/** A register as the server describes it (GDB manual, "Target Description Format"). */
export interface RegisterDescription {
  readonly name: string;
  /** Number in the `p` packet; registers come in its order in the `g` packet. */
  readonly number: number;
  readonly bits: number;
  readonly type: RegisterType;
  /** Where it belongs to: `general`, `float`, `vector`, or a name of the server's own. */
  readonly group?: string;
  /** The feature that describes it, `org.gnu.gdb.i386.core`; '' outside of all. */
  readonly feature: string;
  /** LLDB's: `pc`, `sp`, `fp`, `ra`, `flags`, `arg1` and so on. */
  readonly role?: string;
  readonly alternativeName?: string;
  /** LLDB's: byte offset in the `g` packet. */
  readonly offsetBytes?: number;
  /** LLDB's: numbers of the registers that it is a part of. */
  readonly partOf?: readonly number[];
}

/** The document `target.xml` with all that it includes. */
export interface TargetDescription {
  /** As the server names it, `i386:x86-64` or `aarch64`; undefined when it does not say. */
  readonly architecture: string | undefined;
  readonly osAbi: string | undefined;
  readonly features: readonly string[];
  /** In the order of their numbers. */
  readonly registers: readonly RegisterDescription[];
}

const maxDepth = 8;

/**
 * Reads a description together with the documents that it includes.
 * @param fetchDocument text of a document by its name, `target.xml` first
 * @throws ClientError BAD_OBJECT
 */
export async function readTargetDescription(
  fetchDocument: (name: string) => Promise<string>,
): Promise<TargetDescription> {
  try {
    return described(await readDocument('target.xml', fetchDocument, 0));
  } catch (error) {
    throw ofDocument(error);
  }
}

/** @throws ProtocolError */
function described(root: Element): TargetDescription {
  const features = root.children.filter(({ name }) => name === 'feature');
  const textNamed = (wanted: string): string | undefined =>
    root.children.find(({ name }) => name === wanted)?.text.trim();
  return {
    architecture: textNamed('architecture'),
    osAbi: textNamed('osabi'),
    features: features.map((feature) => feature.attributes.name ?? ''),
    registers: registersOf([...features, root]),
  };
}

async function readDocument(
  name: string,
  fetchDocument: (name: string) => Promise<string>,
  depth: number,
): Promise<Element> {
  if (depth > maxDepth) throw new ProtocolError(`the target description includes ${name} too deep`);
  const root = parseDocument(await fetchDocument(name), name);
  return expandIncludes(root, fetchDocument, depth);
}

/** An included document stands for the element that names it. */
async function expandIncludes(
  element: Element,
  fetchDocument: (name: string) => Promise<string>,
  depth: number,
): Promise<Element> {
  const children: Element[] = [];
  for (const child of element.children) {
    if (child.name === 'xi:include')
      children.push(await readDocument(attribute(child, 'href'), fetchDocument, depth + 1));
    else children.push(await expandIncludes(child, fetchDocument, depth));
  }
  return { ...element, children };
}

/** A register without a number follows the one before it. */
function registersOf(features: readonly Element[]): RegisterDescription[] {
  const registers: RegisterDescription[] = [];
  let next = 0;
  for (const feature of features) {
    const types = new Map<string, RegisterType>();
    for (const element of feature.children) {
      if (element.name === 'reg') {
        const register = registerOf(element, next, types, feature.attributes.name ?? '');
        registers.push(register);
        next = register.number + 1;
      } else {
        const type = definedType(element, types);
        if (type !== undefined) types.set(attribute(element, 'id'), type);
      }
    }
  }
  return registers.sort((a, b) => a.number - b.number);
}

function registerOf(
  element: Element,
  next: number,
  types: ReadonlyMap<string, RegisterType>,
  feature: string,
): RegisterDescription {
  const bits = Number(bigintAttribute(element, 'bitsize'));
  const { group, generic, altname, value_regnums: partOf, offset } = element.attributes;
  return {
    name: attribute(element, 'name'),
    number: optionalNumber(element, 'regnum') ?? next,
    bits,
    type: typeNamed(element.attributes.type ?? lldbType(element), bits, types),
    feature,
    ...(group === undefined ? {} : { group }),
    ...(generic === undefined ? {} : { role: generic }),
    ...(altname === undefined ? {} : { alternativeName: altname }),
    ...(offset === undefined ? {} : { offsetBytes: Number(offset) }),
    ...(partOf === undefined ? {} : { partOf: partOf.split(',').map(Number) }),
  };
}

/** LLDB's servers say how a register is to be shown, in place of a type. */
function lldbType({ attributes: { encoding, format } }: Element): string | undefined {
  if (encoding === 'ieee754') return 'float';
  if (encoding === 'sint') return 'int';
  return encoding === 'vector' ? format : undefined;
}

/** undefined for elements that define no type. */
function definedType(element: Element, types: ReadonlyMap<string, RegisterType>): RegisterType | undefined {
  const { id = '' } = element.attributes;
  const bits = 8 * (optionalNumber(element, 'size') ?? 0);
  switch (element.name) {
    case 'vector': {
      const of = memberType(element, types);
      return { kind: 'vector', id, of, count: Number(bigintAttribute(element, 'count')) };
    }
    case 'union':
      return { kind: 'union', id, fields: element.children.map((field) => typeField(field, types)) };
    case 'struct':
      return { kind: 'struct', id, fields: named(element).map((field) => structField(field, types, bits)) };
    case 'flags':
      return { kind: 'flags', id, fields: named(element).map((field) => bitField(field, types)) };
    case 'enum':
      return {
        kind: 'enum',
        id,
        names: new Map(
          element.children.map((each) => [bigintAttribute(each, 'value'), attribute(each, 'name')]),
        ),
      };
    default:
      return undefined;
  }
}

/** Bits that are of no use have no name. */
function named(element: Element): readonly Element[] {
  return element.children.filter((field) => field.attributes.name !== '');
}

/** A type by its name, which stands before. @throws ProtocolError */
function memberType(element: Element, types: ReadonlyMap<string, RegisterType>): RegisterType {
  const name = attribute(element, 'type');
  const type = types.get(name) ?? predefinedTypes.get(name);
  if (type !== undefined) return type;
  throw new ProtocolError(`the target description has no type ${name}`);
}

function typeField(element: Element, types: ReadonlyMap<string, RegisterType>): TypeField {
  return { name: attribute(element, 'name'), type: memberType(element, types) };
}

function structField(
  element: Element,
  types: ReadonlyMap<string, RegisterType>,
  structBits: number,
): StructField {
  return structBits > 0 || 'start' in element.attributes
    ? bitField(element, types)
    : typeField(element, types);
}

function bitField(element: Element, types: ReadonlyMap<string, RegisterType>): BitField {
  const start = Number(bigintAttribute(element, 'start'));
  const field = { name: attribute(element, 'name'), start, end: optionalNumber(element, 'end') ?? start };
  return element.attributes.type === undefined ? field : { ...field, type: memberType(element, types) };
}
