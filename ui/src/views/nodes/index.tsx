import { route } from '../../app/router';
import { NodeDetail } from './detail';
import { NodeList } from './list';
import './nodes.css';

export function Nodes() {
  const { id } = route.value;
  return id === null ? <NodeList /> : <NodeDetail key={id} id={id} />;
}
