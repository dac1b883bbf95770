/** What becomes of a thread that several engines have wishes for. */
import type { Attachment } from './attachment.js';
import type { ResumeAction } from './engine.js';
import type { Thread } from './thread.js';

const letRun: ResumeAction = { kind: 'continue' };
const singleStep: ResumeAction = { kind: 'step' };

const strictness = { hold: 4, step: 3, 'block-step': 2, 'range-step': 1, continue: 0 } as const;

/** What engines together want of a thread. `overrules`: whose hold counts for nothing. */
export function strictest(
  attachments: readonly Attachment[],
  thread: Thread,
  overrules: (attachment: Attachment) => boolean,
): ResumeAction {
  let wish = letRun;
  for (const attachment of attachments) {
    const vote = attachment.voteFor(thread);
    if (vote.kind === 'hold' && overrules(attachment)) continue;
    wish = stricter(wish, vote);
  }
  return wish;
}

function stricter(one: ResumeAction, other: ResumeAction): ResumeAction {
  const [strict, lax] = strictness[other.kind] > strictness[one.kind] ? [other, one] : [one, other];
  // A range may be left without a branch: who wants the one and who the other are both served by single steps.
  return strict.kind === 'block-step' && lax.kind === 'range-step' ? singleStep : strict;
}
