/** What is agreed on when a connection begins. */
import { parseFeature } from 'gdb-js-rsp-parser';
import { clientErrorCodes, hasCode } from './client-error.js';
import { type Requester, undefinedIfUnsupported } from './requester.js';

/** What this client knows. */
const announced = [
  'multiprocess+',
  'swbreak+',
  'hwbreak+',
  'vContSupported+',
  'no-resumed+',
  'exec-events+',
  'fork-events+',
  'vfork-events+',
  'QThreadEvents+',
  'error-message+',
  // GNU gdbserver describes the registers of x86 only to a client that says it reads such descriptions.
  'xmlRegisters=i386',
];
/** A server that tells of forks stops for each. */
const forkFeatures = ['fork-events+', 'vfork-events+'];

export interface Negotiation {
  /** Go on with acknowledgements although the server could do without. */
  readonly acknowledge: boolean;
  /** Children are held and told of. */
  readonly followsForks: boolean;
}

/** Fills the requester's features, and does away with acknowledgements where the server can. */
export async function negotiate(requester: Requester, wishes: Negotiation): Promise<void> {
  requester.connection.acknowledge();
  const tokens = announced.filter((token) => wishes.followsForks || !forkFeatures.includes(token));
  const answer = await undefinedIfUnsupported(
    requester.ask({ kind: 'qSupported', features: tokens.flatMap((token) => parseFeature(token) ?? []) }),
  );
  requester.features = new Map(
    answer?.features.flatMap(({ name, value }) =>
      value === '?' ? [] : [[name, typeof value === 'object' ? value.text : value === '+'] as const],
    ),
  );
  if (!wishes.acknowledge && requester.has('QStartNoAckMode')) {
    await requester.ask({ kind: 'QStartNoAckMode' }, { isExclusive: true });
    requester.connection.stopAcknowledging(requester.packetBytes);
  }
  // LLDB's servers say why a packet failed when they are asked to.
  if (requester.has('QThreadSuffixSupported'))
    await unlessRefused(requester.ask({ kind: 'QEnableErrorStrings' }));
}

async function unlessRefused(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    if (!hasCode(error, clientErrorCodes.REFUSED) && !hasCode(error, clientErrorCodes.UNSUPPORTED))
      throw error;
  }
}
