import { ERRORS, type ApiError, type ErrorCode, type ErrorDetails } from './errors.js';

/** Reason phrases of the statuses that the error table uses (RFC 9110 §15, RFC 6585 §5). */
const REASONS: Record<(typeof ERRORS)[ErrorCode]['status'], string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Payload Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Entity',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Every error as it goes over the wire. */
export interface ErrorBody {
  statusCode: number;
  /** The status in words. */
  error: string;
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

export function errorBodyOf({ code, message, details }: ApiError): ErrorBody {
  const { status } = ERRORS[code];
  return { statusCode: status, error: REASONS[status], code, message, ...(details && { details }) };
}
