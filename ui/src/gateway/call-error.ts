import type { WireError } from '../wire/generated';

/** A call that the gateway refused, or that got no answer. */
export class CallError extends Error {
  constructor(
    readonly error: WireError,
    readonly method: string,
  ) {
    super(error.message);
    this.name = 'CallError';
  }

  get code(): string {
    return this.error.code;
  }

  /** Whatever was thrown, as something that views can show. */
  static from(error: unknown, method: string): CallError {
    return error instanceof CallError ? error : new CallError({ code: 'UNKNOWN', message: error instanceof Error ? error.message : String(error) }, method);
  }
}
