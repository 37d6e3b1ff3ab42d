import type { EgressErrorKind } from '../common/outcomes.js';

/**
 * By Node's code: its names for OpenSSL's verdicts on a certificate (X509_V_ERR_…), and `ERR_SSL_` with OpenSSL's
 * reason. Only the end of a reason is matched: the beginning differs between versions of OpenSSL (`SSLV3_ALERT_…`,
 * `SSL/TLS_ALERT_…`).
 */
const KINDS: readonly (readonly [RegExp, EgressErrorKind])[] = [
  [/^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_UNTRUSTED)$/, 'tls_untrusted_certificate'],
  [/^UNABLE_TO_(GET_ISSUER_CERT(_LOCALLY)?|VERIFY_LEAF_SIGNATURE)$/, 'tls_untrusted_certificate'],
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, 'tls_expired_certificate'],
  [/^(ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|ERR_SSL_\S*UNRECOGNIZED_NAME)$/, 'tls_wrong_name'],
  [/^(EE certificate key|CA certificate key|CA signature digest algorithm) too weak$/, 'tls_weak_certificate'],
  [/^ERR_SSL_\S*ALERT_CERTIFICATE_REQUIRED$/, 'tls_client_certificate_required'],
  [/^ERR_SSL_\S*ALERT_NO_APPLICATION_PROTOCOL$/, 'http2_only'],
  [/^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, 'tls_not_spoken'],
  [/^ERR_SSL_(\S*ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW)$/, 'tls_no_common_version'],
  [/^ERR_SSL_\S*(ALERT_HANDSHAKE_FAILURE|ALERT_INSUFFICIENT_SECURITY)$/, 'tls_no_common_cipher'],
  [/^ERR_SSL_(WRONG_CIPHER_RETURNED|WRONG_CURVE|WRONG_SIGNATURE_TYPE|DH_KEY_TOO_SMALL)$/, 'tls_no_common_cipher'],
  [/^UND_ERR_CONNECT_TIMEOUT$/, 'tls_timeout'],
];

/** @returns null when the error is not about TLS. */
export function tlsFailureKind({ code, message }: { code?: unknown; message?: unknown }): EgressErrorKind | null {
  // Node has no code for some verdicts, only OpenSSL's English text.
  const said = String(code === 'UNSPECIFIED' ? message : code);
  return KINDS.find(([pattern]) => pattern.test(said))?.[1] ?? null;
}
