import { ERRORS, type ApiError, type ErrorCode, type ErrorDetails } from './errors.js';

/** Reason phrases (RFC 9110 §15, RFC 6585 §5). */
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

export interface ErrorBody {
  statusCode: number;
  error: string;
  code: ErrorCode;
  message: string;
  details?: ErrorDetails;
}

export function errorBodyOf({ code, message, details }: ApiError): ErrorBody {
  const { status } = ERRORS[code];
  return { statusCode: status, error: REASONS[status], code, message, ...(details && { details }) };
}
