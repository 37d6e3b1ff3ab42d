// Angular's packages are compiled to the last step, which its own build does; without one, this does.
import '@angular/compiler';
import {
  HttpClient,
  type HttpInterceptorFn,
  provideHttpClient,
  withFetch,
  withInterceptors,
} from '@angular/common/http';
import {
  createEnvironmentInjector,
  type EnvironmentInjector,
  Injector,
  provideZonelessChangeDetection,
  ɵINJECTOR_SCOPE as INJECTOR_SCOPE,
} from '@angular/core';
import { apiToken } from '../summary.js';

const authorize: HttpInterceptorFn = (request, next) =>
  next(request.clone({ setHeaders: { Authorization: `Bearer ${apiToken}` } }));

/** An application has such an injector; there, its providers hold `provideHttpClient`, and `inject(HttpClient)` gives it. */
const injector = createEnvironmentInjector(
  [
    { provide: INJECTOR_SCOPE, useValue: 'root' },
    provideZonelessChangeDetection(),
    provideHttpClient(withFetch(), withInterceptors([authorize])),
  ],
  Injector.NULL as EnvironmentInjector,
);

export const http = injector.get(HttpClient);
