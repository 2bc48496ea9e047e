import { Fragment } from 'preact';
import { dotted, hides } from '../../gateway/config-edit';
import type { Change, Json, Path } from '../../gateway/config-edit';
import { Chip } from '../../parts/states';
import { show } from './schema';
import { t } from './text';

/** Values side by side. Secrets are never shown, only that they change. */
export function Differences({ of }: { of: readonly Change[] }) {
  return (
    <div class="table-box bordered">
      <table class="table cards differences">
        <caption class="visually-hidden">{t('differences')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('setting')}</th>
            <th scope="col">{t('now')}</th>
            <th scope="col">{t('then')}</th>
          </tr>
        </thead>
        <tbody>
          {of.map(({ path, before, after }) => (
            <tr key={dotted(path)}>
              <th scope="row">
                <code class="break">
                  <DottedKey text={dotted(path)} />
                </code>
              </th>
              <td data-label={t('now')}>
                <Value path={path} value={before} />
              </td>
              <td data-label={t('then')}>
                <Value path={path} value={after} fresh />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A value, or what may be said about it. */
export function Value({ path, value, fresh }: { path: Path; value: Json | undefined; fresh?: boolean }) {
  if (value === undefined) return <span class="muted">{t('notSet')}</span>;
  if (hides(path, value)) return <Chip icon="lock">{fresh ? t('newSecret') : t('secret')}</Chip>;
  if (Array.isArray(value)) {
    return value.length === 0 ? (
      <span class="muted">{t('emptyList')}</span>
    ) : (
      <ul class="plain">
        {value.map((entry: Json) => (
          <li key={show(entry)}>
            <code class="break">{show(entry)}</code>
          </li>
        ))}
      </ul>
    );
  }
  return value === '' ? <span class="muted">{t('emptyText')}</span> : <code class="break">{show(value)}</code>;
}

/** The name of a setting; it goes on in the next line after a dot, if it has to. */
export function DottedKey({ text }: { text: string }) {
  return (
    <>
      {text.split('.').map((part, index) => (
        <Fragment key={index}>
          {index > 0 && '.'}
          {index > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </>
  );
}
