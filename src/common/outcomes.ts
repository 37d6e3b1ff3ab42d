/** For docs/errors.md. */
interface ErrorText {
  meaning: string;
  remedy: string;
}

/** They tell a receiver's engineer what to look at, but no internal name's address and no errno. */
const EGRESS_ERRORS = {
  blocked_address: {
    meaning: 'The host is, or its name leads to, an address that Tidings may not connect to.',
    remedy: 'Use a public address. The operator can open others: see security.md.',
  },
  dns_error: {
    meaning: 'The host name has no address, or the name servers did not answer in time.',
    remedy: 'Check the spelling of the name, and its A and AAAA records.',
  },
  connect_timeout: {
    meaning: 'No connection was made within 5 seconds.',
    remedy: 'Look for a firewall that drops packets, and for the wrong port.',
  },
  connect_error: {
    meaning: 'The connection was refused, or there is no route.',
    remedy: 'Check that the receiver runs and listens on this port.',
  },
  tls_untrusted_certificate: {
    meaning:
      'No authority that Tidings trusts vouches for the certificate. It may be self-signed, or the chain is not whole.',
    remedy:
      'Use a certificate of a public authority, and serve the certificates between it and yours too. For a private ' +
      'authority the operator sets NODE_EXTRA_CA_CERTS.',
  },
  tls_expired_certificate: {
    meaning: 'The certificate, or one above it, has expired or is not valid yet.',
    remedy: 'Renew it, load it into the server again, and check the clock.',
  },
  tls_wrong_name: {
    meaning: 'The certificate is for another name than the host of `target_url`.',
    remedy: 'Use a certificate with this name in it, or the name that the certificate has.',
  },
  tls_weak_certificate: {
    meaning: 'The certificate, or one above it, has an RSA key below 2,048 bits or a SHA-1 signature.',
    remedy: 'Have a new certificate issued, for a key of 2,048 bits of RSA or a curve of 256.',
  },
  tls_client_certificate_required: {
    meaning: 'The receiver asks for a client certificate (mutual TLS), and ended the connection when it got none.',
    remedy: 'Make client certificates optional for this host or path, and verify the signature of the request instead.',
  },
  tls_no_common_version: {
    meaning: 'The receiver speaks no version of TLS that Tidings does: 1.2 and 1.3.',
    remedy: 'Switch TLS 1.2 or 1.3 on.',
  },
  tls_no_common_cipher: {
    meaning: 'The receiver ended the handshake, mostly because no cipher, curve or kind of signature suits both.',
    remedy:
      'Allow a cipher with ECDHE and AES-GCM or ChaCha20, such as ECDHE-ECDSA-AES128-GCM-SHA256. DHE is not offered.',
  },
  tls_not_spoken: {
    meaning: 'What listens on the port does not speak TLS. It answered in plain HTTP or in another protocol.',
    remedy: 'Use the port that speaks HTTPS, or switch TLS on there.',
  },
  tls_timeout: {
    meaning: 'The connection was there, but the TLS handshake did not end within 5 seconds.',
    remedy: 'Look for a receiver that is overloaded, or a port that waits for another protocol.',
  },
  tls_error: {
    meaning: 'The TLS handshake failed in another way.',
    remedy: 'Look into the log of the receiver; `openssl s_client -connect host:port` shows the handshake.',
  },
  reset: {
    meaning: 'The connection was closed before an answer.',
    remedy: 'Look for a process that dies, a proxy that gives up, or a firewall that refuses the request.',
  },
  timeout: {
    meaning: 'The whole exchange took longer than an attempt may (ATTEMPT_TIMEOUT_MS, 15 seconds by default).',
    remedy: 'Answer 2xx first, and do the work afterwards.',
  },
  response_too_large: {
    meaning: 'The headers of the answer are larger than 16 KiB.',
    remedy: 'Send fewer headers and smaller cookies.',
  },
  http2_only: {
    meaning: 'The receiver speaks HTTP/2 alone. Tidings speaks HTTP/1.1.',
    remedy: 'Switch HTTP/1.1 on for this host.',
  },
  protocol_error: {
    meaning: 'The answer is not HTTP/1.1.',
    remedy: 'Check the port: something else may listen there.',
  },
} as const satisfies Record<string, ErrorText>;
export type EgressErrorKind = keyof typeof EGRESS_ERRORS;

export const ATTEMPT_ERROR_TABLE = {
  ...EGRESS_ERRORS,
  secret_unavailable: {
    meaning: 'No signing secret of the webhook could be read. Nothing was sent.',
    remedy: 'The operator gives ENCRYPTION_KEYS the key that the secret was stored with.',
  },
  payload_unavailable: {
    meaning: 'The payload is gone: past its retention, or deleted. Nothing was sent.',
    remedy: 'Publish the event again if it is still wanted.',
  },
  worker_lost: {
    meaning: 'The process that made the attempt died, five times in a row.',
    remedy: 'The operator looks into the log of the process. Then send the delivery again.',
  },
} as const satisfies Record<string, ErrorText>;
export type AttemptError = keyof typeof ATTEMPT_ERROR_TABLE;
export const ATTEMPT_ERRORS = Object.keys(ATTEMPT_ERROR_TABLE) as AttemptError[];

export const CANCEL_REASONS = ['webhook_inactive', 'webhook_deleted', 'stopped'] as const;
export type CancelReason = (typeof CANCEL_REASONS)[number];
