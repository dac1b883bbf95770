/**
 * Whether a host is a numeric address, as `isIP` of node:net would tell: that module takes as long to load, and the
 * expression that it matches as long to compile, as everything else that happens before a program is started.
 */

const ipv4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** 6 also with a zone behind it (`fe80::1%eth0`); 0: no address, or none that is whole. */
export function addressFamilyOf(host: string): 0 | 4 | 6 {
  if (!host.includes(':')) return ipv4.test(host) ? 4 : 0;
  const address = host.replace(/%[\w.:-]+$/, '');
  return /^[\da-f:.]+$/i.test(address) && URL.canParse(`ws://[${address}]`) ? 6 : 0;
}
