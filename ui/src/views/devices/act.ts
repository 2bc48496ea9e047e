// Calls with what every dialog needs around them: busy, the reason of a failure, the end.

import { useState } from 'preact/hooks';
import { CallError } from '../../gateway/session';

export interface Act {
  readonly busy: boolean;
  /** What the gateway said against it. */
  readonly failed: string | null;
  /** Runs it; failures of calls are shown, everything else is thrown. */
  readonly run: (action: () => Promise<void>) => void;
}

export function useAct(): Act {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string | null>(null);
  const run = async (action: () => Promise<void>) => {
    setBusy(true);
    setFailed(null);
    try {
      await action();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setFailed(error.message);
    }
    setBusy(false);
  };
  return { busy, failed, run: (action) => void run(action) };
}
