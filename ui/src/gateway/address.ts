// Where an address is, as seen from the gateway.

export type Place = 'here' | 'network' | 'tailnet' | 'public';

/** Tells the place of an address. Local clients have no address on the wire: they are here. */
export function placeOf(ip: string | null): Place {
  if (ip === null) return 'here';
  const plain = ip.toLowerCase().replace(/^\[|\]$/g, '').replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/, '');
  const v4 = /^(\d+)\.(\d+)\.\d+\.\d+$/.exec(plain);
  if (v4) {
    const [a, b] = [Number(v4[1]), Number(v4[2])];
    if (a === 127) return 'here';
    if (a === 100 && b >= 64 && b <= 127) return 'tailnet';
    if (a === 10 || (a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254)) return 'network';
    return 'public';
  }
  if (plain === '::1') return 'here';
  if (plain.startsWith('fd7a:115c:a1e0:')) return 'tailnet';
  return /^(f[cd]|fe[89ab])/.test(plain) ? 'network' : 'public';
}
