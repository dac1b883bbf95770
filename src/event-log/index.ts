/** Events as records, and the forms in which they are written. */
export { ChromeTrace } from './chrome-trace.js';
export {
  type Details,
  EventClock,
  type EventRecord,
  type Fact,
  factOf,
  ofThread,
  type RecordKind,
  recordKinds,
  startFact,
} from './event-record.js';
export { EventRing } from './event-ring.js';
export { eventJson, eventText } from './event-text.js';
export { type SignalOrigin, type SignalSender, signalOrigin } from './signal-origin.js';
