// Everything before "online": signing in, pairing, and each way in which connecting can fail.

import { useEffect, useState } from 'preact/hooks';
import { problemOf } from '../../gateway/errors';
import type { Problem } from '../../gateway/errors';
import { loadOwnFacts } from '../../gateway/facts';
import type { Failure } from '../../gateway/failure';
import { connection, disconnect, secretInQuery } from '../../gateway/session';
import { Announcements } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Notice } from '../../parts/states';
import { AddressLine } from './address-line';
import { screenContext } from './context';
import { FailureScreen } from './failure-screen';
import { PairingScreen } from './pairing-screen';
import { SecretForm } from './secret-form';
import { t } from './text';
import './sign-in.css';

const FORMS: readonly Problem[] = ['signIn', 'notAccepted', 'passwordNeeded', 'passwordNotAccepted', 'setupCode', 'identity', 'notConfigured'];

export function SignIn() {
  const state = connection.value;
  const [form, setForm] = useState<Failure | 'idle' | null>(null);
  useEffect(loadOwnFacts, []);
  const failure = 'failure' in state ? state.failure : null;
  const problem = failure ? problemOf(failure) : null;
  const asks = state.kind === 'idle' ? 'idle' : failure && problem && FORMS.includes(problem) ? failure : null;
  const busy = state.kind === 'opening' || state.kind === 'handshaking';
  useEffect(() => {
    if (asks !== null) setForm(asks);
    else if (!busy) setForm(null);
  }, [asks, busy]);
  // While what was typed is on its way, the form stays where it is.
  const shownForm = asks ?? (busy && failure === null ? form : null);
  return (
    <>
      <main class="gate">
        <div class="card gate-card">
          {shownForm !== null ? (
            <SecretForm failure={shownForm === 'idle' ? null : shownForm} busy={busy} />
          ) : failure && problem === 'pairing' ? (
            <PairingScreen failure={failure} busy={busy} />
          ) : failure && problem ? (
            <FailureScreen failure={failure} problem={problem} busy={busy} />
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
