/** What is known of the machine that the server debugs on, from its own description. */
import { ClientError, clientErrorCodes } from './client-error.js';
import { readObjectText } from './objects.js';
import { RegisterBlocks } from './registers/register-blocks.js';
import type { ByteOrder } from './registers/register-value.js';
import { readTargetDescription, type TargetDescription } from './registers/target-description.js';
import type { Requester } from './requester.js';

const x86 = /^(?:i386|i686|x86)/;

export class Target {
  readonly byteOrder: ByteOrder;
  readonly blocks: RegisterBlocks;
  readonly #requester: Requester;
  #description: Promise<TargetDescription> | undefined;

  constructor(requester: Requester, byteOrder: ByteOrder) {
    this.#requester = requester;
    this.byteOrder = byteOrder;
    this.blocks = new RegisterBlocks(requester, () => this.description(), byteOrder);
  }

  /** @throws ClientError BAD_OBJECT, UNSUPPORTED */
  description(): Promise<TargetDescription> {
    if (this.#description === undefined) {
      const description = readTargetDescription((name) => readObjectText(this.#requester, 'features', name));
      this.#description = description;
      // The next one may ask again.
      description.catch(() => {
        if (this.#description === description) this.#description = undefined;
      });
    }
    return this.#description;
  }

  /** Another program may have other registers. */
  forget(): void {
    this.#description = undefined;
    this.blocks.forgetDescription();
  }

  /** As the server names it. @throws ClientError UNSUPPORTED */
  async architecture(): Promise<string> {
    const { architecture } = await this.description();
    if (architecture !== undefined) return architecture;
    throw new ClientError(clientErrorCodes.UNSUPPORTED, 'the server does not name its architecture');
  }

  /** The usual kind of trap: of x86, or of others, whose instructions have four bytes. */
  async trapKind(): Promise<number> {
    return x86.test((await this.description()).architecture ?? '') ? 1 : 4;
  }

  async pointerBytes(): Promise<number> {
    const name = await this.blocks.nameOfRole('pc');
    return (await this.blocks.slot(name)).sizeBytes;
  }
}
