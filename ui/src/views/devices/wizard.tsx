// Pairing of a new device, step by step: what it is, what it may do, and how it comes here.

import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { setQuery } from '../../app/router';
import { can } from '../../gateway/session';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { Notice } from '../../parts/states';
import { levelName, levelSentence } from '../../text/access';
import type { Level } from '../../gateway/access';
import { t } from './text';
import { BrowserWay, CodeWay } from './wizard-ways';

const GOALS = ['browser', 'phone', 'node'] as const;
export type Goal = (typeof GOALS)[number];

export function isGoal(text: string | null): text is Goal {
  return GOALS.some((goal) => goal === text);
}

/** What each kind of device can be given, the preselected first. */
const LEVELS: Readonly<Record<Goal, readonly Level[]>> = {
  browser: ['approver', 'view', 'full'],
  phone: ['limited', 'view', 'full'],
  node: [],
};

export function Wizard({ goal, onClose }: { goal: Goal | null; onClose: () => void }) {
  const [step, setStep] = useState(1);
  const [chosen, setChosen] = useState<Goal>(goal ?? 'browser');
  const [level, setLevel] = useState<Level | null>(null);
  const levels = LEVELS[chosen];
  const given = level ?? levels[0] ?? 'none';
  // Codes are made by full control; a browser can ask by itself.
  const forbidden = chosen !== 'browser' && !can('operator.admin');
  return (
    <Dialog title={t('wizardTitle')} onClose={onClose} wide={step === 3}>
      <span class="caption muted">{t('step', { n: step })}</span>
      {step === 1 && (
        <Choices
          legend={t('what')}
          value={chosen}
          options={GOALS.map((one) => [one, t(`what.${one}`), t(`what.${one}.hint`)] as const)}
          onChange={(next) => {
            setChosen(next);
            setLevel(null);
            setQuery({ pair: next });
          }}
        />
      )}
      {step === 1 && forbidden && (
        <Notice tone="info">
          <span>{t('needsAdmin')}</span>
        </Notice>
      )}
      {step === 2 &&
        (chosen === 'node' ? (
          <p>{t('nodeAccess')}</p>
        ) : (
          <Choices legend={t('which')} value={given} options={levels.map((one) => [one, levelName(one), levelSentence(one)] as const)} onChange={setLevel} />
        ))}
      {step === 3 && (chosen === 'browser' ? <BrowserWay level={given} /> : <CodeWay goal={chosen} level={given} />)}
      <div class="row end answers">
        {step === 1 ? <Button onClick={onClose}>{t('cancel')}</Button> : <Button onClick={() => setStep(step - 1)}>{t('previous')}</Button>}
        {step < 3 ? (
          <Button kind="primary" disabled={forbidden} onClick={() => setStep(step + 1)}>
            {t('next')}
          </Button>
        ) : (
          <Button kind="primary" onClick={onClose}>
            {t('done')}
          </Button>
        )}
      </div>
    </Dialog>
  );
}

function Choices<V extends string>({ legend, value, options, onChange }: { legend: string; value: V; options: readonly (readonly [V, string, ComponentChildren])[]; onChange: (value: V) => void }) {
  return (
    <fieldset>
      <legend class="choices-legend">{legend}</legend>
      <div class="choices">
        {options.map(([option, title, hint]) => (
          <label key={option}>
            <input type="radio" name="choice" checked={option === value} data-autofocus={option === value ? true : undefined} onChange={() => onChange(option)} />
            <strong>{title}</strong>
            <span class="small muted">{hint}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
