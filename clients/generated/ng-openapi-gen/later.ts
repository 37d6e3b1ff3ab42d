// First: it brings the compiler that Angular's packages ask for when they are loaded.
import { http } from './http.js';
import { HttpErrorResponse } from '@angular/common/http';
import { firstValueFrom } from 'rxjs';
import { NO_WEBHOOK, serviceUrl, tellLater } from '../summary.js';
import { type ErrorResponse, getWebhook, listDeliveries } from './client/index.js';

const { body } = await firstValueFrom(listDeliveries(http, serviceUrl));
const delivery = body.result[0]!;
const error: unknown = await firstValueFrom(getWebhook(http, serviceUrl, { id: NO_WEBHOOK })).catch(
  (thrown: unknown) => thrown,
);
if (!(error instanceof HttpErrorResponse)) throw error;

tellLater({
  eventType: delivery.event_type,
  members: Object.keys(delivery),
  code: (error.error as ErrorResponse).code,
});
