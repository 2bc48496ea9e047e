// Placeholder until the types are generated from crates/protocol.
export type Scope = 'operator.admin' | 'operator.read' | 'operator.write' | 'operator.approvals' | 'operator.pairing' | 'operator.questions';

export interface WireError {
  code: string;
  message: string;
  details?: unknown;
  retryable?: boolean;
  retryAfterMs?: number;
}

// eslint-disable-next-line
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Methods = Record<string, { params: object; result: unknown }>;
export type Events = Record<string, unknown>;
export type MethodName = string;
export type EventName = string;
