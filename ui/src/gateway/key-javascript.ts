// Ed25519 without WebCrypto, for pages that are not encrypted and for old browsers. Loaded only there.

import { getPublicKey, hashes, sign, utils } from '@noble/ed25519';
import { sha256, sha512 } from '@noble/hashes/sha2.js';

hashes.sha512 = sha512;

export function newPrivateKey(): Uint8Array {
  return utils.randomSecretKey();
}

export function publicKeyOf(privateKey: Uint8Array): Uint8Array {
  return getPublicKey(privateKey);
}

export function signWith(privateKey: Uint8Array, message: Uint8Array): Uint8Array {
  return sign(message, privateKey);
}

export function digest(bytes: Uint8Array): Uint8Array {
  return sha256(bytes);
}
