import { type CallHandler, type ExecutionContext, type NestInterceptor, UseInterceptors } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { map, type Observable } from 'rxjs';
import { VerbatimJson } from './verbatim-json.js';

export function stringifyVerbatim(value: unknown): string {
  const texts: string[] = [];
  const mark = randomUUID();
  const json = JSON.stringify(value, (_key, member: unknown) => {
    if (!(member instanceof VerbatimJson)) return member;
    return `${mark}:${texts.push(member.text) - 1}`;
  });
  // The mark is random, so no other text in the value can equal it.
  return json.replace(new RegExp(`"${mark}:(\\d+)"`, 'g'), (_match, index: string) => texts[Number(index)]!);
}

/** The default serialiser would describe a `VerbatimJson` instead of printing it. */
export function AnswersVerbatim(): MethodDecorator {
  return UseInterceptors(VerbatimInterceptor);
}

class VerbatimInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<string> {
    const reply = context.switchToHttp().getResponse<FastifyReply>();
    return next.handle().pipe(
      map((value: unknown) => {
        reply.type('application/json; charset=utf-8');
        return stringifyVerbatim(value);
      }),
    );
  }
}
