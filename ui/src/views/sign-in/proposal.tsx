import { partsOf } from '../../gateway/gateway-address';
import { currentUrl } from '../../gateway/gateways';
import { decideProposal } from '../../gateway/session';
import type { Proposal as Proposed } from '../../gateway/session';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { AddressWarningTexts } from './address-line';
import { t } from './text';

/** A link named another gateway. Nothing is sent there before somebody agrees. */
export function Proposal({ of }: { of: Proposed }) {
  const stay = () => decideProposal(false);
  const now = currentUrl.value;
  return (
    <Dialog title={t('proposalTitle')} onClose={stay}>
      <p>{of.readable ? t('proposalText') : t('proposalBad')}</p>
      <dl class="facts">
        <dt>{t('proposalNow')}</dt>
        <dd>
          <code>{now}</code>
        </dd>
        <dt>{t('proposalNew')}</dt>
        <dd>
          <code>{of.url}</code>
        </dd>
      </dl>
      {of.readable && <AddressWarningTexts address={of.url} />}
      {of.readable && of.secret && <p class="small muted">{t('proposalSecret')}</p>}
      <div class="row end">
        <Button data-autofocus onClick={stay}>
          {of.readable ? t('proposalStay', { host: partsOf(now).shown }) : t('proposalClose')}
        </Button>
        {of.readable && (
          <Button kind="primary" onClick={() => decideProposal(true)}>
            {t('proposalGo', { host: partsOf(of.url).shown })}
          </Button>
        )}
      </div>
    </Dialog>
  );
}
