// Whose rules are shown: those of the gateway's machine, or of a node.

import { route, setQuery } from '../../app/router';
import { loadNodes } from '../../gateway/node-calls';
import { useResource } from '../../gateway/resource';
import { SelectField } from '../../parts/field';
import { visible } from '../../text/visible';
import { PolicyEditor } from './policy-editor';
import { t } from './text';

/** Command that a node offers when its rules can be read from here. */
export const READS_RULES = 'system.execApprovals.get';

export function Policy() {
  const nodes = useResource({ key: 'nodes', method: 'node.list', scope: 'operator.read', events: ['presence'], load: loadNodes });
  const nodeId = route.value.query.get('node') ?? '';
  const offered = (nodes.data ?? []).filter(({ id, connected, commands }) => id === nodeId || (connected && commands.includes(READS_RULES)));
  const options: (readonly [string, string])[] = [
    ['', t('thisGatewayRules')],
    ...offered.map(({ id, name }) => [id, visible(name ?? id.slice(0, 12))] as const),
  ];
  if (nodeId && !options.some(([id]) => id === nodeId)) options.push([nodeId, nodeId.slice(0, 12)]);
  const name = options.find(([id]) => id === nodeId)?.[1] ?? '';
  return (
    <>
      <p class="muted">{t('policyHelp')}</p>
      <div class="policy-target">
        <SelectField label={t('rulesOf')} value={nodeId} options={options} onChange={(id) => setQuery({ node: id || null })} />
      </div>
      <PolicyEditor key={nodeId} nodeId={nodeId || null} name={name} />
    </>
  );
}
