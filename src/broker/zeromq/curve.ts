import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import type { Place } from './place.ts';

/** A key pair of CURVE, each key in Z85. */
export interface CurveKeys {
  readonly publicKey: string;
  readonly secretKey: string;
}

type CurveOption = 'curveServerKey' | 'curvePublicKey' | 'curveSecretKey';

/** RFC 8410, 7: what comes before the 32 bytes of an X25519 key in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const KEY_BYTES = 32;
// ZeroMQ RFC 32: the digits of base 85.
const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';

/** Derives the keys of the proxy or of those who connect to it from the secret that both sides have. */
export function deriveCurveKeys(secret: string, owner: 'proxy' | 'peer'): CurveKeys {
  const key = Buffer.from(hkdfSync('sha256', secret, '', `message-flow zeromq ${owner}`, KEY_BYTES));
  const pkcs8 = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, key]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(pkcs8).export({ format: 'der', type: 'spki' });
  return { publicKey: encodeZ85(spki.subarray(-KEY_BYTES)), secretKey: encodeZ85(key) };
}

/** What a socket that connects is made with: its keys, where the place has a secret. */
export function createPeerOptions({ secret }: Pick<Place, 'secret'>): Partial<Record<CurveOption, string>> {
  if (secret === undefined) return {};
  const { publicKey, secretKey } = deriveCurveKeys(secret, 'peer');
  return {
    curveServerKey: deriveCurveKeys(secret, 'proxy').publicKey,
    curvePublicKey: publicKey,
    curveSecretKey: secretKey,
  };
}

/** Writes a key in Z85: each four bytes are five digits. */
export function encodeZ85(bytes: Buffer): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 4) {
    let [value, digits] = [bytes.readUInt32BE(i), ''];
    for (let k = 0; k < 5; k++) {
      digits = DIGITS[value % 85] + digits;
      value = Math.floor(value / 85);
    }
    text += digits;
  }
  return text;
}
