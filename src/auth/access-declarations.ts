import { Injectable, type OnModuleInit, type Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { ACCESS_METADATA, type Access } from './access.decorators.js';
import { NARROWED_METADATA } from './only-webhook.decorator.js';

interface Route {
  /** For example `WebhooksController.get`. */
  name: string;
  /** Without a leading slash: `webhook/:id`. */
  path: string;
  access: Access | undefined;
  /** Its handler uses `@OnlyWebhook()`. */
  isNarrowed: boolean;
}

/** Checks at the start that each route says who may call it, and does what it declares for tokens of one webhook. */
@Injectable()
export class AccessDeclarations implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  onModuleInit(): void {
    const routes = this.discovery.getControllers().flatMap(({ metatype }) => this.routesOf(metatype));
    refuse('without @Scopes, @AdminOnly, @AnyToken or @Public', routes, ({ access }) => access === undefined);
    refuse('of @WebhookScopes whose path is not webhook/:id', routes, ({ access, path }) => {
      return keeperOf(access) === 'path' && !/^webhook\/:id(\/|$)/.test(path);
    });
    refuse('of @NarrowedScopes without @OnlyWebhook()', routes, ({ access, isNarrowed }) => {
      return keeperOf(access) === 'handler' && !isNarrowed;
    });
  }

  private routesOf(controller: unknown): Route[] {
    if (typeof controller !== 'function') return [];
    const prototype = controller.prototype as Record<string, () => unknown>;
    const prefix = this.reflector.get<string>(PATH_METADATA, controller as Type);
    return this.scanner
      .getAllMethodNames(prototype)
      .map((name) => ({ name, handler: prototype[name]! }))
      .filter(({ handler }) => Reflect.hasMetadata(PATH_METADATA, handler))
      .map(({ name, handler }) => ({
        name: `${controller.name}.${name}`,
        path: `${prefix}/${this.reflector.get<string>(PATH_METADATA, handler)}`,
        access: this.reflector.get<Access | undefined>(ACCESS_METADATA, handler),
        isNarrowed: this.reflector.get<boolean | undefined>(NARROWED_METADATA, handler) === true,
      }));
  }
}

function keeperOf(access: Access | undefined): 'path' | 'handler' | undefined {
  return access?.kind === 'scopes' ? access.keptToWebhookBy : undefined;
}

function refuse(what: string, routes: readonly Route[], isRefused: (route: Route) => boolean): void {
  const names = routes.filter(isRefused).map(({ name }) => name);
  if (names.length > 0) throw new Error(`Routes ${what}: ${names.join(', ')}`);
}
