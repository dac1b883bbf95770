/** Why the kernel does not let something be traced or executed, and what helps (README.md). */
export { collectServer, collectTarget, mayLookInto } from './collect.js';
export { explainAttach, explainProbe, explainYama, fixLine } from './explain.js';
export {
  type Cause,
  hasTraceCapability,
  type ServerFacts,
  type Surroundings,
  type TargetFacts,
  type TaskFacts,
  type Verdict,
} from './facts.js';
export { forCapability } from './remedies.js';
