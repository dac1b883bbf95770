/** How scripts find the client library (Node's documentation, "Customization hooks"), on whichever thread the hooks are. */

export interface ClientPlace {
  /** What `outstep/client` is. */
  readonly clientUrl: string;
  /** undefined: there is a file of it. */
  readonly clientText: string | undefined;
  /** Of the script. */
  readonly scriptUrl: string;
}

interface Context {
  readonly parentURL?: string | undefined;
}

interface Client {
  readonly format: 'module';
  readonly source: string;
  readonly shortCircuit: true;
}

export class ClientHooks {
  readonly #place: ClientPlace;

  constructor(place: ClientPlace) {
    this.#place = place;
  }

  resolve<Given extends Context, Found>(
    specifier: string,
    context: Given,
    next: (specifier: string, context: Given) => Found,
  ): Found | { readonly url: string; readonly shortCircuit: true } {
    const { clientUrl, clientText, scriptUrl } = this.#place;
    if (specifier === 'outstep/client' || specifier === clientUrl)
      return { url: clientUrl, shortCircuit: true };
    // What the library takes where it is (capstone-wasm), a library without a place takes where the script is.
    const isHomeless = clientText !== undefined && context.parentURL === clientUrl;
    return next(specifier, isHomeless ? { ...context, parentURL: scriptUrl } : context);
  }

  /** undefined: this is another module, or has a file. */
  load(url: string): Client | undefined {
    const { clientUrl, clientText } = this.#place;
    if (url !== clientUrl || clientText === undefined) return undefined;
    return { format: 'module', source: clientText, shortCircuit: true };
  }
}
