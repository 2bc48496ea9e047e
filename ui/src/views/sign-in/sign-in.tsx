// Everything before "online": signing in, pairing, and each way in which connecting can fail.

import { useEffect, useState } from 'preact/hooks';
import { problemOf } from '../../gateway/errors';
import type { Problem } from '../../gateway/errors';
import { loadOwnFacts } from '../../gateway/facts';
import type { Failure } from '../../gateway/failure';
import { connection, disconnect, retryNow, secretInQuery } from '../../gateway/session';
import { Announcements } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Notice } from '../../parts/states';
import { AddressLine } from './address-line';
import { ahead, loadAhead } from './ahead';
import { screenContext } from './context';
import { ScreenTitle } from './screen-title';
import { SecretForm } from './secret-form';
import { t } from './text';
import './sign-in.css';

const FORMS: readonly Problem[] = ['signIn', 'notAccepted', 'passwordNeeded', 'passwordNotAccepted', 'setupCode', 'identity', 'notConfigured'];

export function SignIn() {
  const state = connection.value;
  const [form, setForm] = useState<Failure | 'idle' | null>(null);
  const screens = ahead.value;
  const failure = 'failure' in state ? state.failure : null;
  const problem = failure ? problemOf(failure) : null;
  const asks = state.kind === 'idle' ? 'idle' : failure && problem && FORMS.includes(problem) ? failure : null;
  const busy = state.kind === 'opening' || state.kind === 'handshaking';
  useEffect(() => {
    if (state.kind !== 'opening' && state.kind !== 'handshaking') loadAhead();
  }, [state.kind]);
  useEffect(() => {
    if (asks !== null) setForm(asks);
    else if (!busy) setForm(null);
  }, [asks, busy]);
  // While what was typed is on its way, the form stays where it is.
  const shownForm = asks ?? (busy && failure === null ? form : null);
  // What signing in needs to know; a browser that is let in at once need not ask.
  const stays = shownForm !== null || failure !== null;
  useEffect(() => {
    if (stays) loadOwnFacts();
  }, [stays]);
  return (
    <>
      <main class="gate">
        <div class="card gate-card">
          {shownForm !== null ? (
            <SecretForm failure={shownForm === 'idle' ? null : shownForm} busy={busy} />
          ) : failure && problem === 'pairing' ? (
            screens ? <screens.PairingScreen failure={failure} busy={busy} /> : <Plain problem={problem} />
          ) : failure && problem ? (
            screens ? <screens.FailureScreen failure={failure} problem={problem} busy={busy} /> : <Plain problem={problem} />
          ) : (
            <Connecting />
          )}
          {secretInQuery.value && (
            <Notice tone="warn">
              <span>{t('inQuery')}</span>
            </Notice>
          )}
          <hr />
          <AddressLine />
        </div>
      </main>
      <Announcements />
    </>
  );
}

/** What happened, until the rest of its screen is there. */
function Plain({ problem }: { problem: Problem }) {
  return (
    <div class="stack">
      <ScreenTitle problem={problem} />
      {problem !== 'unencrypted' && (
        <div class="row">
          <Button icon="refresh" onClick={retryNow}>
            {t('retryNow')}
          </Button>
        </div>
      )}
    </div>
  );
}

function Connecting() {
  const { shown } = screenContext();
  return (
    <div class="stack">
      <h1 tabIndex={-1}>{t('connecting', { host: shown })}</h1>
      <p class="muted" role="status">
        {t('connectingNow')}
      </p>
      <div class="row">
        <Button onClick={disconnect}>{t('cancel')}</Button>
      </div>
    </div>
  );
}
