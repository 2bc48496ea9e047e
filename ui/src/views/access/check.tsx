// "Check": whether an address leads to this gateway, tried from this browser.

import { useState } from 'preact/hooks';
import { CallError, live } from '../../gateway/session';
import { probe, socketAddress } from '../../gateway/probe';
import type { Probe } from '../../gateway/probe';
import { Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { TextField } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Card } from '../../parts/page';
import { Notice } from '../../parts/states';
import type { RemoteStatus } from '../config/data';
import { t } from './text';

interface Line {
  readonly tone: 'ok' | 'bad' | 'info';
  readonly text: string;
}

/** What was seen, in words. */
export function lines({ url, allowed, reached, gateway, same, arrival, ms }: Probe, authMode: string): readonly Line[] {
  const secure = url.startsWith('wss:');
  const host = new URL(url).host;
  if (!allowed) return [{ tone: 'info', text: t('checkMixed') }];
  if (!reached) {
    return [
      { tone: 'bad', text: t('checkNot', { host }) },
      { tone: 'info', text: secure ? t('checkNotSecure', { url: url.replace('wss:', 'https:') }) : t('checkNotPlain') },
    ];
  }
  const found: Line[] = [{ tone: 'ok', text: t('checkReached', { host, ms }) }];
  found.push(secure ? { tone: 'ok', text: t('checkTls') } : arrival?.local ? { tone: 'ok', text: t('checkLocal') } : { tone: 'bad', text: t('checkPlain') });
  if (!gateway) return [...found, { tone: 'bad', text: t('checkOther') }];
  if (same === true) found.push({ tone: 'ok', text: t('checkSame') });
  else found.push(same === false ? { tone: 'bad', text: t('checkDifferent') } : { tone: 'info', text: t('checkSameUnknown') });
  if (arrival && !arrival.hostOk) found.push({ tone: 'bad', text: t('checkHost', { host }) });
  if (same !== false) found.push({ tone: 'info', text: t('checkAuth', { mode: authMode }) });
  return found;
}

export function CheckAddress({ status }: { status: RemoteStatus }) {
  const [text, setText] = useState('');
  const [bad, setBad] = useState(false);
  const [busy, setBusy] = useState(false);
  const [seen, setSeen] = useState<Probe | null>(null);
  const check = async () => {
    const url = socketAddress(text === '' ? document.baseURI : text);
    setBad(url === null);
    setSeen(null);
    if (url === null) return;
    setBusy(true);
    try {
      setSeen(await probe(url));
    } catch (error) {
      // The connection was lost meanwhile; the banner says so.
      if (!(error instanceof CallError)) throw error;
    }
    setBusy(false);
  };
  return (
    <Card title={t('checkTitle')}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void check();
        }}
      >
        <TextField
          label={t('checkAddress')}
          help={t('checkHelp')}
          name="candidate"
          placeholder={document.baseURI}
          spellcheck={false}
          autocapitalize="off"
          autocomplete="off"
          error={bad ? t('noAddress') : null}
          value={text}
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <div class="row">
          <Button type="submit" icon="play" disabled={busy || !live.value}>
            {busy ? t('checking') : t('check')}
          </Button>
        </div>
        <div role="status">
          {seen && (
            <ul class="plain stack tight check-lines">
              {lines(seen, t(`auth-${authWord(status.auth.mode)}`)).map((line) => (
                <li key={line.text} class={`row ${line.tone}`}>
                  <Icon name={line.tone === 'ok' ? 'check' : line.tone === 'bad' ? 'error' : 'info'} />
                  <span>{line.text}</span>
                </li>
              ))}
            </ul>
          )}
          {seen?.arrival?.hostFix && <Command text={seen.arrival.hostFix} />}
        </div>
        {seen && !seen.reached && seen.allowed && (
          <Notice tone="info">
            <span>{t('checkDoctor')}</span>
            <Command text={`openclaw doctor --url ${seen.url.replace(/\/$/, '')} --token <token>`} />
          </Notice>
        )}
      </form>
    </Card>
  );
}

export function authWord(mode: string): 'token' | 'password' | 'none' | 'trusted-proxy' {
  return mode === 'password' || mode === 'none' || mode === 'trusted-proxy' ? mode : 'token';
}
