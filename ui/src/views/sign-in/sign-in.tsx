import { useState } from 'preact/hooks';
import { connect, connection } from '../../gateway/session';
import { Button } from '../../parts/button';
import { SecretField } from '../../parts/field';
import { t } from './text';

export function SignIn() {
  const [token, setToken] = useState('');
  const state = connection.value;
  const failure = state.kind === 'blocked' ? state.failure : null;
  return (
    <main class="gate">
      <form
        class="card stack"
        onSubmit={(event) => {
          event.preventDefault();
          connect({ token: token.trim() });
        }}
      >
        <h1 tabIndex={-1}>{failure ? t('title', { host: location.host }) : t('connecting', { host: location.host })}</h1>
        {failure && (
          <>
            <SecretField
              label={t('token')}
              name="token"
              autocomplete="current-password"
              error={failure.message}
              value={token}
              onInput={(event) => setToken(event.currentTarget.value)}
            />
            <Button kind="primary" type="submit">
              {t('connect')}
            </Button>
          </>
        )}
      </form>
    </main>
  );
}
