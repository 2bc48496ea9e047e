import { change, settings } from '../../app/settings';
import { LANGUAGES } from '../../app/settings';
import { askToNotify, notifyState, stopNotifying } from '../../app/notify';
import { openOverlay } from '../../app/overlay';
import { identity } from '../../gateway/session';
import { Button } from '../../parts/button';
import { CopyValue } from '../../parts/copy';
import { Check, Segments, SelectField } from '../../parts/field';
import { Card, Page } from '../../parts/page';
import { now } from '../../parts/time';
import { Words } from '../../parts/words';
import { clock } from '../../text/time';
import { Gateways } from './gateways';
import { Stored } from './stored-card';
import { t } from './text';
import './settings.css';

export function SettingsView() {
  return (
    <Page title={t('title')} sentence={t('sentence')}>
      <div class="settings-grid">
        <Appearance />
        <Language />
        <Keyboard />
        <Notifications />
        <ThisBrowser />
        <Gateways />
      </div>
      <Stored />
    </Page>
  );
}

function Appearance() {
  const { theme, density, motion } = settings.value;
  return (
    <Card title={t('appearance')}>
      <div class="stack">
        <div class="setting">
          <span aria-hidden="true">{t('theme')}</span>
          <Segments
            label={t('theme')}
            value={theme}
            options={(['system', 'light', 'dark'] as const).map((one) => [one, t(`theme.${one}`)] as const)}
            onChange={(theme) => change({ theme })}
          />
        </div>
        <div class="setting">
          <span aria-hidden="true">{t('density')}</span>
          <Segments
            label={t('density')}
            value={density}
            options={(['normal', 'compact'] as const).map((one) => [one, t(`density.${one}`)] as const)}
            onChange={(density) => change({ density })}
          />
        </div>
        <Check
          label={
            <span class="stack tight">
              <span>{t('motion')}</span>
              <span class="small muted">{t('motionHelp')}</span>
            </span>
          }
          checked={motion === 'none'}
          onChange={(none) => change({ motion: none ? 'none' : 'system' })}
        />
      </div>
    </Card>
  );
}

function Language() {
  const { locale, timeFormat } = settings.value;
  return (
    <Card title={t('language')}>
      <div class="stack">
        <SelectField
          label={t('locale')}
          help={t('localeHelp')}
          value={locale}
          options={LANGUAGES.map((one) => [one, t(`locale.${one}`)] as const)}
          onChange={(locale) => change({ locale })}
        />
        <div class="setting">
          <span aria-hidden="true">{t('clock')}</span>
          <Segments
            label={t('clock')}
            value={timeFormat}
            options={(['auto', '12', '24'] as const).map((one) => [one, t(`clock.${one}`)] as const)}
            onChange={(timeFormat) => change({ timeFormat })}
          />
          <span class="small muted">{t('clockNow', { time: clock(now.value) })}</span>
        </div>
      </div>
    </Card>
  );
}

function Keyboard() {
  return (
    <Card title={t('keyboard')}>
      <div class="stack">
        <Check
          label={
            <span class="stack tight">
              <span>{t('shortcuts')}</span>
              <span class="small muted">{t('shortcutsHelp')}</span>
            </span>
          }
          checked={settings.value.shortcuts}
          onChange={(shortcuts) => change({ shortcuts })}
        />
        <div class="row">
          <Button onClick={() => openOverlay('help')}>{t('showShortcuts')}</Button>
        </div>
      </div>
    </Card>
  );
}

function Notifications() {
  const state = notifyState.value;
  const sentence = { on: t('notifyOn'), off: t('notifyOff'), denied: t('notifyDenied'), impossible: t('notifyImpossible') }[state];
  return (
    <Card title={t('notifications')}>
      <div class="stack">
        <p>{sentence}</p>
        {(state === 'on' || state === 'off') && (
          <div class="row">
            <Button onClick={() => (state === 'on' ? stopNotifying() : void askToNotify())}>{state === 'on' ? t('turnOff') : t('turnOn')}</Button>
          </div>
        )}
      </div>
    </Card>
  );
}

function ThisBrowser() {
  const own = identity.value;
  return (
    <Card title={t('thisBrowser')}>
      {own === null ? (
        <p class="muted">{t('noKey')}</p>
      ) : (
        <div class="stack">
          <div class="stack tight">
            <span class="small muted">{t('words')}</span>
            <Words id={own.deviceId} large />
            <span class="small muted">{t('wordsHelp')}</span>
          </div>
          <div class="stack tight">
            <span class="small muted">{t('deviceId')}</span>
            <CopyValue text={own.deviceId} />
          </div>
        </div>
      )}
    </Card>
  );
}
