/** Types of registers (GDB manual, "Target Description Format", "Predefined Target Types"). */

export type RegisterType =
  | { readonly kind: 'integer'; readonly bits: number; readonly isSigned: boolean }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'pointer'; readonly to: 'code' | 'data' }
  | { readonly kind: 'float'; readonly format: 'half' | 'bfloat16' | 'single' | 'double' | 'extended' }
  | { readonly kind: 'vector'; readonly of: RegisterType; readonly count: number; readonly id: string }
  | { readonly kind: 'union'; readonly fields: readonly TypeField[]; readonly id: string }
  /** Its fields are bits where they say so, else they lie one behind the other. */
  | { readonly kind: 'struct'; readonly fields: readonly StructField[]; readonly id: string }
  | { readonly kind: 'flags'; readonly fields: readonly BitField[]; readonly id: string }
  | { readonly kind: 'enum'; readonly names: ReadonlyMap<bigint, string>; readonly id: string };

/** A member of a union, or of a structure without bits. */
export interface TypeField {
  readonly name: string;
  readonly type: RegisterType;
}

/** Bits of a register or a structure with a name; without a type they are a flag or a number. */
export interface BitField {
  readonly name: string;
  /** First and last bit, from the lowest on. */
  readonly start: number;
  readonly end: number;
  readonly type?: RegisterType;
}

/** A member of a structure: one whose bits are counted, or one that follows the member before. */
export type StructField = TypeField | BitField;

const integer = (bits: number, isSigned: boolean): RegisterType => ({ kind: 'integer', bits, isSigned });

const flagNames = (id: string, bits: Readonly<Record<string, number>>): RegisterType => ({
  kind: 'flags',
  id,
  fields: Object.entries(bits).map(([name, bit]) => ({ name, start: bit, end: bit })),
});

/** Types that need no definition. `int` and `float` take their size from the register. */
export const predefinedTypes: ReadonlyMap<string, RegisterType> = new Map<string, RegisterType>([
  ['bool', { kind: 'boolean' }],
  ...[8, 16, 24, 32, 64, 128].flatMap((bits): [string, RegisterType][] => [
    [`int${bits}`, integer(bits, true)],
    [`uint${bits}`, integer(bits, false)],
  ]),
  ['code_ptr', { kind: 'pointer', to: 'code' }],
  ['data_ptr', { kind: 'pointer', to: 'data' }],
  ['ieee_half', { kind: 'float', format: 'half' }],
  ['ieee_single', { kind: 'float', format: 'single' }],
  ['ieee_double', { kind: 'float', format: 'double' }],
  ['bfloat16', { kind: 'float', format: 'bfloat16' }],
  ['i387_ext', { kind: 'float', format: 'extended' }],
  [
    'i386_eflags',
    flagNames('i386_eflags', {
      CF: 0,
      PF: 2,
      AF: 4,
      ZF: 6,
      SF: 7,
      TF: 8,
      IF: 9,
      DF: 10,
      OF: 11,
      NT: 14,
      RF: 16,
      VM: 17,
      AC: 18,
      VIF: 19,
      VIP: 20,
      ID: 21,
    }),
  ],
  [
    'i386_mxcsr',
    flagNames('i386_mxcsr', {
      IE: 0,
      DE: 1,
      ZE: 2,
      OE: 3,
      UE: 4,
      PE: 5,
      DAZ: 6,
      IM: 7,
      DM: 8,
      ZM: 9,
      OM: 10,
      UM: 11,
      PM: 12,
      FZ: 15,
    }),
  ],
]);

const floatsByBits: ReadonlyMap<number, 'single' | 'double' | 'extended'> = new Map([
  [32, 'single'],
  [64, 'double'],
  [80, 'extended'],
]);

/** A type by its name for a register of so many bits; one that is not known is an integer without sign. */
export function typeNamed(
  name: string | undefined,
  bits: number,
  defined: ReadonlyMap<string, RegisterType>,
): RegisterType {
  const known = name === undefined ? undefined : (defined.get(name) ?? predefinedTypes.get(name));
  if (known !== undefined) return known;
  const [, element, elementBits] = /^vector-(u?int|float)(\d+)$/.exec(name ?? '') ?? [];
  if (element !== undefined) return vectorOf(element, Number(elementBits), bits);
  const format = name === 'float' ? floatsByBits.get(bits) : undefined;
  return format === undefined ? integer(bits, name === 'int') : { kind: 'float', format };
}

/** LLDB's `vector-uint8` and others. */
function vectorOf(element: string, elementBits: number, bits: number): RegisterType {
  const of = typeNamed(element === 'float' ? element : `${element}${elementBits}`, elementBits, new Map());
  return { kind: 'vector', id: `vector-${element}${elementBits}`, of, count: Math.floor(bits / elementBits) };
}

/** Size of a value in bytes; undefined where the register says it. */
export function sizeOf(type: RegisterType): number | undefined {
  switch (type.kind) {
    case 'integer':
      return Math.ceil(type.bits / 8);
    case 'float':
      return { half: 2, bfloat16: 2, single: 4, double: 8, extended: 10 }[type.format];
    case 'vector': {
      const each = sizeOf(type.of);
      return each === undefined ? undefined : each * type.count;
    }
    case 'boolean':
      return 1;
    default:
      return undefined;
  }
}
