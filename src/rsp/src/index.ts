export { asciiBytes, asciiText } from './ascii.js';
export { type BulkCodec, portableDecoding, type TakenData } from './bulk-codec.js';
export { BulkEncoder } from './bulk-encoder.js';
export { type CompressedReply, parseCompressedReply, printCompressedReply } from './compressed-reply.js';
export { escapeBinary, unescapeBinary } from './escape.js';
export { type Feature, formatFeature, parseFeature, parseFeatures } from './features.js';
export { FieldReader } from './field-reader.js';
export { type FileStatus, parseFileStatus, printFileStatus } from './file-status.js';
export type { Format, ItemStructure, Structure } from './format/format.js';
export type { JsonValue } from './format/json.js';
export { type Frame, FrameDecoder, type FrameDecoderOptions, leastSharedBytes } from './frame-decoder.js';
export { encodeNotification, encodePacket, encodeText } from './frame-encoder.js';
export { bytesOfHex, hexOf, hexOfText, textOfHex } from './hex.js';
export { type LldbStop, lldbStopExtras, readLldbStop } from './lldb-stop.js';
export { type Notification, parseNotification, printNotification } from './notification.js';
export { agentExpression } from './packets/agent-expression.js';
export {
  type AnyRow,
  type KnownPacket,
  type Packet,
  type PacketName,
  packetTable,
  parseFailure,
  parsePacket,
  parseReply,
  printPacket,
  printReply,
  type Reply,
  type UnknownPacket,
} from './packets/index.js';
export type { LldbThread, ModuleFacts, ModuleQuery } from './packets/lldb-json.js';
export type { MemoryWrite } from './packets/memory.js';
export type { RegisterBytes } from './packets/registers.js';
export type { Failure } from './packets/row.js';
export { ProtocolError } from './protocol-error.js';
export { encodeRunLength, expandRunLength } from './run-length.js';
export { type GdbSignal, gdbSignal, gdbSignalOf, kernelSignalOf, signalName } from './signals.js';
export type { SignalStop, StopReason, StopReply } from './stop-reply.js';
export { formatStopReply } from './stop-reply-format.js';
export { parseStopReply } from './stop-reply-parse.js';
export {
  formatThreadId,
  parseThreadSelector,
  type ThreadId,
  type ThreadSelector,
} from './thread-selector.js';
