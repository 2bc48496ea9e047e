// The form that asks for a token, a password or a setup code.

import { useEffect, useRef, useState } from 'preact/hooks';
import { ACCESS_LEVELS } from '../../gateway/access-level';
import { problemOf } from '../../gateway/errors';
import { ownFacts } from '../../gateway/facts';
import type { Failure } from '../../gateway/failure';
import { currentUrl, gateways, knownGateway } from '../../gateway/gateways';
import { connect, disconnect, retryNow, setAccess, setRemember } from '../../gateway/session';
import { Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { Check, SecretField, Segments } from '../../parts/field';
import { screenContext } from './context';
import { FailureDetails } from './failure-details';
import { ScreenTitle } from './screen-title';
import { t } from './text';

const LEVEL = {
  full: ['accessFull', 'accessFullHelp'],
  approve: ['accessApprove', 'accessApproveHelp'],
  view: ['accessView', 'accessViewHelp'],
} as const;

export function SecretForm({ failure, busy }: { failure: Failure | null; busy: boolean }) {
  const problem = failure ? problemOf(failure) : 'signIn';
  const [secret, setSecret] = useState('');
  const [other, setOther] = useState(false);
  const [empty, setEmpty] = useState(false);
  const box = useRef<HTMLFormElement>(null);
  const { own, shown } = screenContext();
  const modes = own ? (ownFacts.value?.modes ?? []) : [];
  const wantsPassword = problem === 'passwordNeeded' || problem === 'passwordNotAccepted' || (problem !== 'notAccepted' && modes.includes('password'));
  const password = wantsPassword !== other;
  const wrong = problem === 'notAccepted' || problem === 'passwordNotAccepted' || problem === 'setupCode';
  const typedWrong = wrong && failure?.used !== 'device';
  useEffect(() => {
    if (busy) return;
    const field = box.current?.querySelector<HTMLInputElement>('input:not([hidden])');
    field?.focus();
    if (wrong) field?.select();
  }, [failure, busy]);
  const submit = (event: Event) => {
    event.preventDefault();
    const trimmed = secret.trim();
    // Without a secret the gateway may still know who this is (Tailscale, a proxy, mode none).
    setEmpty(trimmed === '' && failure !== null);
    if (trimmed === '') {
      if (failure === null) retryNow();
      else box.current?.querySelector<HTMLInputElement>('input:not([hidden])')?.focus();
      return;
    }
    connect(password ? { password: trimmed } : { token: trimmed });
  };
  const error = empty ? t('secretEmpty') : typedWrong && failure ? usedText(failure) : null;
  return (
    <form class="stack" ref={box} onSubmit={submit}>
      <ScreenTitle problem={problem} focus={false} />
      {wrong && failure?.used === 'device' && <p>{usedText(failure)}</p>}
      {/* Password managers tell entries apart by it. */}
      <input type="text" name="username" autocomplete="username" value={shown} readOnly hidden />
      <SecretField
        label={password ? t('password') : t('tokenOrCode')}
        help={t('tokenHelp')}
        name={password ? 'password' : 'token'}
        autocomplete="current-password"
        error={error}
        value={secret}
        onInput={(event) => {
          setSecret(event.currentTarget.value);
          setEmpty(false);
        }}
      />
      <Options />
      <div class="row">
        <Button kind="primary" type="submit" disabled={busy} aria-busy={busy}>
          {busy ? t('connectingNow') : t('connect')}
        </Button>
        {busy ? (
          <Button onClick={disconnect}>{t('cancel')}</Button>
        ) : (
          <Button kind="quiet" onClick={() => setOther(!other)}>
            {password ? t('useToken') : t('usePassword')}
          </Button>
        )}
      </div>
      <Commands problem={problem} password={password} />
      {failure && <FailureDetails failure={failure} />}
    </form>
  );
}

function usedText(failure: Failure): string {
  return failure.used === 'device' ? t('usedDevice') : failure.used === 'link' || failure.used === 'setup-code' ? t('usedLink') : t('usedTyped');
}

function Commands({ problem, password }: { problem: string; password: boolean }) {
  if (problem === 'notConfigured') {
    return (
      <div class="stack">
        <p>{t('setToken')}</p>
        <Command text={'openclaw config set gateway.auth.token "$(openssl rand -hex 24)"'} label={t('labelCommand')} />
      </div>
    );
  }
  return (
    <div class="stack">
      <p class="small muted">{problem === 'setupCode' ? t('onHostSetup') : password ? t('onHostPassword') : t('onHost')}</p>
      {problem === 'setupCode' ? (
        <Command text="openclaw qr" label={t('labelCommand')} />
      ) : (
        !password && <Command text="openclaw config get gateway.auth.token" label={t('labelToken')} />
      )}
      <Command text="openclaw dashboard --no-open" label={t('labelLink')} />
    </div>
  );
}

function Options() {
  // Depends on the list: the choice is kept there.
  const known = gateways.value.length >= 0 ? knownGateway(currentUrl.value) : knownGateway(currentUrl.value);
  const [, help] = LEVEL[known.access];
  return (
    <details class="fold">
      <summary>{t('more')}</summary>
      <div class="stack">
        <div class="stack tight">
          <span class="small label">{t('accessLevel')}</span>
          <Segments label={t('accessLevel')} value={known.access} options={ACCESS_LEVELS.map((level) => [level, t(LEVEL[level][0])] as const)} onChange={setAccess} />
          <span class="small muted">{t(help)}</span>
        </div>
        <div class="stack tight">
          <Check label={t('remember')} checked={known.remember} onChange={setRemember} />
          <span class="small muted">{t('rememberHelp')}</span>
        </div>
      </div>
    </details>
  );
}
