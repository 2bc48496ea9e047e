import type { Signal } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { GatewayNode } from '../../gateway/nodes';
import { ActionButton, Button } from '../../parts/button';
import { Field, Segments, TextField } from '../../parts/field';
import { Notice } from '../../parts/states';
import { commandPieces } from '../../text/command';
import { joinWords, splitLine } from '../../text/shell-words';
import { requestOf, wordsOf } from './run-request';
import type { FormProblem, RunForm as Form, RunMode } from './run-request';
import { startRun } from './runs';
import { t } from './text';

interface RunFormProps {
  node: GatewayNode;
  form: Signal<Form>;
  /** Gets the id of what was started. */
  onRun: (id: string) => void;
}

export function RunForm({ node, form, onRun }: RunFormProps) {
  const [problem, setProblem] = useState<FormProblem | null>(null);
  const { mode, line, words, cwd, env, limit } = form.value;
  const windows = /^win/i.test(node.platform ?? '');
  const change = (part: Partial<Form>) => {
    form.value = { ...form.value, ...part };
    setProblem(null);
  };
  const run = () => {
    const request = requestOf(form.value, windows);
    if (typeof request === 'string') setProblem(request);
    else onRun(startRun(node, form.value, request));
  };
  const setMode = (next: RunMode) => {
    if (next === mode) return;
    if (next === 'words') change({ mode: next, words: mode === 'line' ? [...splitLine(line).words, ''] : words });
    else change({ mode: next, line: mode === 'words' ? joinWords(wordsOf(form.value)) : line });
  };
  const acts = mode === 'line' ? splitLine(line).shell : [];
  const shownWords = wordsOf(form.value);
  return (
    <form
      class="stack run-form"
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      <div class="row between">
        <h2>{t('runTitle')}</h2>
        <Segments
          label={t('mode')}
          value={mode}
          options={[
            ['line', t('modeLine')],
            ['words', t('modeWords')],
            ['shell', t('modeShell')],
          ]}
          onChange={setMode}
        />
      </div>
      {mode === 'words' ? (
        <WordFields words={words} problem={problem} onChange={(next) => change({ words: next })} />
      ) : (
        <TextField
          label={t(mode === 'shell' ? 'shellLine' : 'line')}
          help={mode === 'shell' ? t('shellHelp', { shell: windows ? 'cmd.exe /d /s /c' : '/bin/sh -lc' }) : undefined}
          error={problem === 'empty' || problem === 'open' ? t(`problem.${problem}`) : null}
          class="input mono"
          name="command"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          dir="ltr"
          placeholder={mode === 'shell' ? 'df -h | tail -n 1' : 'uname -a'}
          value={line}
          onInput={(event) => change({ line: event.currentTarget.value })}
        />
      )}
      {mode === 'line' && shownWords.length > 0 && (
        <div class="row argv" dir="ltr" role="group" aria-label={t('argv')}>
          {shownWords.map((word, index) => (
            <code key={index} class="word">
              {word === '' ? <span class="faint">{t('emptyWord')}</span> : <Word text={word} />}
            </code>
          ))}
        </div>
      )}
      {acts.length > 0 && (
        <Notice tone="info">
          <span>{t('acts', { characters: acts.join(' ') })}</span>
          <span>
            <Button size="small" onClick={() => setMode('shell')}>
              {t('useShell')}
            </Button>
          </span>
        </Notice>
      )}
      <details class="fold" open={cwd !== '' || env !== ''}>
        <summary>{t('more')}</summary>
        <div class="grid">
          <TextField label={t('cwd')} help={t('cwdHelp')} class="input mono" spellcheck={false} autocapitalize="off" value={cwd} onInput={(event) => change({ cwd: event.currentTarget.value })} />
          <TextField
            label={t('limit')}
            help={t('limitHelp')}
            error={problem === 'limit' ? t('problem.limit') : null}
            inputMode="decimal"
            value={limit}
            onInput={(event) => change({ limit: event.currentTarget.value })}
          />
          <Field label={t('env')} help={t('envHelp')} error={problem === 'env' ? t('problem.env') : null}>
            {(ids) => (
              <textarea class="textarea mono env" spellcheck={false} autocapitalize="off" dir="ltr" rows={3} value={env} onInput={(event) => change({ env: event.currentTarget.value })} {...ids} />
            )}
          </Field>
        </div>
      </details>
      <div class="row">
        <ActionButton scope="operator.write" kind="primary" type="submit" icon="play" disabled={!node.connected}>
          {t('run')}
        </ActionButton>
        {!node.connected && <span class="small muted">{t('runAway')}</span>}
      </div>
    </form>
  );
}

function Word({ text }: { text: string }) {
  return (
    <>
      {commandPieces(text).map(({ kind, text }, index) =>
        kind === 'text' ? (
          text
        ) : (
          <mark key={index} class="hidden-character">
            {kind === 'break' ? '\\n' : text}
          </mark>
        ),
      )}
    </>
  );
}

/** One field for each word; the last one is there to write the next. */
function WordFields({ words, problem, onChange }: { words: readonly string[]; problem: FormProblem | null; onChange: (words: readonly string[]) => void }) {
  const fields = words.at(-1) === '' ? words : [...words, ''];
  return (
    <fieldset class="stack tight">
      <legend class="field-legend">{t('words')}</legend>
      <div class="words-grid">
        {fields.map((word, index) => (
          <input
            key={index}
            class="input mono"
            type="text"
            aria-label={index === 0 ? t('wordProgram') : t('wordArgument', { n: index })}
            aria-invalid={index === 0 && problem === 'empty' ? true : undefined}
            placeholder={index === 0 ? t('wordProgram') : index === fields.length - 1 ? t('wordNext') : ''}
            autocapitalize="off"
            spellcheck={false}
            dir="ltr"
            value={word}
            onInput={(event) => onChange(fields.map((one, at) => (at === index ? event.currentTarget.value : one)))}
          />
        ))}
      </div>
      {problem === 'empty' && <span class="small bad">{t('problem.empty')}</span>}
    </fieldset>
  );
}
