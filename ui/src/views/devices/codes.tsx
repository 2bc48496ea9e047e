// Codes that still let somebody in.

import { useEffect } from 'preact/hooks';
import { useResource } from '../../gateway/resource';
import { CallError, call, has } from '../../gateway/session';
import { readOutstanding } from '../../gateway/setup';
import { toast } from '../../parts/announce';
import { ActionButton } from '../../parts/button';
import { Load } from '../../parts/states';
import { Ago, Until, now } from '../../parts/time';
import { relative } from '../../text/time';
import { visible } from '../../text/visible';
import { t } from './text';

export function Codes({ open, pairing }: { open: boolean; pairing: boolean }) {
  const codes = useResource({
    key: 'setup.codes',
    method: 'device.pair.setupList',
    scope: 'operator.admin',
    events: ['device.pair.setup.completed', 'device.pair.setup.deliveryUncertain', 'device.pair.changed', 'audit.appended'],
    load: async () => readOutstanding(await call('device.pair.setupList', {}), Date.now()),
  });
  // The wizard makes codes; gateways without a live record do not say so.
  useEffect(() => {
    if (!pairing) codes.reload();
  }, [pairing]);
  const left = codes.data?.filter(({ expiresAt }) => expiresAt > now.value) ?? [];
  // Where none is, nobody needs a card that says so; a link that leads here gets one.
  if (!has('device.pair.setupList') || (left.length === 0 && !open)) return null;
  const revoke = async (setupId: string) => {
    try {
      await call('device.pair.setupRevoke', { setupId });
      toast(t('codeRevoked', { n: setupId === 'all' ? left.length : 1 }));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      toast(error.message, { bad: true });
    }
    codes.reload();
  };
  return (
    <section class="stack" aria-labelledby="codes-heading">
      <div class="row between">
        <h2 id="codes-heading">{t('codes')}</h2>
        {left.length > 1 && (
          <ActionButton scope="operator.admin" size="small" onClick={() => void revoke('all')}>
            {t('revokeAllCodes')}
          </ActionButton>
        )}
      </div>
      <Load of={codes} lines={2}>
        {() =>
          left.length === 0 ? (
            <p class="muted">{t('codesNone')}</p>
          ) : (
            <div class="card table-box">
              <table class="table cards">
                <caption class="visually-hidden">{t('codes')}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t('codeFor')}</th>
                    <th scope="col">{t('codeMade')}</th>
                    <th scope="col">{t('codeState')}</th>
                    <th scope="col">{t('codeLeft')}</th>
                    <th scope="col">
                      <span class="visually-hidden">{t('menu')}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {left.map((code) => (
                    <tr key={code.setupId}>
                      <th scope="row">{accessOf(code.access)}</th>
                      <td data-label={t('codeMade')}>
                        <Ago at={code.createdAt} />
                      </td>
                      <td data-label={t('codeState')}>{t(code.state === 'used' ? 'code.used' : 'code.waiting')}</td>
                      <td data-label={t('codeLeft')}>
                        <Until at={code.expiresAt} />
                      </td>
                      <td class="narrow">
                        <ActionButton
                          scope="operator.admin"
                          size="small"
                          aria-label={t('revokeCodeNamed', { what: accessOf(code.access), time: relative(code.createdAt, Date.now()) })}
                          onClick={() => void revoke(code.setupId)}
                        >
                          {t('revokeCode')}
                        </ActionButton>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Load>
    </section>
  );
}

function accessOf(access: string): string {
  switch (access) {
    case 'full':
    case 'limited':
    case 'node':
    case 'operator':
    case 'owner':
      return t(`access.${access}`);
    default:
      return visible(access);
  }
}
