// The question which commands a node may offer.

import { loadDevices, nodeRequests } from '../../app/waiting';
import type { NodeRequest } from '../../gateway/devices';
import { call, can } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { Notice } from '../../parts/states';
import { Words } from '../../parts/words';
import { visible } from '../../text/visible';
import { useAct } from './act';
import './devices.css';
import { Commands, fromWhere } from './facts';
import { t } from './text';

export function NodeDialog({ request, onClose }: { request: NodeRequest; onClose: () => void }) {
  const act = useAct();
  const name = visible(request.name ?? request.nodeId.slice(0, 12));
  const now = nodeRequests.value.find(({ requestId, nodeId }) => requestId === request.requestId || nodeId === request.nodeId);
  const needs = request.needs.find((scope) => !can(scope)) ?? 'operator.pairing';
  const answer = (method: 'node.pair.approve' | 'node.pair.reject') =>
    act.run(async () => {
      await call(method, { requestId: (now ?? request).requestId });
      await loadDevices();
      toast(t(method === 'node.pair.approve' ? 'nodeApproved' : 'nodeRejected', { name }));
      onClose();
    });
  return (
    <Dialog title={t('nodeTitle', { name })} onClose={onClose}>
      {now ? (
        <>
          <p>{t('nodeQuestion')}</p>
          <dl class="facts">
            <dt>{t('commands')}</dt>
            <dd>
              <Commands commands={now.commands} />
            </dd>
            {now.caps.length > 0 && (
              <>
                <dt>{t('caps')}</dt>
                <dd>{now.caps.map((cap) => visible(cap)).join(', ')}</dd>
              </>
            )}
            <dt>{t('from')}</dt>
            <dd>{fromWhere(now)}</dd>
            <dt>{t('words')}</dt>
            <dd>
              <Words id={now.nodeId} />
            </dd>
          </dl>
        </>
      ) : (
        <Notice tone="info">
          <span>{t('gone')}</span>
        </Notice>
      )}
      {act.failed && (
        <Notice tone="bad">
          <span>{act.failed}</span>
        </Notice>
      )}
      <div class="row end answers">
        <Button data-autofocus onClick={onClose}>
          {t(now ? 'cancel' : 'close')}
        </Button>
        {now && (
          <>
            <ActionButton scope="operator.pairing" kind="danger" disabled={act.busy} onClick={() => answer('node.pair.reject')}>
              {t('reject')}
            </ActionButton>
            <ActionButton scope={needs} kind="primary" disabled={act.busy} onClick={() => answer('node.pair.approve')}>
              {t('nodeApprove')}
            </ActionButton>
          </>
        )}
      </div>
    </Dialog>
  );
}
