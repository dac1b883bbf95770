export { ClientError, type ClientErrorCode, clientErrorCodes } from './client-error.js';
export type { ByteStreams, Endpoint } from './endpoint.js';
export {
  type BreakpointKind,
  type ConnectOptions,
  type RequestOptions,
  type ResumeOptions,
  RspClient,
} from './rsp-client.js';
export type { RegisterDescription, TargetDescription } from './target-description.js';
